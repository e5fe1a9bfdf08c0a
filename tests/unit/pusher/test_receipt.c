#include <dirent.h>

#include "pusher/receipt.h"
#include "tests/unit/pusher/fixture.h"

static size_t entries_of(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	return count - 2; /* . and .. */
}

/* A directory of its own for each test; the fixture's serves. */
static int setup(void **state)
{
	struct fixture *f = mem_zalloc(1, sizeof(*f));

	fixture_of_charts(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fixture_release(*state);
	free(*state);
	return 0;
}

static void test_content(void **state)
{
	struct fixture *f = *state;
	auto_plan struct plan plan = PLAN_INIT;
	auto_target struct target target = TARGET_INIT;
	struct error err = ERROR_INIT;

	assert_int_equal(plan_make(&plan, f->layout, "c", NULL, &err), 0);
	assert_int_equal(target_parse(&target, "oci://registry.example:5000/c", false, &err), 0);
	struct push_name names[] = {{.repository = &plan.repositories[0],
					.name = &plan.repositories[0].names[0],
					.action = PUSH_NEW,
					.blobs_pushed = 1},
	    {.repository = &plan.repositories[1],
		.name = &plan.repositories[1].names[0],
		.action = PUSH_SKIP}};
	const struct push push = {.names = names, .name_count = 2};
	struct receipt receipt = {.layout = f->layout,
	    .target = &target,
	    .push = &push,
	    .start = 1704164645,
	    .end = 1704164646};
	json_auto_t *root = receipt_json(&receipt);
	auto_free char *text = json_dumps(root, JSON_COMPACT);

	assert_int_equal(strncmp(text, "{\"version\":1,\"sealId\":\"", 23), 0);
	const json_t *one = json_array_get(json_object_get(root, "artifacts"), 0);
	const json_t *two = json_array_get(json_object_get(root, "artifacts"), 1);
	assert_string_equal(json_string_value(json_object_get(one, "repository")), "c/one");
	assert_string_equal(json_string_value(json_object_get(one, "tag")), "1.0");
	assert_string_equal(json_string_value(json_object_get(one, "result")), "pushed");
	auto_free char *blobs = json_dumps(json_object_get(one, "blobs"), JSON_COMPACT);
	assert_string_equal(blobs, "{\"pushed\":1,\"mounted\":0,\"present\":1}");
	assert_string_equal(json_string_value(json_object_get(two, "result")), "skipped");
	assert_string_equal(
	    json_string_value(json_object_get(root, "registry")), "registry.example:5000");
	assert_string_equal(
	    json_string_value(json_object_get(root, "startTime")), "2024-01-02T03:04:05Z");
	assert_string_equal(
	    json_string_value(json_object_get(root, "endTime")), "2024-01-02T03:04:06Z");
	assert_string_equal(
	    json_string_value(json_object_get(root, "program")), "pusher " SALLYPORT_VERSION);
	assert_string_equal(json_string_value(json_object_get(root, "sandbox")), "none");
	assert_null(json_object_get(root, "dryRun"));

	receipt.is_dry_run = true;
	json_auto_t *dry = receipt_json(&receipt);
	assert_true(json_is_true(json_object_get(dry, "dryRun")));
	one = json_array_get(json_object_get(dry, "artifacts"), 0);
	assert_string_equal(json_string_value(json_object_get(one, "result")), "would push");
}

static void test_commit(void **state)
{
	const struct fixture *f = *state;
	auto_free char *path = mem_printf("%s/receipt.json", f->root);
	size_t before = entries_of(f->root);

	for (int round = 1; round <= 2; round++) {
		auto_receipt_file struct receipt_file file = RECEIPT_FILE_INIT;
		struct error err = ERROR_INIT;
		json_auto_t *content = json_pack("{s:i}", "version", round);
		char text[32] = "";
		assert_int_equal(receipt_file_open(&file, path, &err), 0);
		assert_int_equal(entries_of(f->root), before + (size_t)round);
		assert_int_equal(receipt_file_commit(&file, content, &err), 0);
		assert_int_equal(entries_of(f->root), before + 1);
		FILE *stream = fopen(path, "re");
		assert_non_null(stream);
		assert_non_null(fgets(text, sizeof(text), stream));
		(void)fclose(stream);
		assert_string_equal(text, round == 1 ? "{\"version\":1}\n" : "{\"version\":2}\n");
	}
}

static void test_abandon(void **state)
{
	const struct fixture *f = *state;
	auto_free char *path = mem_printf("%s/receipt.json", f->root);
	size_t before = entries_of(f->root);
	struct receipt_file file = RECEIPT_FILE_INIT;
	struct error err = ERROR_INIT;

	assert_int_equal(receipt_file_open(&file, path, &err), 0);
	receipt_file_close(&file);
	assert_int_equal(entries_of(f->root), before);
}

static void check_refused(const char *path, enum err_code code)
{
	auto_receipt_file struct receipt_file file = RECEIPT_FILE_INIT;
	struct error err = ERROR_INIT;

	assert_int_equal(receipt_file_open(&file, path, &err), -1);
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.text, path));
}

static void test_refused(void **state)
{
	const struct fixture *f = *state;
	auto_free char *missing = mem_printf("%s/missing/receipt.json", f->root);
	auto_free char *directory = mem_printf("%s/blobs", f->root);
	auto_free char *slash = mem_printf("%s/", f->root);
	size_t before = entries_of(f->root);

	check_refused(missing, ERR_SYSTEM);
	check_refused(directory, ERR_USAGE);
	check_refused(slash, ERR_USAGE);
	check_refused("/dev/null", ERR_USAGE);
	assert_int_equal(entries_of(f->root), before);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown((test), setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_content),
	    WITH_FIXTURE(test_commit),
	    WITH_FIXTURE(test_abandon),
	    WITH_FIXTURE(test_refused),
	};

	return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
