#include "common/index.h"
#include "common/limits.h"
#include "common/media_type.h"
#include "tests/unit/expect.h"

#define HEX "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define MEMBERS                                                                                    \
	"\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST "\",\"digest\":\"sha256:" HEX "\",\"size\":5"
#define ENTRY "{" MEMBERS "}"
#define NAMED(repository, tag)                                                                     \
	"{" MEMBERS ",\"annotations\":{\"dev.sallyport.repository\":\"" repository                 \
	"\",\"dev.sallyport.tag\":\"" tag "\"}}"
#define V "\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\""
#define INDEX(entries) "{" V ",\"manifests\":[" entries "]}"
#define DELIVERY(annotations) "{" V ",\"manifests\":[],\"annotations\":{" annotations "}}"

static int parse_delivery(struct index *out, const char *text, struct error *err)
{
	return index_parse_delivery(out, text, strlen(text), err);
}

static void reads_a_delivery(void **state)
{
	static const char text[] = "{" V ",\"manifests\":[" NAMED("charts/a",
	    "1.0.0_b") ",{" MEMBERS ",\"annotations\":{\"org.opencontainers.image.ref.name\":"
		       "\"anything at all\","
		       "\"other\":\"x\"},\"artifactType\":\"a/b\"}],\"annotations\":{"
		       "\"org.opencontainers.image.created\":\"2024-01-02T03:04:05Z\","
		       "\"dev.sallyport.origin\":\"plant-a\","
		       "\"dev.sallyport.destination\":\"registry.example/charts\","
		       "\"dev.sallyport.sequence\":\"41\",\"dev.sallyport.previous\":\"" HEX "\","
		       "\"dev.sallyport.not-after\":\"2036-01-01T00:00:00Z\",\"other\":\"y\"}}";
	struct error err = ERROR_INIT;
	auto_index struct index x = INDEX_INIT;

	(void)state;
	expect_ok(parse_delivery(&x, text, &err), &err);
	assert_int_equal(x.entry_count, 2);
	expect_text(x.entries[0].repository, "charts/a");
	expect_text(x.entries[0].tag, "1.0.0_b");
	assert_null(x.entries[0].ref_name);
	assert_null(x.entries[1].repository);
	assert_null(x.entries[1].tag);
	expect_text(x.entries[1].ref_name, "anything at all");
	expect_text(x.entries[1].descriptor.artifact_type, "a/b");
	expect_text(x.delivery.created, "2024-01-02T03:04:05Z");
	expect_text(x.delivery.origin, "plant-a");
	expect_text(x.delivery.destination, "registry.example/charts");
	expect_text(x.delivery.sequence, "41");
	expect_text(x.delivery.previous, HEX);
	expect_text(x.delivery.not_after, "2036-01-01T00:00:00Z");
}

/* What is written is what is read, in the order of design formats.md 1.1. */
static void writes_what_it_reads(void **state)
{
	static const char *const texts[] = {
	    INDEX(""),
	    INDEX(ENTRY),
	    INDEX(NAMED("a", "1") "," NAMED("b", "1")),
	    INDEX("{" MEMBERS ",\"annotations\":{\"dev.sallyport.repository\":\"a\"}}"),
	    "{" V ",\"manifests\":[{" MEMBERS
	    ",\"annotations\":{\"dev.sallyport.repository\":\"a\",\"dev.sallyport.tag\":\"1\","
	    "\"kind\":\"dev.cosignproject.cosign/"
	    "image\",\"org.opencontainers.image.ref.name\":\"\\u003c1\\u003e\"},\"artifactType\":"
	    "\"a/b\"}],"
	    "\"annotations\":{\"dev.sallyport.destination\":\"registry.example\","
	    "\"dev.sallyport.not-after\":\"2036-01-01T00:00:00Z\","
	    "\"dev.sallyport.origin\":\"plant-a\",\"dev.sallyport.previous\":\"" HEX "\","
	    "\"dev.sallyport.sequence\":\"9223372036854775807\","
	    "\"org.opencontainers.image.created\":\"2024-01-02T03:04:05Z\"}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = ERROR_INIT;
		auto_index struct index x = INDEX_INIT;
		auto_buf struct buf b = BUF_INIT(10000);

		expect_ok(parse_delivery(&x, texts[i], &err), &err);
		index_write_delivery(&b, &x);
		expect_text(buf_text(&b), texts[i]);
	}
}

