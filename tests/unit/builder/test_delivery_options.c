#include "builder/delivery_options.h"
#include "common/limits.h"
#include "tests/unit/layout_fixture.h"

static void release(struct delivery *d)
{
	struct index x = INDEX_INIT;

	x.delivery = *d;
	index_release(&x);
}
#define auto_delivery __attribute__((cleanup(release)))

/* A sealed layout with one chart and these annotations of index.json, without the braces. */
static void make_layout(struct layout_fixture *f, const char *annotations)
{
	auto_free char *names = fixture_names("web", "1.0.0");
	auto_free char *entry = fixture_chart(f, "web", "1.0.0", names);
	auto_free char *more = mem_printf(",\"annotations\":{%s}", annotations);

	fixture_index(f, entry, more);
	fixture_seal(f, 1);
}

static void what_is_given_replaces(void **state)
{
	auto_delivery struct delivery d = {.origin = mem_strdup("old"),
	    .destination = mem_strdup("old.example"),
	    .not_after = mem_strdup("2020-01-01T00:00:00Z")};
	static const char id[] = "00000000000000000000000000000000000000000000000000000000000000aa";
	const struct delivery_options o = {.origin = "plant-a",
	    .sequence = "9223372036854775807",
	    .previous = id,
	    .not_after = "2027-01-01T00:00:00Z"};
	struct error err = ERROR_INIT;

	(void)state;
	expect_ok(delivery_options_apply(&d, &o, &err), &err);
	expect_text(d.origin, "plant-a");
	expect_text(d.destination, "old.example");
	expect_text(d.sequence, "9223372036854775807");
	expect_text(d.previous, id);
	expect_text(d.not_after, "2027-01-01T00:00:00Z");
	assert_null(d.created);
}

static void each_option_has_its_grammar(void **state)
{
	static const struct {
		struct delivery_options options;
		const char *text;
	} cases[] = {
	    {{.origin = "Plant"}, "--origin: origin 'Plant'"},
	    {{.destination = "https://x"}, "--destination"},
	    {{.origin = "a", .sequence = "0"}, "--sequence"},
	    {{.origin = "a", .sequence = "01"}, "--sequence"},
	    {{.origin = "a", .sequence = "-1"}, "--sequence"},
	    {{.origin = "a", .sequence = "9223372036854775808"}, "--sequence"},
	    {{.sequence = "1"}, "give --origin"},
	    {{.not_after = "2027-01-01T00:00:00+01:00"}, "--not-after"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_delivery struct delivery d = {.origin = NULL};
		struct error err = ERROR_INIT;

		expect_refused(delivery_options_apply(&d, &cases[i].options, &err), &err, ERR_USAGE,
		    cases[i].text);
	}
}

#define LAST                                                                                       \
	"\"" ANNOTATION_ORIGIN "\":\"plant-a\",\"" ANNOTATION_DESTINATION                          \
	"\":\"Registry.example:443/charts\",\"" ANNOTATION_SEQUENCE "\":\"41\""

static void the_last_layout_is_counted_on(void **state)
{
	struct layout_fixture f;
	struct delivery_options o = {
	    .origin = "plant-a", .destination = "registry.example:443/charts"};
	auto_buf struct buf seal = BUF_INIT(LIMIT_SEAL_BYTES_MAX);
	auto_delivery struct delivery d = {.origin = NULL};
	struct error err = ERROR_INIT;
	char hex[DIGEST_HEX_LEN + 1];
	struct digest id;

	(void)state;
	fixture_open(&f);
	make_layout(&f, LAST);
	o.previous = f.path;
	expect_ok(delivery_options_apply(&d, &o, &err), &err);
	temp_read(f.root_fd, LAYOUT_SEAL, &seal);
	digest_of(&id, seal.data, seal.len);
	digest_hex(hex, &id);
	expect_text(d.previous, hex);
	expect_text(d.sequence, "42");
	o.sequence = "50";
	expect_ok(delivery_options_apply(&d, &o, &err), &err);
	expect_text(d.sequence, "50");
	o.sequence = "41";
	expect_refused(delivery_options_apply(&d, &o, &err), &err, ERR_USAGE, "not come after");
	fixture_close(&f);
}

static void another_line_of_deliveries_is_refused(void **state)
{
	static const struct {
		struct delivery_options options;
		const char *text;
	} cases[] = {
	    {{.origin = "plant-b", .destination = "registry.example:443/charts"},
		"its origin is plant-a and that of this delivery plant-b"},
	    {{.destination = "registry.example:443/charts"}, "that of this delivery none"},
	    {{.origin = "plant-a", .destination = "registry.example/other"}, "its destination is"},
	    {{.origin = "plant-a"}, "that of this delivery none"},
	};
	struct layout_fixture f;

	(void)state;
	fixture_open(&f);
	make_layout(&f, LAST);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct delivery_options o = cases[i].options;
		auto_delivery struct delivery d = {.origin = NULL};
		struct error err = ERROR_INIT;

		o.previous = f.path;
		expect_refused(
		    delivery_options_apply(&d, &o, &err), &err, ERR_USAGE, cases[i].text);
	}
	fixture_close(&f);
}

static void refuse_last(struct layout_fixture *f, enum err_code code, const char *text)
{
	const struct delivery_options o = {.origin = "plant-a", .previous = f->path};
	auto_delivery struct delivery d = {.origin = NULL};
	struct error err = ERROR_INIT;

	expect_refused(delivery_options_apply(&d, &o, &err), &err, code, text);
	expect_contains(err.text, "--previous '");
}

/* That layout is anybody's: it is read as hostile. */
static void the_last_layout_is_not_believed(void **state)
{
	struct layout_fixture f;
	auto_free char *large = mem_zalloc(LIMIT_INDEX_BYTES_MAX + 1, 1);

	(void)state;
	fixture_open(&f);
	refuse_last(&f, ERR_FORMAT, "SEAL: missing");
	make_layout(&f, "\"" ANNOTATION_ORIGIN "\":\"plant-a\"");
	temp_write(f.root_fd, LAYOUT_INDEX, large, LIMIT_INDEX_BYTES_MAX + 1);
	refuse_last(&f, ERR_LIMIT, "index.json");
	fixture_index(&f, "", ",\"annotations\":{\"" ANNOTATION_ORIGIN "\":\"plant-a\"}");
	refuse_last(&f, ERR_SEAL, "not the one that SEAL lists");
	temp_write(f.root_fd, LAYOUT_SEAL, large, LIMIT_SEAL_BYTES_MAX + 1);
	refuse_last(&f, ERR_LIMIT, "SEAL");
	temp_puts(f.root_fd, LAYOUT_SEAL, "nothing of the kind\n");
	refuse_last(&f, ERR_SEAL, "SEAL: line 1");
	make_layout(&f, "\"" ANNOTATION_ORIGIN "\":\"plant-a\",\"" ANNOTATION_SEQUENCE
			"\":\"9223372036854775807\"");
	refuse_last(&f, ERR_USAGE, "after which none comes");
	make_layout(&f, "\"dev.sallyport.sequel\":\"1\"");
	refuse_last(&f, ERR_POLICY, "is not known to this version");
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_given_replaces),
	    cmocka_unit_test(each_option_has_its_grammar),
	    cmocka_unit_test(the_last_layout_is_counted_on),
	    cmocka_unit_test(another_line_of_deliveries_is_refused),
	    cmocka_unit_test(the_last_layout_is_not_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
