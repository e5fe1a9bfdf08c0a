#include "pusher/blob_upload.h"

#include <inttypes.h>
#include <string.h>

#include "pusher/refusal.h"

#define LOOK_FIRST_BYTES_MIN (1 * MIB) /* for less, a look costs more than it can save */
#define PIECE_BYTES (64 * MIB)
#define PIECE_BYTES_MIN (5 * MIB) /* some registries take no smaller one unless they must */
#define FRONT_BYTES_MIN (1 * MIB) /* what every front lets pass: nginx, unless told otherwise */
#define BROKEN_MAX 2U
#define CUTS_MAX 8U
#define OCTET_STREAM "application/octet-stream"

static enum blob_state first_state(const struct blob_upload *u)
{
	bool is_repeat = u->job.tries > 0;

	if (!u->is_forced && (is_repeat || u->blob->size_bytes > LOOK_FIRST_BYTES_MIN))
		return BLOB_LOOK;
	return u->is_forced ? BLOB_BEGIN : BLOB_MOUNT;
}

/* ---- asking ---- */

static char *look_url(const struct blob_upload *u)
{
	char digest[DIGEST_TEXT_LEN + 1];

	digest_text(digest, &u->blob->digest);
	auto_free char *rest = mem_printf("blobs/%s", digest);
	return registry_repository_url(u->r, u->job.repository, rest);
}

static char *begin_url(const struct blob_upload *u)
{
	char hex[DIGEST_HEX_LEN + 1];

	if (u->state == BLOB_BEGIN)
		return registry_repository_url(u->r, u->job.repository, "blobs/uploads/");
	digest_hex(hex, &u->blob->digest);
	auto_free char *rest = mem_printf("blobs/uploads/?mount=sha256%%3A%s%s%s", hex,
	    u->mount_from == NULL ? "" : "&from=", u->mount_from == NULL ? "" : u->mount_from);
	return registry_repository_url(u->r, u->job.repository, rest);
}

static char *url_of(const struct blob_upload *u)
{
	switch (u->state) {
	case BLOB_LOOK:
		return look_url(u);
	case BLOB_MOUNT:
	case BLOB_BEGIN:
		return begin_url(u);
	case BLOB_WHOLE:
	case BLOB_CLOSE:
		return location_closing(u->location.url, &u->blob->digest);
	case BLOB_PIECE:
	case BLOB_STATUS:
		break;
	}
	return mem_strdup(u->location.url);
}

static enum http_method method_of(enum blob_state state)
{
	static const enum http_method methods[] = {
	    [BLOB_LOOK] = HTTP_HEAD,
	    [BLOB_MOUNT] = HTTP_POST,
	    [BLOB_BEGIN] = HTTP_POST,
	    [BLOB_WHOLE] = HTTP_PUT,
	    [BLOB_PIECE] = HTTP_PATCH,
	    [BLOB_STATUS] = HTTP_GET,
	    [BLOB_CLOSE] = HTTP_PUT,
	};

	return methods[state];
}

static int ask_body(struct blob_upload *u, struct http_request *out, struct error *err)
{
	uint64_t size = u->blob->size_bytes;
	uint64_t end = size;

	if (u->state == BLOB_PIECE && u->piece_bytes != 0 && size - u->sent_bytes > u->piece_bytes)
		end = u->sent_bytes + u->piece_bytes;
	if (u->state == BLOB_PIECE && u->piece_bytes != 0) {
		(void)snprintf(
		    u->range, sizeof(u->range), "%" PRIu64 "-%" PRIu64, u->sent_bytes, end - 1);
		out->content_range = u->range;
	}
	out->content_type = OCTET_STREAM;
	out->body = &u->source.body;
	return blob_source_piece(&u->source, u->sent_bytes, end, err);
}

static int ask(struct job *job, struct http_request *out, struct error *err)
{
	struct blob_upload *u = (struct blob_upload *)job;

	if (job->mount_refused)
		u->mount_from = NULL;
	if (u->state == BLOB_MOUNT && u->mount_from == NULL && u->r->no_anonymous_mount)
		u->state = BLOB_BEGIN;
	job->mount_from = u->state == BLOB_MOUNT ? u->mount_from : NULL;
	free(u->url);
	u->url = url_of(u);
	out->method = method_of(u->state);
	out->url = u->url;
	out->is_foreign = u->state >= BLOB_WHOLE && u->location.is_foreign;
	if (u->state == BLOB_WHOLE || u->state == BLOB_PIECE)
		return ask_body(u, out, err);
	return 0;
}

