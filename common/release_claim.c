#include "common/release_claim.h"

#include <string.h>

#include <sodium.h>

#include "common/json.h"
#include "common/limits.h"

#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define PAYLOAD_TYPE "cosign container image signature"

const char *release_form_name(enum release_form form)
{
	return form == RELEASE_BUNDLE ? "bundle" : "legacy";
}

void release_claim_release(struct release_claim *c)
{
	json_decref(c->source);
	*c = (struct release_claim)RELEASE_CLAIM_INIT;
}

/* ---- writing ---- */

static void put_text(struct buf *b, const char *before, const char *text)
{
	buf_puts(b, before);
	json_put_string(b, text, strlen(text));
}

/* What both forms say beside the digest: cosign verify -a compares it. */
static void put_name(struct buf *b, const struct release_claim *claim)
{
	put_text(b, "{\"name\":", claim->name);
	put_text(b, ",\"version\":", claim->version);
	buf_putc(b, '}');
}

static void put_statement(struct buf *b, const struct release_claim *claim)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, &claim->digest);
	buf_printf(b,
	    "{\"_type\":\"" STATEMENT_TYPE "\",\"subject\":[{\"digest\":{\"sha256\":\"%s\"},"
	    "\"annotations\":",
	    hex);
	put_name(b, claim);
	buf_puts(b, "}],\"predicateType\":\"" PREDICATE_COSIGN_SIGN "\",\"predicate\":{}}");
}

static void put_payload(struct buf *b, const struct release_claim *claim)
{
	char digest[DIGEST_TEXT_LEN + 1];

	digest_text(digest, &claim->digest);
	put_text(b, "{\"critical\":{\"identity\":{\"docker-reference\":", claim->docker_reference);
	buf_printf(b,
	    "},\"image\":{\"docker-manifest-digest\":\"%s\"},\"type\":\"" PAYLOAD_TYPE
	    "\"},\"optional\":",
	    digest);
	put_name(b, claim);
	buf_putc(b, '}');
}

void release_claim_write(struct buf *b, const struct release_claim *claim, enum release_form form)
{
	if (form == RELEASE_BUNDLE)
		put_statement(b, claim);
	else
		put_payload(b, claim);
}

/* ---- reading ---- */

/* A member that must be this text. */
static int expect_member(
    const json_t *object, const char *name, const char *expected, struct error *err)
{
	const char *found;

	if (json_strict_string(object, name, JSON_REQUIRED, &found, err) != 0)
		return -1;
	if (strcmp(found, expected) != 0)
		return error_set(
		    err, ERR_FORMAT, "%s '%.200s': expected '%s'", name, found, expected);
	return 0;
}

/* An object that must be there and has these members alone. */
static int open_member(const json_t *object, const char *name, const char *const *members,
    const json_t **out, struct error *err)
{
	if (json_strict_object(object, name, JSON_REQUIRED, out, err) != 0)
		return -1;
	return json_strict_only(*out, members, err) != 0 ? error_prefix(err, "%s", name) : 0;
}

static int take_name(struct release_claim *out, const json_t *from, struct error *err)
{
	if (json_strict_string(from, "name", JSON_OPTIONAL, &out->name, err) != 0)
		return -1;
	return json_strict_string(from, "version", JSON_OPTIONAL, &out->version, err);
}

static int parse_subject(struct release_claim *out, const json_t *statement, struct error *err)
{
	static const char *const subject_names[] = {"digest", "annotations", NULL};
	static const char *const digest_names[] = {"sha256", NULL};
	const json_t *subjects;
	const json_t *digest;
	const json_t *annotations;
	const char *hex;

	if (json_strict_array(statement, "subject", JSON_REQUIRED, &subjects, err) != 0)
		return -1;
	const json_t *subject = json_array_get(subjects, 0);
	if (json_array_size(subjects) != 1 || !json_is_object(subject))
		return error_set(err, ERR_FORMAT, "subject: not a list of one object");
	if (json_strict_only(subject, subject_names, err) != 0 ||
	    open_member(subject, "digest", digest_names, &digest, err) != 0 ||
	    json_strict_string(digest, "sha256", JSON_REQUIRED, &hex, err) != 0 ||
	    json_strict_string_map(subject, "annotations", &annotations, err) != 0)
		return error_prefix(err, "subject");
	if (!digest_parse_hex(&out->digest, hex, strlen(hex)))
		return error_set(err, ERR_FORMAT, "subject: not 64 lower-case hex digits");
	return annotations != NULL ? take_name(out, annotations, err) : 0;
}

