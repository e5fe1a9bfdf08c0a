#include <string.h>

#include "builder/chart.h"
#include "builder/chart_queue.h"
#include "builder/commands.h"
#include "builder/delivery_options.h"
#include "builder/delivery_writer.h"
#include "builder/helm_manifest.h"
#include "builder/layout_writer.h"
#include "builder/seal_signature.h"
#include "builder/source_date_epoch.h"
#include "common/interrupt.h"
#include "common/limits.h"
#include "common/media_type.h"
#include "common/printable.h"
#include "common/reference.h"
#include "common/timestamp.h"
#include "common/verified_layout.h"

static const char help[] =
    "usage: builder build CHART... --output LAYOUT --keys DIR [OPTION]...\n"
    "\n"
    "Turns charts into one signed OCI image layout. A CHART is a chart directory or\n"
    "a .tgz, whose .tgz.prov is carried where there is one. LAYOUT appears whole or\n"
    "not at all. Reads no clock and no network: the same input gives the same bytes.\n"
    "\n"
    "  -o, --output LAYOUT      the directory to make; must not exist\n"
    "      --keys DIR           where seal.key is, as made by builder keygen; each\n"
    "                           release*.key there signs the charts for clusters\n"
    "      --version V          the chart's version (directories only)\n"
    "      --app-version V      its appVersion (directories only)\n"
    "      --dependency-update  fill what charts/ lacks and write Chart.lock, in the\n"
    "                           package only: from file:// paths and dependency dirs\n"
    "      --dependency-dir DIR where chart archives and directories are looked for\n"
    "                           in the place of repositories; may be repeated\n"
    "      --created TIME       org.opencontainers.image.created of every manifest,\n"
    "                           RFC 3339; else SOURCE_DATE_EPOCH, else "
    "absent\n" DELIVERY_OPTIONS_HELP
    "      --ssh-key FILE       ssh-keygen seals with this key, public or private, in\n"
    "                           the place of DIR/seal.key: agents, FIDO tokens\n"
    "      --passphrase-file F  the passphrase of seal.key; - for stdin\n"
    "      --force              replace LAYOUT, in one step, if it is a layout\n"
    "      --json               the result, or the error, as JSON on stdout\n"
    "  -q, --quiet              print errors only\n"
    "  -v, --verbose            accepted; build has nothing more to say\n"
    "\n"
    "Prints NAME VERSION DIGEST for each chart, then the seal id and the path.\n";

struct build_options {
	const char *output;
	const char *version;
	const char *app_version;
	const char *created;
	struct delivery_options delivery;
	struct seal_signer signer; /* its keys are --keys */
	const char *passphrase_file;
	bool dependency_update;
	struct option_list dependency_dirs;
	const struct chart_pool *pool; /* what is in these; NULL without --dependency-update */
	bool force;
	struct common_options common;
};

#define WARNINGS_MAX 10U /* of one chart; lint tells all */

static int parse_options(struct build_options *o, const struct command *self, int argc, char **argv,
    int *out_operands, struct error *err)
{
	const struct option_spec specs[] = {
	    {.name = "output", .short_name = 'o', .value = &o->output},
	    {.name = "keys", .value = &o->signer.keys},
	    {.name = "version", .value = &o->version},
	    {.name = "app-version", .value = &o->app_version},
	    {.name = "dependency-update", .flag = &o->dependency_update},
	    {.name = "dependency-dir", .list = &o->dependency_dirs},
	    {.name = "created", .value = &o->created},
	    DELIVERY_OPTION_SPECS(&o->delivery),
	    {.name = "ssh-key", .value = &o->signer.ssh_key},
	    {.name = "passphrase-file", .value = &o->passphrase_file},
	    {.name = "force", .flag = &o->force},
	    COMMON_OPTION_SPECS(&o->common),
	};

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "builder build",
		out_operands, err) != 0)
		return -1;
	if (*out_operands == argc)
		return command_usage(self, "builder", err, "no CHART is given");
	if ((unsigned)(argc - *out_operands) > LIMIT_CHARTS_MAX)
		return command_usage(self, "builder", err, "more than %u charts", LIMIT_CHARTS_MAX);
	if (o->output == NULL || (o->signer.keys == NULL && o->signer.ssh_key == NULL))
		return command_usage(self, "builder", err, "%s is missing",
		    o->output == NULL ? "--output LAYOUT" : "--keys DIR");
	if (o->dependency_dirs.count != 0 && !o->dependency_update)
		return command_usage(
		    self, "builder", err, "--dependency-dir is given without --dependency-update");
	return 0;
}

