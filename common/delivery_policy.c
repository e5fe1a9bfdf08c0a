#include "common/delivery_policy.h"

#include <string.h>

#include "common/reference.h"
#include "common/timestamp.h"

static int judge_time(const struct delivery *d, int64_t now, struct error *err)
{
	char now_text[TIMESTAMP_TEXT_LEN + 1];
	int64_t not_after;

	if (d->not_after == NULL || now == TIME_NOT_JUDGED)
		return 0;
	if (timestamp_parse_utc(&not_after, d->not_after, err) != 0)
		return -1;
	if (now <= not_after)
		return 0;
	timestamp_text(now_text, now);
	return error_set(err, ERR_POLICY,
	    "the delivery was good until %s and it is %s here: have it sealed anew", d->not_after,
	    now_text);
}

static const struct trust_origin *find_origin(const struct trust *t, const char *name)
{
	for (size_t i = 0; i < t->origin_count; i++) {
		if (strcmp(t->origins[i].name, name) == 0)
			return &t->origins[i];
	}
	return NULL;
}

static bool stands_there(
    const struct trust_origin *origin, const struct trust_signer *signers, size_t signer_count)
{
	for (size_t i = 0; i < signer_count; i++) {
		for (size_t k = 0; k < origin->principal_count; k++) {
			if (strcmp(origin->principals[k], signers[i].principal) == 0)
				return true;
		}
	}
	return false;
}

int delivery_judge_origin(const struct delivery *d, const struct trust_signer *signers,
    size_t signer_count, const struct trust *t, struct error *err)
{
	if (!t->has_origins)
		return 0;
	if (d->origin == NULL)
		return error_set(err, ERR_POLICY,
		    "the delivery names no origin, and the policy takes only listed ones (build "
		    "--origin)");
	const struct trust_origin *origin = find_origin(t, d->origin);
	if (origin == NULL)
		return error_set(
		    err, ERR_POLICY, "origin '%s' is not one that the policy lists", d->origin);
	if (!stands_there(origin, signers, signer_count))
		return error_set(
		    err, ERR_POLICY, "no signer of this seal may seal for origin '%s'", d->origin);
	return 0;
}

/* Is the place of one artifact below one of the policy's destinations, if it has any? */
static bool policy_covers(
    const struct trust *t, const struct destination *place, unsigned default_port)
{
	if (t->destination_count == 0)
		return true;
	for (size_t i = 0; i < t->destination_count; i++) {
		if (destination_covers(&t->destinations[i], place, default_port))
			return true;
	}
	return false;
}

static int judge_place(const struct destination *place, const struct destination *delivery,
    const struct judgement *j, struct error *err)
{
	auto_free char *place_text = destination_text(place);

	if (delivery != NULL && !destination_covers(delivery, place, j->default_port)) {
		auto_free char *allowed = destination_text(delivery);
		return error_set(err, ERR_POLICY,
		    "destination: '%s' is not below '%s', the only place this delivery is for",
		    place_text, allowed);
	}
	if (!policy_covers(j->trust, place, j->default_port))
		return error_set(err, ERR_POLICY,
		    "destination: '%s' is below none that the policy lists", place_text);
	return 0;
}

/* One repository of the target's registry, by its whole path. */
static int judge_landing(const char *path, const struct destination *delivery,
    const struct judgement *j, struct error *err)
{
	auto_free char *owned = mem_strdup(path);
	struct destination place = {
	    .host = j->target->host, .port = j->target->port, .prefix = owned};

	if (repository_check(path, err) != 0)
		return error_recode(err, ERR_POLICY);
	return judge_place(&place, delivery, j, err);
}

static int judge_signed_name(const char *repository, const struct destination *delivery,
    const struct judgement *j, struct error *err)
{
	const char *slash = j->target->prefix[0] != '\0' ? "/" : "";
	auto_free char *path = mem_printf("%s%s%s", j->target->prefix, slash, repository);

	return judge_landing(path, delivery, j, err);
}

/* With a target, each artifact is judged by where it would land; so is what goes beside something
 * that is in the registry only. */
static int judge_target(const struct graph *graph, const struct destination *delivery,
    const struct judgement *j, struct error *err)
{
	for (size_t i = 0; i < graph->name_count; i++) {
		if (judge_signed_name(graph->names[i].repository, delivery, j, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < graph->node_count; i++) {
		if (graph->nodes[i].repository != NULL &&
		    judge_signed_name(graph->nodes[i].repository, delivery, j, err) != 0)
			return -1;
	}
	return 0;
}

/* Without one, the delivery's own destination must have something in common with the policy's. */
static int judge_untargeted(
    const struct destination *delivery, const struct judgement *j, struct error *err)
{
	if (delivery == NULL || policy_covers(j->trust, delivery, j->default_port))
		return 0;
	for (size_t i = 0; i < j->trust->destination_count; i++) {
		if (destination_covers(delivery, &j->trust->destinations[i], j->default_port))
			return 0;
	}
	auto_free char *text = destination_text(delivery);
	return error_set(err, ERR_POLICY,
	    "destination: the delivery is for '%s', which has nothing in common with those that "
	    "the "
	    "policy lists",
	    text);
}

static int judge_destination(
    const struct graph *graph, const struct judgement *j, struct error *err)
{
	const char *text = graph->index.delivery.destination;
	auto_destination struct destination parsed = {NULL, 0, NULL};
	const struct destination *delivery = text != NULL ? &parsed : NULL;

	if (text != NULL && destination_parse(&parsed, text, err) != 0)
		return -1;
	if (j->target != NULL)
		return judge_target(graph, delivery, j, err);
	return judge_untargeted(delivery, j, err);
}

/* What the policy wants said, and the delivery leaves out. */
static int judge_presence(const struct delivery *d, const struct trust *t, struct error *err)
{
	const struct {
		bool required;
		const char *value;
		const char *rule;
		const char *what;
		const char *option;
	} members[] = {
	    {t->require_destination, d->destination, "requireDestination", "destination",
		"--destination"},
	    {t->require_not_after, d->not_after, "requireNotAfter", "not-after", "--not-after"},
	    {t->require_sequence, d->sequence, "requireSequence", "sequence", "--sequence"},
	    {t->require_previous, d->previous, "requirePrevious", "previous seal", "--previous"},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (members[i].required && members[i].value == NULL)
			return error_set(err, ERR_POLICY,
			    "%s: the delivery names no %s (build or seal it with %s)",
			    members[i].rule, members[i].what, members[i].option);
	}
	return 0;
}

int delivery_judge(const struct graph *graph, const struct trust_signer *signers,
    size_t signer_count, const struct judgement *judgement, struct error *err)
{
	const struct delivery *d = &graph->index.delivery;

	if (judge_presence(d, judgement->trust, err) != 0 ||
	    judge_time(d, judgement->now, err) != 0 ||
	    delivery_judge_origin(d, signers, signer_count, judgement->trust, err) != 0)
		return -1;
	return judge_destination(graph, judgement, err);
}

int delivery_judge_landing(const struct delivery *d, const char *path,
    const struct judgement *judgement, struct error *err)
{
	auto_destination struct destination parsed = {NULL, 0, NULL};

	if (d->destination != NULL && destination_parse(&parsed, d->destination, err) != 0)
		return -1;
	return judge_landing(path, d->destination != NULL ? &parsed : NULL, judgement, err);
}
