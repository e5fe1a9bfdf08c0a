#include "common/command.h"
#include "common/limits.h"
#include "tests/unit/layout_fixture.h"

static char missing[] = "blobs/sha256/\x1b[31mx";
static char changed[] = "index.json";

/* A command that does what its first operand says. */
static int act(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct common_options o = {0};
	const struct option_spec specs[] = {COMMON_OPTION_SPECS(&o)};
	int first;

	if (options_parse(specs, ARRAY_SIZE(specs), argc, argv, "tool act", &first, err) != 0)
		return -1;
	if (first == argc)
		return command_usage(self, "tool", err, "no %s is given", "WORD");
	const char *word = argv[first];
	buf_puts(&out->notes, "a warning\n");
	if (strcmp(word, "long") == 0) {
		for (size_t i = 0; i <= 64 * KIB; i++)
			buf_printf(&out->text, "%01023d\n", 0);
		return 0;
	}
	if (strcmp(word, "long-json") == 0) {
		auto_free char *text = mem_zalloc(64 * MIB + 1, 1);
		memset(text, 'x', 64 * MIB);
		out->json = json_pack("{s:s}", "word", text);
		return 0;
	}
	if (strcmp(word, "fail") == 0)
		return error_set(err, ERR_CHART, "chart '\xff\n': bad");
	if (strcmp(word, "stop") == 0)
		return error_set(err, ERR_INTERRUPTED, "interrupted");
	if (strcmp(word, "problems") == 0) {
		out->problems.items = mem_zalloc(2, sizeof(*out->problems.items));
		out->problems.items[0] =
		    (struct problem){.kind = PROBLEM_MISSING, .path = mem_strdup(missing)};
		out->problems.items[1] =
		    (struct problem){.kind = PROBLEM_CHANGED, .path = mem_strdup(changed)};
		out->problems.count = 2;
		out->problems.total = 7;
		return error_set(err, ERR_SEAL, "7 files are not as sealed");
	}
	buf_printf(&out->text, "did %s\n", word);
	out->json = json_pack("{s:s}", "word", word);
	out->as_json = strcmp(word, "as-json") == 0;
	return 0;
}

static const struct command commands[] = {
    {.name = "act", .help = "usage: tool act\n", .run = act},
    {.name = "version", .help = "usage: tool version\n", .run = act},
};
static const struct program tool = {
    .name = "tool", .help = "usage: tool\n", .commands = commands, .command_count = 2};

#define WORDS_MAX 6
static const struct {
	const char *words[WORDS_MAX];
	const char *out;
	const char *err;
	int exit_status;
} cases[] = {
    /* help */
    {{"--help"}, "usage: tool\n", "", 0},
    {{"-h"}, "usage: tool\n", "", 0},
    {{"help"}, "usage: tool\n", "", 0},
    {{"help", "act"}, "usage: tool act\n", "", 0},
    {{"--help", "act"}, "usage: tool act\n", "", 0},
    {{"--help", "--json"}, "usage: tool\n", "", 0},
    {{"help", "help"}, "usage: tool\n", "", 0},
    {{"help", "what"}, "", "tool: unknown command 'what'; see 'tool --help'\n", 2},
    {{"act", "--help"}, "usage: tool act\n", "", 0},
    {{"act", "--what", "-h"}, "usage: tool act\n", "", 0},
    {{"act", "--", "--help"}, "did --help\n", "a warning\n", 0},
    /* choosing */
    {{NULL}, "", "tool: no command; see 'tool --help'\n", 2},
    {{"what"}, "", "tool: unknown command 'what'; see 'tool --help'\n", 2},
    {{"ac"}, "", "tool: unknown command 'ac'; see 'tool --help'\n", 2},
    {{""}, "", "tool: unknown command ''; see 'tool --help'\n", 2},
    {{"what", "--json"},
	"{\"version\":1,\"ok\":false,\"error\":{\"code\":\"usage\",\"message\":\"unknown command "
	"'what'; see 'tool --help'\"}}\n",
	"tool: unknown command 'what'; see 'tool --help'\n", 2},
    {{"act"}, "", "tool: no WORD is given; see 'tool act --help'\n", 2},
    {{"--version", "x"}, "did x\n", "a warning\n", 0},
    /* output */
    {{"act", "x"}, "did x\n", "a warning\n", 0},
    {{"act", "x", "-q"}, "", "", 0},
    {{"act", "x", "--quiet"}, "", "", 0},
    {{"act", "x", "-vq"}, "", "", 0},
    {{"act", "-qv", "x"}, "", "", 0},
    {{"act", "x", "--json"}, "{\"version\":1,\"ok\":true,\"word\":\"x\"}\n", "a warning\n", 0},
    {{"act", "x", "--json", "-q"}, "{\"version\":1,\"ok\":true,\"word\":\"x\"}\n", "", 0},
    {{"act", "as-json"}, "{\"version\":1,\"ok\":true,\"word\":\"as-json\"}\n", "a warning\n", 0},
    {{"act", "--", "x", "--json"}, "did x\n", "a warning\n", 0},
    /* failures */
    {{"act", "fail"}, "", "a warning\ntool: chart '\\xFF\\x0A': bad\n", 3},
    {{"act", "fail", "-q"}, "", "tool: chart '\\xFF\\x0A': bad\n", 3},
    {{"act", "fail", "-q", "--json"},
	"{\"version\":1,\"ok\":false,\"error\":{\"code\":\"bad-chart\",\"message\":\"chart "
	"'\\\\xFF\\\\x0A': bad\"}}\n",
	"tool: chart '\\xFF\\x0A': bad\n", 3},
    {{"act", "problems", "-q"}, "",
	"tool: blobs/sha256/\\x1B[31mx: missing\ntool: index.json: changed\ntool: and 5 more\n"
	"tool: 7 files are not as sealed\n",
	4},
    {{"act", "problems", "-q", "--json"},
	"{\"version\":1,\"ok\":false,\"error\":{\"code\":\"untrusted-seal\",\"message\":\"7 files "
	"are not as sealed\",\"problems\":[{\"path\":\"blobs/sha256/\\u001B[31mx\",\"problem\":"
	"\"missing\"},{\"path\":\"index.json\",\"problem\":\"changed\"}]}}\n",
	"tool: blobs/sha256/\\x1B[31mx: missing\ntool: index.json: changed\ntool: and 5 more\n"
	"tool: 7 files are not as sealed\n",
	4},
    /* what is too long is refused whole */
    {{"act", "long", "-q"}, "", "tool: output: larger than 67108864 bytes\n", 3},
    {{"act", "long-json", "-q", "--json"},
	"{\"version\":1,\"ok\":false,\"error\":{\"code\":\"over-limit\",\"message\":\"output: "
	"larger than 67108864 bytes\"}}\n",
	"tool: output: larger than 67108864 bytes\n", 3},
};