/* ---- what became of the session ---- */

static void give_up_session(struct blob_upload *u)
{
	blob_source_reset(&u->source);
	location_release(&u->location);
	u->sent_bytes = 0;
}

static enum job_step anew(struct blob_upload *u)
{
	give_up_session(u);
	u->state = BLOB_BEGIN;
	return JOB_ASK;
}

/* Later, and then from the beginning. */
static enum job_step again(
    struct blob_upload *u, const struct http_response *response, struct error *err)
{
	(void)registry_refuse(u->r, u->job.repository, response, false, err);
	give_up_session(u);
	return JOB_AGAIN;
}

static enum job_step refuse(
    struct blob_upload *u, const struct http_response *response, struct error *err)
{
	bool begins = u->state == BLOB_BEGIN || u->state == BLOB_MOUNT;

	return registry_refuse(u->r, u->job.repository, response, begins, err);
}

static enum job_step done(struct blob_upload *u, enum blob_result result)
{
	u->result = result;
	blob_source_close(&u->source);
	location_release(&u->location);
	progress_blob(u->source.progress, u->job.repository, &u->blob->digest, u->blob->size_bytes,
	    result == BLOB_PUSHED);
	return JOB_DONE;
}

/* Shorter pieces for this host from now on; false where they are as short as may be. */
static bool cut_pieces(struct blob_upload *u)
{
	uint64_t least =
	    u->blob->size_bytes < PIECE_BYTES_MIN ? LIMIT_CHUNK_BYTES_MIN : PIECE_BYTES_MIN;
	uint64_t now = u->piece_bytes == 0 ? u->blob->size_bytes : u->piece_bytes;
	uint64_t next = u->piece_bytes == 0 ? PIECE_BYTES : now / 4;

	while (next >= now)
		next /= 4;
	if (next < least)
		next = now > least ? least : LIMIT_CHUNK_BYTES_MIN;
	if (next >= now || ++u->cuts > CUTS_MAX)
		return false;
	u->r->chunk_bytes = next;
	return true;
}

/* ---- answers ---- */

/* A store of objects behind the registry, which leads there what it has found. */
static bool is_elsewhere(const struct http_response *response)
{
	int status = response->status;

	return (status == 302 || status == 303 || status == 307) &&
	       response->headers[HTTP_LOCATION] != NULL;
}

static enum job_step answer_look(
    struct blob_upload *u, const struct http_response *response, struct error *err)
{
	const char *length = response->headers[HTTP_CONTENT_LENGTH];
	char ours[24];

	if (retry_status(response->status))
		return refuse(u, response, err);
	(void)snprintf(ours, sizeof(ours), "%" PRIu64, u->blob->size_bytes);
	/* Of another length, it is not there, whatever the registry says. */
	if (response->status == 200 && (length == NULL || strcmp(length, ours) == 0))
		return done(u, BLOB_PRESENT);
	if (is_elsewhere(response))
		return done(u, BLOB_PRESENT);
	if (response->status < 400 && response->status != 200)
		return refuse(u, response, err);
	u->state = BLOB_MOUNT;
	return JOB_ASK;
}

static enum job_step open_session(
    struct blob_upload *u, const struct http_response *response, struct error *err)
{
	const char *said = response->headers[HTTP_LOCATION];
	const char *least = response->headers[HTTP_CHUNK_MIN_LENGTH];
	uint64_t piece = u->r->chunk_bytes;

