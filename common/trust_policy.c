#include "common/trust_policy.h"

#include <string.h>

#include "common/index.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/spki_pem.h"
#include "common/timestamp.h"

static bool has_key(const struct trust *t, const char *principal, bool for_seals)
{
	for (size_t i = 0; i < t->key_count; i++) {
		if (t->keys[i].for_seals == for_seals &&
		    strcmp(t->keys[i].principal, principal) == 0)
			return true;
	}
	return false;
}

/* A list of principals, each once, each with a key for the purpose. */
static int parse_principals(const struct trust *t, const json_t *array, bool for_seals, char ***out,
    size_t *out_count, struct error *err)
{
	size_t count = json_array_size(array);

	if (count == 0 || count > LIMIT_TRUST_KEYS_MAX)
		return error_set(
		    err, ERR_FORMAT, "not a list of 1 to %u principals", LIMIT_TRUST_KEYS_MAX);
	*out = mem_zalloc(count, sizeof(**out));
	for (size_t i = 0; i < count; i++) {
		const char *name = json_string_value(json_array_get(array, i));

		if (name == NULL)
			return error_set(err, ERR_FORMAT, "element %zu is not a string", i);
		if (!has_key(t, name, for_seals))
			return error_set(err, ERR_FORMAT,
			    "'%s' has no key for %s in allowed_signers", name,
			    for_seals ? SSHSIG_NAMESPACE_SEAL : SSHSIG_NAMESPACE_TRUST);
		for (size_t k = 0; k < i; k++) {
			if (strcmp((*out)[k], name) == 0)
				return error_set(err, ERR_FORMAT, "'%s' stands there twice", name);
		}
		(*out)[i] = mem_strdup(name);
		*out_count = i + 1;
	}
	return 0;
}

/* The members threshold and signers of an object of this name. */
static int parse_quorum(const struct trust *t, const json_t *object, const char *name,
    bool for_seals, struct trust_quorum *out, struct error *err)
{
	const json_t *signers;
	uint64_t threshold = 0;

	if (json_strict_size(object, "threshold", JSON_REQUIRED, &threshold, err) != 0 ||
	    json_strict_array(object, "signers", JSON_REQUIRED, &signers, err) != 0)
		return error_prefix(err, "%s", name);
	if (parse_principals(t, signers, for_seals, &out->signers, &out->signer_count, err) != 0)
		return error_prefix(err, "%s.signers", name);
	if (threshold < 1 || threshold > out->signer_count)
		return error_set(err, ERR_FORMAT,
		    "%s.threshold is not 1 to the number of signers (%zu)", name,
		    out->signer_count);
	out->threshold = (size_t)threshold;
	return 0;
}

static int parse_seal(struct trust *t, const json_t *policy, struct error *err)
{
	static const char *const names[] = {"threshold", "signers", NULL};
	const json_t *seal;

	if (json_strict_object(policy, "seal", JSON_REQUIRED, &seal, err) != 0)
		return -1;
	if (json_strict_only(seal, names, err) != 0)
		return error_prefix(err, "seal");
	return parse_quorum(t, seal, "seal", true, &t->seal, err);
}

static int parse_roots(struct trust *t, const json_t *policy, struct error *err)
{
	static const char *const names[] = {"serial", "expires", "threshold", "signers", NULL};
	const json_t *trust;
	const char *expires;

	if (json_strict_object(policy, "trust", JSON_OPTIONAL, &trust, err) != 0)
		return -1;
	if (trust == NULL)
		return 0;
	if (json_strict_only(trust, names, err) != 0 ||
	    json_strict_size(trust, "serial", JSON_REQUIRED, &t->roots.serial, err) != 0 ||
	    json_strict_string(trust, "expires", JSON_OPTIONAL, &expires, err) != 0 ||
	    (expires != NULL && timestamp_parse_utc(&t->roots.expires, expires, err) != 0))
		return error_prefix(err, "trust");
	if (t->roots.serial == 0)
		return error_set(err, ERR_FORMAT, "trust.serial is not 1 or more");
	t->roots.has_expires = expires != NULL;
	return parse_quorum(t, trust, "trust", false, &t->roots.quorum, err);
}