/* What the options and the environment say, before anything is read. */
static int set_delivery(struct delivery_writer *d, const struct build_options *o,
    const struct source_date_epoch *epoch, struct error *err)
{
	int64_t ignored;

	if (o->created != NULL && timestamp_parse(&ignored, o->created, err) != 0) {
		(void)error_recode(err, ERR_USAGE);
		return error_prefix(err, "--created");
	}
	if (epoch->is_set)
		d->index.delivery.created = mem_strdup(epoch->text);
	return delivery_options_apply(&d->index.delivery, &o->delivery, err);
}

/* Of manifests; NULL for none. */
static const char *created_of(const struct build_options *o, const struct source_date_epoch *epoch)
{
	if (o->created != NULL)
		return o->created;
	return epoch->is_set ? epoch->text : NULL;
}

static void report_chart(struct command_result *out, json_t *charts, const struct chart *chart,
    const struct helm_manifest *m)
{
	/* A SemVer string: printable ASCII. So is the repository. */
	const char *version = text_string(&chart->metadata.version);
	char digest[DIGEST_TEXT_LEN + 1];
	json_t *item = json_object();

	digest_text(digest, &m->manifest_digest);
	buf_printf(&out->text, "%s %s %s\n", m->repository, version, digest);
	(void)json_object_set_new(item, "name", json_string(m->repository));
	(void)json_object_set_new(item, "version", json_string(version));
	(void)json_object_set_new(item, "tag", json_string(m->tag));
	(void)json_object_set_new(item, "digest", json_string(digest));
	(void)json_array_append_new(charts, item);
}

/* What Helm takes otherwise than a reader would; it stays as it is, and lint finds it too. */
static void note_warnings(struct command_result *out, const char *path, const struct chart *chart)
{
	for (size_t i = 0; i < chart->warnings.count && i < WARNINGS_MAX; i++) {
		const struct lint_finding *f = &chart->warnings.items[i];
		buf_puts(&out->notes, "builder: warning: chart '");
		printable_put(&out->notes, path, strlen(path));
		buf_printf(&out->notes, "': %s: line %zu: ", f->path, f->line);
		printable_put(&out->notes, f->message, strlen(f->message));
		buf_putc(&out->notes, '\n');
	}
}

static int check_dependency(const void *context, const char *path, struct error *err)
{
	return layout_writer_check_outside(context, path, err);
}

static int add_chart(struct delivery_writer *d, struct layout_writer *w, const char *path,
    const struct chart *chart, const char *created, struct command_result *out, struct error *err)
{
	auto_helm_manifest struct helm_manifest manifest;

	helm_manifest_init(&manifest);
	if (helm_manifest_make(&manifest, chart, created, err) != 0 ||
	    delivery_writer_chart(d, w, chart, &manifest, err) != 0)
		return error_prefix(err, "chart '%s'", path);
	report_chart(out, json_object_get(out->json, "charts"), chart, &manifest);
	note_warnings(out, path, chart);
	return 0;
}

static int add_charts(struct delivery_writer *d, struct layout_writer *w, char **paths,
    size_t count, const struct build_options *o, const struct source_date_epoch *epoch,
    struct command_result *out, struct error *err)
{
	const struct chart_packing packing = {.version = o->version,
	    .app_version = o->app_version,
	    .mtime = epoch->seconds,
	    .dependencies = o->pool,
	    .check = {.judge = check_dependency, .context = w}};
	auto_chart_queue struct chart_queue *queue = chart_queue_new(paths, count, &packing);

	for (size_t i = 0; i < count; i++) {
		auto_chart struct chart chart;

		chart_init(&chart);
		if (interrupt_check(err) != 0 || chart_queue_next(queue, &chart, err) != 0 ||
		    add_chart(d, w, paths[i], &chart, created_of(o, epoch), out, err) != 0)
			return -1;
	}
	return 0;
}

/* Our own output through the pusher's check, trusting exactly the key that sealed it. */
static int verify_own_work(const struct layout_writer *w, const struct ssh_public_key *key,
    const struct release_keys *release, struct command_result *out, struct error *err)
{
	auto_trust struct trust *trust = trust_of_key(key, "builder");
	const struct judgement judgement = {.trust = trust, .now = TIME_NOT_JUDGED, .target = NULL};
	auto_verified_layout struct verified_layout *v =
	    verified_layout_open(layout_writer_staging(w), &judgement, &out->problems, err);

	if (v == NULL || release_keys_judge(release, v, err) != 0)
		return error_prefix(err, "the check of the new layout failed");
	return 0;
}

