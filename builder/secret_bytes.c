#include "builder/secret_bytes.h"

#include <errno.h>
#include <unistd.h>

#include <sodium.h>

#include "common/base64.h"
#include "common/limits.h"

int secret_bytes_init(struct secret_bytes *s, size_t room, struct error *err)
{
	s->len = 0;
	s->bytes = sodium_malloc(room);
	return s->bytes != NULL ? 0 : error_sys(err, "key: locked memory");
}

void secret_bytes_release(struct secret_bytes *s)
{
	sodium_free(s->bytes); /* wipes; NULL is fine */
	s->bytes = NULL;
	s->len = 0;
}

int secret_bytes_read(struct secret_bytes *out, int fd, struct error *err)
{
	const size_t room_bytes = LIMIT_KEY_FILE_BYTES_MAX + 1;

	if (secret_bytes_init(out, room_bytes, err) != 0)
		return -1;
	while (out->len < room_bytes) {
		ssize_t got = read(fd, out->bytes + out->len, room_bytes - out->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "read");
		if (got == 0)
			return 0;
		out->len += (size_t)got;
	}
	return error_set(
	    err, ERR_KEY, "not a key file: larger than %u bytes", LIMIT_KEY_FILE_BYTES_MAX);
}

int secret_bytes_base64(
    struct secret_bytes *out, size_t room, const char *text, size_t len, struct error *err)
{
	if (secret_bytes_init(out, room, err) != 0)
		return -1;
	if (!base64_parse(out->bytes, room, text, len, "\r\n", &out->len))
		return error_set(err, ERR_KEY, "not base64 of at most %zu bytes", room);
	return 0;
}
