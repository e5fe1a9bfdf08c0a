#include "common/inspect_html.h"
#include "tests/unit/expect.h"

static void render(struct buf *b, const char *list)
{
	json_auto_t *value = json_loads(list, 0, NULL);

	assert_non_null(value);
	inspect_html(b, value);
	assert_false(b->overflowed);
}

static void shows_every_member(void **state)
{
	static const char *const expected[] = {"<h2>Sealed, and verified against local trust</h2>",
	    "<tr><th>Trust id<td><code>cd</code>", "<tr><th>Principal<td><code>enclave</code>",
	    "<h2>Artifacts: 1</h2>", "<a href=\"#a0\">demo</a><td>1.0.0<td><code>sha256:ab</code>",
	    "<section id=\"a0\">\n<h2>demo:1.0.0</h2>", "<th>Origin<td><code>plant-a</code>",
	    "<th>Size<td><span title=\"1536 bytes\">1.5 KiB</span>", "<th>Size<td>1023 bytes",
	    "<th>Count<td>7", "<th>Marks<td><code>x</code><br><code>y</code>",
	    "<title>Packing list</title>"};
	auto_buf struct buf page = BUF_INIT(100000);

	(void)state;
	render(&page,
	    "{\"seal\":{\"id\":\"ab\",\"verified\":true,\"trustId\":\"cd\","
	    "\"signers\":[{\"principal\":\"enclave\"}]},"
	    "\"delivery\":{\"origin\":\"plant-a\",\"count\":7,\"marks\":[\"x\",\"y\"]},"
	    "\"artifacts\":[{\"repository\":\"demo\",\"tag\":\"1.0.0\",\"digest\":\"sha256:ab\","
	    "\"sizeBytes\":1536,\"layers\":[{\"sizeBytes\":1023}]}]}");
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		expect_contains(buf_text(&page), expected[i]);
}

static void says_what_cannot_be_believed(void **state)
{
	auto_buf struct buf unsealed = BUF_INIT(100000);
	auto_buf struct buf unverified = BUF_INIT(100000);

	(void)state;
	render(&unsealed, "{\"delivery\":{},\"artifacts\":[]}");
	expect_contains(buf_text(&unsealed), "class=\"unverified\">\n<h2>Not sealed</h2>");
	assert_null(strstr(buf_text(&unsealed), "Delivery"));
	render(&unverified, "{\"seal\":{\"id\":\"ab\",\"verified\":false},\"artifacts\":[]}");
	expect_contains(buf_text(&unverified), "<h2>Not verified here");
	assert_null(strstr(buf_text(&unverified), "class=\"verified\""));
}

/* Every place of a list where a string or a name of a member may stand. */
static void escapes_what_is_foreign(void **state)
{
	auto_buf struct buf page = BUF_INIT(100000);
	static const char list[] =
	    "{\"delivery\":{\"<b>\":\"<script>&amp;'\\\"\\u202e\\u001b[2J\"},"
	    "\"artifacts\":[{\"repository\":\"<script>\",\"tag\":\"\\\"'>\",\"digest\":\"<script>"
	    "\"}],"
	    "\"referrers\":[\"<script>\",{\"<i>\":[\"<script>\"]}]}";

	(void)state;
	render(&page, list);
	assert_null(strstr(buf_text(&page), "<script"));
	assert_null(strstr(buf_text(&page), "<b>"));
	assert_null(strstr(buf_text(&page), "<i>"));
	assert_null(strchr(buf_text(&page), '\x1b'));
	expect_contains(
	    buf_text(&page), "<code>&lt;script&gt;&amp;amp;&#39;&quot;\\u{202E}\\x1B[2J</code>");
	expect_contains(buf_text(&page), "<th>&lt;b&gt;<td>");
}

static void names_sizes(void **state)
{
	static const struct {
		const char *bytes;
		const char *expected;
	} cases[] = {{"0", "<td>0 bytes"}, {"1024", ">1.0 KiB<"}, {"1048576", ">1.0 MiB<"},
	    {"9223372036854775807", ">8.0 EiB<"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf struct buf page = BUF_INIT(100000);
		auto_free char *list = mem_printf("{\"x\":{\"sizeBytes\":%s}}", cases[i].bytes);
		render(&page, list);
		expect_contains(buf_text(&page), cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(shows_every_member),
	    cmocka_unit_test(says_what_cannot_be_believed),
	    cmocka_unit_test(escapes_what_is_foreign),
	    cmocka_unit_test(names_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
