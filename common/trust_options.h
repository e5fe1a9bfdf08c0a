/*
 * The options by which every command is told its trust.
 */
#ifndef COMMON_TRUST_OPTIONS_H
#define COMMON_TRUST_OPTIONS_H

#include "common/command.h"
#include "common/trust.h"

struct trust_options {
	const char *path;          /* --trust */
	const char *id;            /* --trust-id, or NULL */
	struct digest expected_id; /* what it says; of trust_options_check() */
};
#define TRUST_OPTIONS_INIT                                                                         \
	{                                                                                          \
		.path = NULL, .id = NULL                                                           \
	}
/** For a command's table of options. */
#define TRUST_OPTION_SPECS(o)                                                                      \
	{.name = "trust", .value = &(o)->path},                                                    \
	{                                                                                          \
		.name = "trust-id", .value = &(o)->id                                              \
	}

/**
 * trust_options_check(o, self, program, err): ERR_USAGE without a path, or with an id that is not
 * 64 lower-case hex digits. Before anything is read.
 */
int trust_options_check(struct trust_options *o, const struct command *self, const char *program,
    struct error *err) MUST_CHECK;

/** trust_options_load(o, err): trust_load(), after trust_options_check(). */
struct trust *trust_options_load(const struct trust_options *o, struct error *err) MUST_CHECK;

#endif