static int parse_statement(struct release_claim *out, const json_t *statement, struct error *err)
{
	static const char *const names[] = {"_type", "subject", "predicateType", "predicate", NULL};
	const json_t *predicate;

	if (json_strict_only(statement, names, err) != 0 ||
	    expect_member(statement, "_type", STATEMENT_TYPE, err) != 0 ||
	    expect_member(statement, "predicateType", PREDICATE_COSIGN_SIGN, err) != 0 ||
	    json_strict_object(statement, "predicate", JSON_REQUIRED, &predicate, err) != 0)
		return -1;
	return parse_subject(out, statement, err);
}

static int parse_critical(struct release_claim *out, const json_t *payload, struct error *err)
{
	static const char *const critical_names[] = {"identity", "image", "type", NULL};
	static const char *const identity_names[] = {"docker-reference", NULL};
	static const char *const image_names[] = {"docker-manifest-digest", NULL};
	const json_t *critical;
	const json_t *identity;
	const json_t *image;
	const char *digest;

	if (open_member(payload, "critical", critical_names, &critical, err) != 0 ||
	    open_member(critical, "identity", identity_names, &identity, err) != 0 ||
	    open_member(critical, "image", image_names, &image, err) != 0 ||
	    expect_member(critical, "type", PAYLOAD_TYPE, err) != 0 ||
	    json_strict_string(
		identity, "docker-reference", JSON_REQUIRED, &out->docker_reference, err) != 0 ||
	    json_strict_string(image, "docker-manifest-digest", JSON_REQUIRED, &digest, err) != 0)
		return -1;
	return digest_parse(&out->digest, digest, strlen(digest), err);
}

static int parse_payload(struct release_claim *out, const json_t *payload, struct error *err)
{
	static const char *const names[] = {"critical", "optional", NULL};
	const json_t *optional;

	if (json_strict_only(payload, names, err) != 0 || parse_critical(out, payload, err) != 0)
		return -1;
	if (json_is_null(json_object_get(payload, "optional")))
		return 0;
	if (json_strict_object(payload, "optional", JSON_REQUIRED, &optional, err) != 0)
		return -1;
	return take_name(out, optional, err);
}

int release_claim_parse(struct release_claim *out, enum release_form form, const char *bytes,
    size_t len, struct error *err)
{
	*out = (struct release_claim)RELEASE_CLAIM_INIT;
	if (len > LIMIT_RELEASE_CONTENT_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "signed content of %zu bytes; the limit is %u",
		    len, LIMIT_RELEASE_CONTENT_BYTES_MAX);
	out->source = json_strict_load(bytes, len, err);
	if (out->source == NULL)
		return -1;
	return form == RELEASE_BUNDLE ? parse_statement(out, out->source, err)
				      : parse_payload(out, out->source, err);
}

/* ---- signatures ---- */

void release_signed_data(struct buf *b, enum release_form form, const void *content, size_t len)
{
	if (form == RELEASE_BUNDLE)
		buf_printf(
		    b, "DSSEv1 %zu %s %zu ", strlen(DSSE_TYPE_IN_TOTO), DSSE_TYPE_IN_TOTO, len);
	buf_put(b, content, len);
}

bool release_verify(enum release_form form, const void *content, size_t len,
    const uint8_t signature[ED25519_SIGNATURE_BYTES], const uint8_t key[ED25519_PUBLIC_BYTES])
{
	auto_buf struct buf data = BUF_INIT(LIMIT_RELEASE_CONTENT_BYTES_MAX + KIB);

	release_signed_data(&data, form, content, len);
	return !data.overflowed && crypto_sign_verify_detached(signature,
				       (const unsigned char *)buf_text(&data), data.len, key) == 0;
}
