#include <sodium.h>

#include "builder/key_file.h"
#include "common/limits.h"
#include "tests/unit/builder/key_vectors.h"
#include "tests/unit/temp_dir.h"

/* The key of the seed 00 01 .. 1f; by openssl: pkey -in KEY -pubout. */
#define PLAIN                                                                                      \
	"-----BEGIN PRIVATE KEY-----\n"                                                            \
	"MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"                       \
	"-----END PRIVATE KEY-----\n"
#define PUBLIC                                                                                     \
	"-----BEGIN PUBLIC KEY-----\n"                                                             \
	"MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n"                           \
	"-----END PUBLIC KEY-----\n"

/* The same key, passphrase "correct horse", by the Go libraries that cosign uses: both labels. */
#define SIGSTORE                                                                                   \
	"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"                                         \
	"eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6\n"                       \
	"OCwicCI6MX0sInNhbHQiOiJRRUZDUTBSRlJrZElTVXBMVEUxT1QxQlJVbE5VVlZa\n"                       \
	"WFdGbGFXMXhkWGw4PSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94\n"                       \
	"Iiwibm9uY2UiOiJnSUdDZzRTRmhvZUlpWXFMakkyT2o1Q1JrcE9VbFphWCJ9LCJj\n"                       \
	"aXBoZXJ0ZXh0IjoiQTUrRjJDci9FN1VMQ3QyaDVKNmM3cG8zQjladzE2bkErUC9W\n"                       \
	"YzlvMldWZVpIdHpoVVJjZnlnVkNCYm0ySlZNNEYzUWk1V3lNWUk5bE1CbDVmZGNy\n"                       \
	"S0E9PSJ9\n"                                                                               \
	"-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
#define COSIGN                                                                                     \
	"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n"                                           \
	"eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjozMjc2OCwiciI6\n"                       \
	"OCwicCI6MX0sInNhbHQiOiJRRUZDUTBSRlJrZElTVXBMVEUxT1QxQlJVbE5VVlZa\n"                       \
	"WFdGbGFXMXhkWGw4PSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94\n"                       \
	"Iiwibm9uY2UiOiJnSUdDZzRTRmhvZUlpWXFMakkyT2o1Q1JrcE9VbFphWCJ9LCJj\n"                       \
	"aXBoZXJ0ZXh0IjoiZjR3cnZrMmtudW9GWDBuc2FGemF1TzlhZkUyU3BqdGJmQ3JU\n"                       \
	"VHZOOWZ1SjhBVytoOExIdU5kUUZBRW52MldFOGliRG1vRFRlVVlrNExjeHl5WkxX\n"                       \
	"Rmc9PSJ9\n"                                                                               \
	"-----END ENCRYPTED COSIGN PRIVATE KEY-----\n"

struct key_case {
	struct temp_dir dir;
	char *key;        /* path of the key file */
	char *passphrase; /* path of the passphrase file */
};

static int set_up(void **state)
{
	struct key_case *c = mem_zalloc(1, sizeof(*c));

	temp_dir_open(&c->dir);
	c->key = temp_path(&c->dir, "key");
	c->passphrase = temp_path(&c->dir, "passphrase");
	temp_puts(c->dir.fd, "passphrase", "correct horse\n");
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct key_case *c = *state;

	temp_dir_close(&c->dir);
	free(c->key);
	free(c->passphrase);
	free(c);
	return 0;
}

static struct secret_key *load_key(const char *path, const char *passphrase, struct error *err)
{
	auto_passphrase_source struct passphrase_source source = PASSPHRASE_SOURCE_INIT(passphrase);

	return key_file_load(path, &source, err);
}

static void put_key(const struct key_case *c, const void *text, size_t len)
{
	temp_write(c->dir.fd, "key", text, len);
	assert_int_equal(fchmodat(c->dir.fd, "key", 0600, 0), 0);
}

/* The key file is that of the seed 00 01 .. 1f. */
static void expect_key(const struct key_case *c, const char *text)
{
	struct error err = ERROR_INIT;

	put_key(c, text, strlen(text));
	auto_secret_key struct secret_key *key = load_key(c->key, c->passphrase, &err);
	expect_ok(key != NULL ? 0 : -1, &err);
	for (size_t i = 0; i < ED25519_SEED_BYTES; i++)
		assert_int_equal(secret_key_seed(key)[i], i);
}

static void expect_key_refused(const struct key_case *c, enum err_code code, const char *text)
{
	struct error err = ERROR_INIT;
	size_t before = open_descriptors();
	auto_secret_key struct secret_key *key = load_key(c->key, c->passphrase, &err);

	expect_refused(key == NULL ? -1 : 0, &err, code, text);
	expect_contains(err.text, "key '");
	expect_contains(err.text, c->key);
	assert_int_equal(open_descriptors(), before);
}

