/*
 * Which certificates count for which host: those of --cert-dir, or those that docker, podman and
 * skopeo would find for it.
 */
#ifndef PUSHER_CERTIFICATE_STORE_H
#define PUSHER_CERTIFICATE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "pusher/environment.h"
#include "pusher/host_certificates.h"
#include "pusher/target.h"

/** What it is to look for; all borrowed for its life. */
struct certificate_options {
	const char *cert_dir; /* --cert-dir: this directory, whatever the host; NULL: the usual
				 places */
	const struct environment *environment;
	struct host_certificates_wish wish;
	const char *roots_file; /* PEM that an authority is added to, where roots are read from a
				   file; NULL: from a directory */
	struct buf *notes;
};

/** What was found for a host that the registry named. */
struct foreign_certificates {
	char *host; /* owned; HOST:PORT */
	struct host_certificates found;
};

struct certificate_store {
	struct certificate_options options;
	struct host_certificates registry;
	struct foreign_certificates foreign[LIMIT_CERTIFICATE_HOSTS_MAX];
	size_t foreign_count;
};

#define CERTIFICATE_STORE_INIT                                                                     \
	{                                                                                          \
		.registry = HOST_CERTIFICATES_INIT, .foreign_count = 0                             \
	}

/**
 * certificate_store_open(out, options, target, err): reads what there is for the registry. No
 * directory is no failure, unless it is that of --cert-dir (ERR_USAGE); one that may not be read is
 * passed over, with a note. Otherwise what host_certificates_load() gives. Release with
 * certificate_store_release(), also after a failure.
 */
int certificate_store_open(struct certificate_store *out, const struct certificate_options *options,
    const struct target *target, struct error *err) MUST_CHECK;
void certificate_store_release(struct certificate_store *s);
#define auto_certificate_store __attribute__((cleanup(certificate_store_release)))

/** What a connection is made with; borrowed from the store. NULL: nothing. */
struct certificate_choice {
	const struct host_certificates *authorities; /* with roots_file, if any */
	const struct host_certificates *client;
};

/**
 * certificate_store_registry(s): for the registry.
 *
 * certificate_store_foreign(s, host, port, default_port, out, err): for a host that the registry
 * named: the authorities of its own directory, else those of the registry, which is believed about
 * that host anyway; a client certificate only of its own directory. host is hostile, as a URL has
 * it. ERR_UNBELIEVED for more hosts than LIMIT_CERTIFICATE_HOSTS_MAX, else as
 * certificate_store_open().
 */
struct certificate_choice certificate_store_registry(const struct certificate_store *s);
int certificate_store_foreign(struct certificate_store *s, const char *host, unsigned port,
    unsigned default_port, struct certificate_choice *out, struct error *err) MUST_CHECK;

/** The usual places, in the order in which the first that has a directory for the host counts. */
#define CERTIFICATE_PLACES_MAX 6U
/** certificate_store_places(environment, out): how many there are; each owned by the caller. */
size_t certificate_store_places(
    const struct environment *environment, char *out[CERTIFICATE_PLACES_MAX]);

#endif
