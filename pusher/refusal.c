#include "pusher/refusal.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/mem.h"

#define LOCATION_LEN_MAX 200

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

static json_t *parse(const char *bytes, size_t len)
{
	struct error ignored = ERROR_INIT;

	return json_strict_load(bytes, len, &ignored);
}

static const json_t *first_of(const json_t *body)
{
	return json_array_get(json_object_get(body, "errors"), 0);
}

char *refusal_words(const char *bytes, size_t len)
{
	json_auto_t *body = parse(bytes, len);
	const json_t *first = first_of(body);

	return first == NULL
		   ? NULL
		   : mem_printf("%s\n%s", member(first, "code"), member(first, "message"));
}

bool refusal_text_parse(struct refusal_text *out, const char *bytes, size_t len)
{
	json_auto_t *body = parse(bytes, len);
	const json_t *first = first_of(body);

	(void)snprintf(out->code, sizeof(out->code), "%s", member(first, "code"));
	(void)snprintf(out->message, sizeof(out->message), "%s", member(first, "message"));
	return out->code[0] != '\0' || out->message[0] != '\0';
}

bool refusal_says(const struct http_response *response, const char *code)
{
	struct refusal_text said = {.code = "", .message = ""};

	return refusal_text_parse(&said, buf_text(&response->body), response->body.len) &&
	       strcmp(said.code, code) == 0;
}

static enum err_code code_of(int status)
{
	if (status == 401 || status == 407)
		return ERR_AUTH;
	if (status == 403)
		return ERR_DENIED;
	if (status == 408 || status == 429 || status >= 500)
		return ERR_SERVER;
	return ERR_REGISTRY;
}

static char *advice_on_credentials(const struct refusal_context *context, int status)
{
	if (context->credentials == NULL)
		return mem_strdup("no credentials for it were found: say who you are with 'pusher "
				  "login', or with --username and --password-stdin");
	if (status == 403 || context->has_token)
		return mem_printf(
		    "the user of the credentials from %s may not do that", context->credentials);
	return mem_printf("the user name or the password from %s is wrong", context->credentials);
}

/* What to do, as far as the status tells; "" where it does not. */
static char *advice_of(
    const struct refusal_context *context, const struct http_response *response, const char *code)
{
	int status = response->status;
	const char *advice = "";

	if (status == 401 || status == 403)
		return advice_on_credentials(context, status);
	if (status == 404 && context->begins_upload)
		advice = "create the repository first";
	else if (status == 400 && context->is_plain_http && code[0] == '\0')
		advice = "if it speaks TLS, leave out --plain-http";
	else if (status == 400 && strstr(buf_text(&response->body), "SSL certificate") != NULL)
		advice = "it may want a client certificate: --cert-file";
	else if (status == 407)
		advice = "the proxy wants a user name and a password: write its address as "
			 "http://USER:PASSWORD@HOST:PORT";
	else if (status == 413)
		advice = "raise the limit on bodies of what stands before the registry (nginx: "
			 "client_max_body_size)";
	else if (status == 429)
		advice = "it limits how much may be asked: try again later";
	else if (status >= 502 && status <= 504)
		advice = "the registry is not ready, or what stands before it does not reach it";
	return mem_strdup(advice);
}

static int set_unbelieved(struct error *err, const struct http_response *response)
{
	const char *location = response->is_revealing ? NULL : response->headers[HTTP_LOCATION];

	if (response->status < 300)
		return error_set(err, ERR_UNBELIEVED,
		    "status %d, which no registry answers to this", response->status);
	if (location == NULL)
		location = "";
	/* A query may be a signature that grants access. */
	size_t shown = strcspn(location, "?");
	return error_set(err, ERR_UNBELIEVED,
	    "status %d: redirected to '%.*s', and no redirect is followed; if that is the "
	    "registry, push there",
	    response->status, (int)(shown < LOCATION_LEN_MAX ? shown : LOCATION_LEN_MAX), location);
}

/* The registry's own words. */
static void put_words(
    struct buf *b, const struct http_response *response, const struct refusal_text *said)
{
	if (response->is_revealing) {
		buf_puts(b, ", in words that repeat our credentials and are not shown");
		return;
	}
	if (said->code[0] != '\0')
		buf_printf(b, " %s", said->code);
	if (said->message[0] != '\0')
		buf_printf(b, ": %s", said->message);
}

int refusal_set(
    struct error *err, const struct refusal_context *context, const struct http_response *response)
{
	struct refusal_text said = {.code = "", .message = ""};
	const char *retry_after =
	    response->is_revealing ? NULL : response->headers[HTTP_RETRY_AFTER];
	auto_buf struct buf text = BUF_INIT(ERROR_TEXT_BYTES);

	if (response->status < 400)
		return set_unbelieved(err, response);
	(void)refusal_text_parse(&said, buf_text(&response->body), response->body.len);
	buf_printf(&text, "status %d", response->status);
	put_words(&text, response, &said);
	auto_free char *advice = advice_of(context, response, said.code);
	if (advice[0] != '\0')
		buf_printf(&text, "; %s", advice);
	if (retry_after != NULL && strlen(retry_after) <= REFUSAL_CODE_LEN_MAX)
		buf_printf(&text, "; it asks to wait: Retry-After %s", retry_after);
	return error_set(err, code_of(response->status), "%s", buf_text(&text));
}
