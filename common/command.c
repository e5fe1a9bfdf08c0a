#include "common/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/inspect.h"
#include "common/inspect_html.h"
#include "common/limits.h"
#include "common/printable.h"
#include "common/release_policy.h"

int command_usage(
    const struct command *self, const char *program, struct error *err, const char *format, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		mem_exhausted();
	return error_set(err, ERR_USAGE, "%s; see '%s %s --help'", text, program, self->name);
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* Is the word "-x", or a cluster of options without values that has x in it, as "-qv"? */
static bool has_short(const char *word, char short_option)
{
	return word[0] == '-' && word[1] != '\0' && word[1 + strspn(word + 1, "hqv")] == '\0' &&
	       strchr(word + 1, short_option) != NULL;
}

/* Does an option stand among the words, before "--"? For what must be known before they are parsed.
 */
static bool has_option(int argc, char **argv, const char *option, char short_option)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], option) == 0 ||
		    (short_option != '\0' && has_short(argv[i], short_option)))
			return true;
	}
	return false;
}

static void put_json(struct buf *b, json_t *object)
{
	auto_free char *text = json_dumps(object, JSON_COMPACT);

	if (text == NULL)
		mem_exhausted();
	buf_puts(b, text);
	buf_putc(b, '\n');
}

/* A string that came from anywhere as a JSON string: what is not UTF-8 is escaped first. */
static json_t *any_string(const char *text)
{
	json_t *plain = json_string(text);

	if (plain != NULL)
		return plain;
	auto_buf struct buf escaped = BUF_INIT(64 * KIB);
	printable_put(&escaped, text, strlen(text));
	return json_string(buf_text(&escaped));
}

static json_t *failure_json(const struct error *err, const struct command_result *result)
{
	const struct problems *problems = &result->problems;
	json_t *root = json_object();
	json_t *fault = json_object();
	json_t *list = json_array();

	(void)json_object_set_new(root, "version", json_integer(1));
	(void)json_object_set_new(root, "ok", json_false());
	(void)json_object_set_new(fault, "code", json_string(error_name(err->code)));
	(void)json_object_set_new(fault, "message", any_string(err->text));
	for (size_t i = 0; i < problems->count; i++) {
		json_t *item = json_object();

		(void)json_object_set_new(item, "path", any_string(problems->items[i].path));
		(void)json_object_set_new(
		    item, "problem", json_string(problem_text(problems->items[i].kind)));
		(void)json_array_append_new(list, item);
	}
	if (problems->count > 0)
		(void)json_object_set(fault, "problems", list);
	json_decref(list);
	(void)json_object_set_new(root, "error", fault);
	if (result->is_finding && result->json != NULL)
		(void)json_object_update(root, result->json);
	return root;
}

static void put_failure(const struct program *program, const struct error *err,
    const struct command_result *result, bool json, struct command_outcome *outcome)
{
	const struct problems *problems = &result->problems;
	struct buf *b = &outcome->err;

	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *p = &problems->items[i];

		buf_printf(b, "%s: ", program->name);
		printable_put(b, p->path, strlen(p->path));
		buf_printf(b, ": %s\n", problem_text(p->kind));
	}
	if (problems->total > problems->count)
		buf_printf(
		    b, "%s: and %zu more\n", program->name, problems->total - problems->count);
	buf_printf(b, "%s: ", program->name);
	printable_put(b, err->text, strlen(err->text));
	buf_putc(b, '\n');
	if (json) {
		json_auto_t *object = failure_json(err, result);
		put_json(&outcome->out, object);
	} else if (result->is_finding) {
		buf_put(&outcome->out, buf_text(&result->text), result->text.len);
	}
	outcome->exit_status = error_exit_status(err->code);
	outcome->interrupted = err->code == ERR_INTERRUPTED;
}

