#include "common/delivery_record.h"
#include "tests/unit/expect.h"
#include "tests/unit/pusher/fixture.h"

#define HEX "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

/* A delivery of plant-a with the sequence 42, for registry.example/charts. */
static void deliver(struct fixture *f, struct delivery_record *r)
{
	struct error err = ERROR_INIT;
	char kid[LAYOUT_KID_LEN + 1];
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];

	fixture_init(f);
	size_t config = fixture_blob(f, "config");
	fixture_name(
	    f, fixture_manifest(f, config, config, ""), MEDIA_TYPE_OCI_MANIFEST, "one", "1.0");
	f->index.delivery.origin = mem_strdup("plant-a");
	f->index.delivery.sequence = mem_strdup("42");
	f->index.delivery.destination = mem_strdup("registry.example/charts");
	fixture_seal(f, &err);
	assert_non_null(f->layout);
	const struct layout *files = verified_layout_files(f->layout);
	ssh_public_key_kid(kid, &f->trust->keys[0].key);
	layout_signature_name(name, kid);
	delivery_record_init(r);
	assert_int_equal(layout_read_file(files, LAYOUT_SEAL, &r->layers[RECORD_SEAL], &err), 0);
	assert_int_equal(layout_read_file(files, LAYOUT_INDEX, &r->layers[RECORD_INDEX], &err), 0);
	assert_int_equal(layout_read_file(files, name, &r->layers[RECORD_SIGNATURES], &err), 0);
	r->layer_count = RECORD_SIGNATURES + 1;
}

static const struct {
	const char *name, *target, *origin;
	enum err_code code; /* ERR_NONE: it is a mark */
	size_t layer;       /* whose last byte is changed, or RECORD_LAYERS_MAX */
	const char *text;
} cases[] = {
    {"ours", "registry.example/charts", "plant-a", ERR_NONE, RECORD_LAYERS_MAX, ""},
    {"below", "registry.example/charts/a", "plant-a", ERR_NONE, RECORD_LAYERS_MAX, ""},
    {"above", "registry.example", "plant-a", ERR_NONE, RECORD_LAYERS_MAX, ""},
    {"beside", "registry.example/other", "plant-a", ERR_POLICY, RECORD_LAYERS_MAX, "delivery for"},
    {"elsewhere", "other.example/charts", "plant-a", ERR_POLICY, RECORD_LAYERS_MAX, "delivery for"},
    {"origin", "registry.example/charts", "plant-b", ERR_POLICY, RECORD_LAYERS_MAX,
	"from 'plant-a', not 'plant-b'"},
    {"seal", "registry.example/charts", "plant-a", ERR_SEAL, RECORD_SEAL, "SEAL."},
    {"index", "registry.example/charts", "plant-a", ERR_SEAL, RECORD_INDEX, "index.json"},
    {"signature", "registry.example/charts", "plant-a", ERR_SEAL, RECORD_SIGNATURES, ""},
};

static void test_row_s12_what_a_record_proves(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		auto_delivery_record struct delivery_record r;
		auto_destination struct destination target = {NULL, 0, NULL};
		struct sequence_mark mark = {.exists = true};
		struct error err = ERROR_INIT;

		deliver(&f, &r);
		if (cases[i].layer < RECORD_LAYERS_MAX)
			r.layers[cases[i].layer].data[r.layers[cases[i].layer].len - 1] ^= 1;
		assert_int_equal(destination_parse(&target, cases[i].target, &err), 0);
		const struct record_question q = {.trust = f.trust,
		    .origin = cases[i].origin,
		    .target = &target,
		    .default_port = 443};
		int result = delivery_record_judge(&mark, &r, &q, &err);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(result == 0, cases[i].code == ERR_NONE);
		assert_int_equal(mark.exists, result == 0);
		expect_contains(err.text, cases[i].text);
		if (result == 0) {
			assert_int_equal(mark.sequence, 42);
			assert_true(digest_equal(&mark.seal_id, verified_layout_seal_id(f.layout)));
		}
		fixture_release(&f);
	}
}