static void run(const char *const words[WORDS_MAX], struct command_outcome *outcome)
{
	static char name[] = "tool";
	char *argv[WORDS_MAX + 2] = {name};
	int argc = 1;

	for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
		argv[argc++] = (char *)(uintptr_t)words[i];
	command_run(&tool, argc, argv, outcome);
}

static void says_what_was_done(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct command_outcome outcome = COMMAND_OUTCOME_INIT;

		run(cases[i].words, &outcome);
		expect_text(buf_text(&outcome.out), cases[i].out);
		expect_text(buf_text(&outcome.err), cases[i].err);
		assert_int_equal(outcome.exit_status, cases[i].exit_status);
		buf_release(&outcome.out);
		buf_release(&outcome.err);
	}
}

static void tells_of_interruptions(void **state)
{
	static const char *const words[WORDS_MAX] = {"act", "stop"};
	struct command_outcome outcome = COMMAND_OUTCOME_INIT;

	(void)state;
	run(words, &outcome);
	assert_true(outcome.interrupted);
	assert_int_equal(outcome.exit_status, 1);
	buf_release(&outcome.out);
	buf_release(&outcome.err);
}

static void says_what_was_verified(void **state)
{
	struct layout_fixture f;
	struct error err = ERROR_INIT;
	auto_problems struct problems problems = PROBLEMS_INIT;
	auto_trust struct trust *trust = fixture_trust(1);
	const struct judgement judgement = {.trust = trust, .now = TIME_NOT_JUDGED};
	auto_buf struct buf text = BUF_INIT(10000);

	(void)state;
	fixture_open(&f);
	auto_free char *names = fixture_names("demo", "1.0.0");
	auto_free char *chart = fixture_chart(&f, "demo", "1.0.0", names);
	fixture_index(&f, chart, "");
	fixture_seal(&f, 1);
	auto_verified_layout struct verified_layout *v =
	    verified_layout_open(f.path, &judgement, &problems, &err);
	expect_ok(v != NULL ? 0 : -1, &err);
	command_verified_text(&text, "the\nlayout", v);
	json_auto_t *json = command_verified_json(v);
	expect_contains(buf_text(&text), "verified the\\x0Alayout\nseal ");
	expect_contains(buf_text(&text), "\nsigned by enclave SHA256:");
	expect_contains(buf_text(&text), "\ndemo:1.0.0 sha256:");
	const char *seal_id = json_string_value(json_object_get(json, "sealId"));
	assert_int_equal(strlen(seal_id), DIGEST_HEX_LEN);
	expect_contains(buf_text(&text), seal_id);
	expect_contains(buf_text(&text), json_string_value(json_object_get(json, "trustId")));
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_what_was_done),
	    cmocka_unit_test(tells_of_interruptions),
	    cmocka_unit_test(says_what_was_verified),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
