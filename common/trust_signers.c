#include "common/trust_signers.h"

#include <string.h>

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

/* Takes the next line that says something, and its number; false at the end. */
static bool take_line(struct span *text, struct span *line, size_t *number)
{
	while (text->len > 0) {
		const char *newline = memchr(text->at, '\n', text->len);

		line->at = text->at;
		line->len = newline != NULL ? (size_t)(newline - text->at) : text->len;
		size_t used = line->len + (newline != NULL ? 1 : 0);
		text->at += used;
		text->len -= used;
		(*number)++;
		if (line->len > 0 && line->at[0] != '#')
			return true;
	}
	return false;
}

int trust_parse_allowed_signers(struct trust *t, const char *text, size_t len, struct error *err)
{
	struct span left = {.at = text, .len = len};
	struct span line;
	size_t capacity = 0;
	size_t number = 0;

	while (take_line(&left, &line, &number)) {
		if (add_signer(t, line, &capacity, err) != 0)
			return error_prefix(err, "allowed_signers: line %zu", number);
	}
	if (t->key_count == 0)
		return error_set(err, ERR_FORMAT, "allowed_signers: no key in it");
	return 0;
}

static int parse_revoked(struct ssh_public_key *out, struct span line, struct error *err)
{
	struct span type = take_field(&line);
	struct span base64 = take_field(&line);

	if (base64.len == 0)
		return error_set(err, ERR_FORMAT, "not of the form: ssh-ed25519 BASE64 [COMMENT]");
	return ssh_public_key_parse(out, type.at, type.len, base64.at, base64.len, err);
}

int trust_parse_revoked_keys(struct trust *t, const char *text, size_t len, struct error *err)
{
	struct span left = {.at = text, .len = len};
	struct span line;
	size_t capacity = 0;
	size_t number = 0;

	while (take_line(&left, &line, &number)) {
		t->revoked = mem_grow(t->revoked, t->revoked_count, &capacity, sizeof(*t->revoked));
		if (parse_revoked(&t->revoked[t->revoked_count], line, err) != 0)
			return error_prefix(err, "revoked_keys: line %zu", number);
		t->revoked_count++;
	}
	for (size_t i = 0; i < t->key_count; i++)
		t->keys[i].is_revoked = trust_is_revoked(t, &t->keys[i].key);
	return 0;
}
