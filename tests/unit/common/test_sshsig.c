#include <sodium.h>

#include "common/sshsig.h"
#include "tests/unit/expect.h"

/* reference signing.md 9: the key of the seed 00 01 .. 1f, and what ssh-keygen made with it. */
#define PUBLIC_HEX "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
#define PUBLIC_BASE64 "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define FINGERPRINT "SHA256:lbmsoA0yIEcEiVDRnMWuzm+nV+3ZEEpVIURqFoeSspg"
#define KID "95b9aca00d322047"
#define NAMESPACE "seal-v1@airlock.example"
#define SIGNATURE_HEX                                                                              \
	"ac9ed64421ad7f89e384aa4e33b4b7c9ebd532106fa2f8fa4e342eed443670b1"                         \
	"8f3b6d62504baed6cef5c5e0964927c4bc032eefd0ffd5b400071736e4b52f0d"
#define BLOB_HEX                                                                                   \
	"53534853494700000001000000330000000b7373682d6564323535313900000020" PUBLIC_HEX            \
	"000000177365616c2d7631406169726c6f636b2e6578616d706c6500000000000000067368613531"         \
	"32000000530000000b7373682d6564323535313900000040" SIGNATURE_HEX

static const char message[] = "abc\n";

static void from_hex(uint8_t *out, size_t len, const char *hex)
{
	assert_int_equal(sodium_hex2bin(out, len, hex, strlen(hex), NULL, &len, NULL), 0);
}

static struct ssh_public_key vector_key(void)
{
	struct ssh_public_key key = {.ed25519 = {0}};

	from_hex(key.ed25519, sizeof(key.ed25519), PUBLIC_HEX);
	return key;
}

/* The signature file of the vector. */
static void vector_file(struct buf *out)
{
	struct ssh_public_key key = vector_key();
	uint8_t signature[ED25519_SIGNATURE_BYTES];

	from_hex(signature, sizeof(signature), SIGNATURE_HEX);
	sshsig_encode(out, NAMESPACE, &key, signature);
}

static int verify(const char *armored, size_t len, struct error *err)
{
	struct ssh_public_key key = vector_key();

	return sshsig_verify(armored, len, NAMESPACE, &key, message, strlen(message), err);
}

static void names_keys_as_openssh_does(void **state)
{
	struct ssh_public_key key = vector_key();
	struct ssh_public_key parsed;
	struct error err = ERROR_INIT;
	auto_buf struct buf line = BUF_INIT(200);
	char kid[LAYOUT_KID_LEN + 1];
	char fingerprint[SSH_FINGERPRINT_LEN + 1];

	(void)state;
	ssh_public_key_line(&line, &key);
	expect_text(buf_text(&line), "ssh-ed25519 " PUBLIC_BASE64);
	ssh_public_key_kid(kid, &key);
	expect_text(kid, KID);
	ssh_public_key_fingerprint(fingerprint, &key);
	expect_text(fingerprint, FINGERPRINT);
	expect_ok(ssh_public_key_parse(
		      &parsed, "ssh-ed25519", 11, PUBLIC_BASE64, strlen(PUBLIC_BASE64), &err),
	    &err);
	assert_true(ssh_public_key_equal(&parsed, &key));
	parsed.ed25519[31] ^= 1;
	assert_false(ssh_public_key_equal(&parsed, &key));
}

static const struct {
	const char *type;
	const char *base64;
	const char *error;
} bad_keys[] = {
    {"ssh-rsa", PUBLIC_BASE64,
	"key type 'ssh-rsa': only ssh-ed25519 and sk-ssh-ed25519@openssh.com are taken"},
    {"sk-ssh-ed25519", PUBLIC_BASE64, "are taken"},
    {"ecdsa-sha2-nistp256", PUBLIC_BASE64, "are taken"},
    {"ssh-ed2551", PUBLIC_BASE64, "are taken"},
    {"SSH-ED25519", PUBLIC_BASE64, "are taken"},
    {"ssh-ed25519", "", "not an ssh-ed25519"},
    {"ssh-ed25519", "AAAA", "not an ssh-ed25519 public key inside"},
    {"ssh-ed25519", PUBLIC_BASE64 "AAAA", "not an ssh-ed25519 public key inside"},
    {"ssh-ed25519", PUBLIC_BASE64 "=", "not the base64"},
    {"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG", "not"},
    {"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7_zzhC-HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", "not"},
    {"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG\n", "not"},
    {"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NY\xAAm6UNXx3chmQSVTG4",
	"not"},
    /* another type inside, a length that does not fit */
    {"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE4AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
	"not an ssh-ed25519 public key inside"},
    {"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
	"not an ssh-ed25519 public key inside"},
};

