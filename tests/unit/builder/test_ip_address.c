#include <string.h>

#include "builder/ip_address.h"
#include "tests/unit/expect.h"

static void test_v6(void **state)
{
	/* As net/netip ParseAddr() of Go has it. */
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
	    {"::", true},
	    {"::1", true},
	    {"1::", true},
	    {"1:2:3:4:5:6:7:8", true},
	    {"1:2:3:4:5:6:7", false},
	    {"1:2:3:4:5:6:7:8:9", false},
	    {"1::2::3", false},
	    {"1:2:3:4:5:6:7::", true},
	    {"::2:3:4:5:6:7:8", true},
	    {"1::2:3:4:5:6:7:8", false},
	    {"", false},
	    {":", false},
	    {":1", false},
	    {"1:", false},
	    {":::", false},
	    {"1:::2", false},
	    {"12345::", false},
	    {"abcd:ABCD::", true},
	    {"g::", false},
	    {"::1.2.3.4", true},
	    {"1.2.3.4", false},
	    {"1:2:3:4:5:6:1.2.3.4", true},
	    {"1:2:3:4:5:1.2.3.4", false},
	    {"1:2:3:4:5:6:7:1.2.3.4", false},
	    {"::1.2.3", false},
	    {"::1.2.3.256", false},
	    {"::1.2.3.04", false},
	    {"::1.2.3.4.5", false},
	    {"::1.2.3.4:5", false},
	    {"1::2%e", false},
	    {"1:2:3:4:5:6::1.2.3.4", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (ip_address_check_v6(cases[i].text, strlen(cases[i].text)) != cases[i].valid)
			fail_msg("'%s': expected %d", cases[i].text, cases[i].valid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_v6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
