#include "builder/provenance.h"

#include <stdio.h>
#include <string.h>

#include "builder/yaml_value.h"

/* The list of digests: what follows the line "..." of the signed text. */
static const char *find_list(const struct buf *provenance, size_t *out_len)
{
	static const char begin[] = "-----BEGIN PGP SIGNED MESSAGE-----";
	static const char signature[] = "\n-----BEGIN PGP SIGNATURE-----";
	const char *text = buf_text(provenance);
	const char *list = NULL;

	if (strncmp(text, begin, strlen(begin)) != 0)
		return NULL;
	const char *end = strstr(text, signature);
	for (const char *dots = strstr(text, "\n..."); dots != NULL && list == NULL;
	     dots = strstr(dots + 1, "\n...")) {
		const char *behind = dots + 4 + (dots[4] == '\r');
		if (*behind == '\n')
			list = behind + 1;
	}
	if (end == NULL || list == NULL || list > end)
		return NULL;
	*out_len = (size_t)(end - list);
	return list;
}

static const struct yaml_value *find_member(const struct yaml_value *map, const char *key)
{
	for (size_t i = 0; map != NULL && map->type == YAML_TYPE_MAP && i < map->map.count; i++) {
		if (text_is(&map->map.members[i].key, key))
			return &map->map.members[i].value;
	}
	return NULL;
}

enum provenance_verdict provenance_judge(const struct buf *provenance, const char *name,
    const struct digest *archive, char recorded[DIGEST_TEXT_LEN + 1])
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};
	struct error ignored = ERROR_INIT;
	char actual[DIGEST_TEXT_LEN + 1];
	size_t len = 0;
	const char *list = find_list(provenance, &len);

	recorded[0] = '\0';
	if (list == NULL || yaml_value_parse(&value, list, len, &ignored) != 0)
		return PROVENANCE_UNREADABLE;
	const struct yaml_value *found = find_member(find_member(&value, "files"), name);
	if (found == NULL || found->type != YAML_TYPE_TEXT)
		return PROVENANCE_UNNAMED;
	digest_text(actual, archive);
	if (text_is(&found->text, actual))
		return PROVENANCE_MATCHES;
	(void)snprintf(recorded, DIGEST_TEXT_LEN + 1, "%s", text_string(&found->text));
	return PROVENANCE_DIFFERS;
}
