/*
 * A .helmignore, a NUL, and paths with NULs between them. No pattern costs more than its length
 * times that of the path, and a second time the answer is the same.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "builder/glob.h"
#include "builder/helmignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(struct helmignore *h, const char *path)
{
	struct error err = ERROR_INIT;
	size_t len = strlen(path);

	for (int directory = 0; directory < 2; directory++) {
		bool first = false;
		bool second = false;
		assert(helmignore_match(h, path, directory != 0, &first, &err) == 0);
		assert(helmignore_match(h, path, directory != 0, &second, &err) == 0);
		assert(first == second);
	}
	for (size_t i = 0; i < h->count; i++) {
		const struct helmignore_rule *rule = &h->rules[i];
		uint64_t steps = 0;
		(void)glob_match(rule->pattern, rule->len, path, len, &steps);
		assert(steps <= 2 * (rule->len + 1) * (len + 2));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_helmignore struct helmignore h = HELMIGNORE_INIT;
	auto_free char *text = mem_strndup((const char *)data, size);
	struct error err = ERROR_INIT;
	size_t rules_len = strlen(text);

	if (helmignore_parse(&h, text, rules_len, &err) != 0) {
		assert(err.code != ERR_NONE && err.text[0] != '\0' && h.rules == NULL);
		return 0;
	}
	assert(h.count > 0);
	for (size_t at = rules_len + 1; at <= size; at += strlen(text + at) + 1)
		check_path(&h, text + at);
	return 0;
}
