#include "builder/key_public.h"

#include <fcntl.h>
#include <string.h>

#include "common/limits.h"
#include "common/spki_pem.h"

#define PEM_BEGIN "-----BEGIN "

bool key_public_is_named(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && strcmp(path + len - 4, ".pub") == 0;
}

/* One line; a comment may follow the two fields. */
static int parse_line(struct ssh_public_key *out, const char *text, struct error *err)
{
	size_t len = strcspn(text, "\r\n");
	size_t type_len = strcspn(text, " \r\n");
	const char *base64 = text + type_len + strspn(text + type_len, " ");
	size_t base64_len = strcspn(base64, " \r\n");

	if (base64_len == 0 || text[len + strspn(text + len, "\r\n")] != '\0')
		return error_set(err, ERR_KEY,
		    "neither one public key in PEM nor one line 'ssh-ed25519 BASE64'");
	return ssh_public_key_parse(out, text, type_len, base64, base64_len, err);
}

int key_public_read(struct ssh_public_key *out, const char *path, struct error *err)
{
	auto_buf struct buf text = BUF_INIT(LIMIT_KEY_FILE_BYTES_MAX);
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	uint8_t key[ED25519_PUBLIC_BYTES];

	if (fd < 0)
		return error_sys(err, "key '%s'", path);
	int result = buf_read_fd(&text, fd, "file", err);
	if (result == 0 && strncmp(buf_text(&text), PEM_BEGIN, strlen(PEM_BEGIN)) == 0) {
		result = spki_pem_parse(key, buf_text(&text), text.len, err);
		if (result == 0)
			ssh_public_key_of_ed25519(out, key);
	} else if (result == 0) {
		result = parse_line(out, buf_text(&text), err);
	}
	if (result == 0)
		return 0;
	(void)error_recode(err, ERR_KEY);
	return error_prefix(err, "key '%s'", path);
}

void key_public_line(
    struct buf *b, const struct ssh_public_key *key, const char *principal, const char *name_space)
{
	buf_printf(b, "%s namespaces=\"%s\" ", principal, name_space);
	ssh_public_key_line(b, key);
	buf_putc(b, '\n');
}
