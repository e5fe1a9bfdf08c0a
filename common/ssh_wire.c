#include "common/ssh_wire.h"

#include <string.h>

#include "common/mem.h"

bool ssh_wire_u32(struct ssh_wire *w, uint32_t *out)
{
	if (w->left < 4)
		return false;
	*out = (uint32_t)w->at[0] << 24 | (uint32_t)w->at[1] << 16 | (uint32_t)w->at[2] << 8 |
	       w->at[3];
	w->at += 4;
	w->left -= 4;
	return true;
}

bool ssh_wire_string(struct ssh_wire *w, struct ssh_wire *out)
{
	struct ssh_wire rest = *w;
	uint32_t len;

	if (!ssh_wire_u32(&rest, &len) || len > rest.left)
		return false;
	*out = (struct ssh_wire){.at = rest.at, .left = len};
	*w = (struct ssh_wire){.at = rest.at + len, .left = rest.left - len};
	return true;
}

bool ssh_wire_bytes(struct ssh_wire *w, const void *bytes, size_t len)
{
	if (w->left < len || memcmp(w->at, bytes, len) != 0)
		return false;
	w->at += len;
	w->left -= len;
	return true;
}

bool ssh_wire_is(const struct ssh_wire *w, const char *text)
{
	return w->left == strlen(text) && memcmp(w->at, text, w->left) == 0;
}

bool ssh_wire_text(struct ssh_wire *w, const char *text)
{
	struct ssh_wire rest = *w;
	struct ssh_wire found;

	if (!ssh_wire_string(&rest, &found) || !ssh_wire_is(&found, text))
		return false;
	*w = rest;
	return true;
}
