#include "pusher/certificate_store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/printable.h"

/* ---- where directories may be ---- */

static const char *const below_home[] = {"containers/certs.d", "docker/certs.d"};
static const char *const of_system[] = {"/etc/containers/certs.d", "/etc/docker/certs.d"};

/* Podman and skopeo look into ~/.config whatever XDG_CONFIG_HOME says, rootless docker does not. */
size_t certificate_store_places(
    const struct environment *environment, char *out[CERTIFICATE_PLACES_MAX])
{
	const char *config = environment_get(environment, ENVIRONMENT_XDG_CONFIG_HOME);
	const char *home = environment_get(environment, ENVIRONMENT_HOME);
	size_t count = 0;

	for (size_t i = 0; config != NULL && i < 2; i++)
		out[count++] = mem_printf("%s/%s", config, below_home[i]);
	for (size_t i = 0; home != NULL && i < 2; i++)
		out[count++] = mem_printf("%s/.config/%s", home, below_home[i]);
	for (size_t i = 0; i < 2; i++)
		out[count++] = mem_strdup(of_system[i]);
	return count;
}

/* A name of a directory and nothing else: what a server names must not lead elsewhere. */
static bool is_plain_host(const char *host)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-._[]:";

	return host[0] != '.' && host[0] != '\0' && host[strspn(host, plain)] == '\0';
}

/* "HOST" or "HOST:PORT" in small letters; owned by the caller. */
static char *directory_name(const char *host, unsigned port)
{
	char *name = port == 0 ? mem_strdup(host) : mem_printf("%s:%u", host, port);

	for (char *at = name; *at != '\0'; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
	return name;
}

/* ---- reading ---- */

static bool is_absent(const struct error *err)
{
	return err->code == ERR_SYSTEM && (err->sys_errno == ENOENT || err->sys_errno == ENOTDIR);
}

/* *out_found: there is such a directory, and it could be read. */
static int load(struct certificate_store *s, struct host_certificates *out, const char *path,
    bool *out_found, struct error *err)
{
	struct error why = ERROR_INIT;

	*out_found = false;
	if (host_certificates_load(out, path, &s->options.wish, s->options.notes, &why) == 0) {
		*out_found = true;
		return 0;
	}
	bool is_closed = why.sys_errno == EACCES && out->path == NULL;
	if (out->path == NULL && is_absent(&why))
		return 0;
	if (is_closed) {
		printable_put(s->options.notes, why.text, strlen(why.text));
		buf_putc(s->options.notes, '\n');
		return 0;
	}
	*err = why;
	return -1;
}

/* The first place that has a directory of this name, or of the other, which may be NULL. */
static int search(struct certificate_store *s, struct host_certificates *out, const char *name,
    const char *other, struct error *err)
{
	char *places[CERTIFICATE_PLACES_MAX];
	size_t count = certificate_store_places(s->options.environment, places);
	bool is_found = false;
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		const char *const names[] = {name, other};
		for (size_t k = 0; k < 2 && names[k] != NULL && !is_found && result == 0; k++) {
			auto_free char *path = mem_printf("%s/%s", places[i], names[k]);
			result = load(s, out, path, &is_found, err);
		}
		free(places[i]);
	}
	return result;
}

/* A registry on the default port has a directory with the port, or without. */
static int search_host(struct certificate_store *s, struct host_certificates *out, const char *host,
    unsigned port, unsigned default_port, struct error *err)
{
	bool is_default = port == 0 || port == default_port;
	auto_free char *with_port = directory_name(host, port == 0 ? default_port : port);
	auto_free char *without = directory_name(host, 0);

	if (!is_plain_host(host))
		return 0;
	return is_default ? search(s, out, without, with_port, err)
			  : search(s, out, with_port, NULL, err);
}

