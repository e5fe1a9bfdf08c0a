/*
 * The trust directory as a place: locked, and given new files in one step.
 *
 * The new directory grows in a staging directory beside it and takes its name by an exchange, so
 * that whoever opens the path finds the old files or the new ones, at every moment and after every
 * crash. Source: design formats.md 5, "Update"; reference security.md 4.6.
 */
#ifndef PUSHER_TRUST_PLACE_H
#define PUSHER_TRUST_PLACE_H

#include <sys/stat.h>

#include "common/trust_files.h"

struct trust_place {
	char *path;    /* owned */
	char *name;    /* owned; in the parent */
	int parent_fd; /* -1 while closed */
	int dir_fd;    /* holds the lock */
	struct stat st;
};

#define TRUST_PLACE_INIT                                                                           \
	{                                                                                          \
		.path = NULL, .name = NULL, .parent_fd = -1, .dir_fd = -1                          \
	}

/**
 * trust_place_open(out, path, err): opens and locks the directory. ERR_TRUST, with what to do,
 * where it could not be exchanged without taking something away that is no part of it: a link, a
 * mount point, links or dot names in it (Kubernetes, git). ERR_BUSY where another process has it.
 */
int trust_place_open(struct trust_place *out, const char *path, struct error *err) MUST_CHECK;

/**
 * trust_place_install(p, files, err): these files and no others, modes 0644, in a directory of the
 * old one's owner and mode, less the right of others to write. All is on the disk before the
 * exchange. Where the old directory cannot be removed afterwards it stays under its staging name,
 * and the next one removes it. Signals must be held (common/interrupt.h).
 */
int trust_place_install(
    struct trust_place *p, const struct trust_files *files, struct error *err) MUST_CHECK;

void trust_place_close(struct trust_place *p);
#define auto_trust_place __attribute__((cleanup(trust_place_close)))

#endif
