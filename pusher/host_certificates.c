#include "pusher/host_certificates.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/printable.h"

#define AUTHORITIES ".crt"
#define CERTIFICATE ".cert"
#define KEY ".key"

/* What all steps need. */
struct reading {
	struct host_certificates *out;
	const struct host_certificates_wish *wish;
	struct buf *notes;
	int fd; /* of the directory */
	size_t files;
	size_t authorities;
};

/* One line; names of files are anybody's. */
static void note(struct buf *notes, const char *path, const char *name, const char *what)
{
	printable_put(notes, path, strlen(path));
	buf_putc(notes, '/');
	printable_put(notes, name, strlen(name));
	buf_printf(notes, ": %s\n", what);
}

/* name without suffix, and other in its place; NULL if it has another suffix. */
static char *renamed(const char *name, const char *suffix, const char *other)
{
	size_t len = strlen(name);
	size_t suffix_len = strlen(suffix);

	if (len < suffix_len || strcmp(name + len - suffix_len, suffix) != 0)
		return NULL;
	return mem_printf("%.*s%s", (int)(len - suffix_len), name, other);
}

static int read_file(const struct reading *r, const char *name, struct buf *into, mode_t *out_mode,
    struct error *err)
{
	struct stat st;
	/* Not to wait for ever at a FIFO. */
	auto_fd int fd = openat(r->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) != 0)
		return error_sys(err, "'%s'", name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_USAGE, "'%s': not a regular file", name);
	*out_mode = st.st_mode;
	if (buf_read_fd(into, fd, name, err) == 0)
		return 0;
	return error_recode(err, ERR_USAGE);
}

/* ---- authorities ---- */

static bool has_certificate(const char *text)
{
	return strstr(text, "-----BEGIN CERTIFICATE-----") != NULL ||
	       strstr(text, "-----BEGIN TRUSTED CERTIFICATE-----") != NULL ||
	       strstr(text, "-----BEGIN X509 CERTIFICATE-----") != NULL;
}

static int take_authorities(struct reading *r, const char *name, struct error *err)
{
	struct buf *all = &r->out->authorities;
	size_t before = all->len;
	struct error why = ERROR_INIT;
	mode_t mode;

	if (read_file(r, name, all, &mode, &why) != 0) {
		/* Distributions leave links there to what another package would bring. */
		if (why.code != ERR_SYSTEM || why.sys_errno != ENOENT) {
			*err = why;
			return -1;
		}
		note(r->notes, r->out->path, name, "leads nowhere, and is passed over");
		return 0;
	}
	if (!has_certificate(buf_text(all) + before))
		return error_set(err, ERR_USAGE,
		    "'%s': no certificate in PEM (openssl x509 -inform DER -in %s makes it of one "
		    "in DER)",
		    name, name);
	buf_putc(all, '\n');
	r->authorities++;
	return buf_check(all, name, err) == 0 ? 0 : error_recode(err, ERR_USAGE);
}

/* ---- the client certificate ---- */

static int check_there(const struct reading *r, const char *name, const char *of,
    const char *advice, struct error *err)
{
	if (faccessat(r->fd, name, F_OK, 0) == 0)
		return 0;
	return error_set(err, ERR_USAGE, "'%s' is there, and '%s', which belongs to it, is not%s",
	    of, name, advice);
}

static int take_client(struct reading *r, const char *name, const char *key, struct error *err)
{
	struct host_certificates *out = r->out;
	mode_t mode;

	if (out->client != NULL)
		return error_set(err, ERR_USAGE,
		    "two client certificates, '%s' and '%s': say which with --cert-file and "
		    "--key-file",
		    strrchr(out->client, '/') + 1, name);
	if (check_there(r, key, name, " (an authority's certificate is named *.crt)", err) != 0 ||
	    read_file(r, name, &out->certificate, &mode, err) != 0 ||
	    read_file(r, key, &out->key, &mode, err) != 0)
		return -1;
	if ((mode & 0077) != 0)
		note(r->notes, out->path, key,
		    "others than its owner may use the key; chmod 600 it");
	out->client = mem_printf("%s/%s", out->path, name);
	return 0;
}

/* ---- the directory ---- */

static int take(struct reading *r, const char *name, struct error *err)
{
	auto_free char *crt = renamed(name, AUTHORITIES, "");
	auto_free char *key_of = renamed(name, CERTIFICATE, KEY);
	auto_free char *certificate_of = renamed(name, KEY, CERTIFICATE);

	if (crt == NULL && key_of == NULL && certificate_of == NULL)
		return 0;
	if (++r->files > LIMIT_CERTIFICATE_FILES_MAX)
		return error_set(err, ERR_USAGE, "more than %u certificates and keys",
		    LIMIT_CERTIFICATE_FILES_MAX);
	if (crt != NULL)
		return r->wish->authorities ? take_authorities(r, name, err) : 0;
	if (!r->wish->client)
		return 0;
	if (key_of != NULL)
		return take_client(r, name, key_of, err);
	return check_there(r, certificate_of, name, "", err);
}

static int take_all(struct reading *r, DIR *dir, struct error *err)
{
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (entry == NULL)
			return errno == 0 ? 0 : error_sys(err, "reading it");
		if (take(r, entry->d_name, err) != 0)
			return -1;
	}
}

int host_certificates_load(struct host_certificates *out, const char *path,
    const struct host_certificates_wish *wish, struct buf *notes, struct error *err)
{
	auto_dir DIR *dir = opendir(path);

	if (dir == NULL)
		return error_sys(err, "certificates in '%s'", path);
	struct reading r = {.out = out, .wish = wish, .notes = notes, .fd = dirfd(dir)};
	out->path = mem_strdup(path);
	if (take_all(&r, dir, err) != 0)
		return error_prefix(err, "certificates in '%s'", path);
	buf_puts(notes, "certificates: ");
	printable_put(notes, path, strlen(path));
	buf_printf(notes, ": %zu *.crt, %s client certificate\n", r.authorities,
	    out->client == NULL ? "no" : "one");
	return 0;
}

void host_certificates_release(struct host_certificates *c)
{
	free(c->path);
	buf_release(&c->authorities);
	free(c->client);
	buf_release(&c->certificate);
	buf_release(&c->key);
	*c = (struct host_certificates)HOST_CERTIFICATES_INIT;
}
