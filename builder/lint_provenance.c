#include <string.h>

#include "builder/lint_files.h"
#include "builder/yaml_value.h"
#include "common/digest.h"

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

void lint_provenance(struct lint_findings *out, const struct lint_source *source, const char *name)
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};
	auto_free char *path = mem_printf("%s.prov", name);
	struct error err = ERROR_INIT;
	struct digest digest;
	char actual[DIGEST_TEXT_LEN + 1];
	size_t len = 0;

	if (source->provenance.len == 0)
		return;
	const char *list = find_list(&source->provenance, &len);
	if (list == NULL || yaml_value_parse(&value, list, len, &err) != 0) {
		lint_add(out, LINT_ERROR, path, 0, "not the provenance of a chart");
		return;
	}
	const struct yaml_value *recorded = find_member(find_member(&value, "files"), name);
	digest_of(&digest, buf_text(&source->archive), source->archive.len);
	digest_text(actual, &digest);
	if (recorded == NULL || recorded->type != YAML_TYPE_TEXT)
		lint_add(out, LINT_ERROR, path, 0,
		    "provenance does not contain a SHA for a file named '%s'", name);
	else if (!text_is(&recorded->text, actual))
		lint_add(out, LINT_ERROR, path, 0,
		    "sha256 sum does not match: the provenance says '%s', the archive has '%s'",
		    text_string(&recorded->text), actual);
}
