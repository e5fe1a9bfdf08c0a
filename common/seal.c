#include "common/seal.h"

#include <string.h>

#include "common/layout.h"

#define SEPARATOR "  "
#define SEPARATOR_LEN 2
#define BLOB_PREFIX "blobs/sha256/"
#define BLOB_PREFIX_LEN (sizeof(BLOB_PREFIX) - 1)

/* The lines of SEAL, one after the other. */
struct cursor {
	const char *at;
	const char *end;
	size_t line; /* number of the line last taken */
};

/* Takes a line apart: digest, two spaces, path. The path is borrowed from the list. */
static int take_line(
    struct cursor *c, struct digest *digest, const char **path, size_t *path_len, struct error *err)
{
	const char *newline = memchr(c->at, '\n', (size_t)(c->end - c->at));

	c->line++;
	if (newline == NULL)
		return error_set(err, ERR_SEAL, "SEAL: line %zu: %s", c->line,
		    c->at == c->end ? "missing" : "not ended by a line feed");
	size_t len = (size_t)(newline - c->at);
	if (len <= DIGEST_HEX_LEN + SEPARATOR_LEN ||
	    !digest_parse_hex(digest, c->at, DIGEST_HEX_LEN) ||
	    memcmp(c->at + DIGEST_HEX_LEN, SEPARATOR, SEPARATOR_LEN) != 0)
		return error_set(err, ERR_SEAL,
		    "SEAL: line %zu: not 64 lower-case hex digits, two spaces and a path", c->line);
	*path = c->at + DIGEST_HEX_LEN + SEPARATOR_LEN;
	*path_len = len - DIGEST_HEX_LEN - SEPARATOR_LEN;
	c->at = newline + 1;
	return 0;
}

static bool path_is(const char *path, size_t path_len, const char *expected)
{
	return path_len == strlen(expected) && memcmp(path, expected, path_len) == 0;
}

static int take_blob(struct seal *out, const struct cursor *c, const struct digest *digest,
    const char *path, size_t path_len, struct error *err)
{
	struct digest named;

	if (path_len != BLOB_PREFIX_LEN + DIGEST_HEX_LEN ||
	    memcmp(path, BLOB_PREFIX, BLOB_PREFIX_LEN) != 0 ||
	    !digest_parse_hex(&named, path + BLOB_PREFIX_LEN, DIGEST_HEX_LEN))
		return error_set(err, ERR_SEAL, "SEAL: line %zu: a layout has no file '%.*s'",
		    c->line, path_len > 200 ? 200 : (int)path_len, path);
	if (!digest_equal(&named, digest))
		return error_set(err, ERR_SEAL,
		    "SEAL: line %zu: the name of the blob is not its digest", c->line);
	if (out->blob_count > 0 && digest_compare(&out->blobs[out->blob_count - 1], digest) >= 0)
		return error_set(
		    err, ERR_SEAL, "SEAL: line %zu: out of order or repeated", c->line);
	out->blobs[out->blob_count++] = *digest;
	return 0;
}

int seal_parse(struct seal *out, const char *bytes, size_t len, struct error *err)
{
	static const size_t blob_line_len =
	    DIGEST_HEX_LEN + SEPARATOR_LEN + BLOB_PREFIX_LEN + DIGEST_HEX_LEN + 1;
	struct cursor c = {.at = bytes, .end = bytes + len, .line = 0};
	struct digest digest;
	const char *path;
	size_t path_len;

	*out = (struct seal)SEAL_INIT;
	digest_of(&out->id, bytes, len);
	out->blobs = mem_zalloc(len / blob_line_len + 1, sizeof(*out->blobs));
	/* In byte order the blobs come first, then the two files of the root, and nothing after
	 * them. */
	for (;;) {
		if (take_line(&c, &digest, &path, &path_len, err) != 0)
			return -1;
		if (path_is(path, path_len, LAYOUT_INDEX))
			break;
		if (take_blob(out, &c, &digest, path, path_len, err) != 0)
			return -1;
	}
	out->index = digest;
	if (take_line(&c, &out->oci_layout, &path, &path_len, err) != 0)
		return -1;
	if (!path_is(path, path_len, LAYOUT_OCI_LAYOUT))
		return error_set(err, ERR_SEAL, "SEAL: line %zu: not oci-layout", c.line);
	if (c.at != c.end)
		return error_set(
		    err, ERR_SEAL, "SEAL: line %zu: nothing may follow oci-layout", c.line + 1);
	return 0;
}

void seal_release(struct seal *s)
{
	free(s->blobs);
	s->blobs = NULL;
	s->blob_count = 0;
}

static void put_line(struct buf *b, const struct digest *digest, const char *path)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, digest);
	buf_printf(b, "%s" SEPARATOR "%s\n", hex, path);
}

void seal_write(struct buf *b, const struct seal *s)
{
	for (size_t i = 0; i < s->blob_count; i++) {
		char path[BLOB_PREFIX_LEN + DIGEST_HEX_LEN + 1] = BLOB_PREFIX;

		digest_hex(path + BLOB_PREFIX_LEN, &s->blobs[i]);
		put_line(b, &s->blobs[i], path);
	}
	put_line(b, &s->index, LAYOUT_INDEX);
	put_line(b, &s->oci_layout, LAYOUT_OCI_LAYOUT);
}
