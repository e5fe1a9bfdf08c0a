#include "builder/yaml_source.h"

#include <string.h>

#include "builder/unicode.h"

static void rewind_source(struct yaml_source *s)
{
	bool has_mark = s->len >= 3 && memcmp(s->bytes, "\xEF\xBB\xBF", 3) == 0;

	s->at = has_mark ? 3 : 0; /* which libyaml does not count */
	s->index = 0;
}

void yaml_source_init(struct yaml_source *s, const char *bytes, size_t len)
{
	*s = (struct yaml_source){.bytes = bytes, .len = len};
	rewind_source(s);
}

/*
 * The byte at a mark. Starts of nodes hardly ever go back, so each search begins where the last one
 * ended.
 */
static const char *find(struct yaml_source *s, const yaml_mark_t *mark)
{
	if (mark->index < s->index)
		rewind_source(s);
	while (s->index < mark->index && s->at < s->len) {
		uint32_t c;
		size_t width = unicode_decode(&c, s->bytes + s->at, s->len - s->at);
		s->at += width != 0 ? width : 1;
		s->index++;
	}
	return s->bytes + s->at;
}

static const char *find_end(const struct yaml_source *s, const yaml_mark_t *mark)
{
	struct yaml_source ahead = *s;

	return find(&ahead, mark);
}

static int refuse(const yaml_event_t *event, const char *what, struct error *err)
{
	return error_set(err, ERR_CHART, "line %zu: %s, which Helm does not read the same way",
	    event->start_mark.line + 1, what);
}

static bool has_slash_escape(const char *from, const char *end)
{
	for (; from + 1 < end; from++) {
		if (*from != '\\')
			continue;
		from++;
		if (*from == '/')
			return true;
	}
	return false;
}

/* The tag and anchor that a node begins with: does a tag stop at a flow indicator? */
static bool has_cut_tag(const char *at, const char *end)
{
	static const char blanks[] = " \t\r\n";

	while (at < end && (*at == '!' || *at == '&')) {
		bool is_tag = *at == '!' && !(at + 1 < end && at[1] == '<');
		for (; at < end && strchr(blanks, *at) == NULL; at++) {
			if (strchr(",[]{}", *at) == NULL)
				continue;
			if (is_tag)
				return true;
			break;
		}
		while (at < end && *at != '\0' && strchr(blanks, *at) != NULL)
			at++;
	}
	return false;
}

static int check_scalar(struct yaml_source *s, const yaml_event_t *event, struct error *err)
{
	yaml_scalar_style_t style = event->data.scalar.style;

	if (style == YAML_PLAIN_SCALAR_STYLE && s->flow_depth != 0 &&
	    memchr(event->data.scalar.value, '?', event->data.scalar.length) != NULL)
		return refuse(event, "an unquoted '?' inside [] or {}", err);
	if (style != YAML_DOUBLE_QUOTED_SCALAR_STYLE || !s->is_utf8)
		return 0;
	const char *start = find(s, &event->start_mark);
	if (has_slash_escape(start, find_end(s, &event->end_mark)))
		return refuse(event, "the escape '\\/'", err);
	return 0;
}

static void count_depth(struct yaml_source *s, const yaml_event_t *event)
{
	bool opens =
	    event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
	bool is_flow = (event->type == YAML_SEQUENCE_START_EVENT &&
			   event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE) ||
		       (event->type == YAML_MAPPING_START_EVENT &&
			   event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
	bool closes =
	    event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;

	/* Inside flow style everything is flow style. */
	if (is_flow || (opens && s->flow_depth != 0))
		s->flow_depth++;
	else if (closes && s->flow_depth != 0)
		s->flow_depth--;
}

int yaml_source_check(struct yaml_source *s, const yaml_event_t *event, struct error *err)
{
	if (event->type == YAML_STREAM_START_EVENT)
		s->is_utf8 = event->data.stream_start.encoding == YAML_UTF8_ENCODING;
	if (event->type == YAML_SCALAR_EVENT && check_scalar(s, event, err) != 0)
		return -1;
	bool is_node = event->type == YAML_SCALAR_EVENT ||
		       event->type == YAML_SEQUENCE_START_EVENT ||
		       event->type == YAML_MAPPING_START_EVENT;
	if (is_node && s->is_utf8 && has_cut_tag(find(s, &event->start_mark), s->bytes + s->len))
		return refuse(event, "a tag that ends at one of ',[]{}'", err);
	count_depth(s, event);
	return 0;
}
