#include "pusher/realm.h"

#include <string.h>
#include <strings.h>

#include "pusher/http.h"

/* ---- hosts that the operator named ---- */

static int parse_host(struct destination *out, const char *text, struct error *err)
{
	if (destination_parse(out, text, err) == 0 && out->prefix[0] == '\0')
		return 0;
	return error_set(err, ERR_USAGE, "'%s': HOST or HOST:PORT is expected", text);
}

int realm_check_hosts(const struct option_list *hosts, const char *option, struct error *err)
{
	for (size_t i = 0; hosts != NULL && i < hosts->count; i++) {
		auto_destination struct destination host = {.host = NULL};

		if (parse_host(&host, hosts->items[i], err) != 0)
			return error_prefix(err, "%s", option);
	}
	return 0;
}

static bool is_named(const struct option_list *hosts, const struct http_url *realm)
{
	for (size_t i = 0; hosts != NULL && i < hosts->count; i++) {
		auto_destination struct destination host = {.host = NULL};
		struct error ignored = ERROR_INIT;

		if (parse_host(&host, hosts->items[i], &ignored) == 0 &&
		    strcasecmp(host.host, realm->host) == 0 &&
		    (host.port == 0 || host.port == realm->port))
			return true;
	}
	return false;
}

/* ---- hosts that go with the registry's ---- */

static bool is_address(const char *host)
{
	const char *last = strrchr(host, '.');

	if (host[0] == '[')
		return true;
	last = last == NULL ? host : last + 1;
	return last[strspn(last, "0123456789")] == '\0';
}

/* "co.uk", "com.au", "ac.jp": where a country's registry has its customers. The list of them all is
 * long and changes; a name of two labels that are so short is never taken for a company's. */
static bool is_like_public_suffix(const char *host)
{
	size_t first = strcspn(host, ".");
	size_t last = host[first] == '.' ? strlen(host + first + 1) : 0;

	return first <= 3 && last <= 2 && strchr(host + first + 1, '.') == NULL;
}

/* Does child end in "." and parent, which has a dot itself? "example" would own too much. */
static bool is_below(const char *child, const char *parent)
{
	size_t child_len = strlen(child);
	size_t parent_len = strlen(parent);

	return strchr(parent, '.') != NULL && !is_like_public_suffix(parent) &&
	       child_len > parent_len + 1 && child[child_len - parent_len - 1] == '.' &&
	       strcasecmp(child + child_len - parent_len, parent) == 0;
}

static bool goes_with(const struct target *target, const struct http_url *realm)
{
	const char *ours = target->destination.host;

	if (strcasecmp(ours, realm->host) == 0)
		return true;
	if (is_address(ours) || is_address(realm->host))
		return false;
	return is_below(realm->host, ours) || is_below(ours, realm->host);
}

/* ---- the judgement ---- */

static int judge_scheme(
    const struct target *target, const struct http_url *realm, bool with_secret, struct error *err)
{
	if (strcmp(realm->scheme, "https") == 0)
		return 0;
	if (!target->plain_http)
		return error_set(err, ERR_AUTH,
		    "the registry wants us to ask http://%s for a token, without TLS; its own "
		    "configuration must name an https address",
		    realm->host);
	if (with_secret && !host_is_loopback(realm->host))
		return error_set(err, ERR_AUTH,
		    "the registry wants our credentials sent to http://%s, where they would cross "
		    "a network in the clear",
		    realm->host);
	return 0;
}

static int judge(const struct target *target, const struct option_list *hosts,
    const struct http_url *realm, bool with_secret, struct error *err)
{
	if (!goes_with(target, realm) && !is_named(hosts, realm))
		return error_set(err, ERR_AUTH,
		    "the registry wants us to ask '%s' for a token, which is another host: if "
		    "that is right, give --auth-host %s",
		    realm->host, realm->host);
	return judge_scheme(target, realm, with_secret, err);
}

static bool same_origin(const struct http_url *a, const struct http_url *b)
{
	return strcmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 &&
	       a->port == b->port;
}

char *realm_url(const struct target *target, const struct option_list *hosts, const char *realm,
    bool with_secret, bool *out_is_foreign, struct error *err)
{
	auto_http_url struct http_url ours = HTTP_URL_INIT;
	auto_http_url struct http_url url = HTTP_URL_INIT;
	auto_free char *base = mem_printf("%s/v2/", target->origin);

	if (http_url_resolve(&ours, base, "", err) != 0 ||
	    http_url_resolve(&url, base, realm, err) != 0) {
		(void)error_recode(err, ERR_AUTH);
		(void)error_prefix(err, "the registry's token server");
		return NULL;
	}
	if (judge(target, hosts, &url, with_secret, err) != 0)
		return NULL;
	*out_is_foreign = !same_origin(&ours, &url);
	return mem_printf("%s://%s:%u%s", url.scheme, url.host, url.port, url.target);
}
