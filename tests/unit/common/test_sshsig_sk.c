/*
 * Keys and signatures of FIDO authenticators. The vectors were made by ssh-keygen of OpenSSH 9.2
 * with tests/e2e/authenticator.c, and ssh-keygen -Y verify accepts both of them.
 */
#include <sodium.h>

#include "common/sshsig.h"
#include "tests/unit/expect.h"

#define TYPE "sk-ssh-ed25519@openssh.com"
#define TOUCHED_KEY                                                                                \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAICd7Kp6YPBnaQMtUeL5jV2SNAw"                   \
	"jFsfOR3l3STZZ/bXc3AAAABHNzaDo="
#define UNTOUCHED_KEY                                                                              \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIONIuRxugbscAvByhC2v8vOUwG"                   \
	"u5TOi/c+ub079kcjUOAAAADXNzaDp1bnRvdWNoZWQ="
#define FINGERPRINT "SHA256:4VKy1Fn/IWGQYWGj335pvTLeaYlHn4NM0iPzQ3hdNLQ"
#define KID "e152b2d459ff2161"

static const char message[] = "abc\n";

/* Application "ssh:", user present. */
static const char touched[] =
    "-----BEGIN SSH SIGNATURE-----\n"
    "U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAgJ3sqnp\n"
    "g8GdpAy1R4vmNXZI0DCMWx85HeXdJNln9tdzcAAAAEc3NoOgAAABVzZWFsLXYxQHNhbGx5\n"
    "cG9ydC5kZXYAAAAAAAAABnNoYTUxMgAAAGcAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC\n"
    "5jb20AAABAMEyxavHXfQD9MLc+AFkc+EsDFHvMCOHfYTH6xot1CGfulpRCDlEXzIqFypGW\n"
    "FM7mPo96myIx69I/w2rPdSUaAAESNFZ4\n"
    "-----END SSH SIGNATURE-----\n";

/* Application "ssh:untouched", made with -O no-touch-required. */
static const char untouched[] =
    "-----BEGIN SSH SIGNATURE-----\n"
    "U1NIU0lHAAAAAQAAAFMAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAg40i5HG\n"
    "6BuxwC8HKELa/y85TAa7lM6L9z65vTv2RyNQ4AAAANc3NoOnVudG91Y2hlZAAAABVzZWFs\n"
    "LXYxQHNhbGx5cG9ydC5kZXYAAAAAAAAABnNoYTUxMgAAAGcAAAAac2stc3NoLWVkMjU1MT\n"
    "lAb3BlbnNzaC5jb20AAABA0khcD3IqT+UvAGAvFzr5MOmaExGnGb6/FoOKpg5BIFgcehNK\n"
    "USVuhyJ3UULaNxwybEVSQ4niQkzWuiKB2e7JBAASNFZ4\n"
    "-----END SSH SIGNATURE-----\n";

static struct ssh_public_key parse(const char *base64)
{
	struct ssh_public_key key;
	struct error err = ERROR_INIT;

	expect_ok(
	    ssh_public_key_parse(&key, TYPE, strlen(TYPE), base64, strlen(base64), &err), &err);
	return key;
}

static int verify(const char *armored, const struct ssh_public_key *key, struct error *err)
{
	return sshsig_verify(
	    armored, strlen(armored), SSHSIG_NAMESPACE_SEAL, key, message, strlen(message), err);
}

static void names_keys_as_openssh_does(void **state)
{
	struct ssh_public_key key = parse(TOUCHED_KEY);
	auto_buf struct buf line = BUF_INIT(1000);
	char kid[LAYOUT_KID_LEN + 1];
	char fingerprint[SSH_FINGERPRINT_LEN + 1];

	(void)state;
	assert_int_equal(key.type, SSH_KEY_SK_ED25519);
	expect_text(key.application, "ssh:");
	ssh_public_key_line(&line, &key);
	expect_text(buf_text(&line), TYPE " " TOUCHED_KEY);
	ssh_public_key_kid(kid, &key);
	expect_text(kid, KID);
	ssh_public_key_fingerprint(fingerprint, &key);
	expect_text(fingerprint, FINGERPRINT);
	expect_text(parse(UNTOUCHED_KEY).application, "ssh:untouched");
}

