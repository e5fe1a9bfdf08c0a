#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "builder/commands.h"
#include "builder/key_directory.h"
#include "builder/key_file.h"
#include "builder/key_public.h"
#include "common/fd.h"
#include "common/file_write.h"
#include "common/interrupt.h"
#include "common/limits.h"
#include "common/printable.h"
#include "common/spki_pem.h"

static const char help[] =
    "usage: builder key show FILE [OPTION]...\n"
    "       builder key export FILE [--format FORM] [OPTION]...\n"
    "       builder key import FILE --output KEYFILE [OPTION]...\n"
    "\n"
    "show tells what key a file holds, export writes its public half in a form that\n"
    "others want, import makes a secret key of another tool one of ours. Only Ed25519\n"
    "keys are taken. A FILE whose name ends in .pub is read as a public key; every\n"
    "other must be nobody else's to read.\n"
    "\n"
    "      --format FORM        spki (PEM; the default), openssh (one line), kid,\n"
    "                           fingerprint, allowed-signers (a line of it)\n"
    "      --role seal|root     what the line of allowed-signers is for; seal\n"
    "                           unless told\n"
    "      --principal NAME     whose key the line of allowed-signers says it is\n"
    "  -o, --output KEYFILE     where import writes the key; must not exist\n"
    "      --passphrase-file F  the passphrase of FILE; - for stdin\n"
    "      --new-passphrase-file F\n"
    "                           the passphrase of KEYFILE; that of FILE unless told,\n"
    "                           and where FILE has none, asked for on the terminal\n"
    "      --no-passphrase      leave KEYFILE unencrypted, mode 0600\n"
    "      --json               the result, or the error, as JSON on stdout\n"
    "  -q, --quiet              print errors only\n"
    "  -v, --verbose            accepted; key has nothing more to say\n"
    "\n"
    "import reads PKCS #8 in PEM, cosign's encrypted keys, OpenSSH keys without a\n"
    "passphrase, and minisign's with or without one. A key has one use: what is\n"
    "imported may sign nothing else any more.\n";

struct key_options {
	const char *action; /* show, export, import */
	const char *file;
	const char *format;
	const char *role;
	const char *principal;
	const char *output;
	const char *passphrase_file;
	const char *new_passphrase_file;
	bool no_passphrase;
	struct common_options common;
};

/* Which options go with which action; all others go with all. */
static int check_options(const struct key_options *o, const struct command *self, struct error *err)
{
	bool is_export = strcmp(o->action, "export") == 0;
	bool is_import = strcmp(o->action, "import") == 0;

	if (!is_export && !is_import && strcmp(o->action, "show") != 0)
		return command_usage(self, "builder", err,
		    "'%.40s' is neither show nor export nor import", o->action);
	if (!is_export && (o->format != NULL || o->role != NULL || o->principal != NULL))
		return command_usage(
		    self, "builder", err, "--format, --role and --principal go with export only");
	if (!is_import && (o->output != NULL || o->new_passphrase_file != NULL || o->no_passphrase))
		return command_usage(self, "builder", err,
		    "--output, --new-passphrase-file and --no-passphrase go with import only");
	if (is_import && o->output == NULL)
		return command_usage(self, "builder", err, "--output KEYFILE is missing");
	if (o->no_passphrase && o->new_passphrase_file != NULL)
		return command_usage(self, "builder", err,
		    "--no-passphrase and --new-passphrase-file exclude each other");
	if (o->role != NULL && strcmp(o->role, "seal") != 0 && strcmp(o->role, "root") != 0)
		return command_usage(self, "builder", err, "--role is seal or root here");
	return o->principal != NULL ? principal_check(o->principal, err) : 0;
}

