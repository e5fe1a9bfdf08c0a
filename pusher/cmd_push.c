#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/interrupt.h"
#include "common/printable.h"
#include "pusher/admission.h"
#include "pusher/commands.h"
#include "pusher/connection_environment.h"
#include "pusher/connection_options.h"
#include "pusher/credential_sources.h"
#include "pusher/realm.h"
#include "pusher/receipt.h"
#include "pusher/trust_environment.h"

#define JOBS 4
#define RETRIES 4

static const char help[] =
    "usage: pusher push LAYOUT oci://REGISTRY/PREFIX --trust DIR [OPTION]...\n"
    "\n"
    "Check a layout, then put what it holds into a registry: each artifact under the\n"
    "signed repository and tag, below PREFIX. Pushing again finishes the work.\n"
    "\n"
    "      --trust DIR          whose seals count, and for where (required)\n"
    "      --trust-id HEX       its trust id must be this one\n"
    "      --state DIR          refuse what is older than the last push\n"
    "      --record             likewise, by a record that is kept in the registry\n"
    "      --first-use          nothing was pushed before, and DIR may be made\n"
    "      --on-existing WHAT   a tag that holds something else: fail (unless told),\n"
    "                           skip or overwrite\n"
    "      --map NAME=NAME      push REPOSITORY[:TAG] as another one, where the\n"
    "                           policy allows it; may be repeated\n"
    "  -n, --dry-run            ask the registry what is there, and write nothing\n"
    "      --receipt FILE       write a JSON receipt once everything is in place\n"
    "      --single-pass        hash large blobs only while they are sent; still no\n"
    "                           manifest and no tag before every blob has matched\n"
    "  -j, --jobs N             send N large blobs at a time (4), and four times that\n"
    "                           of small requests; 1: one request at a time\n"
    "      --retries N          try again N times what may pass (4)\n"
    "      --deadline TIME      give up after TIME, such as 90s, 15m or 2h\n"
    "      --chunk-size BYTES   send larger blobs in pieces (512K, 64M); unless told,\n"
    "                           only where the registry takes no others\n"
    "      --upload-host HOST   blobs may be sent to HOST[:PORT] too, where no\n"
    "                           credentials go; may be repeated\n" CONNECTION_OPTION_HELP
    "  -u, --username NAME      log in as NAME, with a password from standard input\n"
    "      --password-stdin     required with --username\n"
    "      --registry-config F  credentials from F alone; unless told, from where\n"
    "                           docker, podman and helm keep them\n"
    "      --credential-helpers ask the credential helpers that such a file names\n"
    "      --auth-host HOST     the token server may be at HOST[:PORT], which then\n"
    "                           sees the credentials; may be repeated\n"
    "      --json               the result, also of a failure, as one JSON object\n"
    "  -q, --quiet              nothing but errors\n"
    "  -v, --verbose            a line for each request; the whole plan of a dry run\n"
    "  -h, --help               this text\n";

struct push_options {
	struct common_options common;
	struct trust_options trust;
	const char *state;
	bool record;
	bool first_use;
	const char *on_existing;
	const char *receipt;
	const char *jobs_text;
	const char *retries_text;
	const char *deadline_text;
	const char *chunk_size_text;
	struct option_list upload_hosts;
	struct option_list maps;
	struct connection_options connection;
	struct credential_options credential;
	struct option_list auth_hosts;
	bool dry_run;
	bool single_pass;
	const char *layout;
	const char *destination;
	/* What the texts say. */
	enum push_existing existing;
	unsigned jobs;
	unsigned retries;
	int64_t deadline_ms; /* from the start; 0: none */
	uint64_t chunk_bytes;
};

/* ---- the command line ---- */

static int parse_existing(
    enum push_existing *out, const char *text, const struct command *self, struct error *err)
{
	static const char *const words[] = {
	    [PUSH_EXISTING_FAIL] = "fail",
	    [PUSH_EXISTING_SKIP] = "skip",
	    [PUSH_EXISTING_OVERWRITE] = "overwrite",
	};

	*out = PUSH_EXISTING_FAIL;
	if (text == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = (enum push_existing)i;
			return 0;
		}
	}
	return command_usage(
	    self, "pusher", err, "--on-existing is fail, skip or overwrite, not '%s'", text);
}