/* Another application, another type: still the same key, and nothing is signed twice by it. */
static void one_point_is_one_key(void **state)
{
	struct ssh_public_key key = parse(TOUCHED_KEY);
	struct ssh_public_key plain;
	struct ssh_public_key other = key;

	(void)state;
	ssh_public_key_of_ed25519(&plain, key.ed25519);
	assert_int_equal(plain.type, SSH_KEY_ED25519);
	memcpy(other.application, "ssh:x", 6);
	assert_true(ssh_public_key_equal(&key, &plain));
	assert_true(ssh_public_key_equal(&key, &other));
	other.ed25519[0] ^= 1;
	assert_false(ssh_public_key_equal(&key, &other));
}

static void put_u32(struct buf *b, size_t value)
{
	const unsigned char bytes[] = {0, 0, (unsigned char)(value >> 8), (unsigned char)value};

	buf_put(b, bytes, sizeof(bytes));
}

static void put_string(struct buf *b, const void *bytes, size_t len)
{
	put_u32(b, len);
	buf_put(b, bytes, len);
}

/* A public key field with this application and what follows it. */
static void expect_key_refused(const void *application, size_t len, const char *more)
{
	auto_buf struct buf wire = BUF_INIT(1000);
	unsigned char point[ED25519_PUBLIC_BYTES] = {1};
	struct error err = ERROR_INIT;
	struct ssh_public_key key;
	char base64[1000];

	put_string(&wire, TYPE, strlen(TYPE));
	put_string(&wire, point, sizeof(point));
	put_string(&wire, application, len);
	buf_puts(&wire, more);
	sodium_bin2base64(base64, sizeof(base64), (unsigned char *)wire.data, wire.len,
	    sodium_base64_VARIANT_ORIGINAL);
	expect_refused(ssh_public_key_parse(&key, TYPE, strlen(TYPE), base64, strlen(base64), &err),
	    &err, ERR_FORMAT, TYPE " public key");
}

static void refuses_other_keys(void **state)
{
	static const char plain[] =
	    "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
	char long_application[SSH_APPLICATION_LEN_MAX + 2];
	struct error err = ERROR_INIT;
	struct ssh_public_key key;

	(void)state;
	memset(long_application, 'x', sizeof(long_application));
	memcpy(long_application, "ssh:", 4);
	expect_key_refused("", 0, "");
	expect_key_refused("ssh", 3, "");
	expect_key_refused("https://example", 15, "");
	expect_key_refused("ssh:a b", 7, "");
	expect_key_refused("ssh:\0", 5, "");
	expect_key_refused("ssh:\x7f", 5, "");
	expect_key_refused("ssh:", 4, "more");
	expect_key_refused(long_application, SSH_APPLICATION_LEN_MAX + 1, "");
	expect_refused(ssh_public_key_parse(&key, TYPE, strlen(TYPE), plain, strlen(plain), &err),
	    &err, ERR_FORMAT, "not an " TYPE " public key inside");
	expect_refused(
	    ssh_public_key_parse(&key, "ssh-ed25519", 11, TOUCHED_KEY, strlen(TOUCHED_KEY), &err),
	    &err, ERR_FORMAT, "not an ssh-ed25519 public key inside");
	expect_refused(ssh_public_key_parse(&key, TYPE, strlen(TYPE), TOUCHED_KEY, 40, &err), &err,
	    ERR_FORMAT, "not an " TYPE " public key inside");
}

/* From bytes of exactly this length: a read beyond them is for the sanitizer to find. */
static int parse_wire(struct ssh_public_key *out, const void *bytes, size_t len)
{
	auto_free uint8_t *exact = malloc(len > 0 ? len : 1);
	const struct ssh_wire wire = {.at = exact, .left = len};
	struct error err = ERROR_INIT;

	assert_non_null(exact);
	memcpy(exact, bytes, len);
	return ssh_public_key_parse_wire(out, &wire, &err);
}