static int parse_options(
    struct key_options *o, const struct command *self, int argc, char **argv, struct error *err)
{
	const struct option_spec specs[] = {
	    {.name = "format", .value = &o->format},
	    {.name = "role", .value = &o->role},
	    {.name = "principal", .value = &o->principal},
	    {.name = "output", .short_name = 'o', .value = &o->output},
	    {.name = "passphrase-file", .value = &o->passphrase_file},
	    {.name = "new-passphrase-file", .value = &o->new_passphrase_file},
	    {.name = "no-passphrase", .flag = &o->no_passphrase},
	    COMMON_OPTION_SPECS(&o->common),
	};
	int first;

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "builder key",
		&first, err) != 0)
		return -1;
	if (argc - first != 2)
		return command_usage(
		    self, "builder", err, "show, export or import is wanted, and one FILE");
	o->action = argv[first];
	o->file = argv[first + 1];
	return check_options(o, self, err);
}

/* The public half, and how the file keeps the secret one. */
static int read_public(struct ssh_public_key *out, const char **out_form,
    const struct key_options *o, struct command_result *result, struct error *err)
{
	static const char *const forms[] = {[KEY_FORM_PKCS8] = "PKCS #8",
	    [KEY_FORM_ENCRYPTED] = "PKCS #8, encrypted as cosign does",
	    [KEY_FORM_OPENSSH] = "OpenSSH",
	    [KEY_FORM_MINISIGN] = "minisign"};
	auto_passphrase_source struct passphrase_source source =
	    PASSPHRASE_SOURCE_INIT(o->passphrase_file);
	enum key_form form;

	*out_form = "public";
	if (key_public_is_named(o->file)) {
		passphrase_source_note(&source, &result->notes);
		return key_public_read(out, o->file, err);
	}
	auto_secret_key struct secret_key *key = key_file_import(o->file, &source, &form, err);
	if (key == NULL)
		return -1;
	passphrase_source_note(&source, &result->notes);
	*out = secret_key_public(key);
	*out_form = forms[form];
	return 0;
}

static void put_identity(struct command_result *out, const struct ssh_public_key *key)
{
	char kid[LAYOUT_KID_LEN + 1];
	char fingerprint[SSH_FINGERPRINT_LEN + 1];

	ssh_public_key_kid(kid, key);
	ssh_public_key_fingerprint(fingerprint, key);
	buf_printf(&out->text, "key %s\nfingerprint %s\n", kid, fingerprint);
	out->json = json_object();
	(void)json_object_set_new(out->json, "kid", json_string(kid));
	(void)json_object_set_new(out->json, "fingerprint", json_string(fingerprint));
}

static int show(const struct key_options *o, struct command_result *out, struct error *err)
{
	auto_buf struct buf line = BUF_INIT(1 * KIB);
	struct ssh_public_key key;
	const char *form;

	if (read_public(&key, &form, o, out, err) != 0)
		return -1;
	put_identity(out, &key);
	ssh_public_key_line(&line, &key);
	buf_printf(&out->text, "form %s\npublic %s\n", form, buf_text(&line));
	(void)json_object_set_new(out->json, "form", json_string(form));
	(void)json_object_set_new(out->json, "public", json_string(buf_text(&line)));
	return 0;
}

/* As text, ready to be redirected into a file. */
static int put_form(struct buf *b, const struct ssh_public_key *key, const struct key_options *o,
    const struct command *self, struct error *err)
{
	const char *format = o->format != NULL ? o->format : "spki";
	bool is_root = o->role != NULL && strcmp(o->role, "root") == 0;
	const char *principal = o->principal != NULL ? o->principal : is_root ? "root" : "enclave";
	char kid[LAYOUT_KID_LEN + 1];
	char fingerprint[SSH_FINGERPRINT_LEN + 1];

	ssh_public_key_kid(kid, key);
	ssh_public_key_fingerprint(fingerprint, key);
	if (strcmp(format, "spki") == 0) {
		if (key->type != SSH_KEY_ED25519)
			return error_set(err, ERR_KEY,
			    "'%s': a key in an authenticator has no form in PEM: --format openssh",
			    o->file);
		spki_pem_put(b, key->ed25519);
	} else if (strcmp(format, "openssh") == 0) {
		ssh_public_key_line(b, key);
		buf_putc(b, '\n');
	} else if (strcmp(format, "allowed-signers") == 0) {
		key_public_line(
		    b, key, principal, is_root ? SSHSIG_NAMESPACE_TRUST : SSHSIG_NAMESPACE_SEAL);
	} else if (strcmp(format, "kid") == 0 || strcmp(format, "fingerprint") == 0) {
		buf_printf(b, "%s\n", format[0] == 'k' ? kid : fingerprint);
	} else {
		return command_usage(self, "builder", err,
		    "--format is spki, openssh, kid, fingerprint or allowed-signers");
	}
	return 0;
}

