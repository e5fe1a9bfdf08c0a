
#include "pusher/state.h"
#include "tests/unit/temp_dir.h"

#define SEAL_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PLACE "registry.example/charts"
#define FILE_TEXT                                                                                  \
	"{\"version\":1,\"destination\":\"" PLACE "\",\"origin\":\"plant-a\",\"sequence\":41,"     \
	"\"sealId\":\"" SEAL_A "\"}\n"
/* The first 16 hex digits of the SHA-256 of PLACE. */
#define FILE_NAME "plant-a.065a17e36a15b268.json"

struct world {
	struct temp_dir dir;
	struct destination destination;
	char *name; /* of the state file */
};

static int set_up(void **state)
{
	struct world *w = mem_zalloc(1, sizeof(*w));
	struct error err = ERROR_INIT;

	temp_dir_open(&w->dir);
	expect_ok(destination_parse(&w->destination, "Registry.Example:443/charts", &err), &err);
	w->name = state_file_name(PLACE, "plant-a");
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	temp_dir_close(&w->dir);
	destination_release(&w->destination);
	free(w->name);
	free(w);
	return 0;
}

static int open_state(
    const struct world *w, struct state *s, enum state_use use, bool first_use, struct error *err)
{
	return state_open(s, w->dir.path, &w->destination, 443, use, first_use, err);
}

static struct sequence_mark mark_of(uint64_t sequence, uint8_t byte)
{
	struct sequence_mark mark = {.exists = true, .sequence = sequence};

	memset(mark.seal_id.bytes, byte, sizeof(mark.seal_id.bytes));
	return mark;
}

static void writes_and_finds_a_mark(void **state)
{
	const struct world *w = *state;
	const struct sequence_mark mark = mark_of(41, 0xAA);
	struct sequence_mark found;
	struct error err = ERROR_INIT;
	auto_state struct state s = STATE_INIT;
	auto_buf struct buf content = BUF_INIT(4096);

	expect_text(w->name, FILE_NAME);
	expect_ok(open_state(w, &s, STATE_PUSH, false, &err), &err);
	expect_text(s.destination, PLACE);
	expect_ok(state_find(&s, "plant-a", &found, &err), &err);
	assert_false(found.exists);
	expect_ok(state_advance(&s, "plant-a", &mark, &err), &err);
	temp_read(w->dir.fd, w->name, &content);
	expect_text(buf_text(&content), FILE_TEXT);
	expect_ok(state_find(&s, "plant-a", &found, &err), &err);
	assert_true(found.exists && digest_equal(&found.seal_id, &mark.seal_id));
	assert_int_equal(found.sequence, 41);
	/* Of that origin alone, and nothing else is left behind. */
	expect_ok(state_find(&s, "plant-b", &found, &err), &err);
	assert_false(found.exists);
	assert_int_equal(temp_count(w->dir.fd), 1);
}

static void a_leftover_and_a_planted_link_do_no_harm(void **state)
{
	const struct world *w = *state;
	const struct sequence_mark mark = mark_of(7, 1);
	auto_free char *temporary = mem_printf(".%s.new", w->name);
	struct error err = ERROR_INIT;
	auto_state struct state s = STATE_INIT;
	auto_buf struct buf victim = BUF_INIT(100);

	temp_puts(w->dir.fd, "victim", "precious");
	assert_int_equal(symlinkat("victim", w->dir.fd, temporary), 0);
	expect_ok(open_state(w, &s, STATE_PUSH, false, &err), &err);
	expect_ok(state_advance(&s, "plant-a", &mark, &err), &err);
	temp_read(w->dir.fd, "victim", &victim);
	expect_text(buf_text(&victim), "precious");
}

static const struct {
	const char *text;
	const char *error;
} bad_files[] = {
    {"", "JSON: "},
    {"\n", "JSON: "},
    {"{}", "member 'sequence' is missing"},
    {"[]", "not an object"},
    {"{\"version\":2,\"destination\":\"" PLACE "\",\"origin\":\"plant-a\",\"sequence\":41,"
     "\"sealId\":\"" SEAL_A "\"}\n",
	"not as this program writes it"},
    {"{\"version\":1,\"destination\":\"registry.example/other\",\"origin\":\"plant-a\","
     "\"sequence\":41,\"sealId\":\"" SEAL_A "\"}\n",
	"for the destination 'registry.example/charts' and the origin 'plant-a'"},
    {"{\"version\":1,\"destination\":\"" PLACE "\",\"origin\":\"plant-b\",\"sequence\":41,"
     "\"sealId\":\"" SEAL_A "\"}\n",
	"and the origin 'plant-a'"},
    {"{\"version\":1,\"destination\":\"" PLACE "\",\"origin\":\"plant-a\",\"sequence\":0,"
     "\"sealId\":\"" SEAL_A "\"}\n",
	"sequence is not 1 or more"},
    {"{\"version\":1,\"destination\":\"" PLACE "\",\"origin\":\"plant-a\",\"sequence\":-1,"
     "\"sealId\":\"" SEAL_A "\"}\n",
	"'sequence' is negative"},
    {"{\"version\":1,\"destination\":\"" PLACE "\",\"origin\":\"plant-a\",\"sequence\":\"41\","
     "\"sealId\":\"" SEAL_A "\"}\n",
	"'sequence' is not an integer"},
    {"{\"version\":1,\"destination\":\"" PLACE "\",\"origin\":\"plant-a\",\"sequence\":41,"
     "\"sealId\":\"aa\"}\n",
	"sealId is not 64"},
    {"{\"version\":1,\"destination\":\"" PLACE "\",\"origin\":\"plant-a\",\"sequence\":41,"
     "\"sealId\":\"" SEAL_A "\",\"more\":1}\n",
	"not as this program writes it"},
    {FILE_TEXT " ", "not as this program writes it"},
    {FILE_TEXT FILE_TEXT, "JSON: "},
};

