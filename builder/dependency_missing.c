#include "builder/dependency_missing.h"

/* Of one error text; the rest is for what callers put before it. */
#define SHOWN_BYTES_MAX (ERROR_TEXT_BYTES - 320)
#define SHOWN_VERSIONS_MAX 6

void versions_seen_init(struct versions_seen *s)
{
	*s = (struct versions_seen){.text = BUF_INIT(ERROR_TEXT_BYTES)};
}

void versions_seen_release(struct versions_seen *s)
{
	buf_release(&s->text);
}

void versions_seen_add(struct versions_seen *s, const struct text *version)
{
	if (s->count < SHOWN_VERSIONS_MAX)
		buf_printf(&s->text, "%s%.32s%s", s->count != 0 ? ", " : "", text_string(version),
		    version->len > 32 ? "..." : "");
	s->count++;
}

void dependency_missing_init(struct dependency_missing *m)
{
	*m = (struct dependency_missing){.text = BUF_INIT(SHOWN_BYTES_MAX)};
}

void dependency_missing_release(struct dependency_missing *m)
{
	buf_release(&m->text);
}

static void put_cut(struct buf *out, const struct text *t, int max)
{
	buf_printf(out, "%.*s%s", max, text_string(t), t->len > (size_t)max ? "..." : "");
}

static void put_seen(struct buf *out, const struct versions_seen *seen)
{
	if (seen->count == 0) {
		buf_puts(out, "none seen");
		return;
	}
	buf_printf(out, "seen: %s", buf_text(&seen->text));
	if (seen->count > SHOWN_VERSIONS_MAX)
		buf_printf(out, " and %zu more", seen->count - SHOWN_VERSIONS_MAX);
}

void dependency_missing_add(struct dependency_missing *m, const struct chart_dependency *d,
    const struct versions_seen *seen)
{
	auto_buf struct buf item = BUF_INIT(ERROR_TEXT_BYTES);

	buf_puts(&item, "'");
	put_cut(&item, &d->name, 64);
	buf_puts(&item, "' '");
	put_cut(&item, &d->version, 64);
	buf_puts(&item, "' from ");
	if (d->repository.len == 0)
		buf_puts(&item, "charts/, as it names no repository");
	else
		put_cut(&item, &d->repository, 128);
	buf_puts(&item, " (");
	put_seen(&item, seen);
	buf_puts(&item, ")");
	m->count++;
	if (m->shown + 1 < m->count || item.len + 2 > m->text.max - m->text.len)
		return;
	buf_printf(&m->text, "%s%s", m->shown != 0 ? ", " : "", buf_text(&item));
	m->shown++;
}

int dependency_missing_check(const struct dependency_missing *m, struct error *err)
{
	auto_buf struct buf rest = BUF_INIT(64);

	if (m->count == 0)
		return 0;
	if (m->shown < m->count)
		buf_printf(&rest, " and %zu more", m->count - m->shown);
	return error_set(err, ERR_CHART,
	    "%zu %s not to be had here and must be brought into the enclave: %s%s", m->count,
	    m->count == 1 ? "dependency is" : "dependencies are", buf_text(&m->text),
	    buf_text(&rest));
}
