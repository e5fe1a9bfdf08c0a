#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "pusher/http.h"

/* libcurl's own parser: what judges where a URL leads is what goes there. */

static char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL;

	if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
		return NULL;
	char *copy = mem_strdup(text);
	curl_free(text);
	return copy;
}

/* libcurl lets bytes beyond ASCII pass, which no request line may carry. */
static bool is_visible(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= 0x20 || *text >= 0x7f)
			return false;
	}
	return true;
}

static int split(struct http_url *out, CURLU *url, struct error *err)
{
	auto_free char *user = url_part(url, CURLUPART_USER, 0);
	auto_free char *password = url_part(url, CURLUPART_PASSWORD, 0);
	auto_free char *port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	auto_free char *path = url_part(url, CURLUPART_PATH, 0);
	auto_free char *query = url_part(url, CURLUPART_QUERY, 0);

	out->scheme = url_part(url, CURLUPART_SCHEME, 0);
	out->host = url_part(url, CURLUPART_HOST, 0);
	if (user != NULL || password != NULL)
		return error_set(err, ERR_FORMAT, "URL with a user name");
	if (out->scheme == NULL || out->host == NULL || port == NULL || path == NULL ||
	    (strcmp(out->scheme, "http") != 0 && strcmp(out->scheme, "https") != 0))
		return error_set(err, ERR_FORMAT, "not an http or https URL");
	out->port = (unsigned)strtoul(port, NULL, 10);
	out->target =
	    mem_printf("%s%s%s", path, query == NULL ? "" : "?", query == NULL ? "" : query);
	return is_visible(out->host) && is_visible(out->target)
		   ? 0
		   : error_set(err, ERR_FORMAT, "URL with a character that none may have");
}

int http_url_resolve(
    struct http_url *out, const char *base, const char *reference, struct error *err)
{
	CURLU *url = curl_url();
	int result = -1;

	if (url == NULL)
		return error_set(err, ERR_SYSTEM, "libcurl: out of memory");
	CURLUcode code = curl_url_set(url, CURLUPART_URL, base, 0);
	if (code == CURLUE_OK)
		code = curl_url_set(url, CURLUPART_URL, reference, 0);
	if (code != CURLUE_OK)
		(void)error_set(err, ERR_FORMAT, "%s", curl_url_strerror(code));
	else
		result = split(out, url, err);
	curl_url_cleanup(url);
	return result;
}
