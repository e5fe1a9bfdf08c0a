/*
 * The receipt: what was pushed where, on whose word. Design formats.md 7. Holds no secrets.
 */
#ifndef PUSHER_RECEIPT_H
#define PUSHER_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "common/error.h"
#include "common/verified_layout.h"
#include "pusher/push.h"
#include "pusher/record.h"
#include "pusher/target.h"

/** What a receipt tells; all borrowed. */
struct receipt {
	const struct verified_layout *layout;
	const struct target *target;
	const struct push *push;
	const struct record *record; /* NULL: none is kept */
	bool is_dry_run;
	int64_t start; /* seconds since 1970 */
	int64_t end;
};

/** receipt_json(r): a new object, beginning with "version". */
json_t *receipt_json(const struct receipt *r);

/** receipt_result(push, n, is_dry_run): what became of a name of push: "pushed", "would push", ...
 * "completed" is one that was as it should be and lacked something beside it. Static storage. */
const char *receipt_result(const struct push *push, const struct push_name *n, bool is_dry_run);

/**
 * The file that is to become the receipt. It has another name, in the same directory, until it is
 * whole.
 */
struct receipt_file {
	int dir_fd;
	int fd;
	char *name;      /* owned */
	char *temporary; /* owned; NULL when there is no such file */
};

#define RECEIPT_FILE_INIT                                                                          \
	{                                                                                          \
		.dir_fd = -1, .fd = -1, .name = NULL, .temporary = NULL                            \
	}

/**
 * receipt_file_open(out, path, err): makes the temporary file, so that what would keep a receipt
 * from being written is found before anything is pushed. ERR_SYSTEM; ERR_USAGE if path is there and
 * no regular file. Close with receipt_file_close(), also after a failure: it removes what was not
 * committed.
 */
int receipt_file_open(struct receipt_file *out, const char *path, struct error *err) MUST_CHECK;

/** receipt_file_commit(f, content, err): writes it as one line, to the disk, and gives the file its
 * name. */
int receipt_file_commit(
    struct receipt_file *f, const json_t *content, struct error *err) MUST_CHECK;

void receipt_file_close(struct receipt_file *f);
#define auto_receipt_file __attribute__((cleanup(receipt_file_close)))

#endif
