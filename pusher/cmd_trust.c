#include <string.h>
#include <time.h>

#include "common/interrupt.h"
#include "common/printable.h"
#include "common/timestamp.h"
#include "common/trust_update.h"
#include "pusher/commands.h"
#include "pusher/trust_environment.h"
#include "pusher/trust_place.h"

static const char help[] =
    "usage: pusher trust apply UPDATE --trust DIR\n"
    "\n"
    "Replace the files of DIR by those of UPDATE, which 'builder trust make' wrote,\n"
    "in one step. UPDATE must have a higher serial and be signed by enough of the\n"
    "roots of DIR and of its own. DIR must be a plain directory: neither a link nor a\n"
    "mount point, and with nothing but trust files in it.\n"
    "\n"
    "      --trust DIR    the directory that is updated (required)\n"
    "      --trust-id HEX the trust id of DIR must be this one, before the update\n"
    "      --json         the result, also of a failure, as one JSON object\n"
    "  -q, --quiet        nothing but errors\n"
    "  -v, --verbose      no effect here\n"
    "  -h, --help         this text\n";

static void warn_of_expiry(const struct trust *old, int64_t now, struct buf *notes)
{
	char expires[TIMESTAMP_TEXT_LEN + 1];

	if (!old->roots.has_expires || now < old->roots.expires)
		return;
	timestamp_text(expires, old->roots.expires);
	buf_printf(notes, "pusher: the installed trust expired at %s\n", expires);
}

static void report(struct command_result *out, const char *path, const struct trust *old,
    const struct trust *fresh)
{
	const struct trust *now = fresh != NULL ? fresh : old;
	char old_id[DIGEST_HEX_LEN + 1];
	char id[DIGEST_HEX_LEN + 1];

	digest_hex(old_id, &old->id);
	digest_hex(id, &now->id);
	buf_puts(&out->text, fresh != NULL ? "updated " : "up to date ");
	printable_put(&out->text, path, strlen(path));
	buf_printf(
	    &out->text, "\nserial %llu\ntrust %s\n", (unsigned long long)now->roots.serial, id);
	if (fresh != NULL)
		buf_printf(&out->text, "before %s\n", old_id);
	out->json = json_object();
	(void)json_object_set_new(out->json, "updated", json_boolean(fresh != NULL));
	(void)json_object_set_new(out->json, "serial", json_integer((json_int_t)now->roots.serial));
	(void)json_object_set_new(out->json, "trustId", json_string(id));
	(void)json_object_set_new(out->json, "previousTrustId", json_string(old_id));
}

static int apply(const char *update_path, const struct trust_options *options,
    struct command_result *out, struct error *err)
{
	auto_trust_place struct trust_place place = TRUST_PLACE_INIT;
	auto_trust_update struct trust_update update = TRUST_UPDATE_INIT;
	struct trust *taken = NULL;
	int64_t now = (int64_t)time(NULL);

	/* Locked before it is read: of two updates at a time the older must not win. */
	if (trust_place_open(&place, options->path, err) != 0)
		return -1;
	auto_trust struct trust *old = trust_options_load(options, err);
	if (old == NULL || trust_update_read(&update, update_path, err) != 0)
		return -1;
	warn_of_expiry(old, now, &out->notes);
	enum trust_update_verdict verdict = trust_update_judge(&update, old, now, &taken, err);
	auto_trust struct trust *fresh = taken;
	if (verdict == TRUST_UPDATE_REFUSED)
		return error_prefix(err, "trust update '%s'", update_path);
	if (verdict == TRUST_UPDATE_NEW && trust_place_install(&place, &update.files, err) != 0)
		return -1;
	report(out, options->path, old, fresh);
	return 0;
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct common_options common = {.json = false};
	struct trust_options trust = TRUST_OPTIONS_INIT;
	const struct option_spec specs[] = {
	    TRUST_OPTION_SPECS(&trust),
	    COMMON_OPTION_SPECS(&common),
	};
	int at;

	interrupt_hold();
	if (options_parse(
		specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "pusher trust", &at, err) != 0)
		return -1;
	if (argc - at != 2 || strcmp(argv[at], "apply") != 0)
		return command_usage(self, "pusher", err, "'apply' is wanted, and one UPDATE");
	if (trust_environment_check(&trust, self, err) != 0)
		return -1;
	return apply(argv[at + 1], &trust, out, err);
}

const struct command command_trust = {.name = "trust", .help = help, .run = run};
