#include "builder/source_date_epoch.h"

#include <errno.h>
#include <stdlib.h>

#define LATEST 253402300799 /* 9999-12-31T23:59:59Z */

int source_date_epoch_read(struct source_date_epoch *out, struct error *err)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char *end;

	*out = (struct source_date_epoch){.is_set = false};
	if (text == NULL)
		return 0;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > LATEST)
		return error_set(err, ERR_USAGE,
		    "SOURCE_DATE_EPOCH '%.40s': not a number of seconds since 1970, up to the year "
		    "9999",
		    text);
	out->is_set = true;
	out->seconds = value;
	timestamp_text(out->text, value);
	return 0;
}
