/*
 * What the command line says of a delivery as a whole: options of build and seal.
 * Source: design formats.md 1.1, cli.md.
 */
#ifndef BUILDER_DELIVERY_OPTIONS_H
#define BUILDER_DELIVERY_OPTIONS_H

#include "common/index.h"
#include "common/options.h"

/** As given, borrowed from argv; NULL where not. */
struct delivery_options {
	const char *origin;
	const char *destination;
	const char *sequence;
	const char *previous; /* a seal id, or the path of the last delivery's layout */
	const char *not_after;
};

/** The rows of a table of options that fill o. */
#define DELIVERY_OPTION_SPECS(o)                                                                   \
	{.name = "origin", .value = &(o)->origin},                                                 \
	    {.name = "destination", .value = &(o)->destination},                                   \
	    {.name = "sequence", .value = &(o)->sequence},                                         \
	    {.name = "previous", .value = &(o)->previous},                                         \
	{                                                                                          \
		.name = "not-after", .value = &(o)->not_after                                      \
	}

/** The lines of --help on them. */
#define DELIVERY_OPTIONS_HELP                                                                      \
	"      --origin NAME        who delivers: lower-case letters, digits, . _ -\n"             \
	"      --destination REGISTRY/PREFIX\n"                                                    \
	"                           the only place below which this may be pushed\n"               \
	"      --sequence N         its number, counted per origin and destination\n"              \
	"      --previous SEALID|LAYOUT\n"                                                         \
	"                           the last delivery; the sequence of a LAYOUT is\n"              \
	"                           counted on\n"                                                  \
	"      --not-after TIME     how long it may be pushed, RFC 3339 in UTC\n"

/**
 * delivery_options_apply(d, o, err): puts what is given in the place of what d has, checked, and
 * then looks whether all of it agrees: a sequence has an origin.
 *
 * 64 lower-case hex digits in previous are a seal id; anything else is the path of a layout, of
 * which SEAL, index.json and nothing else is read. That layout may be anybody's: both files are
 * bounded, index.json must be the one that SEAL lists, and its signatures are not checked, because
 * a wrong predecessor is only a delivery that the pusher refuses. Its origin and destination must
 * be those of d. Its sequence plus one becomes that of d, unless one is given, which must be
 * higher. ERR_USAGE, or what reading the layout gives. d may have changed after a failure.
 */
int delivery_options_apply(
    struct delivery *d, const struct delivery_options *o, struct error *err) MUST_CHECK;

#endif
