#include "common/trust_policy.h"

#include <string.h>

#include "common/index.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/timestamp.h"

/* A piece of the text, not NUL-terminated. */
struct span {
	const char *at;
	size_t len;
};

static bool span_is(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

static bool span_begins(struct span s, const char *text)
{
	return s.len >= strlen(text) && memcmp(s.at, text, strlen(text)) == 0;
}

/* Takes the next field of a line, up to a space or tab; empty at its end. */
static struct span take_field(struct span *line)
{
	while (line->len > 0 && (*line->at == ' ' || *line->at == '\t')) {
		line->at++;
		line->len--;
	}
	struct span field = {.at = line->at, .len = 0};
	while (line->len > 0 && *line->at != ' ' && *line->at != '\t') {
		line->at++;
		line->len--;
		field.len++;
	}
	return field;
}

static int parse_principal(struct trust_key *key, struct span field, struct error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._@+-";

	for (size_t i = 0; i < field.len; i++) {
		if (strchr(allowed, field.at[i]) == NULL || field.at[i] == '\0')
			return error_set(err, ERR_FORMAT,
			    "principal '%.*s': one literal name of letters, digits, . _ @ + and -",
			    (int)field.len, field.at);
	}
	if (field.len == 0 || field.len > 64)
		return error_set(err, ERR_FORMAT, "the principal is not 1 to 64 characters long");
	key->principal = mem_strndup(field.at, field.len);
	return 0;
}

/* One option, name="value". */
static int parse_option(
    struct trust_key *key, struct span option, bool *has_namespace, struct error *err)
{
	const char *quote = memchr(option.at, '"', option.len);

	if (quote == NULL || option.len < 2 || option.at[option.len - 1] != '"' ||
	    quote == option.at + option.len - 1)
		return error_set(err, ERR_FORMAT, "option '%.*s': not of the form name=\"value\"",
		    (int)option.len, option.at);
	struct span value = {.at = quote + 1, .len = (size_t)(option.at + option.len - quote) - 2};
	if (span_begins(option, "namespaces=\"") && !*has_namespace) {
		*has_namespace = true;
		key->for_seals = span_is(value, SSHSIG_NAMESPACE_SEAL);
		if (key->for_seals || span_is(value, SSHSIG_NAMESPACE_TRUST))
			return 0;
		return error_set(err, ERR_FORMAT, "namespaces must be exactly \"%s\" or \"%s\"",
		    SSHSIG_NAMESPACE_SEAL, SSHSIG_NAMESPACE_TRUST);
	}
	if (span_begins(option, "valid-after=\"") && key->valid_after == INT64_MIN)
		return timestamp_parse_ssh(&key->valid_after, value.at, value.len, err);
	if (span_begins(option, "valid-before=\"") && key->valid_before == INT64_MAX)
		return timestamp_parse_ssh(&key->valid_before, value.at, value.len, err);
	return error_set(
	    err, ERR_FORMAT, "option '%.*s': unknown or given twice", (int)option.len, option.at);
}

static int parse_options(struct trust_key *key, struct span options, struct error *err)
{
	bool has_namespace = false;
	const char *comma;

	/* Behind every comma stands an option: ssh-keygen drops a line that ends in one. */
	do {
		comma = memchr(options.at, ',', options.len);
		struct span option = {.at = options.at,
		    .len = comma != NULL ? (size_t)(comma - options.at) : options.len};
		size_t used = option.len + (comma != NULL ? 1 : 0);

		if (parse_option(key, option, &has_namespace, err) != 0)
			return -1;
		options.at += used;
		options.len -= used;
	} while (comma != NULL);
	if (!has_namespace)
		return error_set(err, ERR_FORMAT, "namespaces=\"...\" is missing");
	if (key->valid_after >= key->valid_before)
		return error_set(err, ERR_FORMAT, "valid-after is not before valid-before");
	return 0;
}

static int parse_signer(struct trust_key *key, struct span line, struct error *err)
{
	struct span principal = take_field(&line);
	struct span options = take_field(&line);
	struct span type = take_field(&line);
	struct span base64 = take_field(&line);

	if (base64.len == 0)
		return error_set(err, ERR_FORMAT,
		    "not of the form: PRINCIPAL namespaces=\"%s\" ssh-ed25519 BASE64 [COMMENT]",
		    SSHSIG_NAMESPACE_SEAL);
	if (parse_principal(key, principal, err) != 0 || parse_options(key, options, err) != 0)
		return -1;
	return ssh_public_key_parse(&key->key, type.at, type.len, base64.at, base64.len, err);
}

static int add_signer(struct trust *t, struct span line, size_t *capacity, struct error *err)
{
	if (t->key_count >= LIMIT_TRUST_KEYS_MAX)
		return error_set(err, ERR_LIMIT, "more than %u keys", LIMIT_TRUST_KEYS_MAX);
	t->keys = mem_grow(t->keys, t->key_count, capacity, sizeof(*t->keys));
	struct trust_key *key = &t->keys[t->key_count++];
	*key = (struct trust_key){.valid_after = INT64_MIN, .valid_before = INT64_MAX};
	if (parse_signer(key, line, err) != 0)
		return -1;
	for (size_t i = 0; i + 1 < t->key_count; i++) {
		if (ssh_public_key_equal(&t->keys[i].key, &key->key))
			return error_set(err, ERR_FORMAT, "the same key as that of '%s' before",
			    t->keys[i].principal);
	}
	return 0;
}

int trust_parse_allowed_signers(struct trust *t, const char *text, size_t len, struct error *err)
{
	size_t capacity = 0;
	size_t number = 0;

	for (const char *at = text; at < text + len;) {
		size_t left = (size_t)(text + len - at);
		const char *newline = memchr(at, '\n', left);
		struct span line = {
		    .at = at, .len = newline != NULL ? (size_t)(newline - at) : left};

		at += line.len + (newline != NULL ? 1 : 0);
		number++;
		if (line.len == 0 || line.at[0] == '#')
			continue;
		if (add_signer(t, line, &capacity, err) != 0)
			return error_prefix(err, "allowed_signers: line %zu", number);
	}
	if (t->key_count == 0)
		return error_set(err, ERR_FORMAT, "allowed_signers: no key in it");
	return 0;
}

static bool has_seal_key(const struct trust *t, const char *principal)
{
	for (size_t i = 0; i < t->key_count; i++) {
		if (t->keys[i].for_seals && strcmp(t->keys[i].principal, principal) == 0)
			return true;
	}
	return false;
}

/* A list of principals, each once, each with a key that may seal. */
static int parse_principals(
    const struct trust *t, const json_t *array, char ***out, size_t *out_count, struct error *err)
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
		if (!has_seal_key(t, name))
			return error_set(err, ERR_FORMAT,
			    "'%s' has no key for %s in allowed_signers", name,
			    SSHSIG_NAMESPACE_SEAL);
		for (size_t k = 0; k < i; k++) {
			if (strcmp((*out)[k], name) == 0)
				return error_set(err, ERR_FORMAT, "'%s' stands there twice", name);
		}
		(*out)[i] = mem_strdup(name);
		*out_count = i + 1;
	}
	return 0;
}

