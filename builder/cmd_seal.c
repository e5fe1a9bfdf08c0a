#include <string.h>

#include "builder/commands.h"
#include "builder/delivery_index.h"
#include "builder/delivery_options.h"
#include "builder/entry_names.h"
#include "builder/layout_update.h"
#include "builder/release_keys.h"
#include "builder/release_writer.h"
#include "builder/seal_signature.h"
#include "builder/source_date_epoch.h"
#include "builder/stray_files.h"
#include "common/graph.h"
#include "common/interrupt.h"
#include "common/limits.h"
#include "common/printable.h"
#include "common/seal.h"
#include "common/timestamp.h"
#include "common/verified_layout.h"

static const char help[] =
    "usage: builder seal LAYOUT --keys DIR [OPTION]...\n"
    "\n"
    "Seals, where it stands, an OCI layout that another tool wrote or added to:\n"
    "images, indexes, artifacts and what refers to them. It is checked as pusher\n"
    "will check it; an older seal of it goes.\n"
    "\n"
    "      --keys DIR           where seal.key and release keys are, as of keygen\n"
    "      --name DIGEST|REFNAME=REPOSITORY:TAG\n"
    "                           what an entry of index.json is to be in the registry;\n"
    "                           may be repeated. Else the name it has from an earlier\n"
    "                           build or seal, else a ref.name REPOSITORY:TAG\n"
    "      --prune              remove files that nothing in index.json leads "
    "to\n" DELIVERY_OPTIONS_HELP
    "      --ssh-key FILE       ssh-keygen seals with this key, public or private, in\n"
    "                           the place of DIR/seal.key: agents, FIDO tokens\n"
    "      --passphrase-file F  the passphrase of DIR's keys; - for stdin\n"
    "      --json               the result, or the error, as JSON on stdout\n"
    "  -q, --quiet              print errors only\n"
    "  -v, --verbose            accepted; seal has nothing more to say\n"
    "\n"
    "Prints REPOSITORY:TAG DIGEST for each name, then the seal id and the path.\n";

struct seal_options {
	struct option_list names;
	bool prune;
	struct delivery_options delivery;
	struct seal_signer signer;
	const char *passphrase_file;
	struct common_options common;
};

/* A blob of a release signature, in memory until the whole delivery is known to be sound. */
struct new_blob {
	struct digest digest;
	char *bytes; /* owned */
	size_t len;
};

/* A seal in the making. */
struct sealing {
	const char *path;
	const struct seal_options *options;
	struct layout_update *update;
	const struct layout *layout; /* of update */
	struct release_keys keys;
	struct graph graph; /* index.json as it will be; without the new blobs' content */
	struct new_blob *blobs;
	size_t blob_count;
	size_t blob_capacity;
	struct stray_files strays;
	struct seal interrupted; /* the list that a killed run has left; else empty */
	struct digest *before;   /* every blob that index.json leads to as it is, sorted */
	size_t before_count;
	struct digest *listed; /* every blob of the delivery, sorted */
	size_t listed_count;
	struct buf index; /* as it is to be written */
	struct buf seal;
	struct seal_signature signature;
};

static void sealing_release(struct sealing *s)
{
	for (size_t i = 0; i < s->blob_count; i++)
		free(s->blobs[i].bytes);
	free(s->blobs);
	free(s->before);
	free(s->listed);
	graph_release(&s->graph);
	stray_files_release(&s->strays);
	seal_release(&s->interrupted);
	buf_release(&s->index);
	buf_release(&s->seal);
	seal_signature_release(&s->signature);
	release_keys_release(&s->keys);
	layout_update_free(s->update);
}
#define auto_sealing __attribute__((cleanup(sealing_release)))

