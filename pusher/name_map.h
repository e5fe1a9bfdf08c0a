/*
 * --map: other names in the registry than the signed ones, where the policy allows that.
 */
#ifndef PUSHER_NAME_MAP_H
#define PUSHER_NAME_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/options.h"

/** One REPOSITORY[:TAG]=REPOSITORY[:TAG]; strings owned. */
struct name_map_item {
	char *from_repository;
	char *from_tag; /* NULL: every tag */
	char *to_repository;
	char *to_tag; /* NULL: the same tag */
	bool is_used;
};

struct name_map {
	struct name_map_item *items; /* owned */
	size_t count;
};

#define NAME_MAP_INIT                                                                              \
	{                                                                                          \
		.items = NULL, .count = 0                                                          \
	}

/**
 * name_map_parse(out, texts, err): ERR_USAGE for what is not of that form, for every tag of a
 * repository under one, and for two maps of one name. Release with name_map_release(), also after a
 * failure.
 */
int name_map_parse(
    struct name_map *out, const struct option_list *texts, struct error *err) MUST_CHECK;
void name_map_release(struct name_map *m);

/**
 * name_map_apply(m, repository, tag): puts the names in the registry in the place of the signed
 * ones; one that says the tag goes before one that does not. Borrowed from m. *tag may be NULL.
 */
void name_map_apply(struct name_map *m, const char **repository, const char **tag);

/** name_map_check_used(m, err): ERR_USAGE for one that nothing in the delivery answered to. */
int name_map_check_used(const struct name_map *m, struct error *err) MUST_CHECK;

#endif