static void put_success(
    const struct command_result *result, bool json, bool quiet, struct command_outcome *outcome)
{
	if (json) {
		json_auto_t *root = json_object();

		(void)json_object_set_new(root, "version", json_integer(1));
		(void)json_object_set_new(root, "ok", json_true());
		if (result->json != NULL)
			(void)json_object_update(root, result->json);
		put_json(&outcome->out, root);
	} else if (!quiet) {
		buf_put(&outcome->out, buf_text(&result->text), result->text.len);
	}
}

static void run_one(const struct program *program, const struct command *command, int argc,
    char **argv, struct command_outcome *outcome)
{
	struct error err = ERROR_INIT;
	bool json = has_option(argc, argv, "--json", '\0');
	bool quiet = has_option(argc, argv, "--quiet", 'q');
	struct command_result result = {.text = BUF_INIT(64 * MIB),
	    .json = NULL,
	    .notes = BUF_INIT(1 * MIB),
	    .problems = PROBLEMS_INIT};

	int status = command->run(command, argc, argv, &result, &err);
	if (status == 0)
		status = buf_check(&result.text, "output", &err);
	if (!quiet)
		buf_put(&outcome->err, buf_text(&result.notes), result.notes.len);
	if (status == 0) {
		put_success(&result, json || result.as_json, quiet, outcome);
		/* Half a result is none. */
		status = buf_check(&outcome->out, "output", &err);
		if (status != 0)
			buf_release(&outcome->out);
	}
	if (status != 0)
		put_failure(program, &err, &result, json || result.as_json, outcome);
	buf_release(&result.text);
	buf_release(&result.notes);
	json_decref(result.json);
	problems_release(&result.problems);
}

static const struct command *find_command(const struct program *program, const char *word)
{
	const char *name = strcmp(word, "--version") == 0 ? "version" : word;

	for (size_t i = 0; i < program->command_count; i++) {
		if (strcmp(program->commands[i].name, name) == 0)
			return &program->commands[i];
	}
	return NULL;
}

/* The help of a command, or of the program without one; NULL for a command that there is not. */
static const char *find_help(const struct program *program, const char *topic)
{
	if (topic == NULL || topic[0] == '-' || is_help(topic))
		return program->help;
	const struct command *command = find_command(program, topic);
	return command != NULL ? command->help : NULL;
}

void command_run(
    const struct program *program, int argc, char **argv, struct command_outcome *outcome)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	const char *help = NULL;
	const struct command_result none = {.problems = PROBLEMS_INIT};
	struct error err = ERROR_INIT;

	if (word != NULL && is_help(word)) {
		help = find_help(program, argc > 2 ? argv[2] : NULL);
		word = help == NULL ? argv[2] : word;
	}
	const struct command *command = word != NULL ? find_command(program, word) : NULL;
	if (help != NULL) {
		buf_puts(&outcome->out, help);
	} else if (word == NULL) {
		(void)error_set(&err, ERR_USAGE, "no command; see '%s --help'", program->name);
		put_failure(program, &err, &none, false, outcome);
	} else if (command == NULL) {
		(void)error_set(
		    &err, ERR_USAGE, "unknown command '%s'; see '%s --help'", word, program->name);
		put_failure(program, &err, &none, has_option(argc, argv, "--json", '\0'), outcome);
	} else if (has_option(argc - 1, argv + 1, "--help", 'h')) {
		buf_puts(&outcome->out, command->help);
	} else {
		run_one(program, command, argc - 1, argv + 1, outcome);
	}
}

static void set_forms(json_t *artifacts, const unsigned *forms)
{
	for (size_t i = 0; i < json_array_size(artifacts); i++) {
		json_t *list = json_array();

		for (int form = 0; form < RELEASE_FORM_COUNT; form++) {
			if ((forms[i] & RELEASE_FORM_BIT(form)) != 0)
				(void)json_array_append_new(
				    list, json_string(release_form_name((enum release_form)form)));
		}
		(void)json_object_set_new(json_array_get(artifacts, i), "releaseSignatures", list);
	}
}

