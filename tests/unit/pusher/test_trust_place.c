#include "pusher/trust_place.h"
#include "tests/unit/faults.h"
#include "tests/unit/temp_dir.h"

static void put_files(struct trust_files *files, const char *content)
{
	*files = (struct trust_files){.items = mem_zalloc(2, sizeof(*files->items)), .count = 2};
	for (size_t i = 0; i < 2; i++) {
		files->items[i].name = mem_strdup(i == 0 ? "allowed_signers" : "policy.json");
		files->items[i].content = (struct buf)BUF_INIT(100);
		buf_puts(&files->items[i].content, content);
	}
}

static void make_place(const struct temp_dir *t)
{
	temp_mkdir(t->fd, "trust");
	temp_puts(t->fd, "trust/allowed_signers", "old");
	temp_puts(t->fd, "trust/policy.json", "old");
	temp_puts(t->fd, "trust/revoked_keys", "old");
}

/* True if all is new, false if all is old; anything between fails. */
static bool is_new(const struct temp_dir *t)
{
	auto_buf struct buf content = BUF_INIT(100);
	bool fresh = !temp_exists(t->fd, "trust/revoked_keys");

	temp_read(t->fd, "trust/allowed_signers", &content);
	temp_read(t->fd, "trust/policy.json", &content);
	expect_text(buf_text(&content), fresh ? "newnew" : "oldold");
	return fresh;
}

static void exchanges_all_files(void **state)
{
	struct temp_dir t;
	struct error err = ERROR_INIT;
	auto_trust_files struct trust_files files = TRUST_FILES_INIT;
	size_t before = open_descriptors();

	(void)state;
	temp_dir_open(&t);
	put_files(&files, "new");
	make_place(&t);
	auto_free char *path = temp_path(&t, "trust/");
	auto_trust_place struct trust_place place = TRUST_PLACE_INIT;
	auto_trust_place struct trust_place second = TRUST_PLACE_INIT;
	expect_ok(trust_place_open(&place, path, &err), &err);
	expect_refused(trust_place_open(&second, path, &err), &err, ERR_BUSY, "another process");
	trust_place_close(&second);
	expect_ok(trust_place_install(&place, &files, &err), &err);
	trust_place_close(&place);
	assert_true(is_new(&t));
	assert_int_equal(temp_count(t.fd), 1);
	temp_dir_close(&t);
	assert_int_equal(open_descriptors(), before);
}

/* Each call fails once: old or new, and nothing beside it. */
static void never_leaves_a_mixture(void **state)
{
	auto_trust_files struct trust_files files = TRUST_FILES_INIT;
	size_t refused = 0;

	(void)state;
	put_files(&files, "new");
	for (int call = 0; call < CALL_COUNT; call++) {
		for (unsigned n = 1;; n++) {
			struct temp_dir t;
			struct error err = ERROR_INIT;
			auto_trust_place struct trust_place place = TRUST_PLACE_INIT;

			temp_dir_open(&t);
			make_place(&t);
			auto_free char *path = temp_path(&t, "trust");
			expect_ok(trust_place_open(&place, path, &err), &err);
			faults_plan((enum fault_call)call, n, EIO);
			int result = trust_place_install(&place, &files, &err);
			bool struck = faults.seen[call] >= n;
			faults_clear();
			bool fresh = is_new(&t);
			assert_true(fresh || result != 0);
			if (result != 0 && fresh)
				expect_contains(err.text, "the new files are in place");
			if (result != 0 && !fresh)
				assert_int_equal(err.code, ERR_SYSTEM);
			refused += result != 0;
			temp_dir_close(&t);
			if (!struck)
				break;
		}
	}
	assert_true(refused > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(exchanges_all_files), cmocka_unit_test(never_leaves_a_mixture)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