	if (said == NULL) {
		(void)error_set(err, ERR_UNBELIEVED, "status 202 without a Location");
		return JOB_FAILED;
	}
	if (location_resolve(&u->location, u->r->target, u->r->upload_hosts, u->url, said, err) !=
	    0)
		return JOB_FAILED;
	if (piece != 0 && least != NULL && strlen(least) < 11 && strtoull(least, NULL, 10) > piece)
		piece = strtoull(least, NULL, 10);
	u->piece_bytes = piece < u->blob->size_bytes && piece <= LIMIT_CHUNK_BYTES_MAX ? piece : 0;
	u->sent_bytes = 0;
	u->state = u->r->mode == UPLOAD_MODE_PATCH || u->piece_bytes != 0 ? BLOB_PIECE : BLOB_WHOLE;
	return JOB_ASK;
}

static enum job_step answer_begin(
    struct blob_upload *u, const struct http_response *response, struct error *err)
{
	int status = response->status;
	bool is_said;

	if (status == 202)
		return open_session(u, response, err);
	if (u->state == BLOB_BEGIN || retry_status(status))
		return refuse(u, response, err);
	if (status == 201) {
		if (registry_check_digest(response, &u->blob->digest, &is_said, err) != 0)
			return JOB_FAILED;
		return done(u, BLOB_MOUNTED);
	}
	if (status < 400)
		return refuse(u, response, err);
	/* Whatever is wrong with the mount, it was an attempt to save work. */
	if (u->mount_from == NULL)
		u->r->no_anonymous_mount = true;
	u->mount_from = NULL;
	u->state = BLOB_BEGIN;
	return JOB_ASK;
}

/* A refused body: is there another way to send it? JOB_DONE: no. */
static enum job_step next_way(
    struct blob_upload *u, const struct http_response *response, struct error *err)
{
	int status = response->status;

	if (status == 413)
		return cut_pieces(u) ? anew(u) : JOB_DONE;
	if (status == 400 && refusal_says(response, "DIGEST_INVALID")) {
		bool is_second = u->is_digest_doubted;
		u->is_digest_doubted = true;
		return is_second ? JOB_DONE : again(u, response, err);
	}
	if (status == 416 || refusal_says(response, "BLOB_UPLOAD_UNKNOWN"))
		return again(u, response, err);
	if (u->state != BLOB_WHOLE ||
	    (status != 400 && status != 404 && status != 405 && status != 501))
		return JOB_DONE;
	u->r->mode = UPLOAD_MODE_PATCH;
	return anew(u);
}

static enum job_step answer_body(
    struct blob_upload *u, const struct http_response *response, struct error *err)
{
	bool is_said;

	if (response->status == 201 || response->status == 204) {
		if (registry_check_digest(response, &u->blob->digest, &is_said, err) != 0)
			return JOB_FAILED;
		return done(u, BLOB_PUSHED);
	}
	enum job_step step = next_way(u, response, err);
	return step == JOB_DONE ? refuse(u, response, err) : step;
}

static enum job_step answer_piece(
    struct blob_upload *u, const struct http_response *response, struct error *err)
{
	const char *said = response->headers[HTTP_LOCATION];
	int status = response->status;

	if (status != 202 && status != 201 && status != 204) {
		enum job_step step = next_way(u, response, err);
		return step == JOB_DONE ? refuse(u, response, err) : step;
	}
	if (said != NULL && location_resolve(&u->location, u->r->target, u->r->upload_hosts, u->url,
				said, err) != 0)
		return JOB_FAILED;
	u->sent_bytes = u->source.end;
	if (u->sent_bytes > u->farthest_bytes) {
		u->farthest_bytes = u->sent_bytes;
		u->job.tries = 0;
	}
	u->state = u->sent_bytes < u->blob->size_bytes ? BLOB_PIECE : BLOB_CLOSE;
	return JOB_ASK;
}

/* Goes on only where the registry has the beginning of what left us last, or all of it. */
static enum job_step answer_status(
    struct blob_upload *u, const struct http_response *response, struct error *err)
{
	const char *range = response->headers[HTTP_RANGE];
	const char *said = response->headers[HTTP_LOCATION];
	uint64_t bytes;
	bool is_sane = response->status >= 200 && response->status < 300 && range != NULL &&
		       blob_upload_range(range, &bytes) && bytes >= u->sent_bytes &&
		       bytes <= u->source.at;

