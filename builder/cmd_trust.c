#include <string.h>

#include "builder/commands.h"
#include "builder/terminal.h"
#include "builder/trust_writer.h"
#include "common/interrupt.h"
#include "common/printable.h"

static const char help[] =
    "usage: builder trust make DIR --previous OLD --output UPDATE\n"
    "                 (--keys DIR | --ssh-key FILE) [OPTION]...\n"
    "       builder trust sign UPDATE\n"
    "                 (--keys DIR | --ssh-key FILE | --signature FILE) [OPTION]...\n"
    "\n"
    "make signs DIR, an edited copy of the trust directory OLD, as its update: the\n"
    "serial in its policy.json must be that of OLD and one. sign adds one more\n"
    "root's signature, once that person has looked. 'pusher trust apply' installs\n"
    "UPDATE when enough of the old roots and enough of the new ones have signed.\n"
    "\n"
    "      --previous OLD       the trust directory that is in use\n"
    "  -o, --output UPDATE      the directory to make; must not exist\n"
    "      --keys DIR           sign with DIR/root.key\n"
    "      --ssh-key FILE       ssh-keygen signs with this key, public or private\n"
    "      --signature FILE     add what was made elsewhere, with\n"
    "                           ssh-keygen -Y sign -n trust-v1@sallyport.dev TRUST\n"
    "      --trust-id HEX       what is meant to be signed (sign); asks nothing\n"
    "      --passphrase-file F  the passphrase of root.key; - for stdin\n"
    "      --json               the result, or the error, as JSON on stdout\n"
    "  -q, --quiet              print errors only\n"
    "  -v, --verbose            accepted; trust has nothing more to say\n";

struct trust_command {
	bool is_make;
	const char *path; /* DIR or UPDATE */
	const char *previous;
	const char *output;
	const char *trust_id;
	const char *passphrase_file;
	struct seal_signer signer;
	struct common_options common;
};

static int check_options(
    const struct trust_command *o, const struct command *self, struct error *err)
{
	int sources =
	    (o->signer.keys != NULL) + (o->signer.ssh_key != NULL) + (o->signer.signature != NULL);

	if (o->is_make && (o->previous == NULL || o->output == NULL))
		return command_usage(self, "builder", err, "%s is missing",
		    o->previous == NULL ? "--previous OLD" : "--output UPDATE");
	if (o->is_make && (o->trust_id != NULL || o->signer.signature != NULL))
		return command_usage(
		    self, "builder", err, "--trust-id and --signature go with sign only");
	if (!o->is_make && (o->previous != NULL || o->output != NULL))
		return command_usage(
		    self, "builder", err, "--previous and --output go with make only");
	if (sources != 1)
		return command_usage(self, "builder", err,
		    "one of --keys DIR and --ssh-key FILE is wanted, or --signature FILE to sign");
	return 0;
}

static int parse_options(
    struct trust_command *o, const struct command *self, int argc, char **argv, struct error *err)
{
	const struct option_spec specs[] = {
	    {.name = "previous", .value = &o->previous},
	    {.name = "output", .short_name = 'o', .value = &o->output},
	    {.name = "keys", .value = &o->signer.keys},
	    {.name = "ssh-key", .value = &o->signer.ssh_key},
	    {.name = "signature", .value = &o->signer.signature},
	    {.name = "trust-id", .value = &o->trust_id},
	    {.name = "passphrase-file", .value = &o->passphrase_file},
	    COMMON_OPTION_SPECS(&o->common),
	};
	int first;

	o->signer.is_root = true;
	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "builder trust",
		&first, err) != 0)
		return -1;
	if (argc - first != 2 ||
	    (strcmp(argv[first], "make") != 0 && strcmp(argv[first], "sign") != 0))
		return command_usage(
		    self, "builder", err, "'make' and a DIR, or 'sign' and an UPDATE, is wanted");
	o->is_make = strcmp(argv[first], "make") == 0;
	o->path = argv[first + 1];
	return check_options(o, self, err);
}

/* What the update would put in the place of OLD, judged without a signature. */
static struct trust *read_next(
    struct trust_files *files, const char *path, const struct trust *old, struct error *err)
{
	struct trust *fresh = NULL;

	if (trust_files_read(files, path, TRUST_FILES_LOCAL, err) == 0)
		fresh = trust_of_files(files, err);
	if (fresh == NULL) {
		(void)error_recode(err, ERR_TRUST);
	} else if (old->roots.quorum.threshold == 0 || fresh->roots.quorum.threshold == 0) {
		(void)error_set(err, ERR_TRUST,
		    "%s policy has no member 'trust', which names the roots: replace it by hand",
		    old->roots.quorum.threshold == 0 ? "the previous" : "its");
	} else if (fresh->roots.serial != old->roots.serial + 1) {
		(void)error_set(err, ERR_TRUST,
		    "its serial is %llu and the previous one %llu: write %llu into policy.json",
		    (unsigned long long)fresh->roots.serial, (unsigned long long)old->roots.serial,
		    (unsigned long long)old->roots.serial + 1);
	} else {
		return fresh;
	}
	trust_free(fresh);
	(void)error_prefix(err, "trust directory '%s'", path);
	return NULL;
}

static int sign(struct seal_signature *out, const struct trust_command *o, const struct buf *list,
    struct command_result *result, struct error *err)
{
	auto_passphrase_source struct passphrase_source source =
	    PASSPHRASE_SOURCE_INIT(o->passphrase_file);