static int parse_options(struct seal_options *o, const struct command *self, int argc, char **argv,
    int *out_operands, struct error *err)
{
	const struct option_spec specs[] = {
	    {.name = "keys", .value = &o->signer.keys},
	    {.name = "name", .list = &o->names},
	    {.name = "prune", .flag = &o->prune},
	    DELIVERY_OPTION_SPECS(&o->delivery),
	    {.name = "ssh-key", .value = &o->signer.ssh_key},
	    {.name = "passphrase-file", .value = &o->passphrase_file},
	    COMMON_OPTION_SPECS(&o->common),
	};

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "builder seal",
		out_operands, err) != 0)
		return -1;
	if (argc - *out_operands != 1)
		return command_usage(self, "builder", err, "exactly one LAYOUT is wanted");
	if (o->signer.keys == NULL && o->signer.ssh_key == NULL)
		return command_usage(self, "builder", err, "--keys DIR is missing");
	return 0;
}

/* ---- what the layout is to hold ---- */

static int write_index(struct buf *out, const struct index *x, struct error *err)
{
	buf_release(out);
	index_write_delivery(out, x);
	return buf_check(out, LAYOUT_INDEX, err);
}

/* RFC 3339: other tools write fractions of a second too. */
static bool is_time(const char *text)
{
	auto_free char *copy = mem_strdup(text);
	struct error ignored = ERROR_INIT;
	int64_t when;
	size_t digits = strlen(text) > 20 && text[19] == '.' ? strspn(text + 20, "0123456789") : 0;

	if (digits > 0)
		memmove(copy + 19, text + 20 + digits, strlen(text + 20 + digits) + 1);
	return timestamp_parse(&when, copy, &ignored) == 0;
}

/* index.json as it is, with the names and conditions that it is to have, followed down. */
static int load(struct sealing *s, struct command_result *out, struct error *err)
{
	auto_index struct index x = INDEX_INIT;
	auto_buf struct buf found = BUF_INIT(LIMIT_INDEX_BYTES_MAX);
	struct source_date_epoch epoch;

	if (source_date_epoch_read(&epoch, err) != 0 ||
	    layout_read_file(s->layout, LAYOUT_INDEX, &found, err) != 0)
		return -1;
	if (index_parse_delivery(&x, buf_text(&found), found.len, err) != 0)
		return error_prefix(err, "%s", LAYOUT_INDEX);
	if (x.entry_count == 0)
		return error_set(err, ERR_FORMAT, "%s: there is nothing to deliver", LAYOUT_INDEX);
	if (epoch.is_set) {
		free(x.delivery.created);
		x.delivery.created = mem_strdup(epoch.text);
	}
	if (x.delivery.created != NULL && !is_time(x.delivery.created)) {
		buf_puts(&out->notes, "builder: warning: index.json: created '");
		printable_put(&out->notes, x.delivery.created, strlen(x.delivery.created));
		buf_puts(&out->notes, "' is no RFC 3339 time, and is sealed as it is; "
				      "SOURCE_DATE_EPOCH replaces it\n");
	}
	if (entry_names_apply(&x, &s->options->names, &out->notes, err) != 0 ||
	    delivery_options_apply(&x.delivery, &s->options->delivery, err) != 0 ||
	    write_index(&s->index, &x, err) != 0)
		return -1;
	return graph_load(&s->graph, s->layout, buf_text(&s->index), s->index.len, err);
}

static int keep_blob(
    void *context, const struct digest *digest, const void *bytes, size_t len, struct error *err)
{
	struct sealing *s = context;

	(void)err;
	s->blobs = mem_grow(s->blobs, s->blob_count, &s->blob_capacity, sizeof(*s->blobs));
	s->blobs[s->blob_count++] =
	    (struct new_blob){.digest = *digest, .bytes = mem_strndup(bytes, len), .len = len};
	return 0;
}

static int sign_names(struct sealing *s, struct error *err)
{
	const struct graph *g = &s->graph;
	const struct release_layout layout = {
	    .index = &s->graph.index, .files = s->layout, .store = keep_blob, .context = s};
	auto_free struct release_subject *subjects = mem_zalloc(g->name_count, sizeof(*subjects));

	for (size_t i = 0; i < g->name_count; i++) {
		const struct graph_name *name = &g->names[i];
		const struct graph_node *n = &g->nodes[name->node];
		bool is_chart = n->config_name != NULL;

		subjects[i] = (struct release_subject){.manifest = n->descriptor,
		    .repository = name->repository,
		    .tag = name->tag,
		    .name = is_chart ? n->config_name : name->repository,
		    .version = is_chart ? n->config_version : name->tag};
	}
	return release_writer_sign(&layout, subjects, g->name_count, &s->keys, err);
}

