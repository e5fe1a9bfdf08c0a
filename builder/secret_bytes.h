/*
 * Bytes of which some may be secret, in locked memory that is wiped when it is given back.
 */
#ifndef BUILDER_SECRET_BYTES_H
#define BUILDER_SECRET_BYTES_H

#include <stdint.h>

#include "common/error.h"

struct secret_bytes {
	uint8_t *bytes; /* sodium_malloc; NULL while there are none */
	size_t len;
};

#define SECRET_BYTES_INIT                                                                          \
	{                                                                                          \
		.bytes = NULL, .len = 0                                                            \
	}

/** secret_bytes_init(s, room, err): room for that many bytes, len 0; ERR_SYSTEM where no memory can
 * be had. */
int secret_bytes_init(struct secret_bytes *s, size_t room, struct error *err) MUST_CHECK;
void secret_bytes_release(struct secret_bytes *s);
#define auto_secret_bytes __attribute__((cleanup(secret_bytes_release)))

/** secret_bytes_read(out, fd, err): all that a key file holds; out is made here. ERR_KEY where that
 * is more than LIMIT_KEY_FILE_BYTES_MAX, ERR_SYSTEM. Does not check what kind of file it is. */
int secret_bytes_read(struct secret_bytes *out, int fd, struct error *err) MUST_CHECK;

/** secret_bytes_base64(out, room, text, len, err): the bytes that strict base64, in lines or not,
 * spells; out is made here. ERR_KEY. */
int secret_bytes_base64(struct secret_bytes *out, size_t room, const char *text, size_t len,
    struct error *err) MUST_CHECK;

#endif
