/*
 * policy.json over a fixed set of keys: whatever is accepted can be met, and by nobody unnamed.
 */
#include <assert.h>
#include <string.h>

#include "common/index.h"
#include "common/limits.h"
#include "common/trust_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_key(struct trust *t, const char *principal, uint8_t byte, bool for_seals)
{
	t->keys[t->key_count++] = (struct trust_key){.principal = mem_strdup(principal),
	    .key = {{byte}},
	    .for_seals = for_seals,
	    .valid_after = INT64_MIN,
	    .valid_before = INT64_MAX};
}

static bool has_key(const struct trust *t, const char *principal)
{
	for (size_t i = 0; i < t->key_count; i++) {
		if (t->keys[i].for_seals && strcmp(t->keys[i].principal, principal) == 0)
			return true;
	}
	return false;
}

static bool stands_in(char *const *list, size_t count, const char *principal)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i], principal) == 0)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	auto_trust struct trust *t = mem_zalloc(1, sizeof(*t));

	t->keys = mem_zalloc(3, sizeof(*t->keys));
	add_key(t, "enclave", 1, true);
	add_key(t, "b", 2, true);
	add_key(t, "root", 3, false);
	if (trust_parse_policy(t, (const char *)data, size, &err) != 0) {
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		return 0;
	}
	assert(t->threshold >= 1 && t->threshold <= t->signer_count && t->signer_count <= 2);
	for (size_t i = 0; i < t->signer_count; i++)
		assert(has_key(t, t->signers[i]) && !stands_in(t->signers, i, t->signers[i]));
	assert(t->has_origins == (t->origin_count > 0));
	for (size_t i = 0; i < t->origin_count; i++) {
		const struct trust_origin *origin = &t->origins[i];

		assert(origin_check(origin->name, &err) == 0 && origin->principal_count > 0);
		for (size_t k = 0; k < origin->principal_count; k++)
			assert(stands_in(t->signers, t->signer_count, origin->principals[k]));
	}
	for (size_t i = 0; i < t->destination_count; i++)
		assert(destination_covers(&t->destinations[i], &t->destinations[i], 443));
	return 0;
}
