#include <string.h>

#include "common/ssh_wire.h"
#include "tests/unit/expect.h"

static struct ssh_wire wire_of(const char *bytes, size_t len)
{
	return (struct ssh_wire){.at = (const uint8_t *)bytes, .left = len};
}

static void takes_what_is_there(void **state)
{
	static const char bytes[] = "MAGIC\0\0\0\3abc\0\0\0\0\1\2\3\4\0\0\0\2xy";
	struct ssh_wire w = wire_of(bytes, sizeof(bytes) - 1);
	struct ssh_wire found;
	uint32_t number;

	(void)state;
	assert_true(ssh_wire_bytes(&w, "MAGIC", 5));
	assert_true(ssh_wire_string(&w, &found));
	assert_true(ssh_wire_is(&found, "abc"));
	assert_true(ssh_wire_string(&w, &found));
	assert_true(ssh_wire_is(&found, ""));
	assert_true(ssh_wire_u32(&w, &number));
	assert_int_equal(number, 0x01020304);
	assert_true(ssh_wire_text(&w, "xy"));
	assert_int_equal(w.left, 0);
}

/* Cut at each length, and with each length of the string but the right one. */
static void leaves_what_is_not_there(void **state)
{
	static const char bytes[] = "\0\0\0\3abc";
	struct ssh_wire found;
	uint32_t number;

	(void)state;
	for (size_t len = 0; len < sizeof(bytes) - 1; len++) {
		struct ssh_wire w = wire_of(bytes, len);
		assert_false(ssh_wire_string(&w, &found));
		assert_false(ssh_wire_text(&w, "abc"));
		assert_int_equal(w.left, len);
		assert_ptr_equal(w.at, bytes);
		assert_true(ssh_wire_u32(&w, &number) == (len >= 4));
	}
	struct ssh_wire w = wire_of("\xff\xff\xff\xff"
				    "abc",
	    7);
	assert_false(ssh_wire_string(&w, &found));
	w = wire_of(bytes, sizeof(bytes) - 1);
	assert_false(ssh_wire_text(&w, "ab"));
	assert_false(ssh_wire_text(&w, "abd"));
	assert_false(ssh_wire_bytes(&w, "\0\0\0\3abcd", 8));
	assert_int_equal(w.left, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_what_is_there),
	    cmocka_unit_test(leaves_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
