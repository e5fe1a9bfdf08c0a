#include "builder/key_openssh.h"
#include "tests/unit/builder/key_vectors.h"

static uint8_t bytes[400];
static size_t bytes_len;

static int decode(void **state)
{
	(void)state;
	bytes_len = vector_decode(bytes, sizeof(bytes), VECTOR_OPENSSH_BASE64);
	return 0;
}

static void reads_the_vector(void **state)
{
	struct error err = ERROR_INIT;
	auto_secret_key struct secret_key *key = key_openssh_parse(bytes, bytes_len, &err);

	(void)state;
	expect_vector(key, &err);
}

/* Of all that stands there only the comment is free. */
static void no_changed_byte_makes_another_key(void **state)
{
	size_t comment = bytes_len - 7 - strlen("vector");

	(void)state;
	for (size_t bit = 0; bit < 8 * bytes_len; bit++) {
		struct error err = ERROR_INIT;
		bool in_comment = bit / 8 >= comment && bit / 8 < comment + strlen("vector");

		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		auto_secret_key struct secret_key *key = key_openssh_parse(bytes, bytes_len, &err);
		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (in_comment)
			expect_vector(key, &err);
		else
			expect_refused(key == NULL ? -1 : 0, &err, ERR_KEY, "");
	}
	for (size_t cut = 0; cut < bytes_len; cut++) {
		struct error err = ERROR_INIT;
		/* A copy, so that the sanitizer sees a byte read behind the end. */
		auto_free uint8_t *copy = mem_alloc(cut + 1);
		memcpy(copy, bytes, cut);
		expect_refused(key_openssh_parse(copy, cut, &err) == NULL ? -1 : 0, &err, ERR_KEY,
		    "not what ssh-keygen writes");
	}
	struct error err = ERROR_INIT;
	expect_refused(key_openssh_parse(bytes, bytes_len + 1, &err) == NULL ? -1 : 0, &err,
	    ERR_KEY, "not what ssh-keygen writes");
}

/* The lengths at which each string could lie about itself. */
static void lengths_beyond_the_end(void **state)
{
	static const size_t at[] = {15, 23, 31, 39, 43, 58, 94, 106, 121, 157, 225};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		for (unsigned byte = 0; byte < 4; byte++) {
			struct error err = ERROR_INIT;
			uint8_t before = bytes[at[i] + byte];

			bytes[at[i] + byte] = 0xff;
			expect_refused(key_openssh_parse(bytes, bytes_len, &err) == NULL ? -1 : 0,
			    &err, ERR_KEY, "");
			bytes[at[i] + byte] = before;
		}
	}
}

static void says_what_to_do_with_others(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	memcpy(bytes + 19, "aes2", 4); /* a cipher in the place of "none" */
	expect_refused(key_openssh_parse(bytes, bytes_len, &err) == NULL ? -1 : 0, &err, ERR_KEY,
	    "ssh-keygen -p -N \"\" -f COPY");
	memcpy(bytes + 19, "none", 4);
	memcpy(bytes + 47, "ssh-ed44818", 11); /* the type of the public key */
	expect_refused(key_openssh_parse(bytes, bytes_len, &err) == NULL ? -1 : 0, &err, ERR_KEY,
	    "'ssh-keygen -t ed25519' makes one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(reads_the_vector, decode),
	    cmocka_unit_test_setup(no_changed_byte_makes_another_key, decode),
	    cmocka_unit_test_setup(lengths_beyond_the_end, decode),
	    cmocka_unit_test_setup(says_what_to_do_with_others, decode),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