static bool was_there(const struct sealing *s, const struct digest *d)
{
	return s->before_count > 0 &&
	       bsearch(d, s->before, s->before_count, sizeof(*d), digest_compare) != NULL;
}

/* A file that nothing leads to does no harm to a layout, but to its old seal; so when the delivery
 * turns out to be impossible, the new blobs go again. */
static void remove_blobs(struct sealing *s)
{
	static const char prefix[] = "blobs/sha256/";

	for (size_t i = 0; i < s->blob_count; i++) {
		char path[sizeof(prefix) + DIGEST_HEX_LEN] = "blobs/sha256/";
		struct error ignored = ERROR_INIT;

		digest_hex(path + strlen(prefix), &s->blobs[i].digest);
		if (!was_there(s, &s->blobs[i].digest) &&
		    layout_update_remove(s->update, path, &ignored) != 0)
			continue; /* named as a stray file by the next run */
	}
}

/* The delivery as it will be, seen from its files again, now that all of them are there. */
static int settle(struct sealing *s, struct error *err)
{
	struct graph final = GRAPH_INIT;

	if (delivery_index_settle(&s->graph.index, err) != 0 ||
	    write_index(&s->index, &s->graph.index, err) != 0)
		return -1;
	for (size_t i = 0; i < s->blob_count; i++) {
		const struct new_blob *b = &s->blobs[i];

		if (layout_update_blob(s->update, &b->digest, b->bytes, b->len, err) != 0)
			return -1;
	}
	int result = graph_load(&final, s->layout, buf_text(&s->index), s->index.len, err);
	graph_release(&s->graph);
	s->graph = final;
	if (result == 0)
		graph_blobs(&s->graph, &s->listed, &s->listed_count);
	return result;
}

/* ---- what it holds besides ---- */

static bool lists(const struct seal *seal, const struct digest *d)
{
	return seal->blob_count > 0 &&
	       bsearch(d, seal->blobs, seal->blob_count, sizeof(*d), digest_compare) != NULL;
}

/* A list without a signature: a run was killed that had judged all it lists, see change(). */
static void read_interrupted(struct sealing *s)
{
	auto_buf struct buf list = BUF_INIT(LIMIT_SEAL_BYTES_MAX);
	struct error ignored = ERROR_INIT;
	bool has_signature = false;

	for (size_t i = 0; i < s->strays.count; i++) {
		const struct stray *stray = &s->strays.items[i];

		has_signature |=
		    stray->kind == STRAY_OLD_SEAL && strcmp(stray->path, LAYOUT_SEAL) != 0;
	}
	if (has_signature || layout_read_file(s->layout, LAYOUT_SEAL, &list, &ignored) != 0)
		return;
	if (seal_parse(&s->interrupted, buf_text(&list), list.len, &ignored) != 0)
		seal_release(&s->interrupted);
}

/* A blob that only release signatures led to which have grown since, in this run or in the one that
 * was killed. */
static bool is_replaced(const struct sealing *s, const struct stray *stray)
{
	static const char prefix[] = "blobs/sha256/";
	const char *hex = stray->path + strlen(prefix);
	struct digest d;

	return strncmp(stray->path, prefix, strlen(prefix)) == 0 &&
	       digest_parse_hex(&d, hex, strlen(hex)) &&
	       (was_there(s, &d) || lists(&s->interrupted, &d));
}

