#include "builder/tar_header.h"

#include <stdbool.h>
#include <string.h>

/* Offsets and sizes of the ustar header's fields. */
enum {
	NAME = 0,
	NAME_BYTES = 100,
	MODE = 100,
	MODE_BYTES = 8,
	SIZE = 124,
	SIZE_BYTES = 12,
	TYPE = 156,
	MAGIC = 257,
	PREFIX = 345,
	PREFIX_BYTES = 155,
};

enum kind { KIND_V7, KIND_USTAR, KIND_GNU, KIND_UNKNOWN };

struct walk {
	const char *tar;
	size_t len;
	size_t at;
	bool has_name; /* in an extension, pax or GNU, that has been seen */
	struct error *err;
};

static int refuse(struct walk *w, const char *reason)
{
	return error_set(w->err, ERR_CHART, "%s", reason);
}

/* Octal digits with nothing but blanks and NULs around them. */
static bool read_octal(const char *field, size_t field_bytes, size_t *out)
{
	size_t i = 0;

	*out = 0;
	while (i < field_bytes && field[i] == ' ')
		i++;
	for (; i < field_bytes && field[i] >= '0' && field[i] <= '7'; i++)
		*out = *out << 3 | (size_t)(field[i] - '0'); /* at most 36 bits */
	while (i < field_bytes && (field[i] == ' ' || field[i] == '\0'))
		i++;
	return i == field_bytes;
}

/* GNU tar's way to write what octal digits cannot: two's complement, the first bit set. Go takes 63
 * bits of it. */
static bool is_binary(const char *field, size_t field_bytes)
{
	bool is_negative = (field[0] & 0x40) != 0;
	const char sign = is_negative ? '\xFF' : '\0';

	if ((field[0] & 0x80) == 0 || field_bytes <= 8)
		return (field[0] & 0x80) != 0;
	for (size_t i = 1; i < field_bytes - 8; i++) {
		if (field[i] != sign)
			return false;
	}
	return field[0] == (is_negative ? '\xFF' : '\x80') &&
	       ((field[field_bytes - 8] & 0x80) != 0) == is_negative;
}

/*
 * Numbers that nobody needs here, but that Helm's reader refuses when they are broken. In a GNU
 * header it takes times that are broken for the prefix of a name, which no other reader does.
 */
static bool has_broken_number(const char *header, enum kind kind)
{
	static const struct {
		size_t offset, bytes;
		enum kind from;     /* no other has it */
		bool may_be_binary; /* as GNU tar writes large ones, and times before 1970 */
	} fields[] = {
	    {100, 8, KIND_V7, false},    /* mode */
	    {108, 8, KIND_V7, true},     /* user */
	    {116, 8, KIND_V7, true},     /* group */
	    {136, 12, KIND_V7, true},    /* time of change */
	    {329, 8, KIND_USTAR, false}, /* device, major and minor */
	    {337, 8, KIND_USTAR, false},
	    {345, 12, KIND_GNU, false}, /* time of access, of change of status */
	    {357, 12, KIND_GNU, false},
	};
	size_t number;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *field = header + fields[i].offset;
		size_t bytes = fields[i].bytes;
		if (kind >= fields[i].from &&
		    !(fields[i].may_be_binary && is_binary(field, bytes)) &&
		    !read_octal(field, bytes, &number))
			return true;
	}
	return false;
}

/* Readers part over headers that are neither of the three. */
static enum kind kind_of(const char *header)
{
	if (memcmp(header + MAGIC, "ustar\0", 6) == 0)
		return memcmp(header + 508, "tar", 4) != 0 ? KIND_USTAR : KIND_UNKNOWN; /* star */
	if (memcmp(header + MAGIC, "ustar  ", 8) == 0)
		return KIND_GNU;
	return memcmp(header + MAGIC, "ustar", 5) != 0 ? KIND_V7 : KIND_UNKNOWN;
}

static bool has_hidden_tail(const char *field, size_t field_bytes)
{
	const char *end = memchr(field, '\0', field_bytes);

	if (end == NULL)
		return false;
	for (; end < field + field_bytes; end++) {
		if (*end != '\0')
			return true;
	}
	return false;
}

static bool key_is(const char *record, size_t len, const char *key)
{
	size_t key_len = strlen(key);

	return len >= key_len && memcmp(record, key, key_len) == 0;
}

/* -?[0-9]+(\.[0-9]*)?, or nothing, which unsets a record. */
static bool is_number(const char *value, size_t len)
{
	size_t i = len != 0 && value[0] == '-' ? 1 : 0;
	size_t digits = i;

	while (i < len && value[i] >= '0' && value[i] <= '9')
		i++;
	if (i == digits)
		return len == 0;
	if (i < len && value[i] == '.') {
		i++;
		while (i < len && value[i] >= '0' && value[i] <= '9')
			i++;
	}
	return i == len;
}

