#include "builder/dependency_missing.h"
#include "tests/unit/expect.h"

static void set(struct text *t, const char *value)
{
	text_set(t, value, strlen(value));
}

static void add(struct dependency_missing *m, const char *name, size_t versions)
{
	auto_versions_seen struct versions_seen seen;
	struct chart_dependency d = {.enabled = false};
	struct text version = {.bytes = NULL};

	versions_seen_init(&seen);
	set(&d.name, name);
	set(&d.version, "^1");
	set(&d.repository, "https://charts.example.com/with/a/path");
	for (size_t i = 0; i < versions; i++) {
		auto_free char *text = mem_printf("0.%zu.0", i);
		set(&version, text);
		versions_seen_add(&seen, &version);
	}
	dependency_missing_add(m, &d, &seen);
	text_release(&version);
	text_release(&d.name);
	text_release(&d.version);
	text_release(&d.repository);
}

static void test_nothing(void **state)
{
	auto_dependency_missing struct dependency_missing m;
	struct error err = ERROR_INIT;

	(void)state;
	dependency_missing_init(&m);
	expect_ok(dependency_missing_check(&m, &err), &err);
}

static void test_many_versions(void **state)
{
	auto_dependency_missing struct dependency_missing m;
	struct error err = ERROR_INIT;

	(void)state;
	dependency_missing_init(&m);
	add(&m, "a", 9);
	expect_refused(dependency_missing_check(&m, &err), &err, ERR_CHART,
	    "(seen: 0.0.0, 0.1.0, 0.2.0, 0.3.0, 0.4.0, 0.5.0 and 3 more)");
}

static void test_more_than_an_error_holds(void **state)
{
	auto_dependency_missing struct dependency_missing m;
	struct error err = ERROR_INIT;

	(void)state;
	dependency_missing_init(&m);
	for (size_t i = 0; i < 1000; i++)
		add(&m, "a-rather-long-name", 2);
	expect_refused(
	    dependency_missing_check(&m, &err), &err, ERR_CHART, "1000 dependencies are not");
	assert_true(strlen(err.text) < ERROR_TEXT_BYTES - 128);
	auto_free char *rest = mem_printf(" and %zu more", 1000 - m.shown);
	assert_true(m.shown > 1);
	expect_text(err.text + strlen(err.text) - strlen(rest), rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_many_versions),
	    cmocka_unit_test(test_more_than_an_error_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
