/*
 * policy.json over a fixed set of keys: whatever is accepted can be met, and by nobody unnamed.
 */
#include <assert.h>
#include <string.h>

#include "common/index.h"
#include "common/limits.h"
#include "common/spki_pem.h"
#include "common/trust_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_key(struct trust *t, const char *principal, uint8_t byte, bool for_seals)
{
	t->keys[t->key_count++] = (struct trust_key){.principal = mem_strdup(principal),
	    .key = {.ed25519 = {byte}},
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
	char policy_name[] = TRUST_POLICY;
	char key_name[] = "a.pub";

	t->keys = mem_zalloc(3, sizeof(*t->keys));
	add_key(t, "enclave", 1, true);
	add_key(t, "b", 2, true);
	add_key(t, "root", 3, false);
	struct trust_file items[] = {
	    {.name = policy_name, .content = BUF_INIT(LIMIT_TRUST_FILE_BYTES_MAX)},
	    {.name = key_name, .content = BUF_INIT(LIMIT_TRUST_FILE_BYTES_MAX)}};
	struct trust_files files = {.items = items, .count = 1};
	static const uint8_t release_key[ED25519_PUBLIC_BYTES] = {4};

	if (size > LIMIT_TRUST_FILE_BYTES_MAX)
		return 0;
	buf_put(&items[0].content, data, size);
	spki_pem_put(&items[1].content, release_key);
	/* The key is there for a policy that asks for it. */
	if (strstr(buf_text(&items[0].content), "a.pub") != NULL)
		files.count = 2;
	int result = trust_parse_policy(t, &files, &err);
	buf_release(&items[0].content);
	buf_release(&items[1].content);
	if (result != 0) {
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		return 0;
	}
	assert(t->seal.threshold >= 1 && t->seal.threshold <= t->seal.signer_count &&
	       t->seal.signer_count <= 2);
	for (size_t i = 0; i < t->seal.signer_count; i++)
		assert(has_key(t, t->seal.signers[i]) &&
		       !stands_in(t->seal.signers, i, t->seal.signers[i]));
	assert(t->has_origins == (t->origin_count > 0));
	for (size_t i = 0; i < t->origin_count; i++) {
		const struct trust_origin *origin = &t->origins[i];

		assert(origin_check(origin->name, &err) == 0 && origin->principal_count > 0);
		for (size_t k = 0; k < origin->principal_count; k++)
			assert(stands_in(
			    t->seal.signers, t->seal.signer_count, origin->principals[k]));
	}
	assert(t->release.key_count == files.count - 1);
	assert(
	    (t->release.key_count > 0) == (t->release.require_bundle || t->release.require_legacy));
	assert(t->max_sequence_jump >= 1 && t->max_sequence_jump <= INT64_MAX);
	for (size_t i = 0; i < t->min_sequence_count; i++)
		assert(trust_min_sequence_of(t, t->min_sequences[i].origin) ==
		       t->min_sequences[i].sequence);
	for (size_t i = 0; i < t->destination_count; i++)
		assert(destination_covers(&t->destinations[i], &t->destinations[i], 443));
	return 0;
}
