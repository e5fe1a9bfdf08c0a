#include "builder/ssh_key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/secret_bytes.h"
#include "common/limits.h"

#define PEM_BEGIN "-----BEGIN "
#define OPENSSH_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define OPENSSH_END "-----END OPENSSH PRIVATE KEY-----"
#define OPENSSH_MAGIC "openssh-key-v1" /* with its NUL */

static int read_file(struct secret_bytes *out, const char *path, struct error *err)
{
	struct stat st;
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0)
		return error_sys(err, "open");
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_KEY, "not a regular file");
	return secret_bytes_read(out, fd, err);
}

/* Magic, cipher, KDF, its options, the number of keys, and the public key in its wire form. */
static bool take_public(struct ssh_wire w, struct ssh_wire *out)
{
	struct ssh_wire skipped;
	uint32_t count;

	return ssh_wire_bytes(&w, OPENSSH_MAGIC, sizeof(OPENSSH_MAGIC)) &&
	       ssh_wire_string(&w, &skipped) && ssh_wire_string(&w, &skipped) &&
	       ssh_wire_string(&w, &skipped) && ssh_wire_u32(&w, &count) && count == 1 &&
	       ssh_wire_string(&w, out);
}

static int parse_private(
    struct ssh_public_key *out, const char *text, size_t len, struct error *err)
{
	auto_secret_bytes struct secret_bytes blob = SECRET_BYTES_INIT;
	const char *body = text + strlen(OPENSSH_BEGIN);
	const char *end =
	    memmem(body, len - strlen(OPENSSH_BEGIN), OPENSSH_END, strlen(OPENSSH_END));
	struct ssh_wire key;

	if (end == NULL)
		return error_set(err, ERR_KEY, "no END after BEGIN");
	if (secret_bytes_base64(&blob, LIMIT_KEY_FILE_BYTES_MAX, body, (size_t)(end - body), err) !=
	    0)
		return error_prefix(err, "between BEGIN and END");
	if (!take_public((struct ssh_wire){.at = blob.bytes, .left = blob.len}, &key))
		return error_set(err, ERR_KEY, "not an OpenSSH private key inside the base64");
	return ssh_public_key_parse_wire(out, &key, err);
}

/* "TYPE BASE64 [COMMENT]", the first line; what comes after it is none of ours. */
static int parse_line(struct ssh_public_key *out, const char *text, size_t len, struct error *err)
{
	const char *end = memchr(text, '\n', len);
	size_t line_len = end != NULL ? (size_t)(end - text) : len;
	const char *space = memchr(text, ' ', line_len);

	if (space == NULL)
		return error_set(err, ERR_KEY, "neither a public nor a private key of OpenSSH");
	const char *base64 = space + 1;
	size_t left = line_len - (size_t)(base64 - text);
	const char *after = memchr(base64, ' ', left);
	size_t base64_len = after != NULL ? (size_t)(after - base64) : left;
	if (base64_len > 0 && base64[base64_len - 1] == '\r')
		base64_len--;
	return ssh_public_key_parse(out, text, (size_t)(space - text), base64, base64_len, err);
}

int ssh_key_text_public(struct ssh_public_key *out, const char *text, size_t len, struct error *err)
{
	int result;

	if (len >= strlen(OPENSSH_BEGIN) && memcmp(text, OPENSSH_BEGIN, strlen(OPENSSH_BEGIN)) == 0)
		result = parse_private(out, text, len, err);
	else if (len >= strlen(PEM_BEGIN) && memcmp(text, PEM_BEGIN, strlen(PEM_BEGIN)) == 0)
		return -1;
	else
		result = parse_line(out, text, len, err);
	return result == 0 ? 0 : error_recode(err, ERR_KEY);
}

static int parse_file(struct ssh_public_key *out, const char *path, struct error *err)
{
	auto_secret_bytes struct secret_bytes text = SECRET_BYTES_INIT;

	if (read_file(&text, path, err) != 0)
		return -1;
	return ssh_key_text_public(out, (const char *)text.bytes, text.len, err);
}

int ssh_key_file_public(struct ssh_public_key *out, const char *path, struct error *err)
{
	if (parse_file(out, path, err) == 0)
		return 0;
	if (err->code != ERR_NONE)
		return error_prefix(err, "key '%s'", path);
	auto_free char *public_path = mem_printf("%s.pub", path);
	if (parse_file(out, public_path, err) == 0)
		return 0;
	if (err->sys_errno == ENOENT)
		return error_set(err, ERR_KEY,
		    "key '%s': no key of OpenSSH, nor one that has its public half beside it, in "
		    "'%s'",
		    path, public_path);
	if (err->code == ERR_NONE)
		(void)error_set(err, ERR_KEY, "a private key");
	return error_prefix(err, "key '%s'", public_path);
}