static void refuses_other_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_keys); i++) {
		struct error err = ERROR_INIT;
		struct ssh_public_key key;

		expect_refused(
		    ssh_public_key_parse(&key, bad_keys[i].type, strlen(bad_keys[i].type),
			bad_keys[i].base64, strlen(bad_keys[i].base64), &err),
		    &err, ERR_FORMAT, bad_keys[i].error);
	}
}

static void encodes_as_ssh_keygen_does(void **state)
{
	uint8_t blob[193];
	char base64[300];
	auto_buf struct buf armored = BUF_INIT(1000);
	auto_buf struct buf expected = BUF_INIT(1000);

	(void)state;
	from_hex(blob, sizeof(blob), BLOB_HEX);
	sodium_bin2base64(
	    base64, sizeof(base64), blob, sizeof(blob), sodium_base64_VARIANT_ORIGINAL);
	buf_puts(&expected, "-----BEGIN SSH SIGNATURE-----\n");
	for (size_t at = 0; at < strlen(base64); at += 70)
		buf_printf(&expected, "%.70s\n", base64 + at);
	buf_puts(&expected, "-----END SSH SIGNATURE-----\n");
	vector_file(&armored);
	expect_text(buf_text(&armored), buf_text(&expected));
}

static void signs_what_ssh_keygen_signs(void **state)
{
	auto_buf struct buf data = BUF_INIT(1000);
	uint8_t hash[crypto_hash_sha512_BYTES];
	static const char head[] =
	    "SSHSIG\0\0\0\x17seal-v1@airlock.example\0\0\0\0\0\0\0\x06sha512\0\0\0\x40";

	(void)state;
	sshsig_signed_data(&data, NAMESPACE, message, strlen(message));
	(void)crypto_hash_sha512(hash, (const unsigned char *)message, strlen(message));
	assert_int_equal(data.len, sizeof(head) - 1 + sizeof(hash));
	assert_memory_equal(data.data, head, sizeof(head) - 1);
	assert_memory_equal(data.data + sizeof(head) - 1, hash, sizeof(hash));
}

static void verifies_the_vector(void **state)
{
	struct error err = ERROR_INIT;
	auto_buf struct buf armored = BUF_INIT(1000);

	(void)state;
	vector_file(&armored);
	expect_ok(verify(armored.data, armored.len, &err), &err);
	assert_int_equal(err.code, ERR_NONE);
}

static void row_s3_refuses_every_flipped_bit(void **state)
{
	auto_buf struct buf armored = BUF_INIT(1000);

	(void)state;
	vector_file(&armored);
	for (size_t bit = 0; bit < armored.len * 8; bit++) {
		struct error err = ERROR_INIT;

		armored.data[bit / 8] ^= (char)(1 << bit % 8);
		expect_refused(verify(armored.data, armored.len, &err), &err, ERR_SEAL, "");
		armored.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t len = 0; len < armored.len; len++) {
		struct error err = ERROR_INIT;
		assert_int_equal(verify(armored.data, len, &err), -1);
	}
}

/* What ssh-keygen -Y verify itself forgives. */
static void row_s10_refuses_other_spellings(void **state)
{
	static const struct {
		const char *from;
		const char *to;
	} edits[] = {
	    {"-----BEGIN", " -----BEGIN"},
	    {"-----BEGIN", "\n-----BEGIN"},
	    {"SIGNATURE-----\n", "SIGNATURE-----\r\n"},
	    {"\n-----END", "\n\n-----END"},
	    {"\n-----END", "-----END"},
	    {"\n-----END", " \n-----END"},
	    {"-----END", "-----end"},
	    {"U1NIU0lH", "U1NIU0lH\n"},
	    {"U1NIU0lH", "U1NI U0lH"},
	    {"U1NIU0lH", "U1NIU0lG"},
	    {"END SSH SIGNATURE-----\n", "END SSH SIGNATURE-----"},
	    {"END SSH SIGNATURE-----\n", "END SSH SIGNATURE-----\nmore"},
	    {"END SSH SIGNATURE-----\n", "END SSH SIGNATURE-----\n\n"},
	};
	auto_buf struct buf armored = BUF_INIT(1000);

	(void)state;
	vector_file(&armored);
	for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
		struct error err = ERROR_INIT;
		const char *at = strstr(armored.data, edits[i].from);
		assert_non_null(at);
		auto_free char *edited = mem_printf("%.*s%s%s", (int)(at - armored.data),
		    armored.data, edits[i].to, at + strlen(edits[i].from));

		expect_refused(verify(edited, strlen(edited), &err), &err, ERR_SEAL, "not");
	}
}

