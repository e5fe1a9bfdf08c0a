/*
 * Command lines: GNU long options with short forms, anywhere among the operands, "--" ends them.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/limits.h"

/** The arguments of an option that may be repeated, in their order. */
struct option_list {
	const char *items[LIMIT_OPTION_REPEATS_MAX]; /* borrowed from argv */
	size_t count;
};

/** One option of a command. Exactly one of flag, value, list is set; but for list, it may be given
 * once. */
struct option_spec {
	const char *name;         /* without the dashes */
	char short_name;          /* 0 for none */
	bool *flag;               /* set to true when given */
	const char **value;       /* takes an argument, borrowed from argv */
	struct option_list *list; /* takes an argument, up to LIMIT_OPTION_REPEATS_MAX times */
};

/**
 * options_parse(specs, count, argc, argv, command, out_operands, err): reads argv[1..argc).
 *
 * argv is reordered; *out_operands is the index of the first operand, the operands run to argc.
 * ERR_USAGE names the option and "see '<command> --help'".
 */
int options_parse(const struct option_spec *specs, size_t count, int argc, char **argv,
    const char *command, int *out_operands, struct error *err) MUST_CHECK;

#endif
