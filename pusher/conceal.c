#include "pusher/conceal.h"

#include "pusher/refusal.h"

/* Whole, before anything is cut off: half a secret is one too. */
static bool repeats(const struct auth *a, const struct http_response *response)
{
	auto_buf struct buf all = BUF_SECRET_INIT(LIMIT_RESPONSE_BODY_BYTES_MAX * 2);
	auto_free char *words = refusal_words(buf_text(&response->body), response->body.len);

	buf_puts(&all, words == NULL ? "" : words);
	for (enum http_header which = 0; which < HTTP_HEADER_COUNT; which++) {
		buf_putc(&all, '\n');
		buf_puts(&all, response->headers[which] == NULL ? "" : response->headers[which]);
	}
	return all.overflowed || auth_is_revealed(a, buf_text(&all));
}

static void drop(struct http_response *response, enum http_header which)
{
	free(response->headers[which]);
	response->headers[which] = NULL;
}

void conceal_answer(const struct auth *a, struct http_response *response)
{
	if (auth_is_revealed(a, response->headers[HTTP_WARNING]))
		drop(response, HTTP_WARNING);
	if (response->status < 300 || !repeats(a, response))
		return;
	for (enum http_header which = 0; which < HTTP_HEADER_COUNT; which++)
		drop(response, which);
	buf_release(&response->body);
}

int conceal_error(const struct auth *a, const struct http_response *response, struct error *err)
{
	/* A refusal that repeats one has no words any more. */
	bool is_whole = response != NULL && response->status < 300;

	if (!auth_is_revealed(a, err->text) && !(is_whole && repeats(a, response)))
		return -1;
	return error_set(err, err->code,
	    "the registry repeats our credentials, so that its words are not shown");
}