static int parse_numbers(struct push_options *o, const struct command *self, struct error *err)
{
	o->jobs = JOBS;
	o->retries = RETRIES;
	if (connection_options_number(&o->jobs, o->jobs_text, LIMIT_JOBS_MAX, "jobs", self, err) !=
		0 ||
	    connection_options_number(
		&o->retries, o->retries_text, LIMIT_RETRIES_MAX, "retries", self, err) != 0 ||
	    connection_options_duration(&o->deadline_ms, o->deadline_text, "deadline", self, err) !=
		0 ||
	    connection_options_bytes(
		&o->chunk_bytes, o->chunk_size_text, "chunk-size", self, err) != 0)
		return -1;
	if (o->jobs == 0)
		return command_usage(self, "pusher", err, "--jobs is at least 1");
	return 0;
}

static int check_options(struct push_options *o, const struct command *self, struct error *err)
{
	if (trust_environment_check(&o->trust, self, err) != 0 ||
	    connection_options_check(&o->connection, self, err) != 0 ||
	    parse_numbers(o, self, err) != 0 ||
	    realm_check_hosts(&o->upload_hosts, "--upload-host", err) != 0)
		return -1;
	if ((o->credential.username != NULL) != o->credential.password_stdin)
		return command_usage(
		    self, "pusher", err, "--username and --password-stdin go together");
	return parse_existing(&o->existing, o->on_existing, self, err);
}

static int parse_options(
    struct push_options *o, const struct command *self, int argc, char **argv, struct error *err)
{
	const struct option_spec specs[] = {
	    TRUST_OPTION_SPECS(&o->trust),
	    {.name = "state", .value = &o->state},
	    {.name = "record", .flag = &o->record},
	    {.name = "first-use", .flag = &o->first_use},
	    {.name = "on-existing", .value = &o->on_existing},
	    {.name = "dry-run", .short_name = 'n', .flag = &o->dry_run},
	    {.name = "single-pass", .flag = &o->single_pass},
	    {.name = "receipt", .value = &o->receipt},
	    {.name = "jobs", .short_name = 'j', .value = &o->jobs_text},
	    {.name = "retries", .value = &o->retries_text},
	    {.name = "deadline", .value = &o->deadline_text},
	    {.name = "chunk-size", .value = &o->chunk_size_text},
	    {.name = "map", .list = &o->maps},
	    {.name = "upload-host", .list = &o->upload_hosts},
	    CONNECTION_OPTION_SPECS(&o->connection),
	    CREDENTIAL_OPTION_SPECS(&o->credential),
	    {.name = "auth-host", .list = &o->auth_hosts},
	    COMMON_OPTION_SPECS(&o->common),
	};
	int at;

	if (options_parse(
		specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "pusher push", &at, err) != 0)
		return -1;
	if (argc - at != 2)
		return command_usage(
		    self, "pusher", err, "a layout and a destination are expected");
	o->layout = argv[at];
	o->destination = argv[at + 1];
	return check_options(o, self, err);
}

/* ---- the work ---- */

/* All that a push holds while it runs. */
struct work {
	const struct push_options *options; /* borrowed, as the next two */
	const struct environment *environment;
	struct buf *notes; /* for --verbose */
	struct target target;
	struct admission admission;
	struct name_map map;
	struct plan plan;
	struct credentials credentials;
	struct receipt_file receipt_file;
	int interrupt_fd;
	struct connection connection;
	struct http_transport *transport;
	struct auth *auth;
	struct progress progress;
	struct session session;
	struct registry registry;
	struct record record;
	struct push push;
	int64_t start; /* seconds since 1970 */
};

#define WORK_INIT                                                                                  \
	{                                                                                          \
		.target = TARGET_INIT, .admission = ADMISSION_INIT, .map = NAME_MAP_INIT,          \
		.plan = PLAN_INIT, .credentials = CREDENTIALS_INIT,                                \
		.receipt_file = RECEIPT_FILE_INIT, .interrupt_fd = -1,                             \
		.connection = CONNECTION_INIT, .transport = NULL, .auth = NULL,                    \
		.record = RECORD_INIT, .push = PUSH_INIT                                           \
	}

static void work_release(struct work *s)
{
	progress_end(&s->progress);
	push_release(&s->push);
	record_release(&s->record);
	auth_free(s->auth);
	http_transport_free(s->transport);
	connection_release(&s->connection);
	receipt_file_close(&s->receipt_file);
	cleanup_fd(&s->interrupt_fd);
	credentials_release(&s->credentials);
	plan_release(&s->plan);
	name_map_release(&s->map);
	admission_release(&s->admission);
	target_release(&s->target);
}

/* The signed names are none such. */
static int refuse_record_names(const struct plan_repository *r, struct error *err)
{
	for (size_t i = 0; i < r->name_count; i++) {
		const char *tag = r->names[i].tag;

		if (tag != NULL && reference_is_record(r->name, tag))
			return error_set(err, ERR_USAGE,
			    "'%s:%s' is where a delivery record is kept", r->name, tag);
	}
	return 0;
}

