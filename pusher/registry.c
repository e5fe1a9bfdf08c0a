#include "pusher/registry.h"

#include <string.h>

#include "pusher/refusal.h"

char *registry_repository_url(const struct registry *r, const char *repository, const char *rest)
{
	return mem_printf("%s/v2/%s/%s", r->target->origin, repository, rest);
}

char *registry_manifest_url(const struct registry *r, const char *repository, const char *reference)
{
	return mem_printf("%s/v2/%s/manifests/%s", r->target->origin, repository, reference);
}

char *registry_label(const struct registry *r, const char *repository, const char *reference)
{
	const char *mark = strchr(reference, ':') != NULL ? "@" : ":";

	return mem_printf(
	    "%s/%s%s%s", r->target->label, repository, reference[0] == '\0' ? "" : mark, reference);
}

enum job_step registry_refuse(const struct registry *r, const char *repository,
    const struct http_response *response, bool begins_upload, struct error *err)
{
	const struct refusal_context context = {
	    .begins_upload = begins_upload,
	    .is_plain_http = r->target->plain_http,
	    .has_token = auth_has_token(r->session->auth, repository),
	    .credentials = auth_credentials_from(r->session->auth, repository),
	};

	(void)refusal_set(err, &context, response);
	return JOB_FAILED;
}

int registry_digest_said(
    const struct http_response *response, bool *out_said, struct digest *out, struct error *err)
{
	const char *text = response->headers[HTTP_DOCKER_CONTENT_DIGEST];

	*out_said = text != NULL;
	if (text == NULL || digest_parse(out, text, strlen(text), err) == 0)
		return 0;
	(void)error_recode(err, ERR_UNBELIEVED);
	return error_prefix(err, "%s", http_header_name(HTTP_DOCKER_CONTENT_DIGEST));
}

int registry_check_digest(const struct http_response *response, const struct digest *ours,
    bool *out_said, struct error *err)
{
	struct digest theirs;
	char text[DIGEST_TEXT_LEN + 1];

	if (registry_digest_said(response, out_said, &theirs, err) != 0)
		return -1;
	if (!*out_said || digest_equal(&theirs, ours))
		return 0;
	digest_text(text, &theirs);
	return error_set(err, ERR_UNBELIEVED,
	    "status %d, but the registry says it took '%s', which was not sent", response->status,
	    text);
}

bool registry_is_unmet(const struct http_response *response)
{
	return response->status == 412 || response->status == 304;
}