static void takes_a_whole_key_alone(void **state)
{
	auto_buf struct buf wire = BUF_INIT(1000);
	char application[SSH_APPLICATION_LEN_MAX + 1];
	unsigned char point[ED25519_PUBLIC_BYTES] = {1};
	struct ssh_public_key key;

	(void)state;
	memset(application, 'x', sizeof(application));
	memcpy(application, "ssh:", 4);
	for (size_t more = 0; more < 2; more++) {
		wire.len = 0;
		put_string(&wire, TYPE, strlen(TYPE));
		put_string(&wire, point, sizeof(point));
		put_string(&wire, application, SSH_APPLICATION_LEN_MAX + more);
		assert_int_equal(parse_wire(&key, wire.data, wire.len), more == 0 ? 0 : -1);
		for (size_t len = 0; len < wire.len; len++)
			assert_int_equal(parse_wire(&key, wire.data, len), -1);
	}
}

static void verifies_what_ssh_keygen_made(void **state)
{
	struct ssh_public_key key = parse(TOUCHED_KEY);
	struct error err = ERROR_INIT;

	(void)state;
	expect_ok(verify(touched, &key, &err), &err);
	expect_refused(sshsig_verify(touched, strlen(touched), SSHSIG_NAMESPACE_TRUST, &key,
			   message, strlen(message), &err),
	    &err, ERR_SEAL, "the namespace trust-v1@sallyport.dev");
	expect_refused(
	    sshsig_verify(touched, strlen(touched), SSHSIG_NAMESPACE_SEAL, &key, "abd\n", 4, &err),
	    &err, ERR_SEAL, "the signature does not hold");
	/* The application is signed. */
	memcpy(key.application, "ssh:x", 6);
	assert_int_equal(verify(touched, &key, &err), -1);
}

/* ssh-keygen -Y verify says yes to it. */
static void row_s5_wants_a_touch(void **state)
{
	struct ssh_public_key key = parse(UNTOUCHED_KEY);
	struct error err = ERROR_INIT;

	(void)state;
	expect_refused(verify(untouched, &key, &err), &err, ERR_SEAL,
	    "signed by an authenticator that nobody touched");
}

static void row_s3_every_flipped_bit_is_refused(void **state)
{
	struct ssh_public_key key = parse(TOUCHED_KEY);
	auto_free char *armored = mem_strdup(touched);
	size_t len = strlen(touched);

	(void)state;
	for (size_t bit = 0; bit < len * 8; bit++) {
		struct error err = ERROR_INIT;

		armored[bit / 8] ^= (char)(1 << bit % 8);
		expect_refused(sshsig_verify(armored, len, SSHSIG_NAMESPACE_SEAL, &key, message,
				   strlen(message), &err),
		    &err, ERR_SEAL, "");
		armored[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t cut = 0; cut < len; cut++) {
		struct error err = ERROR_INIT;

		assert_int_equal(sshsig_verify(armored, cut, SSHSIG_NAMESPACE_SEAL, &key, message,
				     strlen(message), &err),
		    -1);
	}
}

/* An authenticator by the book; what its tail says may be anything. */
struct authenticator {
	struct ssh_public_key key;
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
};

static void authenticator_init(struct authenticator *a, const char *application)
{
	unsigned char seed[crypto_sign_SEEDBYTES] = {9};

	*a = (struct authenticator){.key = {.type = SSH_KEY_SK_ED25519}};
	memcpy(a->key.application, application, strlen(application) + 1);
	assert_int_equal(crypto_sign_seed_keypair(a->key.ed25519, a->secret, seed), 0);
}

/* PROTOCOL.u2f: SHA256(application), flags, counter, SHA256(data). */
static void authenticator_sign(const struct authenticator *a, const char *tail, struct buf *out)
{
	auto_buf struct buf data = BUF_INIT(1000);
	unsigned char signed_bytes[32 + SSH_SK_TAIL_BYTES + 32];
	uint8_t signature[SSHSIG_SIGNATURE_BYTES_MAX];

	sshsig_signed_data(&data, SSHSIG_NAMESPACE_SEAL, message, strlen(message));
	(void)crypto_hash_sha256(
	    signed_bytes, (const unsigned char *)a->key.application, strlen(a->key.application));
	memcpy(signed_bytes + 32, tail, SSH_SK_TAIL_BYTES);
	(void)crypto_hash_sha256(
	    signed_bytes + 32 + SSH_SK_TAIL_BYTES, (const unsigned char *)data.data, data.len);
	(void)crypto_sign_detached(signature, NULL, signed_bytes, sizeof(signed_bytes), a->secret);
	memcpy(signature + ED25519_SIGNATURE_BYTES, tail, SSH_SK_TAIL_BYTES);
	sshsig_encode(out, SSHSIG_NAMESPACE_SEAL, &a->key, signature);
}

static void verifies_every_counter_and_flag_but_absence(void **state)
{
	static const struct {
		const char *tail;
		bool good;
	} tails[] = {
	    {"\x01\0\0\0\0", true},
	    {"\x01\xff\xff\xff\xff", true},
	    {"\x05\0\0\0\x01", true}, /* a PIN was given too */
	    {"\xff\0\0\0\x01", true},
	    {"\0\0\0\0\x01", false},
	    {"\x04\0\0\0\x01", false},
	    {"\xfe\0\0\0\x01", false},
	};
	struct authenticator a;

	(void)state;
	authenticator_init(&a, "ssh:seal");
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		auto_buf struct buf armored = BUF_INIT(4096);
		struct error err = ERROR_INIT;

		authenticator_sign(&a, tails[i].tail, &armored);
		if (tails[i].good)
			expect_ok(verify(buf_text(&armored), &a.key, &err), &err);
		else
			expect_refused(
			    verify(buf_text(&armored), &a.key, &err), &err, ERR_SEAL, "touched");
	}
}

