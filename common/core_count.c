#include "common/core_count.h"

#include <sched.h>

size_t core_count(size_t max)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	size_t count = (size_t)CPU_COUNT(&set);
	return count < max ? count : max;
}
