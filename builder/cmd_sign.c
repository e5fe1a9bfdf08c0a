#include <errno.h>
#include <string.h>

#include "builder/commands.h"
#include "builder/layout_update.h"
#include "builder/seal_signature.h"
#include "builder/terminal.h"
#include "common/inspect.h"
#include "common/interrupt.h"
#include "common/limits.h"
#include "common/printable.h"
#include "common/sshsig_file.h"

static const char help[] =
    "usage: builder sign LAYOUT (--keys DIR | --ssh-key FILE | --signature FILE)\n"
    "                    [--seal-id HEX] [OPTION]...\n"
    "\n"
    "Adds one more signature to a sealed layout: the second person looks. The whole\n"
    "layout and the signatures that it has are checked, its packing list is shown,\n"
    "and a yes on the terminal or the seal id on the command line is wanted.\n"
    "\n"
    "      --keys DIR           sign with DIR/seal.key\n"
    "      --ssh-key FILE       ssh-keygen signs with this key, public or private\n"
    "      --signature FILE     add what was made elsewhere, with\n"
    "                           ssh-keygen -Y sign -n seal-v1@sallyport.dev SEAL\n"
    "      --seal-id HEX        what is meant to be signed; asks nothing\n"
    "      --passphrase-file F  the passphrase of seal.key; - for stdin\n"
    "      --json               the result, or the error, as JSON on stdout\n"
    "  -q, --quiet              print errors only\n"
    "  -v, --verbose            accepted; sign has nothing more to say\n";

struct sign_options {
	struct seal_signer signer;
	const char *seal_id;
	const char *passphrase_file;
	struct common_options common;
};

static int parse_options(struct sign_options *o, const struct command *self, int argc, char **argv,
    int *out_operands, struct error *err)
{
	const struct option_spec specs[] = {
	    {.name = "keys", .value = &o->signer.keys},
	    {.name = "ssh-key", .value = &o->signer.ssh_key},
	    {.name = "signature", .value = &o->signer.signature},
	    {.name = "seal-id", .value = &o->seal_id},
	    {.name = "passphrase-file", .value = &o->passphrase_file},
	    COMMON_OPTION_SPECS(&o->common),
	};
	struct digest ignored;

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "builder sign",
		out_operands, err) != 0)
		return -1;
	if (argc - *out_operands != 1)
		return command_usage(self, "builder", err, "exactly one LAYOUT is wanted");
	if ((o->signer.keys != NULL) + (o->signer.ssh_key != NULL) +
		(o->signer.signature != NULL) !=
	    1)
		return command_usage(self, "builder", err,
		    "exactly one of --keys DIR, --ssh-key FILE and --signature FILE is wanted");
	if (o->seal_id != NULL && !digest_parse_hex(&ignored, o->seal_id, strlen(o->seal_id)))
		return command_usage(
		    self, "builder", err, "--seal-id: not 64 lower-case hex digits");
	return 0;
}

/* The keys whose signatures a layout has, as a trust that wants them all. */
struct collection {
	const struct layout *layout;
	struct trust *trust; /* owned; NULL while there is none */
};

/* One signature file: it must be of the key that it is named for. That it holds is seen later. */
static int collect_signature(void *context, const char *path, bool is_regular, struct error *err)
{
	struct collection *c = context;
	auto_buf struct buf armored = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	char kid[LAYOUT_KID_LEN + 1];
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];
	struct ssh_public_key key;

	if (!is_regular || !layout_is_signature_name(path))
		return 0;
	layout_signature_name(name, path + strlen("SEAL."));
	if (layout_read_file(c->layout, name, &armored, err) != 0)
		return error_recode(err, ERR_SEAL);
	if (sshsig_public_key(&key, buf_text(&armored), armored.len, err) != 0)
		return error_prefix(err, "%s", name);
	ssh_public_key_kid(kid, &key);
	if (memcmp(name + strlen("SEAL."), kid, LAYOUT_KID_LEN) != 0)
		return error_set(
		    err, ERR_SEAL, "%s: the signature in it is of the key %s", name, kid);
	if (c->trust == NULL)
		c->trust = trust_of_key(&key, kid);
	else if (c->trust->key_count < LIMIT_SIGNATURES_MAX)
		trust_require_key(c->trust, &key, kid);
	return 0; /* more of them than the limit are counted, and refused, with the other files */
}

/* Trust in nobody: what is there must agree with itself, and who looks decides the rest. */
static int collect(struct trust **out, const char *path, struct error *err)
{
	auto_layout struct layout layout = LAYOUT_INIT;
	struct collection c = {.layout = &layout};

	if (layout_open(&layout, path, err) != 0)
		return error_recode(err, ERR_SEAL);
	int result = layout_each(&layout, collect_signature, &c, err);
	*out = c.trust;
	if (result == 0 && c.trust == NULL)
		(void)error_set(err, ERR_SEAL,
		    "nobody has signed it yet: builder build or builder seal makes the first "
		    "signature");
	return result == 0 && c.trust != NULL ? 0 : error_prefix(err, "layout '%s'", path);
}

/* What the person is to look at, and whether they want it. */
static int show(const struct verified_layout *v, const struct sign_options *o,
    struct command_result *out, struct error *err)
{
	struct inspect_seal seal = {.sealed = true, .id = *verified_layout_seal_id(v)};
	auto_buf struct buf list = BUF_INIT(64 * MIB);
	char hex[DIGEST_HEX_LEN + 1];

