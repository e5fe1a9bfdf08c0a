/*
 * What an analyser that sees one file at a time cannot know: these functions always return -1, so that
 * nothing after `return error_set(...)` has succeeded. Given to clang-tidy and gcc -fanalyzer by -include.
 */
#include "common/error.h"

#define error_set(...) (error_set(__VA_ARGS__), -1)
#define error_sys(...) (error_sys(__VA_ARGS__), -1)
#define error_prefix(...) (error_prefix(__VA_ARGS__), -1)
#define error_recode(...) (error_recode(__VA_ARGS__), -1)