static void test_what_is_written_is_a_record(void **state)
{
	struct fixture f;
	auto_delivery_record struct delivery_record r;
	auto_buf struct buf b = BUF_INIT(1 << 20);
	auto_manifest struct manifest m = MANIFEST_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	deliver(&f, &r);
	delivery_record_write(&b, &r);
	assert_int_equal(manifest_parse(&m, buf_text(&b), b.len, MEDIA_TYPE_OCI_MANIFEST, &err), 0);
	assert_int_equal(delivery_record_check(&m, &err), 0);
	expect_contains(buf_text(&b), "\"config\":{\"mediaType\":\"" MEDIA_TYPE_OCI_EMPTY
				      "\",\"digest\":\"sha256:" HEX "\",\"size\":2}");
	expect_contains(buf_text(&b), "image.title\":\"SEAL\"");
	expect_contains(buf_text(&b), "image.title\":\"index.json\"");
	fixture_release(&f);
}

/* Each is the number and the type of layers, and the size of the first. */
static const struct {
	const char *artifact_type;
	size_t layer_count;
	const char *second_type;
	uint64_t first_bytes, last_bytes;
	const char *text;
} shapes[] = {
    {MEDIA_TYPE_RECORD, 3, MEDIA_TYPE_RECORD_INDEX, LIMIT_SEAL_BYTES_MAX, LIMIT_SIGNATURE_BYTES_MAX,
	NULL},
    {MEDIA_TYPE_RECORD, 18, MEDIA_TYPE_RECORD_INDEX, 1, 1, NULL},
    {MEDIA_TYPE_RECORD, 19, MEDIA_TYPE_RECORD_INDEX, 1, 1, "19 layers"},
    {MEDIA_TYPE_RECORD, 2, MEDIA_TYPE_RECORD_INDEX, 1, 1, "2 layers"},
    {MEDIA_TYPE_RECORD, 0, MEDIA_TYPE_RECORD_INDEX, 1, 1, "0 layers"},
    {"application/x", 3, MEDIA_TYPE_RECORD_INDEX, 1, 1, "artifactType"},
    {NULL, 3, MEDIA_TYPE_RECORD_INDEX, 1, 1, "artifactType"},
    {MEDIA_TYPE_RECORD, 3, MEDIA_TYPE_RECORD_SEAL, 1, 1, "layer 2: mediaType"},
    {MEDIA_TYPE_RECORD, 3, MEDIA_TYPE_RECORD_INDEX, LIMIT_SEAL_BYTES_MAX + 1ULL, 1, "layer 1"},
    {MEDIA_TYPE_RECORD, 3, MEDIA_TYPE_RECORD_INDEX, 1, LIMIT_SIGNATURE_BYTES_MAX + 1ULL, "layer 3"},
    {MEDIA_TYPE_RECORD, 3, MEDIA_TYPE_RECORD_INDEX, 0, 1, "layer 1: 0 bytes"},
};

static void test_the_shape_of_a_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct descriptor layers[RECORD_LAYERS_MAX + 1] = {{NULL}};
		struct error err = ERROR_INIT;
		const struct manifest m = {.layers = layers,
		    .layer_count = shapes[i].layer_count,
		    .artifact_type = (char *)(uintptr_t)shapes[i].artifact_type};

		for (size_t k = 0; k < m.layer_count; k++) {
			const char *type = k == 0   ? MEDIA_TYPE_RECORD_SEAL
					   : k == 1 ? shapes[i].second_type
						    : MEDIA_TYPE_RECORD_SIGNATURE;
			layers[k].media_type = (char *)(uintptr_t)type;
			layers[k].size_bytes = k == 0   ? shapes[i].first_bytes
					       : k == 1 ? 1
							: shapes[i].last_bytes;
		}
		int result = delivery_record_check(&m, &err);
		assert_int_equal(result == 0, shapes[i].text == NULL);
		expect_contains(err.text, shapes[i].text == NULL ? "" : shapes[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_row_s12_what_a_record_proves),
	    cmocka_unit_test(test_what_is_written_is_a_record),
	    cmocka_unit_test(test_the_shape_of_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
