#include "pusher/conceal.h"

#include "pusher/refusal.h"

/* Whole, before anything is cut off: half a secret is one too. */
static bool repeats(const struct auth *a, const struct http_response *response, const char *known)
{
	auto_buf struct buf all = BUF_SECRET_INIT(LIMIT_RESPONSE_BODY_BYTES_MAX * 2);
	auto_free char *words = refusal_words(buf_text(&response->body), response->body.len);

	buf_puts(&all, words == NULL ? "" : words);
	for (enum http_header which = 0; which < HTTP_HEADER_COUNT; which++) {
		buf_putc(&all, '\n');
		buf_puts(&all, response->headers[which] == NULL ? "" : response->headers[which]);
	}
	return all.overflowed || auth_is_revealed(a, buf_text(&all), known);
}

void conceal_answer(const struct auth *a, const char *known, struct http_response *response)
{
	char **warning = &response->headers[HTTP_WARNING];

	if (auth_is_revealed(a, *warning, known)) {
		free(*warning);
		*warning = NULL;
	}
	/* Of a success hardly anything is shown, and there are many. */
	response->is_revealing = response->status >= 300 && repeats(a, response, known);
}

int conceal_error(const struct auth *a, const char *known, const struct http_response *response,
    struct error *err)
{
	bool is_revealing = response != NULL && repeats(a, response, known);

	if (!is_revealing && !auth_is_revealed(a, err->text, known))
		return -1;
	return error_set(err, err->code,
	    "the registry repeats our credentials, so that its words are not shown");
}
