/* Expected results are those of Helm 4.2.4, package ignore. */
#include "builder/helmignore.h"
#include "common/buf.h"
#include "common/limits.h"
#include "tests/unit/expect.h"

/* Directories end in '/' here. */
static const char *const tree[] = {"Chart.yaml", "README.md", "a", "b.txt", "ci/", "ci/a",
    "ci/b.txt", "templates/", "templates/.x", "templates/a.yaml", "templates/sub/.x", ".git/",
    ".helmignore", "é b", "!a", "#a", "[a]"};

/* The paths of the tree that are ignored, with " | " between them. */
static const struct {
	const char *rules;
	const char *ignored;
} cases[] = {
    {"", "templates/.x"},
    {"# comment\n", "templates/.x"},
    {"  \n\t\n", "templates/.x"},
    {"a", "a | ci/a | templates/.x"},
    {"a\n", "a | ci/a | templates/.x"},
    {"a/", "templates/.x"},
    {"/a", "a | templates/.x"},
    {"/a/", "templates/.x"},
    {"ci", "ci/ | templates/.x"},
    {"ci/", "ci/ | templates/.x"},
    {"ci/a", "ci/a | templates/.x"},
    {"/ci/a", "ci/a | templates/.x"},
    {"ci/*", "ci/a | ci/b.txt | templates/.x"},
    {"*/a", "ci/a | templates/.x"},
    {"*/*", "ci/a | ci/b.txt | templates/.x | templates/a.yaml"},
    {"*/*/*", "templates/.x | templates/sub/.x"},
    {"*", "Chart.yaml | README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | templates/.x "
	  "| templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"*/", "ci/ | templates/ | templates/.x | .git/"},
    {"?", "a | ci/a | templates/.x"},
    {".*", "templates/.x | templates/sub/.x | .git/ | .helmignore"},
    {".*/", "templates/.x | .git/"},
    {"*.txt", "b.txt | ci/b.txt | templates/.x"},
    {"/*.txt", "b.txt | templates/.x"},
    {"ci/*.txt", "ci/b.txt | templates/.x"},
    {"*.md", "README.md | templates/.x"},
    {"README.md", "README.md | templates/.x"},
    {"readme.md", "templates/.x"},
    {"!Chart.yaml",
	"README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | templates/.x | "
	"templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"!*", "templates/.x"},
    {"!a", "Chart.yaml | README.md | b.txt | ci/ | ci/b.txt | templates/ | templates/.x | "
	   "templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"!ci/", "Chart.yaml | README.md | a | b.txt | ci/a | ci/b.txt | templates/ | templates/.x | "
	     "templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"!/ci/", "Chart.yaml | README.md | a | b.txt | ci/a | ci/b.txt | templates/ | templates/.x | "
	      "templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"!templates/*", "Chart.yaml | README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | "
		     "templates/.x | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"*.txt\n!b.txt",
	"Chart.yaml | README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | templates/.x | "
	"templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"!*.txt\n*.md",
	"Chart.yaml | README.md | a | ci/ | ci/a | templates/ | templates/.x | templates/a.yaml | "
	"templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"!*/", "Chart.yaml | README.md | a | b.txt | ci/a | ci/b.txt | templates/.x | "
	    "templates/a.yaml | templates/sub/.x | .helmignore | é b | !a | #a | [a]"},
    {"!ci/a", "Chart.yaml | README.md | a | b.txt | ci/ | ci/b.txt | templates/ | templates/.x | "
	      "templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"templates", "templates/ | templates/.x"},
    {"templates/", "templates/ | templates/.x"},
    {"templates/*", "templates/.x | templates/a.yaml"},
    {"templates/sub", "templates/.x"},
    {"/templates/a.yaml", "templates/.x | templates/a.yaml"},
    {"templates/sub/*", "templates/.x | templates/sub/.x"},
    {"[a]", "a | ci/a | templates/.x"},
    {"\\[a]", "templates/.x | [a]"},
    {"[^a]", "templates/.x"},
    {"[!a]", "a | ci/a | templates/.x"},
    {"\\!a", "templates/.x | !a"},
    {"\\#a", "templates/.x | #a"},
    {"!!a",
	"Chart.yaml | README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | templates/.x | "
	"templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | #a | [a]"},
    {"!\\!a",
	"Chart.yaml | README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | templates/.x | "
	"templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | #a | [a]"},
    {"#a", "templates/.x"},
    {"é b", "templates/.x | é b"},
    {"é?b", "templates/.x | é b"},
    {"?\? b", "templates/.x"},
    {"é*", "templates/.x | é b"},
    {" a ", "a | ci/a | templates/.x"},
    {"\302\240a\343\200\200", "a | ci/a | templates/.x"},
    {"\ta\r", "a | ci/a | templates/.x"},
    {"a\r\nb.txt\r\n", "a | b.txt | ci/a | ci/b.txt | templates/.x"},
    {"\357\273\277a", "a | ci/a | templates/.x"},
    {"\n\357\273\277a", "templates/.x"},
    {"\357\273\277# x\na", "a | ci/a | templates/.x"},
    {"a # b", "templates/.x"},
    {"a\013", "a | ci/a | templates/.x"},
    {"\342\200\213a", "templates/.x"},
    {"/", "templates/.x"},
    {"//", "templates/.x"},
    {"!", "Chart.yaml | README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | templates/.x "
	  "| templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"!/", "Chart.yaml | README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | templates/.x "
	   "| templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"!//",
	"Chart.yaml | README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | templates/.x | "
	"templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"./a", "templates/.x"},
    {"ci/./a", "templates/.x"},
    {"ci//a", "templates/.x"},
    {"/.git", "templates/.x | .git/"},
    {"/.git/", "templates/.x | .git/"},
    {"*x*", "b.txt | ci/b.txt | templates/.x | templates/sub/.x"},
    {"x*[", "templates/.x"},
    {"!x*[",
	"Chart.yaml | README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | templates/.x | "
	"templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"Q*[a-", "templates/.x"},
    {"Chart.yaml/", "templates/.x"},
    {"!Chart.yaml/",
	"Chart.yaml | README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | templates/.x | "
	"templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"a\n\n\nb.txt", "a | b.txt | ci/a | ci/b.txt | templates/.x"},
    {"*a*", "Chart.yaml | a | ci/a | templates/ | templates/.x | templates/a.yaml | !a | #a | [a]"},
    {"*/.x", "templates/.x"},
    {"templates/.?*", "templates/.x"},
    {"!templates/.x",
	"Chart.yaml | README.md | a | b.txt | ci/ | ci/a | ci/b.txt | templates/ | templates/.x | "
	"templates/a.yaml | templates/sub/.x | .git/ | .helmignore | é b | !a | #a | [a]"},
    {"templates/.", "templates/.x"},
    {"..", "templates/.x"},
    {".", "templates/.x"},
    {"\\a", "a | ci/a | templates/.x"},
    {"b\\.txt", "b.txt | ci/b.txt | templates/.x"},
    {"\377", "templates/.x"},
    {"\240a", "templates/.x"},
    {"a\302", "templates/.x"},
    {"ci/[^/]*", "ci/a | ci/b.txt | templates/.x"},
    {"ci[/]a", "ci/a | templates/.x"},
    {"ci?a", "templates/.x"},
    {"*ci*a", "templates/.x"},
};

static const struct {
	const char *rules;
	const char *text;
} refused[] = {
    {"**", "double stars"},
    {"a**", "double stars"},
    {"**/a", "double stars"},
    {"!**", "double stars"},
    {"# ok\n\na\n**", "double stars"},
    {"a[", "syntax error"},
    {"[", "syntax error"},
    {"[]a]", "syntax error"},
    {"[a-]", "syntax error"},
    {"[-a]", "syntax error"},
    {"[^]", "syntax error"},
    {"!a[", "syntax error"},
    {"a\\", "syntax error"},
    {"\\", "syntax error"},
    {"[x-", "syntax error"},
    {"*[", "syntax error"},
    {"a*[", "syntax error"},
    {"?[", "syntax error"},
    {"/[", "syntax error"},
    {"[a", "syntax error"},
    {"a\nb\n[", "syntax error"},
    {"[\377]", "syntax error"},
    {" ** ", "double stars"},
    {"a\\", "syntax error"},
};

static bool is_ignored(struct helmignore *h, const char *path)
{
	struct error err = ERROR_INIT;
	bool ignored = false;
	size_t len = strlen(path);
	bool is_directory = path[len - 1] == '/';
	auto_free char *name = mem_strndup(path, is_directory ? len - 1 : len);

	expect_ok(helmignore_match(h, name, is_directory, &ignored, &err), &err);
	return ignored;
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_helmignore struct helmignore h = HELMIGNORE_INIT;
		auto_buf struct buf ignored = BUF_INIT(1024);
		struct error err = ERROR_INIT;

		expect_ok(helmignore_parse(&h, cases[i].rules, strlen(cases[i].rules), &err), &err);
		for (size_t k = 0; k < ARRAY_SIZE(tree); k++) {
			if (is_ignored(&h, tree[k]))
				buf_printf(
				    &ignored, "%s%s", ignored.len != 0 ? " | " : "", tree[k]);
		}
		if (strcmp(buf_text(&ignored), cases[i].ignored) != 0)
			fail_msg("'%s': '%s', not '%s'", cases[i].rules, buf_text(&ignored),
			    cases[i].ignored);
	}
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		auto_helmignore struct helmignore h = HELMIGNORE_INIT;
		struct error err = ERROR_INIT;

		expect_refused(
		    helmignore_parse(&h, refused[i].rules, strlen(refused[i].rules), &err), &err,
		    ERR_CHART, refused[i].text);
		assert_null(h.rules);
	}
}

static void test_line_is_named(void **state)
{
	static const char text[] = "# one\r\n\n  a**b  \nc\n";
	auto_helmignore struct helmignore h = HELMIGNORE_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	expect_refused(helmignore_parse(&h, text, strlen(text), &err), &err, ERR_CHART,
	    "line 3: 'a**b': double stars");
}

static void test_no_file(void **state)
{
	auto_helmignore struct helmignore h = HELMIGNORE_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	expect_ok(helmignore_parse(&h, NULL, 0, &err), &err);
	assert_true(is_ignored(&h, "templates/.git/"));
	assert_false(is_ignored(&h, "templates/."));
	assert_false(is_ignored(&h, ".git/"));
}

static void test_chart_directory_stays(void **state)
{
	static const char *const paths[] = {"", ".", "./"};
	auto_helmignore struct helmignore h = HELMIGNORE_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	expect_ok(helmignore_parse(&h, "*\n!x", 4, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		bool ignored = true;
		expect_ok(helmignore_match(&h, paths[i], true, &ignored, &err), &err);
		assert_false(ignored);
	}
}

/* The pattern is split from the path as Go's filepath.Base does it. */
static void test_base_of_odd_paths(void **state)
{
	auto_helmignore struct helmignore h = HELMIGNORE_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	expect_ok(helmignore_parse(&h, "a", 1, &err), &err);
	assert_true(is_ignored(&h, "b//a"));
	assert_true(is_ignored(&h, "a//"));
	assert_false(is_ignored(&h, "//"));
}

/* Go's scanner has a buffer of 64 KiB, which a line with its line feed has to leave unfilled. */
static void test_long_lines(void **state)
{
	auto_free char *text = mem_alloc(70000);
	struct error err = ERROR_INIT;

	(void)state;
	memset(text, 'a', 70000);
	for (size_t len = 65534; len <= 65537; len++) {
		for (int last = 0; last < 2; last++) {
			auto_helmignore struct helmignore h = HELMIGNORE_INIT;
			text[len] = last ? 'a' : '\n';
			int result = helmignore_parse(&h, text, last ? len : len + 2, &err);
			if (len <= 65535)
				expect_ok(result, &err);
			else
				expect_refused(
				    result, &err, ERR_CHART, "line 1: longer than 65535");
			text[len] = 'a';
		}
	}
}

static void test_large_file(void **state)
{
	auto_free char *text = mem_alloc(LIMIT_HELMIGNORE_BYTES_MAX + 1);
	auto_helmignore struct helmignore h = HELMIGNORE_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	memset(text, '\n', LIMIT_HELMIGNORE_BYTES_MAX + 1);
	expect_ok(helmignore_parse(&h, text, LIMIT_HELMIGNORE_BYTES_MAX, &err), &err);
	helmignore_release(&h);
	expect_refused(helmignore_parse(&h, text, LIMIT_HELMIGNORE_BYTES_MAX + 1, &err), &err,
	    ERR_LIMIT, "larger than 262144 bytes");
}

static void test_bounded_work(void **state)
{
	auto_helmignore struct helmignore h = HELMIGNORE_INIT;
	struct error err = ERROR_INIT;
	bool ignored = false;
	int result = 0;
	char path[256];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	expect_ok(helmignore_parse(&h, "x\n*aaaaaaaaaaaaaaaab", 19, &err), &err);
	h.steps_left = 1000000;
	for (int i = 0; i < 1000 && result == 0; i++)
		result = helmignore_match(&h, path, false, &ignored, &err);
	expect_refused(result, &err, ERR_LIMIT, "line 2: the patterns take too much matching");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rules),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_line_is_named),
	    cmocka_unit_test(test_no_file),
	    cmocka_unit_test(test_chart_directory_stays),
	    cmocka_unit_test(test_base_of_odd_paths),
	    cmocka_unit_test(test_long_lines),
	    cmocka_unit_test(test_large_file),
	    cmocka_unit_test(test_bounded_work),
	};

	return cmocka_run_group_tests_name("helmignore", tests, NULL, NULL);
}