static int find_strays(struct sealing *s, struct command_result *out, struct error *err)
{
	size_t refused = 0;
	bool full = false;

	if (stray_files_find(&s->strays, s->layout, s->listed, s->listed_count, err) != 0)
		return -1;
	read_interrupted(s);
	for (size_t i = 0; i < s->strays.count; i++) {
		const struct stray *stray = &s->strays.items[i];
		bool in_the_way =
		    stray->kind == STRAY_FULL_DIRECTORY ||
		    (stray->kind == STRAY_FILE && !s->options->prune && !is_replaced(s, stray));

		if (!in_the_way)
			continue;
		refused++;
		full |= stray->kind == STRAY_FULL_DIRECTORY;
		problems_add(&out->problems, PROBLEM_STRAY, stray->path);
	}
	if (refused == 0)
		return 0;
	return error_set(err, ERR_FORMAT, "%zu file%s no part of the delivery: %s", refused,
	    refused == 1 ? " is" : "s are",
	    full ? "what is in a directory of its own, you have to remove yourself"
		 : "--prune removes what nothing in index.json leads to");
}

static int write_list(struct sealing *s, struct error *err)
{
	auto_buf struct buf oci_layout = BUF_INIT(LIMIT_OCI_LAYOUT_BYTES_MAX);
	struct seal seal = {.blobs = s->listed, .blob_count = s->listed_count}; /* borrowed */

	if (layout_read_file(s->layout, LAYOUT_OCI_LAYOUT, &oci_layout, err) != 0)
		return -1;
	digest_of(&seal.oci_layout, buf_text(&oci_layout), oci_layout.len);
	digest_of(&seal.index, s->index.data, s->index.len);
	seal_write(&s->seal, &seal);
	return buf_check(&s->seal, LAYOUT_SEAL, err);
}

/* Everything that can be found wrong, and everything that a person may be asked for, before the
 * first change that cannot be taken back. */
static int prepare(struct sealing *s, struct command_result *out, struct error *err)
{
	auto_passphrase_source struct passphrase_source passphrase =
	    PASSPHRASE_SOURCE_INIT(s->options->passphrase_file);
	const char *directory = s->options->signer.keys;

	if (load(s, out, err) != 0)
		return -1;
	graph_blobs(&s->graph, &s->before, &s->before_count);
	if (directory != NULL && release_keys_load(&s->keys, directory, &passphrase, err) != 0)
		return -1;
	if (sign_names(s, err) != 0 || settle(s, err) != 0 || find_strays(s, out, err) != 0 ||
	    write_list(s, err) != 0 ||
	    seal_signature_make(&s->signature, &s->options->signer, &passphrase, &s->seal, err) !=
		0 ||
	    release_keys_refuse(&s->keys, &s->signature.key, err) != 0)
		return -1;
	passphrase_source_note(&passphrase, &out->notes);
	return interrupt_check(err);
}

/* ---- the change ---- */

/* The old signatures first: from here on, until the new one is there, nothing verifies. The old
 * list stays for as long as the next run would need it. */
static int remove_old(struct sealing *s, struct command_result *out, struct error *err)
{
	size_t found = 0;

	for (size_t i = 0; i < s->strays.count; i++) {
		const struct stray *stray = &s->strays.items[i];

		if (stray->kind != STRAY_OLD_SEAL)
			continue;
		found++;
		if (strcmp(stray->path, LAYOUT_SEAL) != 0 &&
		    layout_update_remove(s->update, stray->path, err) != 0)
			return -1;
	}
	if (found > 0)
		buf_puts(&out->notes, "builder: the old seal was removed\n");
	return layout_update_sync(s->update, false, err);
}

static int remove_strays(struct sealing *s, struct command_result *out, struct error *err)
{
	for (size_t i = 0; i < s->strays.count; i++) {
		const struct stray *stray = &s->strays.items[i];

		if (stray->kind == STRAY_OLD_SEAL)
			continue;
		if (layout_update_remove(s->update, stray->path, err) != 0)
			return -1;
		if (is_replaced(s, stray))
			continue;
		buf_puts(&out->notes, "builder: removed: ");
		printable_put(&out->notes, stray->path, strlen(stray->path));
		buf_putc(&out->notes, '\n');
	}
	return 0;
}

