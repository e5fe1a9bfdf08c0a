/*
 * The options that say how a registry is spoken with, the same for every command that does.
 */
#ifndef PUSHER_CONNECTION_OPTIONS_H
#define PUSHER_CONNECTION_OPTIONS_H

#include <stdbool.h>

#include "common/command.h"
#include "pusher/environment.h"
#include "pusher/http.h"
#include "pusher/target.h"

/** As given; all borrowed from argv. */
struct connection_options {
	bool plain_http;
	bool insecure;
	const char *ca_file;
	const char *cert_file;
	const char *key_file;
	const char *cert_dir;
};

#define CONNECTION_OPTION_SPECS(o)                                                                 \
	{.name = "plain-http", .flag = &(o)->plain_http},                                          \
	    {.name = "insecure-skip-tls-verify", .flag = &(o)->insecure},                          \
	    {.name = "ca-file", .value = &(o)->ca_file},                                           \
	    {.name = "cert-file", .value = &(o)->cert_file},                                       \
	    {.name = "key-file", .value = &(o)->key_file},                                         \
	{                                                                                          \
		.name = "cert-dir", .value = &(o)->cert_dir                                        \
	}

#define CONNECTION_OPTION_HELP                                                                     \
	"      --ca-file FILE       trust these certificate authorities (PEM) alone\n"             \
	"      --cert-file FILE     client certificate (PEM), with its\n"                          \
	"      --key-file FILE      private key\n"                                                 \
	"      --cert-dir DIR       *.crt there are authorities too, and NAME.cert with\n"         \
	"                           NAME.key a client certificate; unless told, the\n"             \
	"                           directory that docker or podman has for the host\n"            \
	"      --insecure-skip-tls-verify\n"                                                       \
	"                           take any certificate: nobody knows who is answering\n"         \
	"      --plain-http         no TLS\n"

/** connection_options_check(o, self, program, err): ERR_USAGE where they exclude each other. */
int connection_options_check(
    const struct connection_options *o, const struct command *self, struct error *err) MUST_CHECK;

/** connection_options_number(out, text, max, name, self, err): 0 ..= max in decimal; ERR_USAGE. */
int connection_options_number(unsigned *out, const char *text, unsigned max, const char *name,
    const struct command *self, struct error *err) MUST_CHECK;

/** connection_options_duration(out_ms, text, name, self, err): "90s", "15m", "2h", or seconds
 * without a unit, up to a year; ERR_USAGE. */
int connection_options_duration(int64_t *out_ms, const char *text, const char *name,
    const struct command *self, struct error *err) MUST_CHECK;

/** connection_options_bytes(out, text, name, self, err): LIMIT_CHUNK_BYTES_MIN ..=
 * LIMIT_CHUNK_BYTES_MAX, also as "512K", "64M", "1G"; ERR_USAGE. */
int connection_options_bytes(uint64_t *out, const char *text, const char *name,
    const struct command *self, struct error *err) MUST_CHECK;

#endif
