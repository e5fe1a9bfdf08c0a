/*
 * Subcommands: choosing one, running it, and turning what it gives back into what main() prints.
 *
 * A command prints nothing itself: it fills a struct command_result. Only progress goes to stderr
 * while it runs, by the program's own sink.
 */
#ifndef COMMON_COMMAND_H
#define COMMON_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/inspect.h"
#include "common/options.h"
#include "common/verified_layout.h"

/** What a command found or did. */
struct command_result {
	struct buf
	    text;     /* for people: stdout without --json; whole lines, foreign strings escaped */
	json_t *json; /* owned; with --json: stdout. "version" and "ok" are put in front */
	struct buf notes; /* for people: stderr, e.g. warnings; whole lines, escaped */
	bool as_json;     /* print json also without --json (inspect --format json) */
	bool is_finding;  /* text and json stand also where the command fails, as lint's do */
	struct problems problems; /* the files at fault, named before the error */
};

struct environment; /* the program's own; nothing here looks into it */

struct command {
	const char *name;
	const char *help; /* for `PROGRAM NAME --help`: lines of at most 80 columns, to stdout */
	int (*run)(const struct command *self, int argc, char **argv, struct command_result *out,
	    struct error *err);
	const struct environment *environment; /* borrowed; NULL for a program that takes none */
};

struct program {
	const char *name;
	const char *help; /* for `PROGRAM --help` */
	const struct command *commands;
	size_t command_count;
};

/** What is to be written, and the exit status. */
struct command_outcome {
	struct buf out;
	struct buf err;
	int exit_status;
	bool interrupted; /* die by the pending signal once the output is written */
};
#define COMMAND_OUTCOME_INIT                                                                       \
	{                                                                                          \
		.out = BUF_INIT(64 * 1024 * 1024), .err = BUF_INIT(1024 * 1024), .exit_status = 0, \
		.interrupted = false                                                               \
	}

/** Options that every command has; a command puts COMMON_OPTION_SPECS(&o) into its table. */
struct common_options {
	bool json;
	bool quiet;
	bool verbose;
};
#define COMMON_OPTION_SPECS(o)                                                                     \
	{.name = "json", .flag = &(o)->json},                                                      \
	    {.name = "quiet", .short_name = 'q', .flag = &(o)->quiet},                             \
	{                                                                                          \
		.name = "verbose", .short_name = 'v', .flag = &(o)->verbose                        \
	}

/**
 * command_run(program, argc, argv, outcome): chooses the command by argv[1] and runs it.
 *
 * "--help" and "help" (of the program or after a command), "--version" for "version" are handled
 * here. On failure outcome->err gets "<program>: <problem path>: <what>" lines and one "<program>:
 * <error>" line, and with --json outcome->out gets
 * {"version":1,"ok":false,"error":{"code":...,"message":...,"problems":[...]}}. With --quiet the
 * text goes nowhere and notes are dropped; errors stay. Of a result that is_finding the text is
 * written after a failure too, with --quiet as well, and the members of json beside "error". Prints
 * nothing.
 */
void command_run(
    const struct program *program, int argc, char **argv, struct command_outcome *outcome);

/** command_usage(self, program, err, format...): ERR_USAGE with "; see '<program> <command>
 * --help'". */
int command_usage(const struct command *self, const char *program, struct error *err,
    const char *format, ...) PRINTF_LIKE(4, 5);

/** What `verify` says of a verified layout, in both forms; `push` puts the same head before its
 * own. */
json_t *command_verified_json(const struct verified_layout *v);
void command_verified_text(struct buf *b, const char *path, const struct verified_layout *v);
/** command_sealed_text(b, path, v): the same without the artifacts. */
void command_sealed_text(struct buf *b, const char *path, const struct verified_layout *v);

/**
 * command_list(out, graph, seal, format, common): the packing list as format or --json asks, and in
 * no other form: it can be as large as the delivery has layers.
 */
void command_list(struct command_result *out, const struct graph *graph,
    const struct inspect_seal *seal, enum inspect_format format,
    const struct common_options *common);

#endif
