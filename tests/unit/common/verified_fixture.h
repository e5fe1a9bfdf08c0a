/*
 * A sealed layout of one chart, and what verified_layout_open() says of it.
 */
#ifndef TESTS_UNIT_COMMON_VERIFIED_FIXTURE_H
#define TESTS_UNIT_COMMON_VERIFIED_FIXTURE_H

#include "common/verified_layout.h"
#include "tests/unit/layout_fixture.h"

#define NOW 1704164645 /* 2024-01-02T03:04:05Z */
#define ENCLAVE 1      /* seeds of keys */
#define REVIEWER 2
#define STRANGER 3

static inline int set_up(void **state)
{
	struct layout_fixture *f = mem_zalloc(1, sizeof(*f));
	auto_free char *names = fixture_names("demo", "1.0.0");

	fixture_open(f);
	auto_free char *chart = fixture_chart(f, "demo", "1.0.0", names);
	fixture_index(f, chart, "");
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	fixture_close(*state);
	free(*state);
	return 0;
}

struct outcome {
	struct verified_layout *layout;
	struct problems problems;
	struct error err;
};

static inline void outcome_release(struct outcome *o)
{
	verified_layout_free(o->layout);
	problems_release(&o->problems);
}
#define auto_outcome __attribute__((cleanup(outcome_release)))

static inline struct outcome verify(const struct layout_fixture *f, const struct trust *trust)
{
	struct outcome o = {.problems = PROBLEMS_INIT, .err = ERROR_INIT};
	const struct judgement judgement = {.trust = trust, .now = NOW, .default_port = 443};

	o.layout = verified_layout_open(f->path, &judgement, &o.problems, &o.err);
	return o;
}

static inline void expect_verified(const struct layout_fixture *f, const struct trust *trust)
{
	auto_outcome struct outcome o = verify(f, trust);

	expect_ok(o.layout != NULL ? 0 : -1, &o.err);
}

static inline void expect_layout_refused(
    const struct layout_fixture *f, const struct trust *trust, enum err_code code, const char *text)
{
	size_t before = open_descriptors();
	auto_outcome struct outcome o = verify(f, trust);

	expect_refused(o.layout == NULL ? -1 : 0, &o.err, code, text);
	expect_contains(o.err.text, "layout '");
	assert_int_equal(open_descriptors(), before);
}

/* Adds a key to a trust that trust_of_key() made; also to the policy's signers if counts. */
static inline void add_key(struct trust *t, unsigned char seed, const char *principal, bool counts)
{
	t->keys = mem_realloc(t->keys, t->key_count + 1, sizeof(*t->keys));
	struct trust_key *key = &t->keys[t->key_count++];
	*key = (struct trust_key){.principal = mem_strdup(principal),
	    .for_seals = true,
	    .valid_after = INT64_MIN,
	    .valid_before = INT64_MAX};
	fixture_key(&key->key, seed);
	if (!counts)
		return;
	t->seal.signers =
	    mem_realloc(t->seal.signers, t->seal.signer_count + 1, sizeof(*t->seal.signers));
	t->seal.signers[t->seal.signer_count++] = mem_strdup(principal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
