#include "pusher/http_failure.h"

#include <string.h>
#include <strings.h>

#include "common/limits.h"

/* By the words of OpenSSL: an alert is all that the other side says. */
static const char *alert_advice(const char *text)
{
	static const struct {
		const char *words, *advice;
	} alerts[] = {
	    {"alert certificate required",
		"it wants a client certificate: give it with --cert-file and --key-file"},
	    {"alert handshake failure", "it may want a client certificate: --cert-file"},
	    {"alert unknown ca", "it does not take the client certificate of --cert-file"},
	    {"alert bad certificate", "it does not take the client certificate of --cert-file"},
	    {"alert certificate expired", "renew the client certificate of --cert-file"},
	    {"protocol version", "the registry has to speak TLS 1.2 or newer"},
	    {"unsupported protocol", "the registry has to speak TLS 1.2 or newer"},
	};

	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
		if (strstr(text, alerts[i].words) != NULL)
			return alerts[i].advice;
	}
	return NULL;
}

static const char *handshake_advice(const struct transfer *t)
{
	const char *advice = alert_advice(t->curl_text);
	const char *proxy = t->transport->options.proxy;

	if (advice != NULL)
		return advice;
	if (proxy != NULL && strncasecmp(proxy, "https://", 8) == 0)
		return "if the proxy speaks plain HTTP, write it as http://";
	return "if the registry speaks plain HTTP, say --plain-http";
}

/* Results of OpenSSL's certificate check, by the numbers of its x509_vfy.h. */
static const char *tls_advice(const struct transfer *t, CURLcode code)
{
	long verify_result = 0;

	if (code == CURLE_SSL_CONNECT_ERROR)
		return handshake_advice(t);
	if (code != CURLE_PEER_FAILED_VERIFICATION)
		return alert_advice(t->curl_text);
	(void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verify_result);
	switch (verify_result) {
	case 0:
	case 1: /* the chain held: libcurl had not asked yet when it looked at the name */
		return "reach the registry by a name that its certificate has";
	case 9:  /* not yet valid */
	case 10: /* expired */
		return "renew the registry's certificate, or set this machine's clock";
	case 2:  /* unable to get issuer certificate */
	case 18: /* self-signed */
	case 19: /* self-signed in the chain */
	case 20: /* unable to get local issuer certificate */
	case 21: /* unable to verify the leaf */
		return "give the registry's certificate authority with --ca-file or --cert-dir";
	default:
		return NULL;
	}
}

static int set_tls_error(
    const struct transfer *t, CURLcode code, const char *text, struct error *err)
{
	const char *advice = tls_advice(t, code);

	return error_set(err, ERR_NETWORK, "TLS: %s%s%s", text, advice == NULL ? "" : "; ",
	    advice == NULL ? "" : advice);
}

static bool has_begun_to_answer(CURL *easy)
{
	curl_off_t begun_us = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &begun_us);
	return begun_us > 0;
}

static const char *error_text(const struct transfer *t, CURLcode code)
{
	return t->curl_text[0] != '\0' ? t->curl_text : curl_easy_strerror(code);
}

/* Of a handshake, OpenSSL's own words are a refusal, others a connection that broke. */
bool transfer_failure_is_final(const struct transfer *t, CURLcode code)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_ABORTED_BY_CALLBACK:
		return true;
	case CURLE_SSL_CONNECT_ERROR:
		return strstr(t->curl_text, "error:") != NULL;
	default: /* with TLS 1.3 it comes after the handshake */
		return alert_advice(t->curl_text) != NULL;
	}
}

/* What was said of us rather than by libcurl. */
static int set_own_error(const struct transfer *t, struct error *err)
{
	if (t->body_error.code != ERR_NONE) {
		*err = t->body_error;
		return -1;
	}
	if (t->is_local)
		return error_set(err, ERR_UNBELIEVED,
		    "the server names a place that leads back to this machine or its link; nothing "
		    "was sent there");
	if (t->is_slow)
		return error_set(err, ERR_NETWORK, "the answer has taken more than %ld s",
		    LIMIT_ANSWER_MS / 1000);
	if (t->headers_too_long)
		return error_set(err, ERR_UNBELIEVED,
		    "the answer's headers are larger than %u bytes or more than %u",
		    LIMIT_HEADER_BYTES_MAX, LIMIT_HEADER_LINES_MAX);
	if (t->body_too_long)
		return error_set(err, ERR_UNBELIEVED, "the answer is larger than %u bytes",
		    LIMIT_RESPONSE_BODY_BYTES_MAX);
	return 0;
}

