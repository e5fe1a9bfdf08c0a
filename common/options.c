#include "common/options.h"

#include <getopt.h>
#include <string.h>

/* getopt_long() returns this plus the position in the table, for long and short forms alike. */
#define LONG_BASE 0x1000

static bool takes_argument(const struct option_spec *spec)
{
	return spec->value != NULL || spec->list != NULL;
}

static const struct option_spec *find_spec(const struct option_spec *specs, size_t count, int got)
{
	if (got >= LONG_BASE && (size_t)(got - LONG_BASE) < count)
		return &specs[got - LONG_BASE];
	for (size_t i = 0; i < count; i++) {
		if (specs[i].short_name != 0 && specs[i].short_name == got)
			return &specs[i];
	}
	return NULL;
}

static int store(
    const struct option_spec *spec, const char *argument, const char *command, struct error *err)
{
	bool repeated =
	    (spec->flag != NULL && *spec->flag) || (spec->value != NULL && *spec->value != NULL);

	if (repeated)
		return error_set(err, ERR_USAGE, "option '--%s' is given twice; see '%s --help'",
		    spec->name, command);
	if (spec->list != NULL && spec->list->count == LIMIT_OPTION_REPEATS_MAX)
		return error_set(err, ERR_USAGE,
		    "option '--%s' is given more than %u times; see '%s --help'", spec->name,
		    LIMIT_OPTION_REPEATS_MAX, command);
	if (spec->list != NULL)
		spec->list->items[spec->list->count++] = argument;
	if (spec->flag != NULL)
		*spec->flag = true;
	if (spec->value != NULL)
		*spec->value = argument;
	return 0;
}

/*
 * getopt's short string: the names, a colon behind those with a value. The dash in front makes it
 * hand over operands where they stand; without it, POSIXLY_CORRECT would decide about them.
 */
static char *short_string(const struct option_spec *specs, size_t count)
{
	char *text = mem_alloc(2 * count + 3);
	size_t len = 0;

	text[len++] = '-';
	text[len++] = ':';
	for (size_t i = 0; i < count; i++) {
		if (specs[i].short_name == 0)
			continue;
		text[len++] = specs[i].short_name;
		if (takes_argument(&specs[i]))
			text[len++] = ':';
	}
	text[len] = '\0';
	return text;
}

/* What getopt_long() found wrong; it tells only by optopt. */
static const char *fault_of(int got)
{
	if (got == ':')
		return "needs a value";
	return optopt >= LONG_BASE ? "takes no value" : "is unknown";
}

/* getopt takes abbreviations; the next option that is added could change what one means. */
static int refuse_abbreviation(
    const struct option_spec *spec, char **argv, const char *command, struct error *err)
{
	bool is_apart = takes_argument(spec) && optarg == argv[optind - 1];
	const char *word = argv[optind - (is_apart ? 2 : 1)];
	size_t len = strcspn(word, "=");

	if (len == strlen(spec->name) + 2 && memcmp(word + 2, spec->name, len - 2) == 0)
		return 0;
	return error_set(err, ERR_USAGE, "option '%s' is unknown, meant is '--%s'; see '%s --help'",
	    word, spec->name, command);
}

static int refuse(int got, char **argv, const char *command, struct error *err)
{
	/* Negative: a byte outside ASCII, sign-extended. */
	if (optopt != 0 && optopt < LONG_BASE)
		return error_set(err, ERR_USAGE, "option '-%c' %s; see '%s --help'", optopt,
		    got == ':' ? fault_of(got) : "is unknown", command);
	return error_set(err, ERR_USAGE, "option '%s' %s; see '%s --help'", argv[optind - 1],
	    fault_of(got), command);
}

int options_parse(const struct option_spec *specs, size_t count, int argc, char **argv,
    const char *command, int *out_operands, struct error *err)
{
	auto_free struct option *longs = mem_zalloc(count + 1, sizeof(*longs));
	auto_free char *shorts = short_string(specs, count);
	int operands = 0; /* kept from argv[1] on, where getopt has been already */
	int got;

	for (size_t i = 0; i < count; i++) {
		longs[i].name = specs[i].name;
		longs[i].has_arg = takes_argument(&specs[i]) ? required_argument : no_argument;
		longs[i].val = LONG_BASE + (int)i;
	}
	optind = 0; /* glibc: start anew */
	opterr = 0;
	while ((got = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (got == 1) {
			argv[++operands] = optarg;
			continue;
		}
		const struct option_spec *spec = find_spec(specs, count, got);
		if (spec == NULL)
			return refuse(got, argv, command, err);
		if (got >= LONG_BASE && refuse_abbreviation(spec, argv, command, err) != 0)
			return -1;
		if (store(spec, optarg, command, err) != 0)
			return -1;
	}
	*out_operands = optind - operands;
	memmove(&argv[*out_operands], &argv[1], (size_t)operands * sizeof(*argv));
	return 0;
}