static void binds_key_namespace_and_message(void **state)
{
	struct error err = ERROR_INIT;
	struct ssh_public_key key = vector_key();
	struct ssh_public_key other = key;
	auto_buf struct buf armored = BUF_INIT(1000);

	(void)state;
	vector_file(&armored);
	other.ed25519[0] ^= 1;
	expect_refused(
	    sshsig_verify(armored.data, armored.len, NAMESPACE, &other, message, 4, &err), &err,
	    ERR_SEAL, "not, byte for byte, the form that ssh-keygen writes for this key");
	expect_refused(
	    sshsig_verify(armored.data, armored.len, SSHSIG_NAMESPACE_SEAL, &key, message, 4, &err),
	    &err, ERR_SEAL, "the namespace seal-v1@sallyport.dev");
	expect_refused(sshsig_verify(armored.data, armored.len, NAMESPACE, &key, "abd\n", 4, &err),
	    &err, ERR_SEAL, "the signature does not hold");
	expect_refused(sshsig_verify(armored.data, armored.len, NAMESPACE, &key, message, 3, &err),
	    &err, ERR_SEAL, "the signature does not hold");
	expect_refused(sshsig_verify("", 0, NAMESPACE, &key, message, 4, &err), &err, ERR_SEAL,
	    "not an OpenSSH");
}

/* A signature in the right form that only arithmetic can refuse: S + L, and keys of small order. */
static void row_s9_refuses_weak_mathematics(void **state)
{
	static const char order[] =
	    "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
	static const char *const small[] = {
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "0100000000000000000000000000000000000000000000000000000000000000",
	    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"};
	struct ssh_public_key key = vector_key();
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	uint8_t group[32];
	struct error err = ERROR_INIT;
	auto_buf struct buf armored = BUF_INIT(1000);

	(void)state;
	from_hex(signature, sizeof(signature), SIGNATURE_HEX);
	from_hex(group, sizeof(group), order);
	sodium_add(signature + 32, group, sizeof(group));
	sshsig_encode(&armored, NAMESPACE, &key, signature);
	expect_refused(
	    verify(armored.data, armored.len, &err), &err, ERR_SEAL, "the signature does not hold");
	for (size_t i = 0; i < ARRAY_SIZE(small); i++) {
		/* R = the key itself, S = 0 satisfies a verifier that does not look. */
		memset(signature, 0, sizeof(signature));
		from_hex(key.ed25519, sizeof(key.ed25519), small[i]);
		memcpy(signature, key.ed25519, 32);
		buf_release(&armored);
		sshsig_encode(&armored, NAMESPACE, &key, signature);
		expect_refused(
		    sshsig_verify(armored.data, armored.len, NAMESPACE, &key, message, 4, &err),
		    &err, ERR_SEAL, "the signature does not hold");
	}
}

/* Prehashed Ed25519, and a signature over the message itself: right key, wrong meaning. */
static void row_s5_refuses_other_signatures_of_the_key(void **state)
{
	uint8_t seed[crypto_sign_SEEDBYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	struct ssh_public_key key = {.ed25519 = {0}};
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	auto_buf struct buf data = BUF_INIT(1000);
	struct error err = ERROR_INIT;
	crypto_sign_state prehash;

	(void)state;
	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)i;
	assert_int_equal(crypto_sign_seed_keypair(key.ed25519, secret, seed), 0);
	sshsig_signed_data(&data, NAMESPACE, message, strlen(message));
	(void)crypto_sign_init(&prehash);
	(void)crypto_sign_update(&prehash, (unsigned char *)data.data, data.len);
	(void)crypto_sign_final_create(&prehash, signature, NULL, secret);
	for (int i = 0; i < 2; i++) {
		auto_buf struct buf armored = BUF_INIT(1000);

		sshsig_encode(&armored, NAMESPACE, &key, signature);
		expect_refused(verify(armored.data, armored.len, &err), &err, ERR_SEAL,
		    "the signature does not hold");
		(void)crypto_sign_detached(
		    signature, NULL, (const unsigned char *)message, strlen(message), secret);
	}
	(void)crypto_sign_detached(signature, NULL, (unsigned char *)data.data, data.len, secret);
	auto_buf struct buf armored = BUF_INIT(1000);
	sshsig_encode(&armored, NAMESPACE, &key, signature);
	expect_ok(verify(armored.data, armored.len, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_keys_as_openssh_does),
	    cmocka_unit_test(refuses_other_keys),
	    cmocka_unit_test(encodes_as_ssh_keygen_does),
	    cmocka_unit_test(signs_what_ssh_keygen_signs),
	    cmocka_unit_test(verifies_the_vector),
	    cmocka_unit_test(row_s3_refuses_every_flipped_bit),
	    cmocka_unit_test(row_s10_refuses_other_spellings),
	    cmocka_unit_test(binds_key_namespace_and_message),
	    cmocka_unit_test(row_s9_refuses_weak_mathematics),
	    cmocka_unit_test(row_s5_refuses_other_signatures_of_the_key),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
