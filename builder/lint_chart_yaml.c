#include "builder/lint_chart_yaml.h"

#include <string.h>

#include "builder/chart_yaml.h"
#include "builder/email.h"
#include "builder/go_float.h"
#include "builder/semver.h"
#include "builder/url.h"
#include "common/reference.h"

#define CHART_YAML "Chart.yaml"

char *lint_scalar_text(const struct yaml_value *value)
{
	auto_buf struct buf number = BUF_INIT(64);

	switch (value->type) {
	case YAML_TYPE_TEXT:
		return mem_strndup(text_string(&value->text), value->text.len);
	case YAML_TYPE_BOOL:
		return mem_strdup(value->boolean ? "true" : "false");
	case YAML_TYPE_INT:
		return mem_printf("%lld", (long long)value->integer);
	case YAML_TYPE_UINT:
		return mem_printf("%llu", (unsigned long long)value->natural);
	case YAML_TYPE_FLOAT:
		go_float_put_text(&number, value->real);
		return mem_strdup(buf_text(&number));
	case YAML_TYPE_NULL:
	case YAML_TYPE_LIST:
	case YAML_TYPE_MAP:
		break;
	}
	return mem_strdup("");
}

/* The names of Go's types, which Helm's message shows. */
static const char *go_type(enum yaml_type type)
{
	static const char *const names[] = {"<nil>", "bool", "float64", "float64", "float64",
	    "string", "[]interface {}", "map[string]interface {}"};

	return names[type];
}

static void check_text_type(
    struct lint_findings *out, const struct yaml_value *map, const char *key)
{
	for (size_t i = 0; map->type == YAML_TYPE_MAP && i < map->map.count; i++) {
		const struct yaml_member *member = &map->map.members[i];
		if (!text_is(&member->key, key) || member->value.type == YAML_TYPE_TEXT)
			continue;
		auto_free char *text = lint_scalar_text(&member->value);
		lint_add(out, LINT_ERROR, CHART_YAML, member->value.line,
		    "%s should be of type string but it's of type %s%s%s%s", key,
		    go_type(member->value.type), *text != '\0' ? ", which Helm takes for '" : "",
		    text, *text != '\0' ? "': put it in quotes" : "");
	}
}

static void check_name(struct lint_findings *out, const struct chart_metadata *m)
{
	const char *name = text_string(&m->name);

	if (m->name.len == 0)
		lint_add(out, LINT_ERROR, CHART_YAML, m->name.line, "name is required");
	else if (strchr(name, '/') != NULL && strcmp(name, "/") != 0)
		lint_add(
		    out, LINT_ERROR, CHART_YAML, m->name.line, "chart name '%s' is invalid", name);
}

static void check_api_version(struct lint_findings *out, const struct chart_metadata *m)
{
	if (m->api_version.len == 0)
		lint_add(out, LINT_ERROR, CHART_YAML, m->api_version.line,
		    "apiVersion is required. The value must be either \"v1\" or \"v2\"");
	else if (!text_is(&m->api_version, "v1") && !text_is(&m->api_version, "v2"))
		lint_add(out, LINT_ERROR, CHART_YAML, m->api_version.line,
		    "apiVersion '%s' is not valid. The value must be either \"v1\" or \"v2\"",
		    text_string(&m->api_version));
}

static void check_version(struct lint_findings *out, const struct chart_metadata *m)
{
	static const struct semver least = {.prerelease = "0"};
	const struct text *version = &m->version;
	struct error err = ERROR_INIT;
	struct semver parsed;

	if (version->len == 0)
		lint_add(out, LINT_ERROR, CHART_YAML, version->line, "version is required");
	else if (semver_parse(&parsed, version->bytes, version->len, &err) != 0)
		lint_add(out, LINT_ERROR, CHART_YAML, version->line,
		    "version '%s' is not a valid SemVer", text_string(version));
	else if (semver_compare(&parsed, &least) <= 0)
		lint_add(out, LINT_ERROR, CHART_YAML, version->line,
		    "version \"%s\" is less than or equal to \"0.0.0-0\"", text_string(version));
}

static void check_strict_version(struct lint_findings *out, const struct chart_metadata *m)
{
	const struct text *version = &m->version;
	struct error err = ERROR_INIT;
	struct semver parsed;

	if (semver_parse_strict(&parsed, text_string(version), version->len, &err) != 0)
		lint_add(out, LINT_WARNING, CHART_YAML, version->line,
		    "version '%s' is not a valid SemVerV2: a range of versions will not find it",
		    text_string(version));
}

