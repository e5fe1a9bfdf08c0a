/*
 * The delivery record in a registry (common/delivery_record.h), read and written: the tag
 * "sallyport-<origin>" of PREFIX/sallyport. Source: design formats.md 5 (sequence).
 */
#ifndef PUSHER_RECORD_H
#define PUSHER_RECORD_H

#include "common/delivery_record.h"
#include "common/verified_layout.h"
#include "pusher/registry.h"

enum record_result {
	RECORD_UNUSED,    /* nothing was to be written, or not yet */
	RECORD_UNCHANGED, /* it says this delivery already */
	RECORD_PUSHED,
};

struct record {
	char *repository; /* owned; NULL until record_find() */
	char *tag;        /* owned */
	bool exists;
	struct digest digest;      /* of its manifest, where it exists */
	struct sequence_mark mark; /* that it proves */
	enum record_result result;
};

#define RECORD_INIT                                                                                \
	{                                                                                          \
		.repository = NULL, .tag = NULL, .exists = false, .mark = {.exists = false},       \
		.result = RECORD_UNUSED                                                            \
	}

/**
 * record_find(out, r, trust, origin, err): the mark of an origin at r's target; none where there is
 * no record. What is not all as it was when it was last read is read again. ERR_STATE with what to
 * do for a record that trust does not bear out: it is never taken for none. Release with
 * record_release(), also after a failure.
 */
int record_find(struct record *out, struct registry *r, const struct trust *trust,
    const char *origin, struct error *err) MUST_CHECK;

/**
 * record_write(record, r, v, err): after record_find(): that v was accepted, in the place of a
 * lower mark or none. The registry is asked once more before; ERR_POLICY where a newer delivery was
 * recorded since. Of two that write at the same moment the last one wins.
 */
int record_write(struct record *record, struct registry *r, const struct verified_layout *v,
    struct error *err) MUST_CHECK;

/**
 * record_keep(record, r, v, err): after record_write(), as late as can be: writes it again where an
 * older one has won meanwhile.
 */
int record_keep(struct record *record, struct registry *r, const struct verified_layout *v,
    struct error *err) MUST_CHECK;

void record_release(struct record *record);
#define auto_record __attribute__((cleanup(record_release)))

#endif
