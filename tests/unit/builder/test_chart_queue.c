#include <locale.h>
#include <sched.h>

#include "builder/chart_queue.h"
#include "tests/unit/temp_dir.h"

#define CHARTS 40

static const struct chart_packing PACKING = {.mtime = 0};

struct charts {
	struct temp_dir place;
	char *paths[CHARTS]; /* owned */
};

/* Every third is large, so that those behind it are done before. */
static void write_chart(struct charts *c, size_t i)
{
	auto_buf struct buf text = BUF_INIT(1U << 20);
	auto_fd int fd = -1;

	c->paths[i] = mem_printf("%s/c%zu", c->place.path, i);
	assert_int_equal(mkdir(c->paths[i], 0755), 0);
	fd = open(c->paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	buf_printf(&text, "apiVersion: v2\nname: c%zu\nversion: 1.0.%zu\n", i, i);
	temp_puts(fd, "Chart.yaml", buf_text(&text));
	for (size_t k = 0; i % 3 == 0 && k < 200000; k++)
		buf_putc(&text, (char)('a' + k * k % 23));
	temp_write(fd, "text", buf_text(&text), text.len);
}

static int set_up(void **state)
{
	struct charts *c = mem_zalloc(1, sizeof(*c));

	temp_dir_open(&c->place);
	for (size_t i = 0; i < CHARTS; i++)
		write_chart(c, i);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct charts *c = *state;

	for (size_t i = 0; i < CHARTS; i++)
		free(c->paths[i]);
	temp_dir_close(&c->place);
	free(c);
	return 0;
}

static void expect_all(const struct charts *c, size_t count)
{
	auto_chart_queue struct chart_queue *q = chart_queue_new(c->paths, count, &PACKING);
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < count; i++) {
		auto_chart struct chart queued;
		auto_chart struct chart alone;

		chart_init(&queued);
		expect_ok(chart_queue_next(q, &queued, &err), &err);
		expect_ok(chart_load(&alone, c->paths[i], &PACKING, &err), &err);
		assert_int_equal(queued.archive.len, alone.archive.len);
		assert_memory_equal(queued.archive.data, alone.archive.data, alone.archive.len);
		assert_int_equal(text_compare(&queued.metadata.name, &alone.metadata.name), 0);
	}
}

static void test_in_the_order_given(void **state)
{
	expect_all(*state, CHARTS);
	expect_all(*state, 2);
	expect_all(*state, 1);
}

static void test_on_one_core(void **state)
{
	cpu_set_t before;
	cpu_set_t one;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
		if (CPU_ISSET(i, &before))
			CPU_SET(i, &one);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	expect_all(*state, CHARTS);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

/* A fault is that of its own chart, however early it is met, and those before it are whole. */
static void test_faults_in_their_places(void **state)
{
	const struct charts *c = *state;
	char nowhere[] = "/nowhere";
	char there[] = "/there";
	char *paths[] = {c->paths[0], c->paths[3], c->paths[6], nowhere, c->paths[1], there};
	auto_chart_queue struct chart_queue *q =
	    chart_queue_new(paths, ARRAY_SIZE(paths), &PACKING);
	static const char *const faults[ARRAY_SIZE(paths)] = {
	    [3] = "chart '/nowhere': ", [5] = "chart '/there': "};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_chart struct chart chart;
		struct error err = ERROR_INIT;

		chart_init(&chart);
		int result = chart_queue_next(q, &chart, &err);
		if (faults[i] != NULL)
			expect_refused(result, &err, ERR_SYSTEM, faults[i]);
		else
			expect_ok(result, &err);
	}
}

/* Nothing waits for ever, and nothing is lost: a sanitizer would tell. */
static void test_given_up(void **state)
{
	const struct charts *c = *state;

	for (size_t taken = 0; taken < CHARTS; taken += 7) {
		auto_chart_queue struct chart_queue *q =
		    chart_queue_new(c->paths, CHARTS, &PACKING);
		struct error err = ERROR_INIT;

		for (size_t i = 0; i < taken; i++) {
			auto_chart struct chart chart;

			chart_init(&chart);
			expect_ok(chart_queue_next(q, &chart, &err), &err);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_in_the_order_given, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_on_one_core, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_faults_in_their_places, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_given_up, set_up, tear_down),
	};

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 1;
	return cmocka_run_group_tests_name("chart_queue", tests, NULL, NULL);
}