/* Through the pusher's check, trusting exactly the key that signs; every byte is hashed here. */
static int verify_own_work(const struct sealing *s, struct command_result *out, struct error *err)
{
	auto_trust struct trust *trust = trust_of_key(&s->signature.key, "builder");
	const struct judgement judgement = {.trust = trust,
	    .now = TIME_NOT_JUDGED,
	    .new_signature = &s->signature.armored,
	    .new_key = &s->signature.key};
	auto_verified_layout struct verified_layout *v =
	    verified_layout_open(s->path, &judgement, &out->problems, err);

	if (v == NULL || release_keys_judge(&s->keys, v, err) != 0)
		return error_prefix(err, "not sealed");
	return 0;
}

static int change(struct sealing *s, struct command_result *out, struct error *err)
{
	struct error ignored = ERROR_INIT;

	if (remove_old(s, out, err) != 0 ||
	    layout_update_replace(s->update, LAYOUT_INDEX, s->index.data, s->index.len, err) != 0 ||
	    remove_strays(s, out, err) != 0 ||
	    layout_update_remove(s->update, LAYOUT_SEAL, err) != 0 ||
	    layout_update_sync(s->update, false, err) != 0 ||
	    layout_update_add(s->update, LAYOUT_SEAL, s->seal.data, s->seal.len, err) != 0)
		return -1;
	if (verify_own_work(s, out, err) != 0 || layout_update_sync(s->update, true, err) != 0) {
		/* A list that nobody signs would only invite somebody to sign it. */
		if (layout_update_remove(s->update, LAYOUT_SEAL, &ignored) != 0)
			ignored.code = ERR_NONE;
		return -1;
	}
	return layout_update_add(
	    s->update, s->signature.name, s->signature.armored.data, s->signature.armored.len, err);
}

static void report(const struct sealing *s, struct command_result *out)
{
	json_t *artifacts = json_array();
	char hex[DIGEST_HEX_LEN + 1];
	struct digest id;

	out->json = json_object();
	for (size_t i = 0; i < s->graph.name_count; i++) {
		const struct graph_name *name = &s->graph.names[i];
		char digest[DIGEST_TEXT_LEN + 1];
		json_t *item = json_object();

		digest_text(digest, &s->graph.nodes[name->node].descriptor.digest);
		buf_printf(&out->text, "%s:%s %s\n", name->repository, name->tag, digest);
		(void)json_object_set_new(item, "repository", json_string(name->repository));
		(void)json_object_set_new(item, "tag", json_string(name->tag));
		(void)json_object_set_new(item, "digest", json_string(digest));
		(void)json_array_append_new(artifacts, item);
	}
	digest_of(&id, s->seal.data, s->seal.len);
	digest_hex(hex, &id);
	buf_printf(&out->text, "seal %s ", hex);
	printable_put(&out->text, s->path, strlen(s->path));
	buf_putc(&out->text, '\n');
	(void)json_object_set_new(out->json, "artifacts", artifacts);
	(void)json_object_set_new(out->json, "sealId", json_string(hex));
	(void)json_object_set_new(out->json, "layout", json_string(s->path));
}

static int seal(struct sealing *s, struct command_result *out, struct error *err)
{
	s->update = layout_update_new(s->path, err);
	if (s->update == NULL)
		return -1;
	s->layout = layout_update_layout(s->update);
	if (prepare(s, out, err) != 0) {
		remove_blobs(s);
		return error_prefix(err, "layout '%s'", s->path);
	}
	if (change(s, out, err) != 0)
		return error_prefix(err, "layout '%s'", s->path);
	report(s, out);
	return 0;
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct seal_options o = {.prune = false};
	int first;

	interrupt_hold();
	if (parse_options(&o, self, argc, argv, &first, err) != 0)
		return -1;
	auto_sealing struct sealing s = {.path = argv[first],
	    .options = &o,
	    .graph = GRAPH_INIT,
	    .keys = RELEASE_KEYS_INIT,
	    .strays = STRAY_FILES_INIT,
	    .interrupted = SEAL_INIT,
	    .index = BUF_INIT(LIMIT_INDEX_BYTES_MAX),
	    .seal = BUF_INIT(LIMIT_SEAL_BYTES_MAX),
	    .signature = SEAL_SIGNATURE_INIT};
	return seal(&s, out, err);
}

const struct command command_seal = {.name = "seal", .help = help, .run = run};
