/*
 * Calls that have no safe use here. Included by mem.h, so by every file; system headers that
 * declare them come first.
 */
#ifndef COMMON_BANNED_H
#define COMMON_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With clang and _FORTIFY_SOURCE some are macros, which cannot be poisoned: gcc judges. */
#ifndef __clang__
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#endif
#pragma GCC poison atoi atol atoll atof tmpnam mktemp tempnam system popen

#endif