/* False for the first one at fault, where Helm stops too. */
static bool check_maintainer(struct lint_findings *out, const struct chart_maintainer *m)
{
	if (m == NULL)
		lint_add(out, LINT_ERROR, CHART_YAML, 0, "a maintainer entry is empty");
	else if (m->name.len == 0)
		lint_add(out, LINT_ERROR, CHART_YAML,
		    m->email.line != 0 ? m->email.line : m->url.line,
		    "each maintainer requires a name");
	else if (m->email.len != 0 && !email_check(m->email.bytes, m->email.len))
		lint_add(out, LINT_ERROR, CHART_YAML, m->email.line,
		    "invalid email '%s' for maintainer '%s'", text_string(&m->email),
		    text_string(&m->name));
	else if (m->url.len != 0 && !url_check_web(m->url.bytes, m->url.len))
		lint_add(out, LINT_ERROR, CHART_YAML, m->url.line,
		    "invalid url '%s' for maintainer '%s'", text_string(&m->url),
		    text_string(&m->name));
	else
		return true;
	return false;
}

static void check_maintainers(struct lint_findings *out, const struct chart_metadata *m)
{
	for (size_t i = 0; i < m->maintainers.count; i++) {
		if (!check_maintainer(out, m->maintainers.items[i]))
			return;
	}
}

static void check_urls(struct lint_findings *out, const struct chart_metadata *m)
{
	for (size_t i = 0; i < m->sources.count; i++) {
		const struct text *source = &m->sources.items[i];
		if (!url_check_request(text_string(source), source->len)) {
			lint_add(out, LINT_ERROR, CHART_YAML, source->line,
			    "invalid source URL '%s'", text_string(source));
			break;
		}
	}
	if (m->icon.len == 0)
		lint_add(out, LINT_INFO, CHART_YAML, m->icon.line, "icon is recommended");
	else if (!url_check_request(m->icon.bytes, m->icon.len))
		lint_add(out, LINT_ERROR, CHART_YAML, m->icon.line, "invalid icon URL '%s'",
		    text_string(&m->icon));
}

static void check_v2_fields(struct lint_findings *out, const struct chart_metadata *m)
{
	const char *version = text_string(&m->api_version);

	if (strcmp(version, "v2") == 0)
		return;
	if (m->type.len != 0)
		lint_add(out, LINT_ERROR, CHART_YAML, m->type.line,
		    "chart type is not valid in apiVersion '%s'. It is valid in apiVersion 'v2'",
		    version);
	if (m->dependencies.count != 0)
		lint_add(out, LINT_ERROR, CHART_YAML, 0,
		    "dependencies are not valid in the Chart file with apiVersion '%s'. They are "
		    "valid in apiVersion 'v2'",
		    version);
}

/* The name as it would reach a registry: sanitised, which the rules before this one do not do. */
static void check_pushable(struct lint_findings *out, struct chart_metadata *m)
{
	struct error err = ERROR_INIT;
	auto_free char *written = mem_strdup(text_string(&m->name));
	auto_free char *tag = tag_of_version(text_string(&m->version));
	size_t len = m->name.len;

	text_sanitise(&m->name);
	if (m->name.len != len || strcmp(written, text_string(&m->name)) != 0)
		lint_add(out, LINT_WARNING, CHART_YAML, m->name.line,
		    "name '%s': Helm drops or replaces characters of it, it becomes '%s'", written,
		    text_string(&m->name));
	if (m->name.len != 0 && repository_check(text_string(&m->name), &err) != 0)
		lint_add(out, LINT_ERROR, CHART_YAML, m->name.line,
		    "name '%s' cannot be pushed, no registry takes it as a repository",
		    text_string(&m->name));
	if (m->version.len != 0 && tag_check(tag, &err) != 0)
		lint_add(out, LINT_ERROR, CHART_YAML, m->version.line,
		    "version '%s' cannot be pushed, no registry takes it as a tag",
		    text_string(&m->version));
}

static int read_metadata(struct chart_metadata *m, struct yaml_value *value, struct error *err)
{
	if (value->type == YAML_TYPE_NULL)
		return 0;
	if (value->type != YAML_TYPE_MAP)
		return error_set(err, ERR_CHART, "line %zu: must be a map, not %s", value->line,
		    yaml_type_name(value->type));
	return chart_yaml_read_record(m, &chart_metadata_type, value, err);
}

void lint_chart_yaml(struct lint_findings *out, const char *yaml, size_t len)
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};
	auto_yaml_node struct yaml_node *root = NULL;
	auto_chart_metadata struct chart_metadata m;
	struct error err = ERROR_INIT;

	chart_metadata_init(&m);
	if (yaml_node_parse(&root, yaml, len, &err) != 0 ||
	    yaml_value_expand(&value, root, &err) != 0 || read_metadata(&m, &value, &err) != 0) {
		lint_add_error(out, LINT_ERROR, CHART_YAML, 0, "unable to parse YAML", &err);
		return;
	}
	if (root != NULL)
		lint_chart_keys(out, root);
	check_name(out, &m);
	check_api_version(out, &m);
	check_text_type(out, &value, "version");
	check_version(out, &m);
	check_text_type(out, &value, "appVersion");
	check_maintainers(out, &m);
	check_urls(out, &m);
	check_v2_fields(out, &m);
	check_strict_version(out, &m);
	check_pushable(out, &m);
}