	seal.signers = verified_layout_signers(v, &seal.signer_count);
	digest_hex(hex, &seal.id);
	out->json = inspect_json(verified_layout_graph(v), &seal);
	(void)json_object_set_new(out->json, "sealId", json_string(hex));
	inspect_text(&list, verified_layout_graph(v), &seal);
	if (buf_check(&list, "the packing list", err) != 0)
		return -1;
	if (o->seal_id == NULL) {
		auto_free char *question = mem_printf("Sign the seal %s? (yes) ", hex);
		return terminal_confirm(buf_text(&list), question,
		    "give --seal-id HEX, once you have looked at builder inspect LAYOUT", err);
	}
	if (strcmp(o->seal_id, hex) != 0)
		return error_set(
		    err, ERR_SEAL, "the seal id is %s, not the %s that was given", hex, o->seal_id);
	buf_put(&out->text, buf_text(&list), list.len);
	return 0;
}

/* The bytes of SEAL that were checked, and no others. */
static int read_seal(
    struct buf *out, const struct layout *layout, const struct digest *id, struct error *err)
{
	struct digest found;

	if (layout_read_file(layout, LAYOUT_SEAL, out, err) != 0)
		return error_recode(err, ERR_SEAL);
	digest_of(&found, buf_text(out), out->len);
	if (!digest_equal(&found, id))
		return error_set(err, ERR_SEAL, "SEAL: sealed anew while it was looked at");
	return 0;
}

/* True if a signature of this key is there already, whoever was faster. */
static int is_there(const struct layout *layout, const struct seal_signature *s,
    const struct buf *seal, bool *out, struct error *err)
{
	auto_buf struct buf found = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);

	*out = layout_read_file(layout, s->name, &found, err) == 0;
	if (!*out && err->sys_errno == ENOENT) {
		*err = (struct error)ERROR_INIT;
		return 0;
	}
	if (!*out)
		return -1;
	if (sshsig_verify(buf_text(&found), found.len, SSHSIG_NAMESPACE_SEAL, &s->key,
		buf_text(seal), seal->len, err) != 0)
		return error_prefix(err, "%s", s->name);
	return 0;
}

static int add(const char *path, const struct seal_signature *s, const struct digest *id,
    size_t signature_count, bool *out_was_there, struct error *err)
{
	auto_layout_update struct layout_update *u = layout_update_new(path, err);
	auto_buf struct buf seal = BUF_INIT(LIMIT_SEAL_BYTES_MAX);

	/* Under the lock now: nobody seals it anew between this look and the rename. */
	if (u == NULL || read_seal(&seal, layout_update_layout(u), id, err) != 0 ||
	    is_there(layout_update_layout(u), s, &seal, out_was_there, err) != 0)
		return -1;
	if (*out_was_there)
		return 0;
	if (signature_count >= LIMIT_SIGNATURES_MAX)
		return error_set(err, ERR_LIMIT, "layout '%s' has %u signatures: there is no room",
		    path, LIMIT_SIGNATURES_MAX);
	return layout_update_add(u, s->name, s->armored.data, s->armored.len, err);
}

static void report(
    struct command_result *out, const char *path, const struct seal_signature *s, bool was_there)
{
	char kid[LAYOUT_KID_LEN + 1];
	char fingerprint[SSH_FINGERPRINT_LEN + 1];

	ssh_public_key_kid(kid, &s->key);
	ssh_public_key_fingerprint(fingerprint, &s->key);
	buf_printf(&out->text, "%s %s %s ", was_there ? "already signed by" : "now signed by", kid,
	    fingerprint);
	printable_put(&out->text, path, strlen(path));
	buf_putc(&out->text, '\n');
	(void)json_object_set_new(out->json, "layout", json_string(path));
	(void)json_object_set_new(out->json, "kid", json_string(kid));
	(void)json_object_set_new(out->json, "fingerprint", json_string(fingerprint));
	(void)json_object_set_new(out->json, "added", json_boolean(!was_there));
}

static int sign(const char *path, const struct sign_options *o, const struct trust *trust,
    struct command_result *out, struct error *err)
{
	const struct judgement judgement = {.trust = trust, .now = TIME_NOT_JUDGED};
	auto_verified_layout struct verified_layout *v =
	    verified_layout_open(path, &judgement, &out->problems, err);
	auto_passphrase_source struct passphrase_source passphrase =
	    PASSPHRASE_SOURCE_INIT(o->passphrase_file);
	auto_seal_signature struct seal_signature signature = SEAL_SIGNATURE_INIT;
	auto_buf struct buf seal = BUF_INIT(LIMIT_SEAL_BYTES_MAX);
	bool was_there;

	if (v == NULL || show(v, o, out, err) != 0)
		return -1;
	const struct digest *id = verified_layout_seal_id(v);
	if (read_seal(&seal, verified_layout_files(v), id, err) != 0 ||
	    seal_signature_make(&signature, &o->signer, &passphrase, &seal, err) != 0)
		return -1;
	passphrase_source_note(&passphrase, &out->notes);
	if (add(path, &signature, id, trust->key_count, &was_there, err) != 0)
		return -1;
	report(out, path, &signature, was_there);
	return 0;
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct sign_options o = {.seal_id = NULL};
	struct trust *found = NULL;
	int first;

	interrupt_hold();
	if (parse_options(&o, self, argc, argv, &first, err) != 0)
		return -1;
	int result = collect(&found, argv[first], err);
	auto_trust struct trust *trust = found;
	return result == 0 ? sign(argv[first], &o, trust, out, err) : -1;
}

const struct command command_sign = {.name = "sign", .help = help, .run = run};