/* "key=value\n" */
static int check_pax_record(struct walk *w, const char *record, size_t len)
{
	static const char *const numbers[] = {"uid=", "gid=", "mtime=", "atime=", "ctime="};

	if (key_is(record, len, "size="))
		return refuse(w, "has its size in a pax record");
	if (key_is(record, len, "GNU.sparse."))
		return refuse(w, "is a sparse file");
	if (key_is(record, len, "path=") && memchr(record, '\0', len) != NULL)
		return refuse(w, "has a NUL in its name");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		size_t key = strlen(numbers[i]);
		if (key_is(record, len, numbers[i]) && !is_number(record + key, len - key - 1))
			return refuse(w, "has a broken number in its pax header");
	}
	return 0;
}

/* Records "<length> <key>=<value>\n", the length counting itself. */
static int check_pax(struct walk *w, const char *body, size_t len)
{
	while (len != 0) {
		size_t record = 0;
		size_t digits = 0;
		while (digits < len && digits < 9 && body[digits] >= '0' && body[digits] <= '9')
			record = record * 10 + (size_t)(body[digits++] - '0');
		if (digits == 0 || record <= digits + 1 || record > len || body[digits] != ' ' ||
		    body[record - 1] != '\n')
			return refuse(w, "has a broken pax header");
		if (check_pax_record(w, body + digits + 1, record - digits - 1) != 0)
			return -1;
		body += record;
		len -= record;
	}
	return 0;
}

/* At most one of pax and long name, and it belongs to the very next header. */
static int check_extension(struct walk *w, char type, const char *body, size_t len)
{
	if (w->has_name && type != 'K')
		return refuse(w, "has two extended headers");
	w->has_name = w->has_name || type == 'x' || type == 'L';
	if (type == 'x' || type == 'g')
		return check_pax(w, body, len);
	if (type == 'L' && has_hidden_tail(body, len))
		return refuse(w, "has a NUL in its name");
	return 0;
}

static int check_entry(struct walk *w, const char *header, size_t size, struct tar_header *out)
{
	size_t mode;
	char type = header[TYPE];

	if (strchr("1234567", type) != NULL && type != '\0' && type != '5' && type != '7')
		return refuse(w, type <= '2' ? "is a link" : "is a device or FIFO");
	if (type == 'S')
		return refuse(w, "is a sparse file");
	if (type != '\0' && type != '0' && type != '5' && type != '7')
		return refuse(w, "is of an unknown type");
	(void)read_octal(header + MODE, MODE_BYTES, &mode); /* it can: has_broken_number() */
	if (type != '5' && (mode & 0170000) != 0 && (mode & 0170000) != 0100000)
		return refuse(w, "has the mode of another file type");
	if (type == '5' && size != 0)
		return refuse(w, "is a directory with content");
	out->content = w->at;
	out->size_bytes = size;
	out->type = type;
	return 0;
}

static int check_fields(struct walk *w, const char *header)
{
	enum kind kind = kind_of(header);

	if (kind == KIND_UNKNOWN)
		return refuse(w, "has a header of an unknown kind");
	if (has_broken_number(header, kind))
		return refuse(w, "has a broken number in its header");
	if (has_hidden_tail(header + NAME, NAME_BYTES) ||
	    (kind == KIND_USTAR && has_hidden_tail(header + PREFIX, PREFIX_BYTES)))
		return refuse(w, "has a NUL in its name");
	return 0;
}

/* One 512-byte header, and the body of an extension. Sets *done after the entry's own. */
static int check_block(struct walk *w, struct tar_header *out, bool *done)
{
	const char *header = w->tar + w->at;
	size_t size;

	if (w->len - w->at < TAR_BLOCK_BYTES)
		return refuse(w, "is cut off");
	if (check_fields(w, header) != 0)
		return -1;
	if (!read_octal(header + SIZE, SIZE_BYTES, &size))
		return refuse(w, "has a broken size");
	w->at += TAR_BLOCK_BYTES;
	*done = header[TYPE] == '\0' || strchr("xgLK", header[TYPE]) == NULL;
	if (*done)
		return check_entry(w, header, size, out);
	if (size > w->len - w->at)
		return refuse(w, "is cut off");
	if (check_extension(w, header[TYPE], w->tar + w->at, size) != 0)
		return -1;
	const struct tar_header body = {.content = w->at, .size_bytes = size};
	w->at = tar_content_end(&body);
	if (w->at > w->len)
		return refuse(w, "is cut off");
	return 0;
}

int tar_header_check(
    struct tar_header *out, const char *tar, size_t len, size_t offset, struct error *err)
{
	struct walk w = {.tar = tar, .len = len, .at = offset, .err = err};
	bool done = false;

	if (offset > len)
		return refuse(&w, "is cut off");
	while (!done) {
		if (check_block(&w, out, &done) != 0)
			return -1;
	}
	return 0;
}

size_t tar_content_end(const struct tar_header *header)
{
	size_t blocks = (header->size_bytes + TAR_BLOCK_BYTES - 1) / TAR_BLOCK_BYTES;

	return header->content + blocks * TAR_BLOCK_BYTES;
}