	if (seal_signature_make(out, &o->signer, &source, list, err) != 0)
		return -1;
	passphrase_source_note(&source, &result->notes);
	return 0;
}

static void put_count(struct command_result *out, const char *which, size_t found, size_t wanted)
{
	json_t *item = json_object();

	buf_printf(&out->text, "signed by %zu of the %zu %s roots that are needed\n", found, wanted,
	    which);
	(void)json_object_set_new(item, "signed", json_integer((json_int_t)found));
	(void)json_object_set_new(item, "needed", json_integer((json_int_t)wanted));
	(void)json_object_set_new(out->json, which, item);
}

static void report(struct command_result *out, const struct trust_update *u,
    const struct trust *fresh, const char *path)
{
	char id[DIGEST_HEX_LEN + 1];

	digest_hex(id, &u->id);
	buf_puts(&out->text, "update ");
	printable_put(&out->text, path, strlen(path));
	buf_printf(
	    &out->text, "\nserial %llu\ntrust %s\n", (unsigned long long)fresh->roots.serial, id);
	out->json = json_object();
	(void)json_object_set_new(out->json, "trustId", json_string(id));
	(void)json_object_set_new(
	    out->json, "serial", json_integer((json_int_t)fresh->roots.serial));
}

/* What has been written, read again, and whom it still lacks. old is NULL where it is not known. */
static int count_signers(const char *path, const struct trust *fresh, const struct trust *old,
    struct command_result *out, struct error *err)
{
	auto_trust_update struct trust_update u = TRUST_UPDATE_INIT;
	size_t found;

	if (trust_update_read(&u, path, err) != 0)
		return -1;
	report(out, &u, fresh, path);
	if (old != NULL) {
		if (trust_update_count(&found, &u, old, TIME_NOT_JUDGED, err) != 0)
			return -1;
		put_count(out, "old", found, old->roots.quorum.threshold);
	}
	if (trust_update_count(&found, &u, fresh, TIME_NOT_JUDGED, err) != 0)
		return -1;
	put_count(out, "new", found, fresh->roots.quorum.threshold);
	return 0;
}

static int make(const struct trust_command *o, struct command_result *out, struct error *err)
{
	auto_trust_files struct trust_files files = TRUST_FILES_INIT;
	auto_seal_signature struct seal_signature signature = SEAL_SIGNATURE_INIT;
	auto_buf struct buf list = BUF_INIT(LIMIT_TRUST_FILE_BYTES_MAX);
	auto_trust struct trust *old = trust_load(o->previous, NULL, err);

	if (old == NULL)
		return -1;
	auto_trust struct trust *fresh = read_next(&files, o->path, old, err);
	if (fresh == NULL)
		return -1;
	trust_files_list(&list, &files);
	if (sign(&signature, o, &list, out, err) != 0 ||
	    trust_writer_make(o->output, &files, &list, &signature, err) != 0)
		return -1;
	return count_signers(o->output, fresh, old, out, err);
}

/* A file of any content, as it may be shown. */
static void put_file(struct buf *b, const struct trust_file *file)
{
	const char *at = buf_text(&file->content);
	const char *end = at + file->content.len;

	buf_puts(b, "--- ");
	printable_put(b, file->name, strlen(file->name));
	buf_putc(b, '\n');
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline != NULL ? newline : end) - at);

		printable_put(b, at, len);
		buf_putc(b, '\n');
		at += len + (newline != NULL ? 1 : 0);
	}
}

/* The second person looks: at the files, and says which they are. */
static int confirm(const struct trust_command *o, const struct trust_update *u, struct error *err)
{
	auto_buf struct buf text = BUF_INIT(1 * MIB);
	char id[DIGEST_HEX_LEN + 1];

	digest_hex(id, &u->id);
	if (o->trust_id != NULL)
		return strcmp(o->trust_id, id) == 0
			   ? 0
			   : error_set(err, ERR_SEAL,
				 "trust update '%s': its trust id is %s, not the %s that was given",
				 o->path, id, o->trust_id);
	for (size_t i = 0; i < u->files.count; i++)
		put_file(&text, &u->files.items[i]);
	if (buf_check(&text, "the trust update", err) != 0)
		return -1;
	auto_free char *question = mem_printf("Sign the trust %s? (yes) ", id);
	return terminal_confirm(buf_text(&text), question,
	    "give --trust-id HEX, once you have looked at the files of the update", err);
}

static int add(const struct trust_command *o, struct command_result *out, struct error *err)
{
	auto_trust_update struct trust_update u = TRUST_UPDATE_INIT;
	auto_seal_signature struct seal_signature signature = SEAL_SIGNATURE_INIT;

	if (trust_update_read(&u, o->path, err) != 0)
		return -1;
	auto_trust struct trust *fresh = trust_of_files(&u.files, err);
	if (fresh == NULL) {
		(void)error_recode(err, ERR_TRUST);
		return error_prefix(err, "trust update '%s'", o->path);
	}
	if (confirm(o, &u, err) != 0 || sign(&signature, o, &u.list, out, err) != 0 ||
	    trust_writer_add(o->path, &signature, err) != 0)
		return -1;
	return count_signers(o->path, fresh, NULL, out, err);
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct trust_command o = {.is_make = false};

	interrupt_hold();
	if (parse_options(&o, self, argc, argv, err) != 0)
		return -1;
	return o.is_make ? make(&o, out, err) : add(&o, out, err);
}

const struct command command_trust = {.name = "trust", .help = help, .run = run};
