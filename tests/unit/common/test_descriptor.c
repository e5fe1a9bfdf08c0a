#include "common/descriptor.h"
#include "common/json.h"
#include "tests/unit/expect.h"

/* SHA-256 of "hello" */
#define HELLO "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define TYPE "\"mediaType\":\"text/plain\""
#define DIGEST "\"digest\":\"" HELLO "\""
#define SIZE "\"size\":5"

static int parse(struct descriptor *out, const char *text, struct error *err)
{
	json_auto_t *object = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(object);
	return descriptor_parse(out, object, err);
}

static void reads_what_is_needed(void **state)
{
	struct error err = ERROR_INIT;
	auto_descriptor struct descriptor d = DESCRIPTOR_INIT;
	char text[DIGEST_TEXT_LEN + 1];

	(void)state;
	expect_ok(parse(&d, "{" SIZE "," DIGEST "," TYPE "}", &err), &err);
	expect_text(d.media_type, "text/plain");
	assert_int_equal(d.size_bytes, 5);
	assert_null(d.artifact_type);
	digest_text(text, &d.digest);
	expect_text(text, HELLO);
}

static void passes_what_others_write(void **state)
{
	static const char *const texts[] = {
	    "{" TYPE "," DIGEST ",\"size\":0}",
	    "{" TYPE "," DIGEST ",\"size\":9223372036854775807}",
	    "{" TYPE "," DIGEST "," SIZE ",\"urls\":[]}",
	    "{" TYPE "," DIGEST "," SIZE
	    ",\"platform\":{\"os\":\"linux\"},\"annotations\":{\"a\":\"b\"}}",
	    "{" TYPE "," DIGEST "," SIZE ",\"data\":\"aGVsbG8=\"}",
	    "{" TYPE "," DIGEST "," SIZE ",\"unknown\":[1]}",
	    "{" TYPE "," DIGEST "," SIZE ",\"artifactType\":\"application/vnd.x+json\"}",
	    "{\"mediaType\":\"application/vnd.a.b-c_d!#$&^+json\"," DIGEST "," SIZE "}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = ERROR_INIT;
		auto_descriptor struct descriptor d = DESCRIPTOR_INIT;
		expect_ok(parse(&d, texts[i], &err), &err);
	}
}

static const struct {
	const char *text;
	const char *error;
} refused[] = {
    {"[]", "descriptor is not an object"},
    {"5", "descriptor is not an object"},
    {"{}", "'mediaType' is missing"},
    {"{" DIGEST "," SIZE "}", "'mediaType' is missing"},
    {"{" TYPE "," SIZE "}", "'digest' is missing"},
    {"{" TYPE "," DIGEST "}", "'size' is missing"},
    {"{\"mediaType\":7," DIGEST "," SIZE "}", "'mediaType' is not a string"},
    {"{" TYPE ",\"digest\":null," SIZE "}", "'digest' is not a string"},
    {"{" TYPE "," DIGEST ",\"size\":-1}", "'size' is negative"},
    {"{" TYPE "," DIGEST ",\"size\":1.0}", "'size' is not an integer"},
    {"{" TYPE "," DIGEST ",\"size\":1e3}", "'size' is not an integer"},
    {"{" TYPE "," DIGEST ",\"size\":\"5\"}", "'size' is not an integer"},
    {"{" TYPE "," DIGEST ",\"size\":null}", "'size' is not an integer"},
    {"{" TYPE "," DIGEST ",\"size\":true}", "'size' is not an integer"},
    {"{" TYPE ",\"digest\":\"sha256:../../x\"," SIZE "}", "not 64 lower-case hex digits"},
    {"{" TYPE ",\"digest\":\"sha512:00\"," SIZE "}", "the algorithm is not sha256"},
    {"{" TYPE ",\"Digest\":\"x\"," DIGEST "," SIZE "}", "only in letter case"},
    {"{" TYPE ",\"\xC5\xBFize\":1," DIGEST "," SIZE "}", "only in letter case"},
    {"{\"mediaType\":\"\"," DIGEST "," SIZE "}", "mediaType '': not a media type"},
    {"{\"mediaType\":\"text\"," DIGEST "," SIZE "}", "not a media type"},
    {"{\"mediaType\":\"text/\"," DIGEST "," SIZE "}", "not a media type"},
    {"{\"mediaType\":\"/plain\"," DIGEST "," SIZE "}", "not a media type"},
    {"{\"mediaType\":\"text/plain/x\"," DIGEST "," SIZE "}", "not a media type"},
    {"{\"mediaType\":\"text/plain; q=1\"," DIGEST "," SIZE "}", "not a media type"},
    {"{\"mediaType\":\"text/plain\\r\\nX: y\"," DIGEST "," SIZE "}", "not a media type"},
    {"{\"mediaType\":\"text/.x\"," DIGEST "," SIZE "}", "not a media type"},
    {"{" TYPE "," DIGEST "," SIZE ",\"artifactType\":\"x\"}", "artifactType 'x': not a media"},
    {"{" TYPE "," DIGEST "," SIZE ",\"artifactType\":[]}", "'artifactType' is not a string"},
    {"{" TYPE "," DIGEST "," SIZE ",\"urls\":[\"https://other.example\"]}", "member 'urls'"},
    {"{" TYPE "," DIGEST "," SIZE ",\"urls\":\"\"}", "'urls' is not an array"},
    {"{" TYPE "," DIGEST "," SIZE ",\"annotations\":[]}", "'annotations' is not an object"},
    {"{" TYPE "," DIGEST "," SIZE ",\"annotations\":{\"a\":1}}", "'a' is not a string"},
    {"{" TYPE "," DIGEST "," SIZE ",\"data\":7}", "'data' is not a string"},
    {"{" TYPE "," DIGEST "," SIZE ",\"data\":\"aGVsbG8\"}", "'data' is not base64"},
    {"{" TYPE "," DIGEST "," SIZE ",\"data\":\"aGVs bG8=\"}", "'data' is not base64"},
    {"{" TYPE "," DIGEST "," SIZE ",\"data\":\"aGVsbG9v\"}", "is not what the digest names"},
    {"{" TYPE "," DIGEST "," SIZE ",\"data\":\"\"}", "is not what the digest names"},
    {"{" TYPE "," DIGEST ",\"size\":6,\"data\":\"aGVsbG8=\"}", "is not what the digest names"},
};

static void refuses_all_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct error err = ERROR_INIT;
		auto_descriptor struct descriptor d = DESCRIPTOR_INIT;

		expect_refused(
		    parse(&d, refused[i].text, &err), &err, ERR_FORMAT, refused[i].error);
		assert_null(d.media_type);
	}
}

/* RFC 6838 4.2: 127 characters on each side. */
static void holds_to_the_lengths(void **state)
{
	char name[130] = "";

	(void)state;
	for (size_t len = 126; len < 129; len++) {
		memset(name, 'a', len);
		name[len] = '\0';
		auto_free char *left =
		    mem_printf("{\"mediaType\":\"%s/x\"," DIGEST "," SIZE "}", name);
		auto_free char *right =
		    mem_printf("{\"mediaType\":\"x/%s\"," DIGEST "," SIZE "}", name);
		const char *const texts[] = {left, right};

		for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
			struct error err = ERROR_INIT;
			auto_descriptor struct descriptor d = DESCRIPTOR_INIT;
			assert_int_equal(parse(&d, texts[i], &err), len <= 127 ? 0 : -1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_what_is_needed),
	    cmocka_unit_test(passes_what_others_write),
	    cmocka_unit_test(refuses_all_else),
	    cmocka_unit_test(holds_to_the_lengths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
