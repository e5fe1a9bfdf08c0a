/*
 * What a directory holds for the TLS connections to one host, as docker, podman and skopeo read it:
 * every *.crt is certificate authorities, NAME.cert with NAME.key a client certificate.
 * Source: containers-certs.d(5); Docker Engine, "Verify repository client with certificates".
 */
#ifndef PUSHER_HOST_CERTIFICATES_H
#define PUSHER_HOST_CERTIFICATES_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/limits.h"

struct host_certificates {
	char *path;             /* owned; the directory; NULL: there is none */
	struct buf authorities; /* PEM, of all *.crt; empty: none */
	char *client;           /* owned; "DIR/NAME.cert"; NULL: none */
	struct buf certificate; /* PEM; where there is a client */
	struct buf key;         /* PEM; secret */
};

#define HOST_CERTIFICATES_INIT                                                                     \
	{                                                                                          \
		.path = NULL, .authorities = BUF_INIT(LIMIT_AUTHORITIES_BYTES_MAX),                \
		.client = NULL, .certificate = BUF_INIT(LIMIT_CERTIFICATE_BYTES_MAX),              \
		.key = BUF_SECRET_INIT(LIMIT_CERTIFICATE_BYTES_MAX)                                \
	}

/** Which of it is wanted: what an option gives is not looked for. */
struct host_certificates_wish {
	bool authorities;
	bool client;
};

/**
 * host_certificates_load(out, path, wish, notes, err): reads the directory path; links are
 * followed, it is the operator's. notes gets a line for what was found, for a *.crt that leads
 * nowhere, and for a key that others may read. Not checked: that the PEM in it can be decoded.
 *
 * ERR_SYSTEM with the errno where path or a file cannot be read (ENOENT: no such directory).
 * ERR_USAGE, naming the file, for a .cert without its .key and a .key without its .cert, for two
 * client certificates, for a *.crt without a certificate in PEM, for what is no regular file, and
 * beyond LIMIT_CERTIFICATE_FILES_MAX files. Release with host_certificates_release(), which wipes,
 * also after a failure.
 */
int host_certificates_load(struct host_certificates *out, const char *path,
    const struct host_certificates_wish *wish, struct buf *notes, struct error *err) MUST_CHECK;
void host_certificates_release(struct host_certificates *c);
#define auto_host_certificates __attribute__((cleanup(host_certificates_release)))

#endif
