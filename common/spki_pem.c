#include "common/spki_pem.h"

#include <string.h>

#include "common/base64.h"

#define BEGIN_LINE "-----BEGIN PUBLIC KEY-----\n"
#define END_LINE "\n-----END PUBLIC KEY-----\n"

/* SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes } */
static const uint8_t head[] = {
    0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};
#define SPKI_BYTES (sizeof(head) + ED25519_PUBLIC_BYTES)
#define BASE64_LEN 60

void spki_pem_put(struct buf *b, const uint8_t key[ED25519_PUBLIC_BYTES])
{
	uint8_t spki[SPKI_BYTES];

	memcpy(spki, head, sizeof(head));
	memcpy(spki + sizeof(head), key, ED25519_PUBLIC_BYTES);
	buf_puts(b, BEGIN_LINE);
	base64_put(b, spki, sizeof(spki));
	buf_puts(b, END_LINE);
}

int spki_pem_parse(
    uint8_t out[ED25519_PUBLIC_BYTES], const char *text, size_t len, struct error *err)
{
	static const size_t begin_len = sizeof(BEGIN_LINE) - 1;
	static const size_t end_len = sizeof(END_LINE) - 1;
	uint8_t spki[SPKI_BYTES];
	size_t spki_len = 0;

	if (len < begin_len || memcmp(text, BEGIN_LINE, begin_len) != 0)
		return error_set(err, ERR_FORMAT, "not a public key in PEM");
	if (len != begin_len + BASE64_LEN + end_len ||
	    memcmp(text + begin_len + BASE64_LEN, END_LINE, end_len) != 0 ||
	    !base64_parse(spki, sizeof(spki), text + begin_len, BASE64_LEN, NULL, &spki_len) ||
	    spki_len != sizeof(spki) || memcmp(spki, head, sizeof(head)) != 0)
		return error_set(err, ERR_FORMAT,
		    "not an Ed25519 public key of three lines, as 'openssl pkey -pubout' writes "
		    "it");
	memcpy(out, spki + sizeof(head), ED25519_PUBLIC_BYTES);
	return 0;
}