static void expect_unusable(const struct world *w, const char *text)
{
	struct sequence_mark found;
	struct error err = ERROR_INIT;
	auto_state struct state s = STATE_INIT;

	expect_ok(open_state(w, &s, STATE_READ, true, &err), &err);
	expect_refused(state_find(&s, "plant-a", &found, &err), &err, ERR_STATE, text);
	assert_false(found.exists);
	expect_contains(err.text, w->name);
	expect_contains(err.text, "restore it, or, where that cannot be, set minSequence above");
}

static void row_s13_a_damaged_file_is_never_begun_anew(void **state)
{
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad_files); i++) {
		temp_puts(w->dir.fd, w->name, bad_files[i].text);
		expect_unusable(w, bad_files[i].error);
	}
	for (size_t len = 0; len < strlen(FILE_TEXT); len++) {
		temp_write(w->dir.fd, w->name, FILE_TEXT, len);
		expect_unusable(w, "");
	}
	assert_int_equal(unlinkat(w->dir.fd, w->name, 0), 0);
	assert_int_equal(mkfifoat(w->dir.fd, w->name, 0600), 0);
	expect_unusable(w, "not a regular file");
	assert_int_equal(unlinkat(w->dir.fd, w->name, 0), 0);
	temp_puts(w->dir.fd, "aside", FILE_TEXT);
	assert_int_equal(symlinkat("aside", w->dir.fd, w->name), 0);
	expect_unusable(w, "a link");
	assert_int_equal(unlinkat(w->dir.fd, w->name, 0), 0);
	auto_free char *large = mem_zalloc(5000, 1);
	memset(large, ' ', 4999);
	temp_puts(w->dir.fd, w->name, large);
	expect_unusable(w, "larger than 4096 bytes");
}

/* A bit that is flipped makes it unusable, or it is another number or seal: never no mark. */
static void row_s13_every_flipped_bit_is_seen(void **state)
{
	char text[] = FILE_TEXT;
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t bit = 0; bit < strlen(FILE_TEXT) * 8; bit++) {
		struct sequence_mark found;

		text[bit / 8] ^= (char)(1 << bit % 8);
		if (state_parse(&found, text, strlen(FILE_TEXT), PLACE, "plant-a", &err) == 0)
			assert_true(found.exists &&
				    (found.sequence != 41 || found.seal_id.bytes[0] != 0xAA ||
					bit / 8 >= strlen(FILE_TEXT) - 67));
		else
			assert_false(found.exists);
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
}

static void row_s13_a_lost_directory_is_said(void **state)
{
	const struct world *w = *state;
	auto_free char *path = temp_path(&w->dir, "state");
	const struct sequence_mark mark = mark_of(1, 1);
	struct sequence_mark found;
	struct error err = ERROR_INIT;

	for (int use = STATE_READ; use <= STATE_PUSH; use++) {
		auto_state struct state s = STATE_INIT;
		expect_refused(
		    state_open(&s, path, &w->destination, 443, (enum state_use)use, false, &err),
		    &err, ERR_STATE, "there is none; if it was lost, restore it");
	}
	auto_state struct state read_only = STATE_INIT;
	expect_ok(state_open(&read_only, path, &w->destination, 443, STATE_READ, true, &err), &err);
	assert_false(temp_exists(w->dir.fd, "state"));
	expect_ok(state_find(&read_only, "plant-a", &found, &err), &err);
	assert_false(found.exists);
	auto_state struct state s = STATE_INIT;
	expect_ok(state_open(&s, path, &w->destination, 443, STATE_PUSH, true, &err), &err);
	expect_ok(state_advance(&s, "plant-a", &mark, &err), &err);
	assert_true(temp_exists(w->dir.fd, "state"));
	temp_puts(w->dir.fd, "file", "");
	auto_free char *file = temp_path(&w->dir, "file");
	auto_state struct state none = STATE_INIT;
	expect_refused(state_open(&none, file, &w->destination, 443, STATE_PUSH, false, &err), &err,
	    ERR_SYSTEM, "Not a directory");
}

static void row_f7_one_push_at_a_time(void **state)
{
	const struct world *w = *state;
	struct error err = ERROR_INIT;
	auto_state struct state first = STATE_INIT;
	auto_state struct state second = STATE_INIT;
	auto_state struct state reader = STATE_INIT;

	expect_ok(open_state(w, &first, STATE_PUSH, false, &err), &err);
	expect_refused(open_state(w, &second, STATE_PUSH, false, &err), &err, ERR_BUSY,
	    "another push is at work with it");
	expect_ok(open_state(w, &reader, STATE_READ, false, &err), &err);
	state_close(&first);
	state_close(&second);
	expect_ok(open_state(w, &second, STATE_PUSH, false, &err), &err);
}

static void destinations_are_told_apart(void **state)
{
	static const char *const places[] = {"registry.example", "registry.example/chart",
	    "registry.example:444/charts", "other.example/charts"};
	const struct world *w = *state;

	(void)w;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		auto_free char *name = state_file_name(places[i], "plant-a");
		assert_string_not_equal(name, FILE_NAME);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(writes_and_finds_a_mark),
	    TEST(a_leftover_and_a_planted_link_do_no_harm),
	    TEST(row_s13_a_damaged_file_is_never_begun_anew),
	    TEST(row_s13_every_flipped_bit_is_seen),
	    TEST(row_s13_a_lost_directory_is_said),
	    TEST(row_f7_one_push_at_a_time),
	    TEST(destinations_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
