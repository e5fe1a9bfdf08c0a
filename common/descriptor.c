#include "common/descriptor.h"

#include <string.h>

#include "common/base64.h"
#include "common/json.h"

/* One side of a media type: RFC 6838 4.2, at most 127 characters. Returns its length, 0 if
 * malformed. */
static size_t restricted_name_len(const char *text)
{
	static const char first[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "!#$&^_.+-";
	if (*text == '\0' || strchr(first, *text) == NULL)
		return 0;
	size_t len = strspn(text, rest);
	return len <= 127 ? len : 0;
}

static int media_type_check(const char *member, const char *text, struct error *err)
{
	size_t type_len = restricted_name_len(text);

	if (type_len > 0 && text[type_len] == '/') {
		const char *subtype = text + type_len + 1;
		size_t subtype_len = restricted_name_len(subtype);
		if (subtype_len > 0 && subtype[subtype_len] == '\0')
			return 0;
	}
	return error_set(err, ERR_FORMAT, "%s '%.200s': not a media type", member, text);
}

/* Content that is given in the descriptor itself must be the content that the digest names. */
static int check_inline_data(const struct descriptor *d, const char *base64, struct error *err)
{
	size_t base64_len = strlen(base64);
	auto_free unsigned char *bytes = mem_alloc(base64_len);
	size_t len;
	struct digest found;

	if (!base64_parse(bytes, base64_len, base64, base64_len, NULL, &len))
		return error_set(err, ERR_FORMAT, "member 'data' is not base64");
	digest_of(&found, bytes, len);
	if (len != d->size_bytes || !digest_equal(&found, &d->digest))
		return error_set(err, ERR_FORMAT, "member 'data' is not what the digest names");
	return 0;
}

int descriptor_parse(struct descriptor *out, const json_t *object, struct error *err)
{
	static const char *const names[] = {"mediaType", "digest", "size", "urls", "annotations",
	    "data", "artifactType", "platform", NULL};
	const char *media_type;
	const char *digest;
	const char *artifact_type;
	const char *data;
	const json_t *urls;
	const json_t *annotations;

	*out = (struct descriptor)DESCRIPTOR_INIT;
	if (!json_is_object(object))
		return error_set(err, ERR_FORMAT, "descriptor is not an object");
	if (json_strict_names(object, names, err) != 0 ||
	    json_strict_string(object, "mediaType", JSON_REQUIRED, &media_type, err) != 0 ||
	    json_strict_string(object, "digest", JSON_REQUIRED, &digest, err) != 0 ||
	    json_strict_size(object, "size", JSON_REQUIRED, &out->size_bytes, err) != 0 ||
	    json_strict_string(object, "artifactType", JSON_OPTIONAL, &artifact_type, err) != 0 ||
	    json_strict_string(object, "data", JSON_OPTIONAL, &data, err) != 0 ||
	    json_strict_array(object, "urls", JSON_OPTIONAL, &urls, err) != 0 ||
	    json_strict_string_map(object, "annotations", &annotations, err) != 0 ||
	    digest_parse(&out->digest, digest, strlen(digest), err) != 0 ||
	    media_type_check("mediaType", media_type, err) != 0)
		return -1;
	if (json_array_size(urls) > 0)
		return error_set(err, ERR_FORMAT,
		    "member 'urls': content may not say where else it is to be fetched");
	if (artifact_type != NULL && media_type_check("artifactType", artifact_type, err) != 0)
		return -1;
	if (data != NULL && check_inline_data(out, data, err) != 0)
		return -1;
	out->media_type = mem_strdup(media_type);
	out->artifact_type = artifact_type != NULL ? mem_strdup(artifact_type) : NULL;
	return 0;
}

void descriptor_release(struct descriptor *d)
{
	free(d->media_type);
	free(d->artifact_type);
	*d = (struct descriptor)DESCRIPTOR_INIT;
}
