#include "pusher/credential_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base64.h"
#include "common/json.h"
#include "common/limits.h"
#include "pusher/secret.h"
#include "pusher/token.h"

/* ---- reading it ---- */

int credential_file_open(
    struct buf *out, const char *path, bool *out_is_open_to_all, struct error *err)
{
	struct stat st;
	/* Not to wait for ever at a FIFO. */
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*out_is_open_to_all = false;
	if (fd < 0 || fstat(fd, &st) != 0)
		return error_sys(err, "credentials '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_AUTH, "credentials '%s': not a regular file", path);
	*out_is_open_to_all = (st.st_mode & 0077) != 0;
	if (buf_read_fd(out, fd, "the file", err) == 0)
		return 0;
	if (err->code == ERR_LIMIT)
		(void)error_recode(err, ERR_AUTH);
	return error_prefix(err, "credentials '%s'", path);
}

/* ---- whose it is ---- */

static unsigned real_port(unsigned port, const struct target *target)
{
	return port == target->default_port ? 0 : port;
}

const char *credential_key_match(const char *key, const struct target *target)
{
	auto_destination struct destination named = {.host = NULL};
	struct error ignored = ERROR_INIT;
	const char *scheme = strstr(key, "://");
	const char *host = scheme == NULL ? key : scheme + 3;
	size_t len = strcspn(host, "/");
	auto_free char *text = mem_strndup(host, len);

	if (scheme != NULL && strncmp(key, "https://", 8) != 0 && strncmp(key, "http://", 7) != 0)
		return NULL;
	if (destination_parse(&named, text, &ignored) != 0 ||
	    strcmp(named.host, target->destination.host) != 0 ||
	    real_port(named.port, target) != real_port(target->destination.port, target))
		return NULL;
	return scheme != NULL || host[len] == '\0' ? "" : host + len + 1;
}

/* ---- one entry ---- */

/* "USER:PASSWORD" in base64; some writers leave NUL bytes behind it. */
static int decode_auth(struct credential *out, const char *text, struct error *err)
{
	size_t len = strlen(text);
	size_t pair_len = 0;
	auto_secret char *pair = secret_alloc(len + 1);

	if (!base64_parse((uint8_t *)pair, len, text, len, "\r\n", &pair_len))
		return error_set(err, ERR_AUTH, "'auth' is not base64");
	while (pair_len > 0 && pair[pair_len - 1] == '\0')
		pair_len--;
	pair[pair_len] = '\0';
	char *colon = strchr(pair, ':');
	if (strlen(pair) != pair_len || colon == NULL)
		return error_set(err, ERR_AUTH, "'auth' is not USER:PASSWORD");
	*colon = '\0';
	/* Beside an identity token the password is empty. */
	if (colon[1] != '\0')
		return credential_set_password(out, pair, colon + 1, err);
	out->username = pair[0] == '\0' ? NULL : secret_strdup(pair);
	return 0;
}

static int take_token(const json_t *entry, const char *name, char **out, struct error *err)
{
	const char *text;

	if (json_strict_string(entry, name, JSON_OPTIONAL, &text, err) != 0)
		return -1;
	if (text == NULL || text[0] == '\0')
		return 0;
	if (token_check(text, err) != 0)
		return error_prefix(err, "'%s'", name);
	*out = secret_strdup(text);
	return 0;
}

static int take_password(const json_t *entry, struct credential *out, struct error *err)
{
	const char *auth;
	const char *username;
	const char *password;

	if (json_strict_string(entry, "auth", JSON_OPTIONAL, &auth, err) != 0 ||
	    json_strict_string(entry, "username", JSON_OPTIONAL, &username, err) != 0 ||
	    json_strict_string(entry, "password", JSON_OPTIONAL, &password, err) != 0)
		return -1;
	if (auth != NULL && auth[0] != '\0')
		return decode_auth(out, auth, err);
	if (username == NULL || password == NULL || username[0] == '\0' || password[0] == '\0')
		return 0;
	return credential_set_password(out, username, password, err);
}

static int take_entry(struct credential *out, const json_t *entry, struct error *err)
{
	if (!json_is_object(entry))
		return error_set(err, ERR_AUTH, "not an object");
	if (take_password(entry, out, err) != 0 ||
	    take_token(entry, "identitytoken", &out->identity_token, err) != 0 ||
	    take_token(entry, "registrytoken", &out->registry_token, err) != 0)
		return -1;
	return 0;
}

static bool is_empty(const struct credential *c)
{
	return c->password == NULL && c->identity_token == NULL && c->registry_token == NULL;
}

static int add_entry(struct credentials *out, const struct credential_file *file, const char *key,
    const char *path, const json_t *entry, struct error *err)
{
	auto_credential struct credential c = CREDENTIAL_INIT;
	size_t len = strlen(path);

	if (take_entry(&c, entry, err) != 0) {
		(void)error_recode(err, ERR_AUTH);
		return error_prefix(err, "entry '%s'", key);
	}
	/* docker leaves {} where a credential helper has the rest. */
	if (is_empty(&c))
		return 0;
	while (len > 0 && path[len - 1] == '/')
		len--;
	c.path = mem_strndup(path, len);
	c.source = mem_printf("'%s', entry '%s'", file->path, key);
	c.rank = file->rank;
	credentials_add(out, &c);
	return 0;
}

/* ---- the whole ---- */

static int take_entries(struct credentials *out, const struct credential_file *file,
    const json_t *entries, const struct target *target, struct error *err)
{
	const char *key;
	json_t *entry;

	json_object_foreach((json_t *)(uintptr_t)entries, key, entry)
	{
		const char *path = credential_key_match(key, target);
		if (path != NULL && add_entry(out, file, key, path, entry, err) != 0)
			return -1;
	}
	return 0;
}

/* One for this registry goes before one for all. */
static int find_helper(
    const json_t *root, const struct target *target, char **out, struct error *err)
{
	const json_t *helpers;
	const char *store;
	const char *key;
	json_t *name;

	if (json_strict_string_map(root, "credHelpers", &helpers, err) != 0 ||
	    json_strict_string(root, "credsStore", JSON_OPTIONAL, &store, err) != 0)
		return -1;
	json_object_foreach((json_t *)(uintptr_t)helpers, key, name)
	{
		const char *path = credential_key_match(key, target);
		if (path != NULL && path[0] == '\0')
			store = json_string_value(name);
	}
	*out = store == NULL || store[0] == '\0' ? NULL : mem_strdup(store);
	return 0;
}

static int take_all(struct credentials *out, const struct credential_file *file, const json_t *root,
    const struct target *target, char **out_helper, struct error *err)
{
	const json_t *entries = root;

	if (!file->is_legacy &&
	    json_strict_object(root, "auths", JSON_OPTIONAL, &entries, err) != 0)
		return -1;
	if (take_entries(out, file, entries, target, err) != 0)
		return -1;
	return file->is_legacy ? 0 : find_helper(root, target, out_helper, err);
}

int credential_file_parse(struct credentials *out, const struct credential_file *file,
    const char *bytes, size_t len, const struct target *target, char **out_helper,
    struct error *err)
{
	struct error quoting = ERROR_INIT;
	json_auto_t *root = NULL;

	*out_helper = NULL;
	root = json_strict_load(bytes, len, &quoting);
	/* jansson's messages quote what they stumble over. */
	explicit_bzero(&quoting, sizeof(quoting));
	if (root == NULL)
		return error_set(err, ERR_AUTH,
		    "credentials '%s': no JSON object of the strict kind (no member twice, UTF-8, "
		    "nothing after its end)",
		    file->path);
	if (take_all(out, file, root, target, out_helper, err) == 0)
		return 0;
	(void)error_recode(err, ERR_AUTH);
	return error_prefix(err, "credentials '%s'", file->path);
}
