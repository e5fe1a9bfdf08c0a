#include "builder/version_demand.h"
#include "tests/unit/expect.h"

#define OCI "oci://registry.example/charts"
#define HTTP "https://charts.example"

static struct text text_of(const char *string)
{
	struct text t = {.line = 0};

	text_set(&t, string, strlen(string));
	return t;
}

/* A version that stands for itself is a tag in a registry, and a range in a chart repository. */
static void test_admits(void **state)
{
	static const struct {
		const char *wanted, *repository, *version;
		bool admitted;
	} cases[] = {
	    {"1.2", HTTP, "1.2.7", true},
	    {"1.2", "", "1.2.7", true},
	    {"1.2", "file://../x", "1.2.7", true},
	    {"1.2", OCI, "1.2.7", false},
	    {"1.2", OCI, "1.2.0", false},
	    {"1.2", OCI, "1.2", true},
	    {"1.2.3", OCI, "1.2.3", true},
	    {"1.2.3", OCI, "v1.2.3", false},
	    {"1.2.3", HTTP, "v1.2.3", true},
	    {"v1.2.3", OCI, "v1.2.3", true},
	    {"v1.2.3", OCI, "1.2.3", false},
	    {"1.2.3+b", OCI, "1.2.3+b", true},
	    {"1.2.3+b", OCI, "1.2.3", false},
	    {"1.2.3-rc.1", OCI, "1.2.3-rc.1", true},
	    {"^1.2", OCI, "1.2.7", true},
	    {"^1.2", OCI, "2.0.0", false},
	    {"^1.2", OCI, "v1.3.0", false},
	    {"^1.2", OCI, "1.3", false},
	    {"^1.2", HTTP, "v1.3.0", true},
	    {"^1.2", HTTP, "1.3", true},
	    {"*", OCI, "1.0.0-rc.1", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct chart_dependency d = {.version = text_of(cases[i].wanted),
		    .repository = text_of(cases[i].repository)};
		struct text version = text_of(cases[i].version);
		auto_version_demand struct version_demand demand = VERSION_DEMAND_INIT;
		struct error err = ERROR_INIT;
		struct semver parsed;

		expect_ok(version_demand_parse(&demand, &d, &err), &err);
		expect_ok(semver_parse(&parsed, version.bytes, version.len, &err), &err);
		if (version_demand_admits(&demand, &version, &parsed) != cases[i].admitted)
			fail_msg("'%s' from '%s': %s", cases[i].wanted, cases[i].repository,
			    cases[i].version);
		text_release(&version);
		text_release(&d.version);
		text_release(&d.repository);
	}
}

static void test_refused(void **state)
{
	struct chart_dependency d = {.version = text_of(">"), .repository = text_of(OCI)};
	auto_version_demand struct version_demand demand = VERSION_DEMAND_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(version_demand_parse(&demand, &d, &err), -1);
	expect_contains(err.text, "'>'");
	text_release(&d.version);
	text_release(&d.repository);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_admits),
	    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("version_demand", tests, NULL, NULL);
}
