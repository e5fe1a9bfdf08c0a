#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "builder/chart_rules.h"
#include "builder/chart_yaml.h"
#include "builder/helm_manifest.h"

/* the digest of nothing */
#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void make_chart(struct chart *c, const char *yaml)
{
	struct error err = ERROR_INIT;

	chart_init(c);
	if (chart_yaml_read(&c->metadata, yaml, strlen(yaml), &err) != 0 ||
	    chart_rules_apply(&c->metadata, &err) != 0)
		fail_msg("%s", err.text);
	buf_puts(&c->archive, "archive");
}

static const char *annotations_of(const struct helm_manifest *m)
{
	const char *found = strstr(buf_text(&m->manifest), "\"annotations\":");

	assert_non_null(found);
	return found;
}

static void test_annotations(void **state)
{
	/* Checked against Helm 4.2.4. */
	static const char *const cases[][3] = {
	    {"name: a\nversion: 1.0.0+b\n", NULL,
		"{\"org.opencontainers.image.title\":\"a\",\"org.opencontainers.image.version\":"
		"\"1.0.0+b\"}}"},
	    {"name: a\nversion: 1\ndescription: ' d '\nhome: ' '\nsources: [s, t]\n",
		"2024-01-02T03:04:05Z",
		"{\"org.opencontainers.image.created\":\"2024-01-02T03:04:05Z\","
		"\"org.opencontainers.image.description\":\" d "
		"\",\"org.opencontainers.image.source\":\"s\","
		"\"org.opencontainers.image.title\":\"a\",\"org.opencontainers.image.version\":"
		"\"1\"}}"},
	    {"name: a\nversion: 1\nsources: ['', t]\nhome: h\n", NULL,
		"{\"org.opencontainers.image.title\":\"a\",\"org.opencontainers.image.url\":\"h\","
		"\"org.opencontainers.image.version\":\"1\"}}"},
	    {"name: a\nversion: 1\nmaintainers: [{name: Ann, email: a@x}, {email: b@x}, {name: "
	     "Bob}]\n",
		NULL,
		"{\"org.opencontainers.image.authors\":\"Ann (a@x),  (b@x), Bob\","
		"\"org.opencontainers.image.title\":\"a\",\"org.opencontainers.image.version\":"
		"\"1\"}}"},
	    {"name: a\nversion: 1\nmaintainers: [{url: u}]\n", NULL,
		"{\"org.opencontainers.image.title\":\"a\",\"org.opencontainers.image.version\":"
		"\"1\"}}"},
	    {"name: a\nversion: 1\nmaintainers: [{url: u}, {}]\n", NULL,
		"{\"org.opencontainers.image.authors\":\", "
		"\",\"org.opencontainers.image.title\":\"a\","
		"\"org.opencontainers.image.version\":\"1\"}}"},
	    {"name: a\nversion: 1\nannotations: {org.opencontainers.image.title: x, "
	     "org.opencontainers.image.version: x, org.opencontainers.image.created: x, empty: '', "
	     "Z: \"<&\\n\"}\n",
		"2024-01-02T03:04:05Z",
		"{\"Z\":\"\\u003c\\u0026\\n\",\"empty\":\"\",\"org.opencontainers.image.created\":"
		"\"x\","
		"\"org.opencontainers.image.title\":\"a\",\"org.opencontainers.image.version\":"
		"\"1\"}}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_chart struct chart c;
		auto_helm_manifest struct helm_manifest m;
		struct error err = ERROR_INIT;
		make_chart(&c, cases[i][0]);
		assert_int_equal(helm_manifest_make(&m, &c, cases[i][1], &err), 0);
		assert_string_equal(annotations_of(&m) + strlen("\"annotations\":"), cases[i][2]);
	}
}

static void test_layers(void **state)
{
	auto_chart struct chart c;
	auto_helm_manifest struct helm_manifest m;
	struct error err = ERROR_INIT;
	char config[DIGEST_TEXT_LEN + 1];
	char archive[DIGEST_TEXT_LEN + 1];

	(void)state;
	make_chart(&c, "name: a\nversion: 1.0.0+b\n");
	assert_int_equal(helm_manifest_make(&m, &c, NULL, &err), 0);
	assert_string_equal(
	    buf_text(&m.config), "{\"name\":\"a\",\"version\":\"1.0.0+b\",\"apiVersion\":\"v1\"}");
	assert_string_equal(m.repository, "a");
	assert_string_equal(m.tag, "1.0.0_b");
	digest_text(config, &m.config_digest);
	digest_text(archive, &m.archive_digest);
	auto_free char *start =
	    mem_printf("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
		       "vnd.cncf.helm.config.v1+json\","
		       "\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
		       "\"application/"
		       "vnd.cncf.helm.chart.content.v1.tar+gzip\",\"digest\":\"%s\",\"size\":7}],",
		config, m.config.len, archive);
	assert_memory_equal(buf_text(&m.manifest), start, strlen(start));
}

/* Layers stand in the order of their digests; an empty provenance counts. */
static void test_provenance(void **state)
{
	static const char provenance[] =
	    "{\"mediaType\":\"application/"
	    "vnd.cncf.helm.chart.provenance.v1.prov\",\"digest\":\"" EMPTY "\",\"size\":0}";

	(void)state;
	for (int eleven = 0; eleven < 2; eleven++) {
		auto_chart struct chart c;
		auto_helm_manifest struct helm_manifest m;
		struct error err = ERROR_INIT;
		char archive[DIGEST_TEXT_LEN + 1];
		make_chart(&c, "name: a\nversion: 1\n");
		c.has_provenance = true;
		if (eleven == 1)
			buf_puts(&c.archive, "11"); /* has a digest above that of nothing */
		assert_int_equal(helm_manifest_make(&m, &c, NULL, &err), 0);
		digest_text(archive, &m.archive_digest);
		const char *at_provenance = strstr(m.manifest.data, provenance);
		const char *at_archive = strstr(m.manifest.data, archive);
		assert_non_null(at_provenance);
		assert_non_null(at_archive);
		assert_true((at_archive < at_provenance) == (strcmp(archive, EMPTY) < 0));
		assert_true((at_archive < at_provenance) == (eleven == 0));
	}
}

static void test_cannot_be_pushed(void **state)
{
	static const char *const cases[][2] = {
	    {"name: Upper\nversion: 1\n", "name 'Upper' cannot be pushed"},
	    {"name: a..b\nversion: 1\n", "name 'a..b' cannot be pushed"},
	    {"name: 'a b'\nversion: 1\n", "name 'a b' cannot be pushed"},
	    {"name: /\nversion: 1\n", "name '/' cannot be pushed"},
	    {"name: a\nversion: 1.0.0-"
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	     "aaaaaaaaaaaaaaa"
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
		"version '1.0.0-aaaa"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_chart struct chart c;
		auto_helm_manifest struct helm_manifest m;
		struct error err = ERROR_INIT;
		make_chart(&c, cases[i][0]);
		assert_int_equal(helm_manifest_make(&m, &c, NULL, &err), -1);
		assert_int_equal(err.code, ERR_CHART);
		assert_memory_equal(err.text, cases[i][1], strlen(cases[i][1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_annotations),
	    cmocka_unit_test(test_layers),
	    cmocka_unit_test(test_provenance),
	    cmocka_unit_test(test_cannot_be_pushed),
	};

	return cmocka_run_group_tests_name("helm_manifest", tests, NULL, NULL);
}