	if (!is_sane || (said != NULL && location_resolve(&u->location, u->r->target,
					     u->r->upload_hosts, u->url, said, err) != 0)) {
		*err = (struct error)ERROR_INIT;
		return anew(u);
	}
	u->sent_bytes = bytes;
	u->state = bytes < u->blob->size_bytes ? BLOB_PIECE : BLOB_CLOSE;
	return JOB_ASK;
}

static enum job_step answer(
    struct job *job, const struct http_response *response, struct error *err)
{
	struct blob_upload *u = (struct blob_upload *)job;

	switch (u->state) {
	case BLOB_LOOK:
		return answer_look(u, response, err);
	case BLOB_MOUNT:
	case BLOB_BEGIN:
		return answer_begin(u, response, err);
	case BLOB_PIECE:
		return answer_piece(u, response, err);
	case BLOB_STATUS:
		return answer_status(u, response, err);
	case BLOB_WHOLE:
	case BLOB_CLOSE:
		break;
	}
	return answer_body(u, response, err);
}

/* ---- when an answer does not come ---- */

static void restart(struct job *job)
{
	struct blob_upload *u = (struct blob_upload *)job;
	bool had_body = u->state == BLOB_WHOLE || u->state == BLOB_PIECE;

	if (u->location.url != NULL && u->state == BLOB_PIECE && u->piece_bytes != 0) {
		u->state = BLOB_STATUS;
		return;
	}
	/* A front that closes on long bodies does so each time, and its 413 is lost in that. */
	if (had_body && u->location.url != NULL && ++u->broken >= BROKEN_MAX &&
	    u->blob->size_bytes > FRONT_BYTES_MIN)
		(void)cut_pieces(u);
	give_up_session(u);
	u->state = first_state(u);
}

/* So do registries that want a repository made before its first push. */
static void unanswered(const struct job *job, struct error *err)
{
	const struct blob_upload *u = (const struct blob_upload *)job;

	if (u->state != BLOB_BEGIN && u->state != BLOB_MOUNT)
		return;
	auto_free char *said = mem_strdup(err->text);
	(void)error_set(
	    err, err->code, "%s; if it is not there, create the repository first", said);
}

static char *label(const struct job *job)
{
	const struct blob_upload *u = (const struct blob_upload *)job;
	char reference[DIGEST_TEXT_LEN + 1];

	digest_text(reference, &u->blob->digest);
	return registry_label(u->r, job->repository,
	    u->state == BLOB_BEGIN || u->state == BLOB_MOUNT ? "" : reference);
}

static const char *open_upload(const struct job *job)
{
	const struct blob_upload *u = (const struct blob_upload *)job;

	return u->location.is_foreign ? NULL : u->location.url;
}

static const struct job_kind kind = {.ask = ask,
    .answer = answer,
    .restart = restart,
    .label = label,
    .unanswered = unanswered,
    .open_upload = open_upload};

void blob_upload_init(struct blob_upload *u, struct registry *r, const char *repository,
    const struct plan_blob *blob, const char *mount_from)
{
	*u = (struct blob_upload){.job = {.kind = &kind,
				      .repository = repository,
				      .is_long = blob->size_bytes > LIMIT_HTTP2_BODY_BYTES_MAX},
	    .r = r,
	    .blob = blob,
	    .mount_from = mount_from,
	    .location = LOCATION_INIT};
	blob_source_init(
	    &u->source, r->layout, &blob->digest, blob->size_bytes, r->session->progress);
	u->state = first_state(u);
}

void blob_upload_force(struct blob_upload *u)
{
	u->is_forced = true;
	u->state = BLOB_BEGIN;
}

void blob_upload_release(struct blob_upload *u)
{
	blob_source_close(&u->source);
	location_release(&u->location);
	free(u->url);
	u->url = NULL;
}

bool blob_upload_range(const char *text, uint64_t *out_bytes)
{
	if (strncmp(text, "bytes=", 6) == 0)
		text += 6;
	if (strcmp(text, "0--1") == 0) {
		*out_bytes = 0;
		return true;
	}
	if (strncmp(text, "0-", 2) != 0)
		return false;
	size_t digits = strspn(text + 2, "0123456789");
	if (digits == 0 || digits > 18 || text[2 + digits] != '\0')
		return false;
	*out_bytes = strtoull(text + 2, NULL, 10) + 1;
	return true;
}
