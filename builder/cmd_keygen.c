#include <string.h>

#include "builder/commands.h"
#include "builder/key_directory.h"
#include "common/interrupt.h"
#include "common/printable.h"

static const char help[] =
    "usage: builder keygen DIR --role seal [OPTION]...\n"
    "\n"
    "Makes a key that seals layouts: DIR/seal.key, DIR/seal.pub, and DIR/trust, the\n"
    "only part that leaves the enclave, ready for pusher --trust.\n"
    "\n"
    "      --role seal          what the key is for; the only role so far\n"
    "      --principal NAME     how the pusher's trust calls the signer; enclave\n"
    "                           unless told\n"
    "      --passphrase-file F  encrypt seal.key with what F holds; - for stdin\n"
    "      --no-passphrase      leave seal.key unencrypted, mode 0600\n"
    "      --json               the result, or the error, as JSON on stdout\n"
    "  -q, --quiet              print errors only\n"
    "  -v, --verbose            accepted; keygen has nothing more to say\n"
    "\n"
    "Without either passphrase option it asks on the terminal.\n";

struct keygen_options {
	const char *role;
	const char *principal;
	const char *passphrase_file;
	bool no_passphrase;
	struct common_options common;
};

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
	if (o->role == NULL || strcmp(o->role, "seal") != 0)
		return command_usage(
		    self, "builder", err, "--role seal is wanted: this version makes no other key");
	if (o->no_passphrase && o->passphrase_file != NULL)
		return command_usage(self, "builder", err,
		    "--no-passphrase and --passphrase-file exclude each other");
	if (o->principal == NULL)
		o->principal = "enclave";
	return principal_check(o->principal, err);
}

static void report(struct command_result *out, const char *dir, const char *principal,
    const struct ssh_public_key *key)
{
	char kid[LAYOUT_KID_LEN + 1];
	char fingerprint[SSH_FINGERPRINT_LEN + 1];

	ssh_public_key_kid(kid, key);
	ssh_public_key_fingerprint(fingerprint, key);
	buf_printf(&out->text, "key %s\nfingerprint %s\nprincipal %s\ntrust ", kid, fingerprint,
	    principal);
	printable_put(&out->text, dir, strlen(dir));
	buf_puts(&out->text, "/trust\n");
	out->json = json_object();
	(void)json_object_set_new(out->json, "kid", json_string(kid));
	(void)json_object_set_new(out->json, "fingerprint", json_string(fingerprint));
	(void)json_object_set_new(out->json, "principal", json_string(principal));
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	auto_passphrase struct passphrase passphrase = PASSPHRASE_INIT;
	struct keygen_options o = {0};
	int first;

	interrupt_hold();
	if (parse_options(&o, self, argc, argv, &first, err) != 0)
		return -1;
	if (!o.no_passphrase && passphrase_read(&passphrase, o.passphrase_file, true, err) != 0)
		return -1;
	auto_secret_key struct secret_key *key = secret_key_generate(err);
	if (key == NULL || key_directory_write(argv[first], key, o.principal,
			       o.no_passphrase ? NULL : &passphrase, err) != 0)
		return -1;
	struct ssh_public_key public_key = secret_key_public(key);
	report(out, argv[first], o.principal, &public_key);
	return 0;
}

const struct command command_keygen = {.name = "keygen", .help = help, .run = run};
