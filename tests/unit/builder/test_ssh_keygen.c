#include <signal.h>

#include <sodium.h>

#include "builder/ssh_key_file.h"
#include "builder/ssh_keygen.h"
#include "common/interrupt.h"
#include "common/limits.h"
#include "tests/unit/temp_dir.h"

/* By ssh-keygen -t ed25519 -N "". */
#define PRIVATE                                                                                    \
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"                                                    \
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"                 \
	"QyNTUxOQAAACBt0jy1UJxCcgx1lK4Zkj+QwCaGKdiLUWXMCW22gjv2AwAAAJDAQy4VwEMu\n"                 \
	"FQAAAAtzc2gtZWQyNTUxOQAAACBt0jy1UJxCcgx1lK4Zkj+QwCaGKdiLUWXMCW22gjv2Aw\n"                 \
	"AAAEBZdA7j5WDbZpFDHLZMVZVPLwv3X7vrsfWI7HlNbWn25W3SPLVQnEJyDHWUrhmSP5DA\n"                 \
	"JoYp2ItRZcwJbbaCO/YDAAAAB3Jvb3RAdm0BAgMEBQY=\n"                                           \
	"-----END OPENSSH PRIVATE KEY-----\n"

static const char message[] = "a list\n";

struct child_case {
	struct temp_dir dir;
	char *key;
};

static int set_up(void **state)
{
	struct child_case *c = mem_zalloc(1, sizeof(*c));

	temp_dir_open(&c->dir);
	c->key = temp_path(&c->dir, "key");
	temp_puts(c->dir.fd, "key", PRIVATE);
	assert_int_equal(fchmodat(c->dir.fd, "key", 0600, 0), 0);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct child_case *c = *state;

	temp_dir_close(&c->dir);
	free(c->key);
	free(c);
	return 0;
}

static int sign(struct buf *out, const char *key, struct error *err)
{
	return ssh_keygen_sign(out, key, SSHSIG_NAMESPACE_SEAL, message, strlen(message), err);
}

static void what_it_writes_verifies_and_nothing_is_left_open(void **state)
{
	const struct child_case *c = *state;
	struct ssh_public_key key;
	struct error err = ERROR_INIT;
	size_t before = open_descriptors();

	expect_ok(ssh_key_file_public(&key, c->key, &err), &err);
	auto_buf struct buf out = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	expect_ok(sign(&out, c->key, &err), &err);
	expect_ok(sshsig_verify(out.data, out.len, SSHSIG_NAMESPACE_SEAL, &key, message,
		      strlen(message), &err),
	    &err);
	assert_int_equal(open_descriptors(), before);
}

/* A pipe holds 64 KiB: a message that is larger must not make the two wait for each other. */
static void a_large_message_does_not_block(void **state)
{
	const struct child_case *c = *state;
	const size_t len = LIMIT_SEAL_BYTES_MAX;
	auto_free char *large = mem_zalloc(len, 1);
	auto_buf struct buf out = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	struct ssh_public_key key;
	struct error err = ERROR_INIT;

	expect_ok(ssh_key_file_public(&key, c->key, &err), &err);
	expect_ok(ssh_keygen_sign(&out, c->key, SSHSIG_NAMESPACE_SEAL, large, len, &err), &err);
	expect_ok(
	    sshsig_verify(out.data, out.len, SSHSIG_NAMESPACE_SEAL, &key, large, len, &err), &err);
}

static void its_refusal_is_told_in_one_line(void **state)
{
	const struct child_case *c = *state;
	auto_buf struct buf out = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	struct error err = ERROR_INIT;

	assert_int_equal(fchmodat(c->dir.fd, "key", 0644, 0), 0);
	expect_refused(sign(&out, c->key, &err), &err, ERR_KEY, "exit status 255: ");
	expect_contains(err.text, "ssh-keygen -Y sign with '");
	expect_contains(err.text, "too open");
	assert_null(strchr(err.text, '\n'));
	assert_int_equal(out.len, 0);
}

static void more_than_a_signature_is_too_much(void **state)
{
	const struct child_case *c = *state;
	auto_buf struct buf out = BUF_INIT(100);
	struct error err = ERROR_INIT;

	expect_refused(sign(&out, c->key, &err), &err, ERR_LIMIT, "what ssh-keygen wrote");
}

static void a_signal_ends_it(void **state)
{
	const struct child_case *c = *state;
	const struct timespec at_once = {0, 0};
	auto_buf struct buf out = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	struct error err = ERROR_INIT;
	sigset_t set;

	interrupt_hold();
	assert_int_equal(raise(SIGTERM), 0);
	expect_refused(sign(&out, c->key, &err), &err, ERR_INTERRUPTED, "interrupted");
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	assert_int_equal(sigtimedwait(&set, NULL, &at_once), SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_it_writes_verifies_and_nothing_is_left_open, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_large_message_does_not_block, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(its_refusal_is_told_in_one_line, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(more_than_a_signature_is_too_much, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_signal_ends_it, set_up, tear_down),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