/* What the form of a ref.name says, it says of what has no tag. */
static void tells_signatures_by_their_ref_names(void **state)
{
#define REF(ref_name, more)                                                                        \
	INDEX("{" MEMBERS ",\"annotations\":{" more                                                \
	      "\"org.opencontainers.image.ref.name\":\"" ref_name "\"}}")
	static const struct {
		const char *text;
		bool has_subject;
	} cases[] = {
	    {REF("sha256-" HEX, ""), true},
	    {REF("sha256-" HEX ".sig", ""), true},
	    {REF("sha256-" HEX ".sig", "\"dev.sallyport.repository\":\"a\","), true},
	    {REF("sha256-" HEX ".sig",
		 "\"dev.sallyport.repository\":\"a\",\"dev.sallyport.tag\":\"1\","),
		false},
	    {REF("sha256-" HEX ".att", ""), false},
	    {REF("sha256-" HEX ".sig1", ""), false},
	    {REF("sha256-" HEX "0", ""), false},
	    {REF("sha256-2CF24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", ""),
		false},
	    {REF("sha256:" HEX, ""), false},
	    {REF("sha512-" HEX, ""), false},
	    {REF("sha256-", ""), false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		auto_index struct index x = INDEX_INIT;
		char hex[DIGEST_HEX_LEN + 1];

		expect_ok(parse_delivery(&x, cases[i].text, &err), &err);
		assert_int_equal(x.entries[0].has_subject, cases[i].has_subject);
		if (!cases[i].has_subject)
			continue;
		digest_hex(hex, &x.entries[0].subject);
		expect_text(hex, HEX);
	}
}

static const struct {
	const char *text;
	const char *error;
} refused[] = {
    {"[]", "not an object"},
    {"{\"manifests\":[]}", "'schemaVersion' is missing"},
    {"{\"schemaVersion\":1,\"manifests\":[]}", "schemaVersion is not 2"},
    {"{" V "}", "'manifests' is missing"},
    {"{" V ",\"manifests\":{}}", "'manifests' is not an array"},
    {"{" V ",\"manifests\":null}", "'manifests' is not an array"},
    {"{" V ",\"Manifests\":[],\"manifests\":[]}", "only in letter case"},
    {"{\"schemaVersion\":2,\"mediaType\":\"a/b\",\"manifests\":[]}", "mediaType 'a/b': expected"},
    {"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_DOCKER_LIST "\",\"manifests\":[]}",
	"expected 'application/vnd.oci.image.index.v1+json'"},
    {"{" V ",\"manifests\":[],\"config\":{}}", "an index has no 'config'"},
    {"{" V ",\"manifests\":[],\"layers\":[]}", "an index has no 'config', 'layers'"},
    {"{" V ",\"manifests\":[],\"fsLayers\":[]}", "an index has no"},
    {"{" V ",\"manifests\":[],\"history\":[]}", "an index has no"},
    {"{" V ",\"manifests\":[],\"subject\":" ENTRY "}", "index.json has no 'subject'"},
    {"{" V ",\"manifests\":[],\"artifactType\":5}", "'artifactType' is not a string"},
    {INDEX("7"), "entry 0: descriptor is not an object"},
    {INDEX(ENTRY ",{}"), "entry 1: member 'mediaType' is missing"},
    {INDEX("{" MEMBERS ",\"annotations\":[]}"), "entry 0: member 'annotations' is not an object"},
    {INDEX("{" MEMBERS ",\"annotations\":{\"a\":null}}"), "'a' is not a string"},
    {INDEX("{" MEMBERS ",\"annotations\":{\"dev.sallyport.tag\":\"a\"}}"),
	"entry 0: dev.sallyport.tag without dev.sallyport.repository"},
    {INDEX("{" MEMBERS ",\"annotations\":{\"dev.sallyport.repository\":\"A\"}}"),
	"entry 0: dev.sallyport.repository: repository 'A'"},
    {INDEX(NAMED("a", "sha256-" HEX)), "tags of this form hold signatures or referrers"},
    {INDEX(NAMED("a", "sha256-" HEX ".sig")), "tags of this form hold signatures or referrers"},
    {INDEX(NAMED("../x", "1")), "dev.sallyport.repository: repository '../x'"},
    {INDEX(NAMED("", "1")), "dev.sallyport.repository: repository ''"},
    {INDEX(NAMED("a", "1+2")), "dev.sallyport.tag: tag '1+2'"},
    {INDEX(NAMED("a", "")), "dev.sallyport.tag: tag ''"},
    {INDEX(NAMED("a", "1\\r\\n")), "dev.sallyport.tag: tag"},
    {INDEX(NAMED("a", "1") "," NAMED("b", "1") "," NAMED("a", "1")), "'a:1' stands there twice"},
    {INDEX(NAMED("sallyport", "sallyport-a")),
	"'sallyport:sallyport-a' is where a delivery record"},
    {INDEX(NAMED("a/sallyport", "sallyport-")),
	"'a/sallyport:sallyport-' is where a delivery record"},
    {DELIVERY("\"dev.sallyport.origin\":\"\""), "dev.sallyport.origin: origin ''"},
    {DELIVERY("\"dev.sallyport.origin\":\"A\""), "dev.sallyport.origin: origin 'A'"},
    {DELIVERY("\"dev.sallyport.origin\":1"), "'dev.sallyport.origin' is not a string"},
    {DELIVERY("\"dev.sallyport.destination\":\"\""), "dev.sallyport.destination: ''"},
    {DELIVERY("\"dev.sallyport.destination\":\"r.example/X\""), "dev.sallyport.destination: "},
    {DELIVERY("\"dev.sallyport.not-after\":\"2036-01-01\""), "dev.sallyport.not-after: time"},
    {DELIVERY("\"dev.sallyport.not-after\":\"2036-01-01T00:00:00+01:00\""), "not UTC"},
    {DELIVERY("\"dev.sallyport.previous\":\"sha256:" HEX "\""), "not 64 lower-case hex digits"},
    {DELIVERY("\"dev.sallyport.previous\":\"\""), "dev.sallyport.previous: not 64"},
    {DELIVERY("\"dev.sallyport.sequence\":\"1\""), "dev.sallyport.sequence without "},
    {"{" V ",\"manifests\":[],\"annotations\":[]}", "'annotations' is not an object"},
};

static void refuses_all_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct error err = ERROR_INIT;
		auto_index struct index x = INDEX_INIT;
		expect_refused(
		    parse_delivery(&x, refused[i].text, &err), &err, ERR_FORMAT, refused[i].error);
	}
}