/* Over the data itself, as a key without an authenticator would: right key, wrong meaning. */
static void row_s5_refuses_a_plain_signature_of_the_key(void **state)
{
	auto_buf struct buf data = BUF_INIT(1000);
	auto_buf struct buf as_sk = BUF_INIT(4096);
	auto_buf struct buf as_plain = BUF_INIT(4096);
	uint8_t signature[SSHSIG_SIGNATURE_BYTES_MAX] = {0};
	struct authenticator a;
	struct ssh_public_key plain;
	struct error err = ERROR_INIT;

	(void)state;
	authenticator_init(&a, "ssh:");
	sshsig_signed_data(&data, SSHSIG_NAMESPACE_SEAL, message, strlen(message));
	(void)crypto_sign_detached(
	    signature, NULL, (const unsigned char *)data.data, data.len, a.secret);
	signature[ED25519_SIGNATURE_BYTES] = SSH_SK_USER_PRESENT;
	sshsig_encode(&as_sk, SSHSIG_NAMESPACE_SEAL, &a.key, signature);
	expect_refused(
	    verify(buf_text(&as_sk), &a.key, &err), &err, ERR_SEAL, "the signature does not hold");
	ssh_public_key_of_ed25519(&plain, a.key.ed25519);
	sshsig_encode(&as_plain, SSHSIG_NAMESPACE_SEAL, &plain, signature);
	expect_ok(verify(buf_text(&as_plain), &plain, &err), &err);
	expect_refused(
	    verify(buf_text(&as_plain), &a.key, &err), &err, ERR_SEAL, "not, byte for byte");
	expect_refused(
	    verify(buf_text(&as_sk), &plain, &err), &err, ERR_SEAL, "not, byte for byte");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_keys_as_openssh_does),
	    cmocka_unit_test(one_point_is_one_key),
	    cmocka_unit_test(refuses_other_keys),
	    cmocka_unit_test(takes_a_whole_key_alone),
	    cmocka_unit_test(verifies_what_ssh_keygen_made),
	    cmocka_unit_test(row_s5_wants_a_touch),
	    cmocka_unit_test(row_s3_every_flipped_bit_is_refused),
	    cmocka_unit_test(verifies_every_counter_and_flag_but_absence),
	    cmocka_unit_test(row_s5_refuses_a_plain_signature_of_the_key),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
