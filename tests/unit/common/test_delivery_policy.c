#include "common/delivery_policy.h"
#include "tests/unit/expect.h"

#define NOW 1704164645 /* 2024-01-02T03:04:05Z */

enum { DESTINATION = 1, NOT_AFTER = 2, SEQUENCE = 4, PREVIOUS = 8 };

/* Everything a judgement looks at, as text. */
struct case_of_policy {
	const char *origin;      /* of the delivery; NULL where it has none */
	const char *destination; /* of the delivery */
	const char *not_after;
	const char *sequence;
	const char *previous;
	const char *origins[3];      /* of the policy: names, each for "enclave" */
	const char *destinations[3]; /* of the policy */
	const char *target;          /* of the push, or NULL */
	unsigned default_port;
	const char *repository; /* of the one artifact, "demo" where NULL */
	unsigned requires;      /* of the policy */
	int64_t now;            /* NOW where 0 */
	const char *error;      /* NULL: accepted */
};

static const struct case_of_policy cases[] = {
    {.error = NULL},
    /* what the policy requires */
    {.requires = DESTINATION, .error = "requireDestination: the delivery names no destination"},
    {.requires = DESTINATION, .destination = "r.example/x", .error = NULL},
    {.requires = NOT_AFTER, .error = "requireNotAfter: the delivery names no not-after"},
    {.requires = NOT_AFTER, .not_after = "2036-01-01T00:00:00Z", .error = NULL},
    {.requires = SEQUENCE, .error = "requireSequence: the delivery names no sequence (build or"},
    {.requires = SEQUENCE, .origin = "a", .sequence = "41", .error = NULL},
    {.requires = PREVIOUS, .error = "requirePrevious: the delivery names no previous seal"},
    {.requires = PREVIOUS, .previous = "ab", .error = NULL},
    /* time */
    {.not_after = "2024-01-02T03:04:05Z", .error = NULL},
    {.not_after = "2024-01-02T03:04:04Z",
	.error = "good until 2024-01-02T03:04:04Z and it is 2024-01-02T03:04:05Z here"},
    {.not_after = "2036-01-01T00:00:00Z", .now = 2082758400, .error = NULL},
    {.not_after = "2036-01-01T00:00:00Z", .now = 2082758401, .error = "have it sealed anew"},
    {.not_after = "1970-01-01T00:00:00Z", .now = TIME_NOT_JUDGED, .error = NULL},
    {.not_after = "1970-01-01T00:00:00Z", .error = "the delivery was good until 1970"},
    /* origin */
    {.origin = "plant-a", .error = NULL},
    {.origin = "plant-a", .origins = {"plant-a"}, .error = NULL},
    {.origin = "plant-b", .origins = {"plant-a", "plant-b"}, .error = NULL},
    {.origin = "plant-b", .origins = {"plant-a"}, .error = "origin 'plant-b' is not one that"},
    {.origin = "plant-", .origins = {"plant-a"}, .error = "origin 'plant-' is not one that"},
    {.origins = {"plant-a"}, .error = "the delivery names no origin"},
    {.origin = "guest", .origins = {"guest"}, .error = "no signer of this seal may seal for"},
    /* destination without a target */
    {.destination = "r.example/x", .error = NULL},
    {.destinations = {"r.example/x"}, .error = NULL},
    {.destination = "r.example/x", .destinations = {"r.example/x"}, .error = NULL},
    {.destination = "r.example/x/y", .destinations = {"r.example/x"}, .error = NULL},
    {.destination = "r.example", .destinations = {"r.example/x"}, .error = NULL},
    {.destination = "r.example:443/x",
	.destinations = {"r.example"},
	.default_port = 443,
	.error = NULL},
    {.destination = "r.example/x",
	.destinations = {"r.example/y", "other.example"},
	.error = "'r.example/x', which has nothing in common with those"},
    {.destination = "r.example/xy", .destinations = {"r.example/x"}, .error = "nothing in common"},
    /* destination with a target */
    {.target = "r.example", .error = NULL},
    {.target = "r.example/x", .destination = "r.example/x", .error = NULL},
    {.target = "r.example/x/y", .destination = "r.example/x", .error = NULL},
    {.target = "r.example", .destination = "r.example/demo", .error = NULL},
    {.target = "r.example",
	.destination = "r.example/x",
	.error = "'r.example/demo' is not below 'r.example/x', the only place"},
    {.target = "r.example/xy",
	.destination = "r.example/x",
	.error = "'r.example/xy/demo' is not below 'r.example/x'"},
    {.target = "other.example/x", .destination = "r.example/x", .error = "is not below"},
    {.target = "r.example:5000/x",
	.destination = "r.example/x",
	.default_port = 443,
	.error = "'r.example:5000/x/demo' is not below"},
    {.target = "r.example:443/x", .destination = "r.example/x", .default_port = 443, .error = NULL},
    {.target = "r.example:80/x", .destination = "r.example/x", .default_port = 80, .error = NULL},
    {.target = "r.example/x", .destinations = {"r.example"}, .error = NULL},
    {.target = "r.example/x", .destinations = {"a.example", "r.example/x"}, .error = NULL},
    {.target = "r.example/x",
	.destinations = {"r.example/y"},
	.error = "'r.example/x/demo' is below none that the policy lists"},
    {.target = "r.example/x",
	.destination = "r.example",
	.destinations = {"r.example/y"},
	.error = "is below none that the policy lists"},
    {.target = "r.example/x",
	.destination = "r.example/y",
	.destinations = {"r.example"},
	.error = "is not below 'r.example/y'"},
    {.target = "r.example",
	.destination = "r.example/team/app",
	.repository = "team/app",
	.error = NULL},
    {.target = "r.example/"
	       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	       "aaaaaaaaaaaaaa",
	.error = "repository name is longer than 255 bytes"},
};