/* roots_file in front of what was found, since curl takes one or the other. */
static int add_roots(
    const struct certificate_store *s, struct host_certificates *c, struct error *err)
{
	const char *path = s->options.roots_file;
	struct buf all = BUF_INIT(LIMIT_AUTHORITIES_BYTES_MAX);

	if (path == NULL || c->authorities.len == 0)
		return 0;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	/* A system without roots has none that these could be added to. */
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || buf_read_fd(&all, fd, path, err) != 0) {
		buf_release(&all);
		return fd < 0 ? error_sys(err, "CA file '%s'", path) : -1;
	}
	buf_putc(&all, '\n');
	buf_put(&all, c->authorities.data, c->authorities.len);
	buf_release(&c->authorities);
	c->authorities = all;
	return buf_check(&c->authorities, path, err);
}

/* ---- the store ---- */

static bool wants_nothing(const struct certificate_options *o)
{
	return !o->wish.authorities && !o->wish.client;
}

static int open_registry(
    struct certificate_store *s, const struct target *target, struct error *err)
{
	bool is_found;

	if (s->options.cert_dir == NULL)
		return search_host(s, &s->registry, target->destination.host,
		    target->destination.port, target->default_port, err);
	if (load(s, &s->registry, s->options.cert_dir, &is_found, err) != 0)
		return -1;
	if (is_found)
		return 0;
	return error_set(err, ERR_USAGE, "--cert-dir '%s': cannot be read, or is no directory",
	    s->options.cert_dir);
}

int certificate_store_open(struct certificate_store *out, const struct certificate_options *options,
    const struct target *target, struct error *err)
{
	out->options = *options;
	if (target->plain_http || wants_nothing(options))
		return 0;
	return open_registry(out, target, err) == 0 ? add_roots(out, &out->registry, err) : -1;
}

void certificate_store_release(struct certificate_store *s)
{
	host_certificates_release(&s->registry);
	for (size_t i = 0; i < s->foreign_count; i++) {
		host_certificates_release(&s->foreign[i].found);
		free(s->foreign[i].host);
	}
	*s = (struct certificate_store)CERTIFICATE_STORE_INIT;
}

struct certificate_choice certificate_store_registry(const struct certificate_store *s)
{
	const struct host_certificates *r = &s->registry;

	return (struct certificate_choice){.authorities = r->authorities.len > 0 ? r : NULL,
	    .client = r->client != NULL ? r : NULL};
}

/* What is known of the host by now, and else what its directory holds; NULL with err set. */
static const struct host_certificates *find_foreign(struct certificate_store *s, const char *host,
    unsigned port, unsigned default_port, struct error *err)
{
	auto_free char *name = directory_name(host, port);
	auto_host_certificates struct host_certificates found = HOST_CERTIFICATES_INIT;

	for (size_t i = 0; i < s->foreign_count; i++) {
		if (strcmp(s->foreign[i].host, name) == 0)
			return &s->foreign[i].found;
	}
	if (s->foreign_count == LIMIT_CERTIFICATE_HOSTS_MAX) {
		(void)error_set(err, ERR_UNBELIEVED, "the registry names more than %u other places",
		    LIMIT_CERTIFICATE_HOSTS_MAX);
		return NULL;
	}
	if (search_host(s, &found, host, port, default_port, err) != 0 ||
	    add_roots(s, &found, err) != 0)
		return NULL;
	struct foreign_certificates *f = &s->foreign[s->foreign_count++];
	*f = (struct foreign_certificates){.host = steal_ptr(&name), .found = found};
	found = (struct host_certificates)HOST_CERTIFICATES_INIT;
	return &f->found;
}

int certificate_store_foreign(struct certificate_store *s, const char *host, unsigned port,
    unsigned default_port, struct certificate_choice *out, struct error *err)
{
	*out = certificate_store_registry(s);
	out->client = NULL;
	if (s->options.cert_dir != NULL || wants_nothing(&s->options))
		return 0;
	const struct host_certificates *own = find_foreign(s, host, port, default_port, err);
	if (own == NULL)
		return -1;
	if (own->authorities.len > 0)
		out->authorities = own;
	if (own->client != NULL)
		out->client = own;
	return 0;
}
