/*
 * A layout sealed by two people, of whom both are needed, and then every single thing that a medium
 * could do to one byte of it: each bit of each file flipped, each file cut at each length.
 */
#include <dirent.h>

#include "tests/unit/common/verified_fixture.h"

/* Sanitizers take ten times as long, and look at how it is refused, not at whether. */
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 13
#else
#define STRIDE 1
#endif

struct layout_under_attack {
	struct layout_fixture fixture;
	struct trust *trust;
	size_t tried;
};

static int attack_set_up(void **state)
{
	struct layout_under_attack *a = mem_zalloc(1, sizeof(*a));
	auto_free char *names = fixture_names("demo", "1.0.0");

	fixture_open(&a->fixture);
	auto_free char *chart = fixture_chart(&a->fixture, "demo", "1.0.0", names);
	fixture_index(
	    &a->fixture, chart, ",\"annotations\":{\"dev.sallyport.origin\":\"plant-a\"}");
	fixture_seal(&a->fixture, ENCLAVE);
	fixture_sign(&a->fixture, REVIEWER, SSHSIG_NAMESPACE_SEAL);
	a->trust = fixture_trust(ENCLAVE);
	add_key(a->trust, REVIEWER, "reviewer", true);
	a->trust->seal.threshold = 2;
	*state = a;
	return 0;
}

static int attack_tear_down(void **state)
{
	struct layout_under_attack *a = *state;

	trust_free(a->trust);
	fixture_close(&a->fixture);
	free(a);
	return 0;
}

static bool is_accepted(const struct layout_under_attack *a, enum err_code *out_code)
{
	auto_outcome struct outcome o = verify(&a->fixture, a->trust);

	*out_code = o.err.code;
	return o.layout != NULL;
}

static void expect_untrusted(struct layout_under_attack *a, const char *name, size_t at)
{
	enum err_code code;

	if (is_accepted(a, &code))
		fail_msg("%s, changed at %zu, was accepted", name, at);
	if (error_exit_status(code) != 4)
		fail_msg("%s, changed at %zu: exit status %d", name, at, error_exit_status(code));
	a->tried++;
}

static void flip(struct layout_under_attack *a, int fd, const char *name, const struct buf *content)
{
	for (size_t bit = 0; bit < content->len * 8; bit += STRIDE) {
		char good = content->data[bit / 8];
		char bad = (char)(good ^ (1 << bit % 8));

		assert_int_equal(pwrite(fd, &bad, 1, (off_t)(bit / 8)), 1);
		expect_untrusted(a, name, bit / 8);
		assert_int_equal(pwrite(fd, &good, 1, (off_t)(bit / 8)), 1);
	}
}

static void cut(struct layout_under_attack *a, int fd, const char *name, const struct buf *content)
{
	for (size_t len = 0; len < content->len; len += STRIDE) {
		assert_int_equal(ftruncate(fd, (off_t)len), 0);
		expect_untrusted(a, name, len);
		assert_int_equal(pwrite(fd, content->data + len, content->len - len, (off_t)len),
		    (ssize_t)(content->len - len));
	}
}

static void attack_files(struct layout_under_attack *a, int dir_fd,
    void attack(struct layout_under_attack *, int, const char *, const struct buf *))
{
	DIR *dir = fdopendir(fcntl(dir_fd, F_DUPFD_CLOEXEC, 0));
	const struct dirent *entry;

	assert_non_null(dir);
	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL) {
		auto_buf struct buf content = BUF_INIT(100000);
		int fd = openat(dir_fd, entry->d_name, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue; /* a directory */
		temp_read(dir_fd, entry->d_name, &content);
		attack(a, fd, entry->d_name, &content);
		assert_int_equal(close(fd), 0);
	}
	(void)closedir(dir);
}

static void attack_all(struct layout_under_attack *a,
    void attack(struct layout_under_attack *, int, const char *, const struct buf *),
    size_t at_least)
{
	enum err_code code;

	assert_true(is_accepted(a, &code));
	attack_files(a, a->fixture.root_fd, attack);
	attack_files(a, a->fixture.blobs_fd, attack);
	assert_true(is_accepted(a, &code));
	assert_true(a->tried >= at_least / STRIDE);
}

static void row_s3_every_bit_of_every_file(void **state)
{
	attack_all(*state, flip, 13000);
}

static void row_s3_every_length_of_every_file(void **state)
{
	attack_all(*state, cut, 1600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		row_s3_every_bit_of_every_file, attack_set_up, attack_tear_down),
	    cmocka_unit_test_setup_teardown(
		row_s3_every_length_of_every_file, attack_set_up, attack_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
