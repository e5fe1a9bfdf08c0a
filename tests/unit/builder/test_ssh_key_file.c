#include <sodium.h>

#include "builder/ssh_key_file.h"
#include "common/limits.h"
#include "tests/unit/temp_dir.h"

/* By ssh-keygen -t ed25519 -N "", and the same key after ssh-keygen -p -N secret. */
#define PUBLIC "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG3SPLVQnEJyDHWUrhmSP5DAJoYp2ItRZcwJbbaCO/YD"
#define PRIVATE                                                                                    \
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"                                                    \
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"                 \
	"QyNTUxOQAAACBt0jy1UJxCcgx1lK4Zkj+QwCaGKdiLUWXMCW22gjv2AwAAAJDAQy4VwEMu\n"                 \
	"FQAAAAtzc2gtZWQyNTUxOQAAACBt0jy1UJxCcgx1lK4Zkj+QwCaGKdiLUWXMCW22gjv2Aw\n"                 \
	"AAAEBZdA7j5WDbZpFDHLZMVZVPLwv3X7vrsfWI7HlNbWn25W3SPLVQnEJyDHWUrhmSP5DA\n"                 \
	"JoYp2ItRZcwJbbaCO/YDAAAAB3Jvb3RAdm0BAgMEBQY=\n"                                           \
	"-----END OPENSSH PRIVATE KEY-----\n"
#define ENCRYPTED                                                                                  \
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"                                                    \
	"b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBcXmgzw6\n"                 \
	"cmTj77Tpkkkb2/AAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIG3SPLVQnEJyDHWU\n"                 \
	"rhmSP5DAJoYp2ItRZcwJbbaCO/YDAAAAkNpKADTiHB9rwgfMQSDs6Li2DSgKKTNFp6OaM4\n"                 \
	"C74whoznzergHcTvMQNji/NRygeua7dHu0KeVk4VevIAeGytzPfxqo8OjZnE9HYw1oiK2P\n"                 \
	"Ezj+HXdNq4MQRxnjRdz3ibAADvUD/UQbXCEKST0pq/4IlgP29szy7zfAST0YmDUQqRj7s0\n"                 \
	"6J9HNPzjMtMokhKg==\n"                                                                     \
	"-----END OPENSSH PRIVATE KEY-----\n"

static void expect_key(const struct ssh_public_key *key)
{
	auto_buf struct buf line = BUF_INIT(4096);

	ssh_public_key_line(&line, key);
	expect_text(buf_text(&line), PUBLIC);
}

static void every_form_has_the_same_public_half(void **state)
{
	static const char *const texts[] = {PUBLIC, PUBLIC "\n", PUBLIC "\r\n",
	    PUBLIC " somebody@somewhere\n", PUBLIC "\nanother line\n", PRIVATE, ENCRYPTED};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct ssh_public_key key;
		struct error err = ERROR_INIT;

		expect_ok(ssh_key_text_public(&key, texts[i], strlen(texts[i]), &err), &err);
		expect_key(&key);
	}
}

static void what_is_no_key_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
	    {"", "neither a public nor a private key"},
	    {"ssh-ed25519", "neither a public nor a private key"},
	    {"ssh-ed25519 ", "base64"},
	    {"ssh-rsa AAAA", "key type 'ssh-rsa'"},
	    {"-----BEGIN OPENSSH PRIVATE KEY-----\n", "no END after BEGIN"},
	    {"-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n",
		"not an OpenSSH private key inside"},
	    {"-----BEGIN OPENSSH PRIVATE KEY-----\n!\n-----END OPENSSH PRIVATE KEY-----\n",
		"not base64"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ssh_public_key key;
		struct error err = ERROR_INIT;

		expect_refused(
		    ssh_key_text_public(&key, cases[i].text, strlen(cases[i].text), &err), &err,
		    ERR_KEY, cases[i].says);
	}
}

/* Cut anywhere before the public half ends, there is no key to be read, and nothing is overrun. */
static void a_cut_private_key_is_refused(void **state)
{
	static const char end[] = "-----END OPENSSH PRIVATE KEY-----\n";
	static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
	const size_t public_end = strlen(begin) + 4 * ((15 + 4 + 4 + 4 + 4 + 4 + 4 + 51) / 3);

	(void)state;
	for (size_t len = strlen(begin); len < public_end; len++) {
		auto_free char *text = mem_printf("%.*s%s", (int)len, PRIVATE, end);
		struct ssh_public_key key;
		struct error err = ERROR_INIT;

		expect_refused(
		    ssh_key_text_public(&key, text, strlen(text), &err), &err, ERR_KEY, "base64");
	}
}

static int read_at(
    const struct temp_dir *dir, const char *name, struct ssh_public_key *key, struct error *err)
{
	auto_free char *path = temp_path(dir, name);

	*err = (struct error)ERROR_INIT;
	return ssh_key_file_public(key, path, err);
}

static void other_private_keys_need_their_public_half_beside_them(void **state)
{
	static const char pkcs8[] =
	    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
	struct temp_dir dir;
	struct ssh_public_key key;
	struct error err = ERROR_INIT;

	(void)state;
	temp_dir_open(&dir);
	temp_puts(dir.fd, "key", pkcs8);
	expect_refused(read_at(&dir, "key", &key, &err), &err, ERR_KEY, "no key of OpenSSH");
	temp_puts(dir.fd, "key.pub", pkcs8);
	expect_refused(read_at(&dir, "key", &key, &err), &err, ERR_KEY, "key.pub': a private key");
	temp_puts(dir.fd, "key.pub", PUBLIC "\n");
	expect_ok(read_at(&dir, "key", &key, &err), &err);
	expect_key(&key);
	temp_dir_close(&dir);
}

static void files_that_are_none_are_refused(void **state)
{
	struct temp_dir dir;
	struct ssh_public_key key;
	struct error err = ERROR_INIT;
	auto_free char *large = mem_zalloc(LIMIT_KEY_FILE_BYTES_MAX + 1, 1);

	(void)state;
	temp_dir_open(&dir);
	temp_mkdir(dir.fd, "directory");
	assert_int_equal(mkfifoat(dir.fd, "fifo", 0600), 0);
	temp_write(dir.fd, "large", large, LIMIT_KEY_FILE_BYTES_MAX + 1);
	expect_refused(read_at(&dir, "directory", &key, &err), &err, ERR_KEY, "not a regular file");
	expect_refused(read_at(&dir, "fifo", &key, &err), &err, ERR_KEY, "not a regular file");
	expect_refused(read_at(&dir, "large", &key, &err), &err, ERR_KEY, "larger than");
	expect_refused(read_at(&dir, "none", &key, &err), &err, ERR_SYSTEM, "open");
	temp_dir_close(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_form_has_the_same_public_half),
	    cmocka_unit_test(what_is_no_key_is_refused),
	    cmocka_unit_test(a_cut_private_key_is_refused),
	    cmocka_unit_test(other_private_keys_need_their_public_half_beside_them),
	    cmocka_unit_test(files_that_are_none_are_refused),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