static size_t count_texts(const char *const *texts)
{
	size_t count = 0;

	while (count < 3 && texts[count] != NULL)
		count++;
	return count;
}

/* The policy of a case; "guest" is an origin for somebody else. */
static void fill_trust(
    struct trust *t, const struct case_of_policy *c, char **enclave, char **guest)
{
	struct error err = ERROR_INIT;

	t->origin_count = count_texts(c->origins);
	t->has_origins = t->origin_count > 0;
	t->origins = mem_zalloc(3, sizeof(*t->origins));
	for (size_t i = 0; i < t->origin_count; i++) {
		bool is_guest = strcmp(c->origins[i], "guest") == 0;
		t->origins[i] = (struct trust_origin){.name = mem_strdup(c->origins[i]),
		    .principals = is_guest ? guest : enclave,
		    .principal_count = 1};
	}
	t->destination_count = count_texts(c->destinations);
	t->destinations = mem_zalloc(3, sizeof(*t->destinations));
	for (size_t i = 0; i < t->destination_count; i++)
		expect_ok(destination_parse(&t->destinations[i], c->destinations[i], &err), &err);
}

static void empty_trust(struct trust *t)
{
	for (size_t i = 0; i < t->origin_count; i++)
		free(t->origins[i].name);
	for (size_t i = 0; i < t->destination_count; i++)
		destination_release(&t->destinations[i]);
	free(t->origins);
	free(t->destinations);
}

static void judge(const struct case_of_policy *c)
{
	char enclave_name[] = "enclave";
	char guest_name[] = "guest";
	char *enclave = enclave_name;
	char *guest = guest_name;
	struct trust trust = {.max_sequence_jump = INT64_MAX,
	    .require_destination = (c->requires & DESTINATION) != 0,
	    .require_not_after = (c->requires & NOT_AFTER) != 0,
	    .require_sequence = (c->requires & SEQUENCE) != 0,
	    .require_previous = (c->requires & PREVIOUS) != 0};
	struct trust_signer signer = {.principal = enclave_name};
	struct graph_name name = {
	    .repository = c->repository != NULL ? c->repository : "demo", .tag = "1"};
	struct delivery d = {.origin = (char *)(uintptr_t)c->origin,
	    .destination = (char *)(uintptr_t)c->destination,
	    .not_after = (char *)(uintptr_t)c->not_after,
	    .sequence = (char *)(uintptr_t)c->sequence,
	    .previous = (char *)(uintptr_t)c->previous};
	const struct graph graph = {.index = {.delivery = d}, .names = &name, .name_count = 1};
	auto_destination struct destination target = {NULL, 0, NULL};
	struct judgement judgement = {.trust = &trust,
	    .now = c->now != 0 ? c->now : NOW,
	    .target = c->target != NULL ? &target : NULL,
	    .default_port = c->default_port};
	struct error err = ERROR_INIT;

	fill_trust(&trust, c, &enclave, &guest);
	if (c->target != NULL)
		expect_ok(destination_parse(&target, c->target, &err), &err);
	int result = delivery_judge(&graph, &signer, 1, &judgement, &err);
	if (c->error == NULL)
		expect_ok(result, &err);
	else
		expect_refused(result, &err, ERR_POLICY, c->error);
	empty_trust(&trust);
}

static void row_s11_and_row_s14_judges_every_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		judge(&cases[i]);
}

/* So is a signature of something that is in the registry only. */
static void judges_what_goes_beside_others(void **state)
{
	char enclave[] = "enclave";
	char destination[] = "r.example/team";
	struct trust trust = {.max_sequence_jump = INT64_MAX};
	struct trust_signer signer = {.principal = enclave};
	struct graph_node node = {.is_signature = true, .repository = "teams/b"};
	struct graph graph = {
	    .index = {.delivery = {.destination = destination}}, .nodes = &node, .node_count = 1};
	auto_destination struct destination target = {NULL, 0, NULL};
	const struct judgement judgement = {.trust = &trust, .now = NOW, .target = &target};
	struct error err = ERROR_INIT;

	(void)state;
	expect_ok(destination_parse(&target, "r.example", &err), &err);
	expect_refused(delivery_judge(&graph, &signer, 1, &judgement, &err), &err, ERR_POLICY,
	    "'r.example/teams/b' is not below 'r.example/team'");
	node.repository = "team/b";
	expect_ok(delivery_judge(&graph, &signer, 1, &judgement, &err), &err);
}

/* The artifact that leaves the place is the one that counts, wherever it stands. */
static void judges_every_artifact(void **state)
{
	char enclave[] = "enclave";
	char destination[] = "r.example/team";
	struct trust trust = {.max_sequence_jump = INT64_MAX};
	struct trust_signer signer = {.principal = enclave};
	struct graph_name names[] = {
	    {.repository = "team/a", .tag = "1"}, {.repository = "teams/b", .tag = "1"}};
	struct graph graph = {
	    .index = {.delivery = {.destination = destination}}, .names = names, .name_count = 2};
	auto_destination struct destination target = {NULL, 0, NULL};
	struct judgement judgement = {.trust = &trust, .now = NOW, .target = &target};
	struct error err = ERROR_INIT;

	(void)state;
	expect_ok(destination_parse(&target, "r.example", &err), &err);
	expect_refused(delivery_judge(&graph, &signer, 1, &judgement, &err), &err, ERR_POLICY,
	    "'r.example/teams/b' is not below 'r.example/team'");
	graph.name_count = 1;
	expect_ok(delivery_judge(&graph, &signer, 1, &judgement, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(row_s11_and_row_s14_judges_every_case),
	    cmocka_unit_test(judges_what_goes_beside_others),
	    cmocka_unit_test(judges_every_artifact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