static int parse_seal(struct trust *t, const json_t *policy, struct error *err)
{
	static const char *const names[] = {"threshold", "signers", NULL};
	const json_t *seal;
	const json_t *signers;
	uint64_t threshold;

	if (json_strict_object(policy, "seal", JSON_REQUIRED, &seal, err) != 0)
		return -1;
	if (json_strict_only(seal, names, err) != 0 ||
	    json_strict_size(seal, "threshold", JSON_REQUIRED, &threshold, err) != 0 ||
	    json_strict_array(seal, "signers", JSON_REQUIRED, &signers, err) != 0)
		return error_prefix(err, "seal");
	if (parse_principals(t, signers, &t->signers, &t->signer_count, err) != 0)
		return error_prefix(err, "seal.signers");
	if (threshold < 1 || threshold > t->signer_count)
		return error_set(err, ERR_FORMAT,
		    "seal.threshold is not 1 to the number of signers (%zu)", t->signer_count);
	t->threshold = (size_t)threshold;
	return 0;
}

static bool is_signer(const struct trust *t, const char *principal)
{
	for (size_t i = 0; i < t->signer_count; i++) {
		if (strcmp(t->signers[i], principal) == 0)
			return true;
	}
	return false;
}

static int parse_origin(
    struct trust *t, const char *name, const json_t *principals, struct error *err)
{
	struct trust_origin *origin = &t->origins[t->origin_count++];

	origin->name = mem_strdup(name);
	if (origin_check(name, err) != 0 || parse_principals(t, principals, &origin->principals,
						&origin->principal_count, err) != 0)
		return -1;
	for (size_t i = 0; i < origin->principal_count; i++) {
		if (!is_signer(t, origin->principals[i]))
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

int trust_parse_policy(struct trust *t, const char *text, size_t len, struct error *err)
{
	static const char *const names[] = {"version", "seal", "origins", "destinations", NULL};
	uint64_t version = 0;
	json_auto_t *policy = json_strict_load(text, len, err);

	if (policy == NULL ||
	    json_strict_size(policy, "version", JSON_REQUIRED, &version, err) != 0)
		return error_prefix(err, "policy.json");
	if (version != 1)
		return error_set(err, ERR_FORMAT, "policy.json: version is not 1");
	if (json_strict_only(policy, names, err) != 0)
		return error_prefix(err, "policy.json: this version does not enforce all of it");
	if (parse_seal(t, policy, err) != 0 || parse_origins(t, policy, err) != 0 ||
	    parse_destinations(t, policy, err) != 0)
		return error_prefix(err, "policy.json");
	return 0;
}