static int parse_origin(
    struct trust *t, const char *name, const json_t *principals, struct error *err)
{
	struct trust_origin *origin = &t->origins[t->origin_count++];

	origin->name = mem_strdup(name);
	if (origin_check(name, err) != 0 ||
	    parse_principals(
		t, principals, true, &origin->principals, &origin->principal_count, err) != 0)
		return -1;
	for (size_t i = 0; i < origin->principal_count; i++) {
		if (!trust_quorum_has(&t->seal, origin->principals[i]))
			return error_set(err, ERR_FORMAT, "'%s' is not one of seal.signers",
			    origin->principals[i]);
	}
	return 0;
}

static int parse_origins(struct trust *t, const json_t *policy, struct error *err)
{
	const json_t *origins;
	const char *name;
	json_t *principals;

	if (json_strict_object(policy, "origins", JSON_OPTIONAL, &origins, err) != 0)
		return -1;
	t->has_origins = origins != NULL;
	t->origins = mem_zalloc(json_object_size(origins), sizeof(*t->origins));
	json_object_foreach((json_t *)(uintptr_t)origins, name, principals)
	{
		if (parse_origin(t, name, principals, err) != 0)
			return error_prefix(err, "origins.%s", name);
	}
	if (t->has_origins && t->origin_count == 0)
		return error_set(err, ERR_FORMAT, "origins is empty: nothing could be accepted");
	return 0;
}

static int parse_destinations(struct trust *t, const json_t *policy, struct error *err)
{
	const json_t *destinations;

	if (json_strict_array(policy, "destinations", JSON_OPTIONAL, &destinations, err) != 0)
		return -1;
	if (destinations == NULL)
		return 0;
	size_t count = json_array_size(destinations);
	if (count == 0)
		return error_set(
		    err, ERR_FORMAT, "destinations is empty: nothing could be accepted");
	t->destinations = mem_zalloc(count, sizeof(*t->destinations));
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(destinations, i));

		if (text == NULL)
			return error_set(
			    err, ERR_FORMAT, "destinations: element %zu is not a string", i);
		t->destination_count = i + 1;
		if (destination_parse(&t->destinations[i], text, err) != 0)
			return error_prefix(err, "destinations");
	}
	return 0;
}

/* ---- the sequence ---- */

static int refuse_sequence(const char *what, struct error *err)
{
	return error_set(err, ERR_FORMAT, "%s is not a number of 1 to 2^63-1", what);
}

static bool lists_origin(const struct trust *t, const char *name)
{
	for (size_t i = 0; i < t->origin_count; i++) {
		if (strcmp(t->origins[i].name, name) == 0)
			return true;
	}
	return false;
}

static int parse_min_sequence(
    struct trust *t, const char *origin, const json_t *value, struct error *err)
{
	struct trust_min_sequence *min = &t->min_sequences[t->min_sequence_count++];

	min->origin = mem_strdup(origin);
	if (origin_check(origin, err) != 0)
		return error_prefix(err, "minSequence");
	/* A misspelt origin must not mean that nothing is asked of the other. */
	if (t->has_origins && !lists_origin(t, origin))
		return error_set(
		    err, ERR_FORMAT, "minSequence: '%s' is not one of origins", origin);
	if (!json_is_integer(value) || json_integer_value(value) < 1)
		return refuse_sequence("minSequence", err);
	min->sequence = (uint64_t)json_integer_value(value);
	return 0;
}

