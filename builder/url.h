/*
 * URLs, by the rules that helm lint applies to sources, icons and maintainers.
 * Source: Go 1.26 net/url Parse() and ParseRequestURI(); github.com/asaskevich/govalidator
 * a9d515a09cc2, IsURL() and IsRequestURL().
 */
#ifndef BUILDER_URL_H
#define BUILDER_URL_H

#include <stdbool.h>
#include <stddef.h>

/** What the rules ask of a URL that was taken apart. */
struct url {
	bool has_scheme;
	bool has_host;     /* one that is not empty */
	bool has_dot_host; /* one that begins with a dot */
	bool has_path;     /* one that is not empty; never where a rootless path follows a scheme */
	bool has_dot_path; /* one with a dot in it, "%2E" included */
};

enum url_form {
	URL_REFERENCE, /* Parse(): a fragment is cut off first, relative ones are fine */
	URL_REQUEST,   /* ParseRequestURI(): no fragment, with a scheme or a path from the root */
};

/**
 * url_parse(out, text, len, form): true if Go's parser takes it; else out is undefined.
 * text: any bytes, any length, untrusted. Linear time; pure. So are the two below.
 */
bool url_parse(struct url *out, const char *text, size_t len, enum url_form form);

/** url_check_request(text, len): IsRequestURL(): URL_REQUEST with a scheme. */
bool url_check_request(const char *text, size_t len);

/**
 * url_check_web(text, len): IsURL(): scheme of the web or none, user, host, port, path; below 2,083
 * characters. "example.com" is one, "http://localhost" too.
 */
bool url_check_web(const char *text, size_t len);

#endif