static void opens_what_openssl_and_cosign_write(void **state)
{
	const struct key_case *c = *state;

	expect_key(c, PLAIN);
	expect_key(c, SIGSTORE);
	expect_key(c, COSIGN);
}

/* What secret stores and editors do to a file. */
static void forgives_line_ends(void **state)
{
	static const char body[] =
	    "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
	static const char *const ends[] = {"", "\n", "\r\n", "\n\n"};
	const struct key_case *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const char *line = i == 2 ? "\r\n" : "\n";
		auto_free char *text = mem_printf(
		    "-----BEGIN PRIVATE KEY-----%s%.10s%s%s%s-----END PRIVATE KEY-----%s", line,
		    body, line, body + 10, line, ends[i]);
		expect_key(c, text);
	}
}

static void needs_the_right_passphrase(void **state)
{
	const struct key_case *c = *state;

	put_key(c, SIGSTORE, strlen(SIGSTORE));
	temp_puts(c->dir.fd, "passphrase", "correct horsf\n");
	expect_key_refused(c, ERR_KEY, "wrong passphrase");
	temp_puts(c->dir.fd, "passphrase", "\n");
	expect_key_refused(c, ERR_KEY, "the passphrase is empty");
	assert_int_equal(unlinkat(c->dir.fd, "passphrase", 0), 0);
	expect_key_refused(c, ERR_SYSTEM, "passphrase file '");
	put_key(c, PLAIN, strlen(PLAIN)); /* asks for none */
	struct error err = ERROR_INIT;
	auto_secret_key struct secret_key *key = load_key(c->key, c->passphrase, &err);
	expect_ok(key != NULL ? 0 : -1, &err);
}

static const struct {
	const char *text;
	const char *error;
} refused[] = {
    {"", "no secret key that is known here: neither 'PRIVATE KEY' nor 'ENCRYPTED SIGSTORE PRIVATE "
	 "KEY' nor 'OPENSSH PRIVATE KEY' in PEM, nor one of minisign"},
    {"hello\n", "neither 'PRIVATE KEY' nor"},
    {PUBLIC, "a public key, not a secret one"},
    {"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n",
	"a key of OpenSSH: 'builder key import' makes one of it that can be used here"},
    {"untrusted comment: x\nAAAA\n", "a key of minisign: 'builder key import'"},
    {"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
	"an ECDSA key; only Ed25519 keys sign here"},
    {"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
	"an RSA key; only Ed25519 keys sign here"},
    {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
	"'openssl pkey -in FILE -out COPY' takes the passphrase off"},
    {"-----BEGIN PRIVATE KEY-----\n", "neither 'PRIVATE KEY' nor"},
    {"-----BEGIN PRIVATE KEY-----", "neither 'PRIVATE KEY' nor"},
    {"\n" PLAIN, "neither 'PRIVATE KEY' nor"},
    {PLAIN "more\n", "neither 'PRIVATE KEY' nor"},
    {PLAIN PLAIN, "between BEGIN and END: not base64"},
    {"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "not an Ed25519 key"},
    {"-----BEGIN PRIVATE KEY-----\n?\n-----END PRIVATE KEY-----\n", "not base64"},
    {"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAB\n-----END PRIVATE KEY-----\n",
	"not an Ed25519 key; only Ed25519 keys sign here: make one with 'builder keygen'"},
    /* X25519, and a byte too many */
    {"-----BEGIN PRIVATE KEY-----\n"
     "MC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
     "-----END PRIVATE KEY-----\n",
	"an X25519 key; only Ed25519 keys sign here"},
    {"-----BEGIN PRIVATE KEY-----\n"
     "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fAA==\n"
     "-----END PRIVATE KEY-----\n",
	"not an Ed25519 key"},
    {"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ne30=\n"
     "-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
	"'kdf' is missing"},
};

static void refuses_other_files(void **state)
{
	const struct key_case *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		put_key(c, refused[i].text, strlen(refused[i].text));
		expect_key_refused(c, ERR_KEY, refused[i].error);
	}
	for (size_t over = 0; over < 2; over++) {
		size_t size = LIMIT_KEY_FILE_BYTES_MAX + over;
		auto_free char *text = mem_zalloc(size, 1);

		memset(text, '\n', size);
		memcpy(text, PLAIN, strlen(PLAIN));
		put_key(c, text, size);
		struct error err = ERROR_INIT;
		auto_secret_key struct secret_key *key = load_key(c->key, NULL, &err);
		if (over == 0)
			expect_ok(key != NULL ? 0 : -1, &err);
		else
			expect_key_refused(c, ERR_KEY, "not a key file: larger than 16384 bytes");
	}
}