static int make_plan(struct work *s, struct error *err)
{
	const struct verified_layout *layout = s->admission.layout;

	if (s->map.count > 0 && !verified_layout_trust(layout)->allow_map)
		return error_set(err, ERR_POLICY,
		    "--map: the policy does not allow other names than the signed ones "
		    "(allowMap)");
	if (plan_make(&s->plan, layout, s->target.destination.prefix, &s->map, err) != 0)
		return -1;
	/* The layout was let in under its signed names. */
	for (size_t i = 0; i < s->plan.repository_count && s->map.count > 0; i++) {
		const char *path = s->plan.repositories[i].name;

		if (admission_judge_repository(&s->admission, &s->target, path, err) != 0 ||
		    refuse_record_names(&s->plan.repositories[i], err) != 0)
			return error_prefix(err, "--map");
	}
	return 0;
}

static bool draws_bar(const struct work *s)
{
	const char *term = environment_get(s->environment, ENVIRONMENT_TERM);

	return isatty(STDERR_FILENO) != 0 && !s->options->common.quiet &&
	       !s->options->common.verbose && term != NULL && strcmp(term, "dumb") != 0 &&
	       environment_get(s->environment, ENVIRONMENT_NO_COLOR) == NULL;
}

static void begin_session(struct work *s)
{
	const struct push_options *o = s->options;
	int64_t now_ms = s->transport->now_ms(s->transport);

	s->session = (struct session){.transport = s->transport,
	    .auth = s->auth,
	    .progress = &s->progress,
	    .budget = {.retries = o->retries,
		.deadline_ms = o->deadline_ms == 0 ? HTTP_FOREVER : now_ms + o->deadline_ms},
	    .jobs = o->jobs};
	s->registry = (struct registry){.session = &s->session,
	    .target = &s->target,
	    .upload_hosts = &o->upload_hosts,
	    .chunk_bytes = o->chunk_bytes};
}

/* The password is asked for last, so that it is in memory while it is needed and no longer. */
static int begin(struct work *s, struct error *err)
{
	const struct push_options *o = s->options;
	const struct auth_options auth = {
	    .target = &s->target, .credentials = &s->credentials, .auth_hosts = &o->auth_hosts};

	if (s->transport != NULL)
		return 0;
	if (credential_sources_load(
		&s->credentials, &o->credential, s->environment, &s->target, s->notes, err) != 0)
		return -1;
	interrupt_hold();
	s->interrupt_fd = interrupt_fd(err);
	if (s->interrupt_fd < 0)
		return -1;
	if (connection_open(
		&s->connection, &o->connection, s->environment, &s->target, s->notes, err) != 0)
		return -1;
	s->connection.http.interrupt_fd = s->interrupt_fd;
	if (o->receipt != NULL && !o->dry_run &&
	    receipt_file_open(&s->receipt_file, o->receipt, err) != 0)
		return -1;
	s->auth = auth_new(&auth, err);
	if (s->auth == NULL)
		return -1;
	s->progress = (struct progress){.is_quiet = o->common.quiet,
	    .is_verbose = o->common.verbose,
	    .is_terminal = draws_bar(s)};
	s->transport = http_curl_new(&s->connection.http, err);
	if (s->transport == NULL)
		return -1;
	begin_session(s);
	return 0;
}

/* Asked for once everything else about the delivery was found good. */
static int find_record(
    void *context, const char *origin, struct sequence_mark *out, struct error *err)
{
	struct work *s = context;

	if (begin(s, err) != 0 ||
	    record_find(&s->record, &s->registry, s->admission.trust, origin, err) != 0)
		return -1;
	*out = s->record.mark;
	return 0;
}

/* Everything that can be refused without a socket, but for --record. */
static int prepare(struct work *s, struct problems *problems, struct error *err)
{
	const struct push_options *o = s->options;
	const struct mark_source record = {.find = find_record, .context = s};

	if (target_parse(&s->target, o->destination, o->connection.plain_http, err) != 0)
		return -1;
	if (o->credential.username != NULL && credentials_check_target(&s->target, err) != 0)
		return -1;
	if (name_map_parse(&s->map, &o->maps, err) != 0)
		return -1;
	const struct admission_request request = {.layout = o->layout,
	    .trust = &o->trust,
	    .target = &s->target,
	    .state = o->state,
	    .record = o->record ? &record : NULL,
	    .first_use = o->first_use,
	    .is_push = !o->dry_run,
	    .needs_mark = true,
	    .owe_large = o->single_pass};
	if (admission_open(&s->admission, &request, problems, err) != 0)
		return -1;
	/* It was of this call. */
	s->admission.record = NULL;
	if (o->record &&
	    verified_layout_graph(s->admission.layout)->index.delivery.sequence == NULL)
		return error_set(err, ERR_POLICY,
		    "--record: the delivery has no sequence, so nothing can be recorded of it: "
		    "give it one (builder's --origin and --sequence), or push it without --record");
	return make_plan(s, err);
}

