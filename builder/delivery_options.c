#include "builder/delivery_options.h"

#include <inttypes.h>
#include <string.h>

#include "common/layout.h"
#include "common/limits.h"
#include "common/reference.h"
#include "common/seal.h"
#include "common/timestamp.h"

/* The last delivery, as its layout tells of it. */
struct predecessor {
	struct digest seal_id;
	struct index index; /* owned */
};

static void predecessor_release(struct predecessor *p)
{
	index_release(&p->index);
}
#define auto_predecessor __attribute__((cleanup(predecessor_release)))

/* The very index.json that the seal lists: a sequence beside it would be another delivery's. */
static int read_predecessor(struct predecessor *out, const char *path, struct error *err)
{
	auto_layout struct layout layout = LAYOUT_INIT;
	auto_seal struct seal seal = SEAL_INIT;
	auto_buf struct buf list = BUF_INIT(LIMIT_SEAL_BYTES_MAX);
	auto_buf struct buf index = BUF_INIT(LIMIT_INDEX_BYTES_MAX);
	struct digest found;

	if (layout_open(&layout, path, err) != 0 ||
	    layout_read_file(&layout, LAYOUT_SEAL, &list, err) != 0 ||
	    layout_read_file(&layout, LAYOUT_INDEX, &index, err) != 0 ||
	    seal_parse(&seal, buf_text(&list), list.len, err) != 0)
		return -1;
	digest_of(&found, buf_text(&index), index.len);
	if (!digest_equal(&found, &seal.index))
		return error_set(err, ERR_SEAL, "index.json is not the one that SEAL lists");
	out->seal_id = seal.id;
	return index_parse_delivery(&out->index, buf_text(&index), index.len, err);
}

static const char *shown(const char *text)
{
	return text != NULL ? text : "none";
}

static bool same_text(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

/* One place in two spellings is one place. */
static bool same_destination(const char *a, const char *b)
{
	auto_destination struct destination left = {NULL, 0, NULL};
	auto_destination struct destination right = {NULL, 0, NULL};
	struct error ignored = ERROR_INIT;

	if (a == NULL || b == NULL)
		return a == b;
	/* Both were checked before: what does not parse is not here. */
	if (destination_parse(&left, a, &ignored) != 0 ||
	    destination_parse(&right, b, &ignored) != 0)
		return false;
	auto_free char *left_text = destination_text(&left);
	auto_free char *right_text = destination_text(&right);
	return strcmp(left_text, right_text) == 0;
}

static void replace(char **slot, const char *value)
{
	if (value == NULL)
		return;
	free(*slot);
	*slot = mem_strdup(value);
}

static int count_on(struct delivery *d, const char *given, const char *last, struct error *err)
{
	int64_t before = 0;
	int64_t now = 0;

	if (last == NULL)
		return 0;
	if (sequence_parse(&before, last, err) != 0)
		return -1;
	if (given == NULL && before == INT64_MAX)
		return error_set(err, ERR_USAGE, "its sequence is 2^63-1, after which none comes");
	if (given == NULL) {
		free(d->sequence);
		d->sequence = mem_printf("%" PRId64, before + 1);
		return 0;
	}
	if (sequence_parse(&now, given, err) != 0)
		return -1;
	if (now <= before)
		return error_set(err, ERR_USAGE,
		    "its sequence is %" PRId64 ": --sequence %s does not come after it", before,
		    given);
	return 0;
}

static int follow_layout(struct delivery *d, const struct delivery_options *o, struct error *err)
{
	auto_predecessor struct predecessor last = {.index = INDEX_INIT};
	const struct delivery *before = &last.index.delivery;
	char hex[DIGEST_HEX_LEN + 1];

	if (read_predecessor(&last, o->previous, err) != 0)
		return -1;
	if (!same_text(d->origin, before->origin))
		return error_set(err, ERR_USAGE,
		    "its origin is %s and that of this delivery %s: a sequence is counted per "
		    "origin",
		    shown(before->origin), shown(d->origin));
	if (!same_destination(d->destination, before->destination))
		return error_set(err, ERR_USAGE,
		    "its destination is %s and that of this delivery %s: a sequence is counted per "
		    "destination",
		    shown(before->destination), shown(d->destination));
	digest_hex(hex, &last.seal_id);
	replace(&d->previous, hex);
	return count_on(d, o->sequence, before->sequence, err);
}

static int apply_previous(struct delivery *d, const struct delivery_options *o, struct error *err)
{
	struct digest id;

	if (o->previous == NULL)
		return 0;
	if (digest_parse_hex(&id, o->previous, strlen(o->previous))) {
		replace(&d->previous, o->previous);
		return 0;
	}
	if (follow_layout(d, o, err) != 0)
		return error_prefix(err, "--previous '%s'", o->previous);
	return 0;
}

/* Each by the same grammar as in index.json, but named as the option that it came from. */
static int check(const struct delivery_options *o, struct error *err)
{
	struct destination destination;
	int64_t ignored;

	if (o->origin != NULL && origin_check(o->origin, err) != 0)
		return error_prefix(err, "--origin");
	if (o->destination != NULL) {
		int result = destination_parse(&destination, o->destination, err);
		destination_release(&destination);
		if (result != 0)
			return error_prefix(err, "--destination");
	}
	if (o->sequence != NULL && sequence_parse(&ignored, o->sequence, err) != 0)
		return error_prefix(err, "--sequence");
	if (o->not_after != NULL && timestamp_parse_utc(&ignored, o->not_after, err) != 0)
		return error_prefix(err, "--not-after");
	return 0;
}

int delivery_options_apply(struct delivery *d, const struct delivery_options *o, struct error *err)
{
	if (check(o, err) != 0)
		return error_recode(err, ERR_USAGE);
	replace(&d->origin, o->origin);
	replace(&d->destination, o->destination);
	replace(&d->sequence, o->sequence);
	replace(&d->not_after, o->not_after);
	if (apply_previous(d, o, err) != 0)
		return -1;
	if (d->sequence != NULL && d->origin == NULL)
		return error_set(err, ERR_USAGE,
		    "a sequence is counted per origin, and this delivery has none: give --origin");
	return 0;
}