/* An annotation of ours that is not known may be a condition. */
static void refuses_unknown_conditions(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} unknown[] = {
	    {INDEX("{" MEMBERS ",\"annotations\":{\"dev.sallyport.origin\":\"a\"}}"),
		"annotation 'dev.sallyport.origin' is not known"},
	    {INDEX("{" MEMBERS ",\"annotations\":{\"dev.sallyport.Tag\":\"a\"}}"), "is not known"},
	    {INDEX("{" MEMBERS ",\"annotations\":{\"dev.sallyport.\":\"a\"}}"), "is not known"},
	    {DELIVERY("\"dev.sallyport.sequenc\":\"1\""), "'dev.sallyport.sequenc' is not known"},
	    {DELIVERY("\"dev.sallyport.tag\":\"1\""), "'dev.sallyport.tag' is not known"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		struct error err = ERROR_INIT;
		auto_index struct index x = INDEX_INIT;
		expect_refused(
		    parse_delivery(&x, unknown[i].text, &err), &err, ERR_POLICY, unknown[i].error);
	}
}

static void judges_sequences(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {{"1", true}, {"9", true}, {"10", true}, {"9223372036854775807", true},
	    {"999999999999999999", true}, {"", false}, {"0", false}, {"01", false}, {"-1", false},
	    {"+1", false}, {"1.0", false}, {" 1", false}, {"1e3", false},
	    {"9223372036854775808", false}, {"9999999999999999999", false},
	    {"10000000000000000000", false}, {"18446744073709551617", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		auto_index struct index x = INDEX_INIT;
		auto_free char *text = mem_printf(
		    DELIVERY("\"dev.sallyport.origin\":\"a\",\"dev.sallyport.sequence\":\"%s\""),
		    cases[i].text);
		int result = parse_delivery(&x, text, &err);

		if (cases[i].good)
			expect_ok(result, &err);
		else
			expect_refused(result, &err, ERR_FORMAT, "not a number of 1 to 2^63-1");
	}
}

static void judges_origins(void **state)
{
	static const char *const bad[] = {"", "-a", ".a", "_a", "A", "a b", "a/b", "ü", "a\n"};
	static const char *const good[] = {"a", "0", "plant-a", "a._-z9"};
	struct error err = ERROR_INIT;
	char longest[LIMIT_ORIGIN_BYTES_MAX + 2] = "";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_refused(origin_check(bad[i], &err), &err, ERR_FORMAT, "1 to 64 lower-case");
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		expect_ok(origin_check(good[i], &err), &err);
	memset(longest, 'a', LIMIT_ORIGIN_BYTES_MAX);
	expect_ok(origin_check(longest, &err), &err);
	longest[LIMIT_ORIGIN_BYTES_MAX] = 'a';
	expect_refused(origin_check(longest, &err), &err, ERR_FORMAT, "1 to 64");
}

static void nested_indexes_differ(void **state)
{
	static const char text[] = "{" V ",\"manifests\":[" NAMED("Not Checked",
	    "+") "],\"subject\":" ENTRY ",\"annotations\":{\"dev.sallyport.anything\":\"x\"}}";
	static const char list[] =
	    "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_DOCKER_LIST "\",\"manifests\":[]}";
	struct error err = ERROR_INIT;
	auto_index struct index x = INDEX_INIT;
	auto_index struct index docker = INDEX_INIT;

	(void)state;
	expect_ok(index_parse(&x, text, strlen(text), MEDIA_TYPE_OCI_INDEX, &err), &err);
	assert_null(x.entries[0].repository);
	assert_true(x.has_subject);
	assert_null(x.delivery.created);
	expect_ok(index_parse(&docker, list, strlen(list), MEDIA_TYPE_DOCKER_LIST, &err), &err);
	index_release(&docker);
	expect_refused(index_parse(&docker, list, strlen(list), MEDIA_TYPE_OCI_INDEX, &err), &err,
	    ERR_FORMAT, "expected 'application/vnd.oci.image.index.v1+json'");
}

/* Entries up to the limit, each with a name of its own, and as many as fit into 4 MiB. */
static void limits_entries_and_bytes(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct error err = ERROR_INIT;
		auto_index struct index x = INDEX_INIT;
		auto_index struct index nested = INDEX_INIT;
		auto_buf struct buf b = BUF_INIT((size_t)16 << 20);

		buf_puts(&b, "{" V ",\"manifests\":[" ENTRY);
		for (size_t i = 1; i < LIMIT_INDEX_ENTRIES_MAX + over; i++)
			buf_puts(&b, "," ENTRY);
		buf_puts(&b, "]}");
		int delivery = index_parse_delivery(&x, b.data, b.len, &err);
		int inner = index_parse(&nested, b.data, b.len, MEDIA_TYPE_OCI_INDEX, &err);
		if (over == 0) {
			expect_ok(delivery, &err);
			expect_ok(inner, &err);
			continue;
		}
		assert_int_equal(delivery, -1);
		expect_refused(inner, &err, ERR_LIMIT, "16385 entries; the limit is 16384");
	}
	for (size_t over = 0; over < 2; over++) {
		struct error err = ERROR_INIT;
		auto_index struct index x = INDEX_INIT;
		size_t size = LIMIT_INDEX_BYTES_MAX + over;
		auto_free char *text = mem_alloc(size);

		memset(text, ' ', size);
		memcpy(text, INDEX(""), strlen(INDEX("")));
		int result = index_parse_delivery(&x, text, size, &err);
		if (over == 0)
			expect_ok(result, &err);
		else
			expect_refused(
			    result, &err, ERR_LIMIT, "4194305 bytes; the limit is 4194304");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_a_delivery),
	    cmocka_unit_test(writes_what_it_reads),
	    cmocka_unit_test(tells_signatures_by_their_ref_names),
	    cmocka_unit_test(refuses_all_else),
	    cmocka_unit_test(refuses_unknown_conditions),
	    cmocka_unit_test(judges_sequences),
	    cmocka_unit_test(judges_origins),
	    cmocka_unit_test(nested_indexes_differ),
	    cmocka_unit_test(limits_entries_and_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
