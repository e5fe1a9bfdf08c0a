#include <string.h>

#include "builder/commands.h"
#include "builder/key_directory.h"
#include "builder/key_public.h"
#include "common/interrupt.h"
#include "common/limits.h"
#include "common/printable.h"

static const char help[] =
    "usage: builder keygen DIR [OPTION]...\n"
    "\n"
    "Makes keys: DIR/seal.key seals layouts, DIR/release.key signs what clusters\n"
    "check, DIR/root.key signs updates of the trust directory; each with its public\n"
    "half in .pub. DIR/trust is the only part that leaves the enclave, ready for\n"
    "pusher --trust. A key that is there is never touched.\n"
    "\n"
    "      --role ROLE          seal, release, root, or all, the default: seal and\n"
    "                           release\n"
    "      --principal NAME     how the pusher's trust calls the signer; enclave\n"
    "                           unless told\n"
    "      --passphrase-file F  encrypt the keys with what F holds; - for stdin\n"
    "      --no-passphrase      leave the keys unencrypted, mode 0600\n"
    "      --json               the result, or the error, as JSON on stdout\n"
    "  -q, --quiet              print errors only\n"
    "  -v, --verbose            accepted; keygen has nothing more to say\n"
    "\n"
    "Without either passphrase option it asks on the terminal.\n";

struct keygen_options {
	const char *role;
	bool roles[KEY_ROLE_COUNT];
	const char *principal;
	const char *passphrase_file;
	bool no_passphrase;
	struct common_options common;
};

/* The keys of one run. */
struct new_keys {
	struct secret_key *keys[KEY_ROLE_COUNT]; /* owned; NULL for none */
};

static void release_keys(struct new_keys *k)
{
	for (size_t i = 0; i < KEY_ROLE_COUNT; i++)
		secret_key_free(k->keys[i]);
}

static int choose_roles(struct keygen_options *o, const struct command *self, struct error *err)
{
	bool is_all = o->role == NULL || strcmp(o->role, "all") == 0;
	bool any = is_all;

	o->roles[KEY_ROLE_SEAL] = o->roles[KEY_ROLE_RELEASE] = is_all;
	for (size_t i = 0; i < KEY_ROLE_COUNT && !is_all; i++) {
		o->roles[i] = strcmp(o->role, key_role_name((enum key_role)i)) == 0;
		any = any || o->roles[i];
	}
	if (!any)
		return command_usage(self, "builder", err, "--role is seal, release, root or all");
	if (o->principal != NULL && !o->roles[KEY_ROLE_SEAL] && !o->roles[KEY_ROLE_ROOT])
		return command_usage(
		    self, "builder", err, "a release key has no principal: --principal has no use");
	return 0;
}

static int parse_options(struct keygen_options *o, const struct command *self, int argc,
    char **argv, int *out_first, struct error *err)
{
	const struct option_spec specs[] = {
	    {.name = "role", .value = &o->role},
	    {.name = "principal", .value = &o->principal},
	    {.name = "passphrase-file", .value = &o->passphrase_file},
	    {.name = "no-passphrase", .flag = &o->no_passphrase},
	    COMMON_OPTION_SPECS(&o->common),
	};

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "builder keygen",
		out_first, err) != 0)
		return -1;
	if (argc - *out_first != 1)
		return command_usage(self, "builder", err, "exactly one DIR is wanted");
	if (o->no_passphrase && o->passphrase_file != NULL)
		return command_usage(self, "builder", err,
		    "--no-passphrase and --passphrase-file exclude each other");
	if (choose_roles(o, self, err) != 0)
		return -1;
	if (o->principal == NULL)
		o->principal = o->roles[KEY_ROLE_ROOT] ? "root" : "enclave";
	return principal_check(o->principal, err);
}

static void report_key(
    struct command_result *out, json_t *list, enum key_role role, const struct ssh_public_key *key)
{
	char kid[LAYOUT_KID_LEN + 1];
	char fingerprint[SSH_FINGERPRINT_LEN + 1];
	json_t *item = json_object();

	ssh_public_key_kid(kid, key);
	ssh_public_key_fingerprint(fingerprint, key);
	buf_printf(&out->text, "%s %s %s\n", key_role_name(role), kid, fingerprint);
	(void)json_object_set_new(item, "role", json_string(key_role_name(role)));
	(void)json_object_set_new(item, "kid", json_string(kid));
	(void)json_object_set_new(item, "fingerprint", json_string(fingerprint));
	(void)json_array_append_new(list, item);
}

/* The line by which a root gets into a trust directory; nothing writes it there. */
static void report_root(
    struct command_result *out, const struct ssh_public_key *key, const char *principal)
{
	auto_buf struct buf line = BUF_INIT(1 * KIB);

	key_public_line(&line, key, principal, SSHSIG_NAMESPACE_TRUST);
	buf_printf(&out->text, "for allowed_signers: %s", buf_text(&line));
	(void)json_object_set_new(out->json, "allowedSigners", json_string(buf_text(&line)));
}

static void report(struct command_result *out, const char *dir, const struct keygen_options *o,
    const struct new_keys *made)
{
	json_t *list = json_array();

	out->json = json_object();
	(void)json_object_set_new(out->json, "keys", list);
	for (size_t i = 0; i < KEY_ROLE_COUNT; i++) {
		if (made->keys[i] == NULL)
			continue;
		struct ssh_public_key key = secret_key_public(made->keys[i]);
		report_key(out, list, (enum key_role)i, &key);
		if (i == KEY_ROLE_ROOT)
			report_root(out, &key, o->principal);
	}
	if (!o->roles[KEY_ROLE_SEAL])
		return;
	buf_printf(&out->text, "principal %s\ntrust ", o->principal);
	printable_put(&out->text, dir, strlen(dir));
	buf_puts(&out->text, "/trust\n");
	(void)json_object_set_new(out->json, "principal", json_string(o->principal));
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	auto_passphrase struct passphrase passphrase = PASSPHRASE_INIT;
	__attribute__((cleanup(release_keys))) struct new_keys made = {.keys = {NULL}};
	struct keygen_options o = {.role = NULL};
	struct key_set set = {.keys = {NULL}};
	int first;

	interrupt_hold();
	if (parse_options(&o, self, argc, argv, &first, err) != 0)
		return -1;
	if (!o.no_passphrase && passphrase_read(&passphrase, o.passphrase_file, true, err) != 0)
		return -1;
	for (size_t i = 0; i < KEY_ROLE_COUNT; i++) {
		if (!o.roles[i])
			continue;
		made.keys[i] = secret_key_generate(err);
		if (made.keys[i] == NULL)
			return -1;
		set.keys[i] = made.keys[i];
	}
	if (key_directory_write(
		argv[first], &set, o.principal, o.no_passphrase ? NULL : &passphrase, err) != 0)
		return -1;
	report(out, argv[first], &o, &made);
	return 0;
}

const struct command command_keygen = {.name = "keygen", .help = help, .run = run};