static int export_public(const struct key_options *o, const struct command *self,
    struct command_result *out, struct error *err)
{
	auto_buf struct buf text = BUF_INIT(4 * KIB);
	struct ssh_public_key key = {.ed25519 = {0}};
	const char *form;

	/* Before a passphrase is asked for. */
	if (put_form(&text, &key, o, self, err) != 0 || read_public(&key, &form, o, out, err) != 0)
		return -1;
	buf_release(&text);
	if (put_form(&text, &key, o, self, err) != 0)
		return -1;
	buf_puts(&out->text, buf_text(&text));
	out->json = json_object();
	(void)json_object_set_new(out->json, "public", json_string(buf_text(&text)));
	return 0;
}

/* The new file, and its name on the disk. */
static int write_key(const char *path, const struct key_text *text, struct error *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent = slash == NULL   ? mem_strdup(".")
				 : slash == path ? mem_strdup("/")
						 : mem_strndup(path, (size_t)(slash - path));
	auto_fd int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "output '%s'", path);
	if (file_write_new(
		fd, slash == NULL ? path : slash + 1, text->bytes, text->len, 0600, err) != 0)
		return err->sys_errno == EEXIST
			   ? error_set(err, ERR_EXISTS, "output '%s' exists", path)
			   : error_prefix(err, "output '%s'", path);
	if (fd_sync_directory(fd) != 0)
		return error_sys(err, "output '%s': sync", path);
	return 0;
}

/* What KEYFILE is encrypted with; *out NULL for nothing. */
static int choose_passphrase(const struct passphrase **out, struct passphrase *fresh,
    const struct passphrase_source *of_file, const struct key_options *o, struct error *err)
{
	*out = NULL;
	if (o->no_passphrase)
		return 0;
	*out = o->new_passphrase_file == NULL && of_file->passphrase.bytes != NULL
		   ? &of_file->passphrase
		   : fresh;
	return *out == fresh ? passphrase_read(fresh, o->new_passphrase_file, true, err) : 0;
}

static int import_secret(const struct key_options *o, struct command_result *out, struct error *err)
{
	auto_passphrase_source struct passphrase_source source =
	    PASSPHRASE_SOURCE_INIT(o->passphrase_file);
	auto_passphrase struct passphrase fresh = PASSPHRASE_INIT;
	auto_key_text struct key_text text = {.bytes = NULL, .len = 0};
	const struct passphrase *passphrase;
	enum key_form form;
	auto_secret_key struct secret_key *key = key_file_import(o->file, &source, &form, err);

	if (key == NULL || choose_passphrase(&passphrase, &fresh, &source, o, err) != 0 ||
	    key_file_write_secret(&text, key, passphrase, err) != 0 ||
	    write_key(o->output, &text, err) != 0)
		return -1;
	passphrase_source_note(&source, &out->notes);
	if (form == KEY_FORM_OPENSSH || form == KEY_FORM_MINISIGN)
		buf_printf(&out->notes,
		    "builder: from now on this key may sign nothing else: remove it from %s\n",
		    form == KEY_FORM_OPENSSH ? "authorized_keys, agents and git"
					     : "every use of minisign");
	struct ssh_public_key public_key = secret_key_public(key);
	put_identity(out, &public_key);
	buf_puts(&out->text, "written ");
	printable_put(&out->text, o->output, strlen(o->output));
	buf_putc(&out->text, '\n');
	return 0;
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct key_options o = {0};

	interrupt_hold();
	if (parse_options(&o, self, argc, argv, err) != 0)
		return -1;
	if (strcmp(o.action, "show") == 0)
		return show(&o, out, err);
	if (strcmp(o.action, "export") == 0)
		return export_public(&o, self, out, err);
	return import_secret(&o, out, err);
}

const struct command command_key = {.name = "key", .help = help, .run = run};