static int parse_sequences(struct trust *t, const json_t *policy, struct error *err)
{
	const json_t *minima;
	const char *origin;
	json_t *value;

	t->max_sequence_jump = INT64_MAX;
	if (json_strict_size(
		policy, "maxSequenceJump", JSON_OPTIONAL, &t->max_sequence_jump, err) != 0 ||
	    json_strict_object(policy, "minSequence", JSON_OPTIONAL, &minima, err) != 0)
		return -1;
	if (t->max_sequence_jump == 0)
		return refuse_sequence("maxSequenceJump", err);
	t->min_sequences = mem_zalloc(json_object_size(minima), sizeof(*t->min_sequences));
	json_object_foreach((json_t *)(uintptr_t)minima, origin, value)
	{
		if (parse_min_sequence(t, origin, value, err) != 0)
			return -1;
	}
	return 0;
}

static int parse_flags(struct trust *t, const json_t *policy, struct error *err)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
	    {"requireDestination", &t->require_destination},
	    {"requireSequence", &t->require_sequence},
	    {"requirePrevious", &t->require_previous},
	    {"requireNotAfter", &t->require_not_after},
	    {"allowMap", &t->allow_map},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (json_strict_bool(policy, flags[i].name, JSON_OPTIONAL, flags[i].flag, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- release signatures ---- */

static bool is_public_key_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t len = strlen(name);

	return len > 4 && len <= 128 && name[0] != '.' && strspn(name, allowed) == len &&
	       strcmp(name + len - 4, ".pub") == 0;
}

/* One key has one role: a release key that also seals could be made to sign the other's words. */
static int refuse_second_role(
    const struct trust *t, const struct ssh_public_key *key, struct error *err)
{
	for (size_t i = 0; i < t->key_count; i++) {
		if (ssh_public_key_equal(&t->keys[i].key, key))
			return error_set(err, ERR_FORMAT,
			    "the key of '%s' in allowed_signers; a key has one role",
			    t->keys[i].principal);
	}
	return 0;
}

/* Adds the key of one file, unless it is revoked. */
static int add_release_key(
    struct trust *t, const struct trust_files *files, const char *name, struct error *err)
{
	struct ssh_public_key key;
	uint8_t bytes[ED25519_PUBLIC_BYTES];

	if (!is_public_key_name(name))
		return error_set(err, ERR_FORMAT, "not the name of a file *.pub");
	const struct buf *content = trust_files_find(files, name);
	if (content == NULL)
		return error_set(err, ERR_FORMAT, "missing");
	if (spki_pem_parse(bytes, buf_text(content), content->len, err) != 0)
		return -1;
	ssh_public_key_of_ed25519(&key, bytes);
	if (refuse_second_role(t, &key, err) != 0)
		return -1;
	for (size_t i = 0; i < t->release.key_count; i++) {
		if (memcmp(t->release.keys[i], bytes, sizeof(bytes)) == 0)
			return error_set(err, ERR_FORMAT, "the same key as another file's");
	}
	if (!trust_is_revoked(t, &key))
		memcpy(t->release.keys[t->release.key_count++], bytes, sizeof(bytes));
	return 0;
}

static int parse_release_keys(
    struct trust *t, const struct trust_files *files, const json_t *names, struct error *err)
{
	size_t count = json_array_size(names);

	if (count == 0 || count > LIMIT_TRUST_FILES_MAX)
		return error_set(err, ERR_FORMAT, "release.keys is not a list of 1 to %u files",
		    LIMIT_TRUST_FILES_MAX);
	t->release.keys = mem_zalloc(count, sizeof(*t->release.keys));
	for (size_t i = 0; i < count; i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (name == NULL)
			return error_set(
			    err, ERR_FORMAT, "release.keys: element %zu is not a string", i);
		if (add_release_key(t, files, name, err) != 0)
			return error_prefix(err, "release.keys: '%s'", name);
	}
	if (t->release.key_count == 0)
		return error_set(err, ERR_FORMAT, "release.keys: every one is revoked");
	return 0;
}

static int parse_release_forms(struct trust *t, const json_t *forms, struct error *err)
{
	const size_t count = json_array_size(forms);

	for (size_t i = 0; i < count; i++) {
		const char *form = json_string_value(json_array_get(forms, i));
		bool *flag = NULL;

		if (form != NULL && strcmp(form, "bundle") == 0)
			flag = &t->release.require_bundle;
		else if (form != NULL && strcmp(form, "legacy") == 0)
			flag = &t->release.require_legacy;
		if (flag == NULL || *flag)
			return error_set(err, ERR_FORMAT,
			    "release.require: element %zu is not \"bundle\" or \"legacy\", each "
			    "once",
			    i);
		*flag = true;
	}
	if (count == 0)
		return error_set(err, ERR_FORMAT, "release.require is empty");
	return 0;
}

static int parse_release(
    struct trust *t, const struct trust_files *files, const json_t *policy, struct error *err)
{
	static const char *const names[] = {"keys", "require", NULL};
	const json_t *release;
	const json_t *keys;
	const json_t *forms;

	if (json_strict_object(policy, "release", JSON_OPTIONAL, &release, err) != 0)
		return -1;
	if (release == NULL)
		return 0;
	if (json_strict_only(release, names, err) != 0 ||
	    json_strict_array(release, "keys", JSON_REQUIRED, &keys, err) != 0 ||
	    json_strict_array(release, "require", JSON_REQUIRED, &forms, err) != 0)
		return error_prefix(err, "release");
	if (parse_release_keys(t, files, keys, err) != 0)
		return -1;
	return parse_release_forms(t, forms, err);
}

static bool is_named(const json_t *names, const char *name)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *named = json_string_value(json_array_get(names, i));

		if (named != NULL && strcmp(named, name) == 0)
			return true;
	}
	return false;
}