/* Where they came from, as far as somebody named a place. */
static const char *authorities_path(const struct transfer *t)
{
	if (t->certificates.authorities != NULL)
		return t->certificates.authorities->path;
	return t->transport->options.ca_file != NULL ? t->transport->options.ca_file : SYSTEM_ROOTS;
}

static const char *client_path(const struct transfer *t)
{
	if (t->transport->options.cert_file != NULL && !t->exchange->request.is_foreign)
		return t->transport->options.cert_file;
	return t->certificates.client == NULL ? "" : t->certificates.client->client;
}

/* "proxy.example:3128" of a proxy's URL, whose user and password are for nobody to see. */
static char *proxy_place(const char *url)
{
	const char *begin = strstr(url, "://");

	begin = begin == NULL ? url : begin + 3;
	size_t len = strcspn(begin, "/");
	for (size_t i = len; i > 0; i--) {
		if (begin[i - 1] == '@')
			return mem_strndup(begin + i, len - i);
	}
	return mem_strndup(begin, len);
}

/* The proxy's answer to CONNECT. */
static int set_tunnel_error(const struct transfer *t, long status, struct error *err)
{
	auto_free char *place = proxy_place(t->transport->options.proxy);
	bool has_user = strchr(t->transport->options.proxy, '@') != NULL;

	if (status == 407 && has_user)
		return error_set(err, ERR_AUTH,
		    "the proxy %s does not take the user name and the password that stand in its "
		    "address (CONNECT: status 407)",
		    place);
	if (status == 407)
		return error_set(err, ERR_AUTH,
		    "the proxy %s wants a user name and a password: write its address as "
		    "http://USER:PASSWORD@%s (CONNECT: status 407)",
		    place, place);
	if (status < 500)
		return error_set(err, ERR_DENIED,
		    "the proxy %s does not let us through: it has to allow this host and port, or "
		    "no_proxy to name the host (CONNECT: status %ld)",
		    place, status);
	return error_set(err, ERR_NETWORK,
	    "the proxy %s does not reach the registry (CONNECT: status %ld)", place, status);
}

static int set_network_error(
    const struct transfer *t, CURLcode code, const char *text, struct error *err)
{
	const char *proxy = t->transport->options.proxy;
	long status = 0;

	if (alert_advice(text) != NULL)
		return set_tls_error(t, code, text, err);
	(void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	if (proxy == NULL || (status < 300 && code != CURLE_COULDNT_CONNECT))
		return error_set(err, ERR_NETWORK, "%s", text);
	if (status >= 300)
		return set_tunnel_error(t, status, err);
	auto_free char *place = proxy_place(proxy);
	return error_set(err, ERR_NETWORK, "%s; the proxy is %s", text, place);
}

int transfer_failure(const struct transfer *t, CURLcode code, struct error *err)
{
	const char *text = error_text(t, code);

	if (set_own_error(t, err) != 0)
		return -1;
	/* libcurl's own cap on one header line speaks of memory. */
	if (code == CURLE_OUT_OF_MEMORY && has_begun_to_answer(t->easy))
		return error_set(err, ERR_UNBELIEVED, "a header of the answer has no end");
	switch (code) {
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
		return error_set(err, ERR_SYSTEM, "libcurl: %s", text);
	case CURLE_SSL_CACERT_BADFILE:
		return error_set(err, ERR_USAGE, "no certificate authority in '%s': %s",
		    authorities_path(t), text);
	case CURLE_SSL_CERTPROBLEM:
		return error_set(
		    err, ERR_USAGE, "client certificate '%s': %s", client_path(t), text);
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: anything that does not begin with HTTP/ */
		return error_set(err, ERR_UNBELIEVED, "the answer is not HTTP: %s", text);
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
		return set_tls_error(t, code, text, err);
	default:
		return set_network_error(t, code, text, err);
	}
}
