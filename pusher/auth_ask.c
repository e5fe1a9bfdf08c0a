#include "pusher/auth_ask.h"

#include <string.h>

#include "pusher/secret.h"

static ssize_t form_read(void *context, void *into, size_t len, struct error *err)
{
	struct auth_ask *ask = context;
	size_t left = ask->form.len - ask->form_at;

	(void)err;
	if (len > left)
		len = left;
	memcpy(into, buf_text(&ask->form) + ask->form_at, len);
	ask->form_at += len;
	return (ssize_t)len;
}

bool auth_ask_can_get(const struct credential *credential)
{
	return credential->username != NULL;
}

static void ask_by_post(struct auth_ask *out, const struct auth_wish *wish)
{
	out->is_post = true;
	out->with_secret = true;
	out->url = mem_strdup(wish->url);
	token_put_form(&out->form, wish->service, wish->scopes, wish->credential->identity_token);
	out->body =
	    (struct http_body){.read = form_read, .context = out, .size_bytes = out->form.len};
	out->request = (struct http_request){.method = HTTP_POST,
	    .url = out->url,
	    .content_type = "application/x-www-form-urlencoded",
	    .body = &out->body,
	    .is_foreign = wish->is_foreign};
}

static char *basic_of(const struct credential *credential)
{
	if (credential == NULL || credential->username == NULL)
		return NULL;
	const char *password =
	    credential->password != NULL ? credential->password : credential->identity_token;
	return password == NULL ? NULL : credential_basic(credential->username, password);
}

static void ask_by_get(struct auth_ask *out, const struct auth_wish *wish)
{
	auto_buf struct buf query = BUF_INIT(16 * LIMIT_TOKEN_BYTES_MAX);

	token_put_query(&query, wish->service, wish->scopes);
	const char *mark = strchr(wish->url, '?') == NULL ? "?" : "&";
	out->url = mem_printf("%s%s%s", wish->url, query.len == 0 ? "" : mark, buf_text(&query));
	out->authorization = basic_of(wish->credential);
	out->with_secret = out->authorization != NULL;
	out->request = (struct http_request){.method = HTTP_GET,
	    .url = out->url,
	    .authorization = out->authorization,
	    .is_foreign = wish->is_foreign};
}

void auth_ask_token(struct auth_ask *out, const struct auth_wish *wish)
{
	const struct credential *c = wish->credential;

	if (c != NULL && c->identity_token != NULL && !wish->no_post)
		ask_by_post(out, wish);
	else
		ask_by_get(out, wish);
}

void auth_ask_challenge(struct auth_ask *out, const char *origin)
{
	out->url = mem_printf("%s/v2/", origin);
	out->request = (struct http_request){.method = HTTP_GET, .url = out->url};
}

void auth_ask_release(struct auth_ask *a)
{
	free(a->url);
	sodium_free(a->authorization);
	buf_release(&a->form);
	*a = (struct auth_ask)AUTH_ASK_INIT;
}
