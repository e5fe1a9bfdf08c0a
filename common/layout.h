/*
 * A layout directory, by descriptors: nothing in it is opened by a path that its content chose, no
 * link is followed, no other file system is entered, nothing but regular files is read. Nothing
 * here is verified. Source: design formats.md 1; OCI image-spec, image-layout.md.
 */
#ifndef COMMON_LAYOUT_H
#define COMMON_LAYOUT_H

#include <stdint.h>

#include "common/buf.h"
#include "common/digest.h"
#include "common/error.h"

#define LAYOUT_OCI_LAYOUT "oci-layout"
#define LAYOUT_INDEX "index.json"
#define LAYOUT_SEAL "SEAL"
/* "SEAL.<kid>.sig" */
#define LAYOUT_KID_LEN 16
#define LAYOUT_SIGNATURE_NAME_LEN (5 + LAYOUT_KID_LEN + 4)
#define LAYOUT_OCI_LAYOUT_CONTENT "{\"imageLayoutVersion\":\"1.0.0\"}"

struct layout {
	int root_fd;
	int blobs_fd; /* blobs/sha256; -1 while it could not be opened */
	uint64_t mount_id;
};

#define LAYOUT_INIT                                                                                \
	{                                                                                          \
		.root_fd = -1, .blobs_fd = -1, .mount_id = 0                                       \
	}

/**
 * layout_open(out, path, err): opens the directory and blobs/sha256 below it. path itself may not
 * be a link. ERR_SYSTEM if the directory cannot be opened; ERR_FORMAT if path is no directory. A
 * missing or wrong blobs directory is not an error here: blobs_fd stays -1, and layout_list()
 * reports it.
 */
int layout_open(struct layout *out, const char *path, struct error *err) MUST_CHECK;
void layout_close(struct layout *l);
#define auto_layout __attribute__((cleanup(layout_close)))

/**
 * layout_open_file(l, name, out_size, err), layout_open_blob(l, digest, out_size, err): a
 * descriptor for a regular file, its size in bytes; -1 with err set: ERR_FORMAT if absent (errno
 * kept in err->sys_errno as ENOENT), a link, not regular or on another mount; ERR_SYSTEM for any
 * other failure. Never blocks. name is one of the LAYOUT_ constants or made by
 * layout_signature_name(), never from content.
 */
int layout_open_file(
    const struct layout *l, const char *name, uint64_t *out_size, struct error *err) MUST_CHECK;
int layout_open_blob(const struct layout *l, const struct digest *digest, uint64_t *out_size,
    struct error *err) MUST_CHECK;

/** layout_read_file(l, name, out, err): all of a file, up to out's cap (else ERR_LIMIT). */
int layout_read_file(
    const struct layout *l, const char *name, struct buf *out, struct error *err) MUST_CHECK;

/** layout_signature_name(out, kid): "SEAL.<kid>.sig" for 16 hex digits. */
void layout_signature_name(char out[LAYOUT_SIGNATURE_NAME_LEN + 1], const char *kid);

/** layout_is_signature_name(name): has the form SEAL.[0-9a-f]{16}.sig. */
bool layout_is_signature_name(const char *name);

/**
 * layout_each(l, visit, context, err): every entry below the root but the directories blobs and
 * blobs/sha256 themselves, in no order, until visit fails; visit gets the path as in SEAL and the
 * descriptor's d_type is not trusted: is_regular comes from fstatat. Empty or foreign directories
 * are entries too, and are not entered.
 */
typedef int layout_visit(void *context, const char *path, bool is_regular, struct error *err);
int layout_each(
    const struct layout *l, layout_visit *visit, void *context, struct error *err) MUST_CHECK;

#endif