static int sign_and_publish(struct delivery_writer *d, struct layout_writer *w,
    const struct build_options *o, struct command_result *out, struct error *err)
{
	auto_passphrase_source struct passphrase_source passphrase =
	    PASSPHRASE_SOURCE_INIT(o->passphrase_file);
	auto_seal_signature struct seal_signature signature = SEAL_SIGNATURE_INIT;
	auto_release_keys struct release_keys keys = RELEASE_KEYS_INIT;
	auto_buf struct buf seal = BUF_INIT(LIMIT_SEAL_BYTES_MAX);

	if (o->signer.keys != NULL &&
	    release_keys_load(&keys, o->signer.keys, &passphrase, err) != 0)
		return -1;
	if (delivery_writer_sign(d, w, &keys, err) != 0 ||
	    delivery_writer_seal(d, w, &seal, err) != 0 ||
	    seal_signature_make(&signature, &o->signer, &passphrase, &seal, err) != 0 ||
	    release_keys_refuse(&keys, &signature.key, err) != 0)
		return -1;
	passphrase_source_note(&passphrase, &out->notes);
	if (layout_writer_file(
		w, signature.name, signature.armored.data, signature.armored.len, err) != 0 ||
	    verify_own_work(w, &signature.key, &keys, out, err) != 0)
		return -1;
	return layout_writer_publish(w, err);
}

static int write_layout(const struct build_options *o, const struct source_date_epoch *epoch,
    struct delivery_writer *d, char **charts, int chart_count, struct command_result *out,
    struct error *err)
{
	auto_layout_writer struct layout_writer *w = layout_writer_new(o->output, o->force, err);

	out->json = json_object();
	(void)json_object_set_new(out->json, "charts", json_array());
	if (w == NULL)
		return -1;
	for (int i = 0; i < chart_count; i++) {
		if (layout_writer_check_outside(w, charts[i], err) != 0)
			return -1;
	}
	for (size_t i = 0; o->pool != NULL && i < o->pool->count; i++) {
		if (layout_writer_check_outside(w, o->pool->items[i].path, err) != 0)
			return -1;
	}
	if (add_charts(d, w, charts, (size_t)chart_count, o, epoch, out, err) != 0)
		return -1;
	return sign_and_publish(d, w, o, out, err);
}

/* What cannot be used is told of; that it is needed is an error of the chart that needs it. */
static int read_pool(
    struct chart_pool *pool, struct build_options *o, struct command_result *out, struct error *err)
{
	if (!o->dependency_update)
		return 0;
	o->pool = pool;
	if (chart_pool_read(pool, o->dependency_dirs.items, o->dependency_dirs.count, err) != 0)
		return -1;
	for (size_t i = 0; i < pool->count; i++) {
		const struct pool_chart *c = &pool->items[i];
		if (c->fault == NULL)
			continue;
		buf_puts(&out->notes, "builder: passed over: ");
		printable_put(&out->notes, c->path, strlen(c->path));
		buf_puts(&out->notes, ": ");
		printable_put(&out->notes, c->fault, strlen(c->fault));
		buf_putc(&out->notes, '\n');
	}
	return 0;
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	auto_delivery_writer struct delivery_writer delivery = DELIVERY_WRITER_INIT;
	auto_chart_pool struct chart_pool pool = CHART_POOL_INIT;
	struct build_options o = {0};
	struct source_date_epoch epoch;
	char hex[DIGEST_HEX_LEN + 1];
	int first;

	interrupt_hold();
	if (parse_options(&o, self, argc, argv, &first, err) != 0 ||
	    source_date_epoch_read(&epoch, err) != 0 ||
	    set_delivery(&delivery, &o, &epoch, err) != 0 || read_pool(&pool, &o, out, err) != 0 ||
	    write_layout(&o, &epoch, &delivery, argv + first, argc - first, out, err) != 0)
		return -1;
	digest_hex(hex, &delivery.seal_id);
	buf_printf(&out->text, "seal %s ", hex);
	printable_put(&out->text, o.output, strlen(o.output));
	buf_putc(&out->text, '\n');
	(void)json_object_set_new(out->json, "sealId", json_string(hex));
	(void)json_object_set_new(out->json, "layout", json_string(o.output));
	return 0;
}

const struct command command_build = {.name = "build", .help = help, .run = run};