/* From now on nothing older is taken, and this one still is. */
static int accept_delivery(struct work *s, struct error *err)
{
	if (admission_advance(&s->admission, err) != 0)
		return -1;
	if (!s->options->record)
		return 0;
	return record_write(&s->record, &s->registry, s->admission.layout, err);
}

static int push(struct work *s, struct error *err)
{
	const struct push_options *o = s->options;
	struct registry *registry = &s->registry;

	registry->layout = verified_layout_files(s->admission.layout);
	if (push_decide(&s->push, &s->plan, registry, o->existing, err) != 0)
		return -1;
	/* What is all there already was accepted all the same. */
	if (o->dry_run || push_is_done(&s->push)) {
		if (push_settle(&s->push, s->admission.layout, err) != 0)
			return -1;
		return o->dry_run ? 0 : accept_delivery(s, err);
	}
	if (push_blobs(&s->push, registry, err) != 0 ||
	    push_settle(&s->push, s->admission.layout, err) != 0 ||
	    push_prepare(&s->push, registry, err) != 0 || accept_delivery(s, err) != 0)
		return -1;
	if (push_tags(&s->push, registry, err) != 0 || push_keep(&s->push, registry, err) != 0)
		return -1;
	return o->record ? record_keep(&s->record, registry, s->admission.layout, err) : 0;
}

/* ---- what came of it ---- */

static void put_names(const struct work *s, struct buf *b)
{
	char digest[DIGEST_TEXT_LEN + 1];

	for (size_t i = 0; i < s->push.name_count; i++) {
		const struct push_name *n = &s->push.names[i];
		digest_text(digest, &n->name->digest);
		if (n->name->tag == NULL)
			continue;
		buf_printf(b, "%s %s/%s:%s %s\n", receipt_result(&s->push, n, s->options->dry_run),
		    s->target.label, n->repository->name, n->name->tag, digest);
	}
}

/* What was brought, and will hardly be found. */
static void warn_of_unlisted(const struct work *s, struct buf *b)
{
	size_t count = 0;

	for (size_t i = 0; i < s->push.repository_count; i++) {
		const struct push_repository *r = &s->push.repositories[i];
		for (size_t k = 0; k < r->plan->subject_count; k++)
			count += r->subjects[k].referrers == PUSH_STATE_UNLISTED;
	}
	if (count > 0)
		buf_printf(b,
		    "pusher: %s keeps no lists of referrers, neither by an API nor by tags "
		    "sha256-<hex>: the referrers of %zu artifact%s are there by their digests, and "
		    "in no list, so that signatures in bundles are not found\n",
		    s->target.label, count, count == 1 ? "" : "s");
}

static int report(struct work *s, struct command_result *out, struct error *err)
{
	const struct push_options *o = s->options;
	const struct receipt receipt = {.layout = s->admission.layout,
	    .target = &s->target,
	    .push = &s->push,
	    .record = &s->record,
	    .is_dry_run = o->dry_run,
	    .start = s->start,
	    .end = (int64_t)time(NULL)};

	out->json = receipt_json(&receipt);
	if (s->receipt_file.temporary != NULL &&
	    receipt_file_commit(&s->receipt_file, out->json, err) != 0)
		return error_prefix(err, "everything was pushed, but not written down");
	command_sealed_text(&out->text, o->layout, s->admission.layout);
	if (o->dry_run && o->common.verbose)
		plan_text(&out->text, &s->plan);
	put_names(s, &out->text);
	warn_of_unlisted(s, &out->notes);
	return 0;
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct push_options options = {.trust = TRUST_OPTIONS_INIT};
	__attribute__((cleanup(work_release))) struct work s = WORK_INIT;
	auto_buf struct buf unsaid = BUF_INIT(1 * MIB);

	s.options = &options;
	s.environment = self->environment;
	s.start = (int64_t)time(NULL);
	if (parse_options(&options, self, argc, argv, err) != 0)
		return -1;
	s.notes = options.common.verbose ? &out->notes : &unsaid;
	if (prepare(&s, &out->problems, err) != 0 || begin(&s, err) != 0)
		return -1;
	if (push(&s, err) != 0)
		return -1;
	return report(&s, out, err);
}

const struct command command_push = {.name = "push", .help = help, .run = run};