/* What was found of the sequence; nothing where there is none. */
static void put_sequence(struct buf *b, const struct verified_layout *v)
{
	const struct delivery *d = &verified_layout_graph(v)->index.delivery;
	const struct sequence_verdict *verdict = verified_layout_sequence(v);

	if (verdict->state == SEQUENCE_NOT_JUDGED)
		buf_printf(b, "sequence not judged: %s of %s, and no other is known here\n",
		    d->sequence, d->origin);
	if (verdict->state == SEQUENCE_JUDGED)
		buf_printf(b, "sequence %s of %s\n", d->sequence, d->origin);
	if (verdict->previous_differs)
		buf_puts(b, "warning: it does not follow the last delivery that was pushed\n");
}

json_t *command_verified_json(const struct verified_layout *v)
{
	struct inspect_seal seal = inspect_seal_of(v);
	json_t *root = inspect_json(verified_layout_graph(v), &seal);
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, verified_layout_seal_id(v));
	(void)json_object_set_new(root, "sealId", json_string(hex));
	digest_hex(hex, &verified_layout_trust(v)->id);
	(void)json_object_set_new(root, "trustId", json_string(hex));
	/* Where no key is pinned, nothing was judged, and nothing is said. */
	if (verified_layout_trust(v)->release.key_count > 0)
		set_forms(json_object_get(root, "artifacts"), verified_layout_release_forms(v));
	const struct sequence_verdict *verdict = verified_layout_sequence(v);
	if (verdict->state != SEQUENCE_NONE)
		(void)json_object_set_new(
		    root, "sequenceJudged", json_boolean(verdict->state == SEQUENCE_JUDGED));
	if (verdict->previous_differs)
		(void)json_object_set_new(root, "previousDiffers", json_true());
	return root;
}

void command_sealed_text(struct buf *b, const char *path, const struct verified_layout *v)
{
	size_t signer_count;
	const struct trust_signer *signers = verified_layout_signers(v, &signer_count);
	char hex[DIGEST_HEX_LEN + 1];

	buf_puts(b, "verified ");
	printable_put(b, path, strlen(path));
	digest_hex(hex, verified_layout_seal_id(v));
	buf_printf(b, "\nseal %s\n", hex);
	digest_hex(hex, &verified_layout_trust(v)->id);
	buf_printf(b, "trust %s\n", hex);
	for (size_t i = 0; i < signer_count; i++)
		buf_printf(b, "signed by %s %s\n", signers[i].principal, signers[i].fingerprint);
	const struct ignored_signer *ignored = verified_layout_ignored(v, &signer_count);
	for (size_t i = 0; i < signer_count; i++) {
		buf_printf(b, "not counted %s %s: ", ignored[i].signer.principal,
		    ignored[i].signer.fingerprint);
		ignored_signer_text(b, &ignored[i]);
		buf_putc(b, '\n');
	}
	put_sequence(b, v);
}

void command_verified_text(struct buf *b, const char *path, const struct verified_layout *v)
{
	const struct graph *graph = verified_layout_graph(v);

	const unsigned *forms = verified_layout_release_forms(v);

	command_sealed_text(b, path, v);
	for (size_t i = 0; i < graph->name_count; i++) {
		char digest[DIGEST_TEXT_LEN + 1];

		digest_text(digest, &graph->nodes[graph->names[i].node].descriptor.digest);
		buf_printf(b, "%s:%s %s", graph->names[i].repository, graph->names[i].tag, digest);
		for (int form = 0; form < RELEASE_FORM_COUNT; form++) {
			if ((forms[i] & RELEASE_FORM_BIT(form)) != 0)
				buf_printf(b, " %s", release_form_name((enum release_form)form));
		}
		buf_putc(b, '\n');
	}
}

void command_list(struct command_result *out, const struct graph *graph,
    const struct inspect_seal *seal, enum inspect_format format,
    const struct common_options *common)
{
	out->as_json = format == INSPECT_JSON;
	if (out->as_json || common->json) {
		out->json = inspect_json(graph, seal);
	} else if (format == INSPECT_HTML) {
		json_auto_t *list = inspect_json(graph, seal);
		inspect_html(&out->text, list);
	} else {
		inspect_text(&out->text, graph, seal);
	}
}