static void refuses_files_that_others_may_use(void **state)
{
	static const mode_t modes[] = {0604, 0602, 0601, 0640, 0620, 0610, 0644, 0666, 0777};
	const struct key_case *c = *state;

	put_key(c, PLAIN, strlen(PLAIN));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(fchmodat(c->dir.fd, "key", modes[i], 0), 0);
		expect_key_refused(c, ERR_KEY, "others may read or write it: chmod 600 it");
	}
	assert_int_equal(fchmodat(c->dir.fd, "key", 0400, 0), 0);
	struct error err = ERROR_INIT;
	auto_secret_key struct secret_key *key = load_key(c->key, NULL, &err);
	expect_ok(key != NULL ? 0 : -1, &err);
	if (geteuid() != 0)
		return; /* only root can give a file away */
	assert_int_equal(fchownat(c->dir.fd, "key", 12345, 12345, 0), 0);
	expect_key_refused(c, ERR_KEY, "belongs to another user");
}

static void refuses_what_is_no_file(void **state)
{
	const struct key_case *c = *state;

	expect_key_refused(c, ERR_SYSTEM, "there is none; 'builder keygen' makes one");
	temp_mkdir(c->dir.fd, "key");
	expect_key_refused(c, ERR_KEY, "not a regular file");
	assert_int_equal(unlinkat(c->dir.fd, "key", AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(c->dir.fd, "key", 0600), 0);
	expect_key_refused(c, ERR_KEY, "not a regular file");
	assert_int_equal(unlinkat(c->dir.fd, "key", 0), 0);
	put_key(c, PLAIN, strlen(PLAIN));
	assert_int_equal(renameat(c->dir.fd, "key", c->dir.fd, "real"), 0);
	assert_int_equal(symlinkat("real", c->dir.fd, "key"), 0);
	expect_key_refused(c, ERR_KEY, "a link; a secret key must be a file of its own");
}

static void writes_what_it_opens(void **state)
{
	const struct key_case *c = *state;
	struct error err = ERROR_INIT;
	auto_key_text struct key_text plain;
	auto_key_text struct key_text encrypted;
	auto_passphrase struct passphrase passphrase = PASSPHRASE_INIT;

	put_key(c, PLAIN, strlen(PLAIN));
	auto_secret_key struct secret_key *key = load_key(c->key, NULL, &err);
	expect_ok(key != NULL ? 0 : -1, &err);
	expect_ok(key_file_write_secret(&plain, key, NULL, &err), &err);
	assert_int_equal(plain.len, strlen(PLAIN));
	assert_memory_equal(plain.bytes, PLAIN, plain.len);
	expect_ok(passphrase_read(&passphrase, c->passphrase, false, &err), &err);
	expect_ok(key_file_write_secret(&encrypted, key, &passphrase, &err), &err);
	auto_free char *text = mem_strndup(encrypted.bytes, encrypted.len);
	expect_contains(text, "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n");
	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 64);
	expect_key(c, text);
}

/* Of other tools, where a key is imported and nowhere else. */
static void imports_every_form(void **state)
{
	static const struct {
		const char *text;
		enum key_form form;
	} cases[] = {{PLAIN, KEY_FORM_PKCS8}, {SIGSTORE, KEY_FORM_ENCRYPTED},
	    {COSIGN, KEY_FORM_ENCRYPTED}, {VECTOR_OPENSSH, KEY_FORM_OPENSSH},
	    {VECTOR_MINISIGN, KEY_FORM_MINISIGN}, {VECTOR_MINISIGN_LOCKED, KEY_FORM_MINISIGN}};
	const struct key_case *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		enum key_form form;
		auto_passphrase_source struct passphrase_source source =
		    PASSPHRASE_SOURCE_INIT(c->passphrase);

		put_key(c, cases[i].text, strlen(cases[i].text));
		auto_secret_key struct secret_key *key =
		    key_file_import(c->key, &source, &form, &err);
		expect_vector(key, &err);
		assert_int_equal(form, cases[i].form);
		if (i < 3)
			continue;
		auto_secret_key struct secret_key *none = key_file_load(c->key, &source, &err);
		expect_refused(none == NULL ? -1 : 0, &err, ERR_KEY, "'builder key import'");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(opens_what_openssl_and_cosign_write),
	    TEST(forgives_line_ends),
	    TEST(needs_the_right_passphrase),
	    TEST(refuses_other_files),
	    TEST(refuses_files_that_others_may_use),
	    TEST(refuses_what_is_no_file),
	    TEST(imports_every_form),
	    TEST(writes_what_it_opens),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
