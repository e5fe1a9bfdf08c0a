/*
 * How many threads are of use here.
 */
#ifndef COMMON_CORE_COUNT_H
#define COMMON_CORE_COUNT_H

#include <stddef.h>

/** core_count(max): the cores that this process may run on, 1 ..= max. */
size_t core_count(size_t max);

#endif