/* A misspelt file must not mean that it has nothing to say, nor a key that nothing names that it
 * is in force. */
static int refuse_other_files(
    const struct trust_files *files, const json_t *policy, struct error *err)
{
	const json_t *keys = json_object_get(json_object_get(policy, "release"), "keys");

	for (size_t i = 0; i < files->count; i++) {
		const char *name = files->items[i].name;

		if (strcmp(name, TRUST_ALLOWED_SIGNERS) != 0 && strcmp(name, TRUST_POLICY) != 0 &&
		    strcmp(name, TRUST_REVOKED_KEYS) != 0 && !is_named(keys, name))
			return error_set(err, ERR_FORMAT,
			    "'%s' is there and has no meaning: a trust directory "
			    "takes " TRUST_ALLOWED_SIGNERS ", " TRUST_POLICY ", " TRUST_REVOKED_KEYS
			    " and the *.pub files that release.keys names",
			    name);
	}
	return 0;
}

static int parse_object(
    struct trust *t, const struct trust_files *files, const json_t *policy, struct error *err)
{
	static const char *const names[] = {"version", "trust", "seal", "origins", "destinations",
	    "requireDestination", "requireSequence", "minSequence", "maxSequenceJump",
	    "requirePrevious", "requireNotAfter", "allowMap", "release", NULL};
	uint64_t version = 0;

	if (json_strict_size(policy, "version", JSON_REQUIRED, &version, err) != 0)
		return -1;
	if (version != 1)
		return error_set(err, ERR_FORMAT, "version is not 1");
	if (json_strict_only(policy, names, err) != 0)
		return error_prefix(err, "this version does not enforce all of it");
	if (parse_seal(t, policy, err) != 0 || parse_roots(t, policy, err) != 0 ||
	    parse_origins(t, policy, err) != 0 || parse_destinations(t, policy, err) != 0 ||
	    parse_sequences(t, policy, err) != 0 || parse_flags(t, policy, err) != 0 ||
	    parse_release(t, files, policy, err) != 0)
		return -1;
	return 0;
}

int trust_parse_policy(struct trust *t, const struct trust_files *files, struct error *err)
{
	const struct buf *text = trust_files_find(files, TRUST_POLICY);

	if (text == NULL)
		return error_set(err, ERR_FORMAT, TRUST_POLICY ": missing");
	json_auto_t *policy = json_strict_load(buf_text(text), text->len, err);
	if (policy == NULL || parse_object(t, files, policy, err) != 0)
		return error_prefix(err, TRUST_POLICY);
	return refuse_other_files(files, policy, err);
}
