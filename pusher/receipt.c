#include "pusher/receipt.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "common/fd.h"
#include "common/timestamp.h"

#define PROGRAM "pusher " SALLYPORT_VERSION

/* ---- the content ---- */

static bool is_brought(enum push_state state)
{
	return state == PUSH_STATE_NEEDED || state == PUSH_STATE_PUSHED ||
	       state == PUSH_STATE_MERGED;
}

/* Was something put beside it, or would be? */
static bool is_completed(const struct push *push, const struct push_name *n)
{
	const struct push_repository *r = &push->repositories[n->at];

	for (size_t i = 0; i < n->name->subject_count; i++) {
		const struct push_subject *s = &r->subjects[n->name->subjects[i]];
		const struct plan_subject *plan = &r->plan->subjects[n->name->subjects[i]];
		bool is_any = is_brought(s->signature) || is_brought(s->referrers);
		for (size_t k = 0; !is_any && k < plan->referrer_count; k++)
			is_any = is_brought(r->manifests[plan->referrers[k]]);
		if (is_any)
			return true;
	}
	return false;
}

const char *receipt_result(const struct push *push, const struct push_name *n, bool is_dry_run)
{
	static const char *const done[] = {
	    [PUSH_NEW] = "pushed",
	    [PUSH_UNCHANGED] = "unchanged",
	    [PUSH_SKIP] = "skipped",
	    [PUSH_REPLACE] = "replaced",
	};
	static const char *const planned[] = {
	    [PUSH_NEW] = "would push",
	    [PUSH_UNCHANGED] = "unchanged",
	    [PUSH_SKIP] = "would skip",
	    [PUSH_REPLACE] = "would replace",
	};
	if (n->action == PUSH_UNCHANGED && is_completed(push, n))
		return is_dry_run ? "would complete" : "completed";
	return is_dry_run ? planned[n->action] : done[n->action];
}

static void set_string(json_t *object, const char *name, const char *value)
{
	if (json_object_set_new(object, name, json_string(value)) != 0)
		mem_exhausted();
}

static void set_hex(json_t *object, const char *name, const struct digest *digest)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, digest);
	set_string(object, name, hex);
}

static void set_number(json_t *object, const char *name, uint64_t value)
{
	if (json_object_set_new(object, name, json_integer((json_int_t)value)) != 0)
		mem_exhausted();
}

static void set_time(json_t *object, const char *name, int64_t seconds)
{
	char text[TIMESTAMP_TEXT_LEN + 1];

	timestamp_text(text, seconds);
	set_string(object, name, text);
}

static json_t *signers_json(const struct verified_layout *layout)
{
	size_t count;
	const struct trust_signer *signers = verified_layout_signers(layout, &count);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *signer = json_object();
		set_string(signer, "principal", signers[i].principal);
		set_string(signer, "fingerprint", signers[i].fingerprint);
		(void)json_array_append_new(array, signer);
	}
	return array;
}

/* Of a name that stays as it is, nothing is known but that. */
static json_t *blobs_json(const struct push_name *n)
{
	json_t *blobs = json_object();

	set_number(blobs, "pushed", n->blobs_pushed);
	set_number(blobs, "mounted", n->blobs_mounted);
	if (n->action != PUSH_SKIP)
		set_number(
		    blobs, "present", n->name->blob_count - n->blobs_pushed - n->blobs_mounted);
	return blobs;
}

/* Of all that belongs beside an artifact in one form, the state that says most. */
static void set_beside(json_t *artifact, const struct receipt *r, const struct push_name *n,
    const char *name, bool is_signature)
{
	static const char *const words[] = {
	    [PUSH_STATE_PRESENT] = "present",
	    [PUSH_STATE_NEEDED] = "missing",
	    [PUSH_STATE_PUSHED] = "pushed",
	    [PUSH_STATE_MERGED] = "merged",
	    [PUSH_STATE_UNLISTED] = "unlisted",
	};
	const struct push_repository *repository = &r->push->repositories[n->at];
	enum push_state most = PUSH_STATE_UNASKED;

	for (size_t i = 0; i < n->name->subject_count; i++) {
		const struct push_subject *s = &repository->subjects[n->name->subjects[i]];
		enum push_state state = is_signature ? s->signature : s->referrers;
		most = state > most ? state : most;
	}
	if (n->action != PUSH_SKIP && words[most] != NULL)
		set_string(artifact, name, words[most]);
}

static json_t *artifact_json(const struct receipt *r, const struct push_name *n)
{
	json_t *artifact = json_object();
	char digest[DIGEST_TEXT_LEN + 1];

	digest_text(digest, &n->name->digest);
	set_string(artifact, "repository", n->repository->name);
	set_string(artifact, "tag", n->name->tag);
	set_string(artifact, "digest", digest);
	set_number(artifact, "bytes", n->name->total_bytes);
	set_string(artifact, "result", receipt_result(r->push, n, r->is_dry_run));
	if (!r->is_dry_run)
		(void)json_object_set_new(artifact, "blobs", blobs_json(n));
	set_beside(artifact, r, n, "signature", true);
	set_beside(artifact, r, n, "referrers", false);
	return artifact;
}

/* The one thing that is composed here and lies under a tag of its own. */
static void set_record(json_t *root, const struct record *record)
{
	char digest[DIGEST_TEXT_LEN + 1];

	if (record == NULL || record->result == RECORD_UNUSED)
		return;
	json_t *object = json_object();
	digest_text(digest, &record->digest);
	set_string(object, "repository", record->repository);
	set_string(object, "tag", record->tag);
	set_string(object, "digest", digest);
	set_string(object, "result", record->result == RECORD_PUSHED ? "pushed" : "unchanged");
	(void)json_object_set_new(root, "record", object);
}

json_t *receipt_json(const struct receipt *r)
{
	const struct delivery *d = &verified_layout_graph(r->layout)->index.delivery;
	json_t *root = json_object();
	json_t *artifacts = json_array();

	set_number(root, "version", 1);
	set_hex(root, "sealId", verified_layout_seal_id(r->layout));
	set_hex(root, "trustId", &verified_layout_trust(r->layout)->id);
	if (d->origin != NULL)
		set_string(root, "origin", d->origin);
	if (d->sequence != NULL)
		set_string(root, "sequence", d->sequence);
	if (verified_layout_sequence(r->layout)->previous_differs)
		(void)json_object_set_new(root, "previousDiffers", json_true());
	(void)json_object_set_new(root, "signers", signers_json(r->layout));
	for (size_t i = 0; i < r->push->name_count; i++) {
		if (r->push->names[i].name->tag != NULL)
			(void)json_array_append_new(
			    artifacts, artifact_json(r, &r->push->names[i]));
	}
	(void)json_object_set_new(root, "artifacts", artifacts);
	set_record(root, r->record);
	set_string(root, "registry", r->target->label);
	set_time(root, "startTime", r->start);
	set_time(root, "endTime", r->end);
	set_string(root, "program", PROGRAM);
	set_string(root, "sandbox", "none");
	if (r->is_dry_run)
		(void)json_object_set_new(root, "dryRun", json_true());
	return root;
}

/* ---- the file ---- */

static int check_present(const struct receipt_file *f, const char *path, struct error *err)
{
	struct stat st;

	if (fstatat(f->dir_fd, f->name, &st, 0) == 0 && !S_ISREG(st.st_mode))
		return error_set(
		    err, ERR_USAGE, "receipt '%s': is there, and no regular file", path);
	return 0;
}

int receipt_file_open(struct receipt_file *out, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	uint32_t random;
	auto_free char *directory =
	    slash == NULL ? mem_strdup(".") : mem_strndup(path, (size_t)(slash - path) + 1);

	out->name = mem_strdup(slash == NULL ? path : slash + 1);
	if (out->name[0] == '\0')
		return error_set(err, ERR_USAGE, "receipt '%s': no file name", path);
	out->dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->dir_fd < 0)
		return error_sys(err, "receipt '%s'", path);
	if (check_present(out, path, err) != 0)
		return -1;
	randombytes_buf(&random, sizeof(random));
	out->temporary = mem_printf(".%s.%08x", out->name, random);
	out->fd = openat(out->dir_fd, out->temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (out->fd >= 0)
		return 0;
	free(steal_ptr(&out->temporary));
	return error_sys(err, "receipt '%s'", path);
}

int receipt_file_commit(struct receipt_file *f, const json_t *content, struct error *err)
{
	auto_free char *text = json_dumps(content, JSON_COMPACT);

	if (text == NULL)
		mem_exhausted();
	if (fd_write_all(f->fd, text, strlen(text)) != 0 || fd_write_all(f->fd, "\n", 1) != 0 ||
	    fsync(f->fd) != 0)
		return error_sys(err, "receipt '%s'", f->name);
	if (renameat(f->dir_fd, f->temporary, f->dir_fd, f->name) != 0)
		return error_sys(err, "receipt '%s'", f->name);
	free(steal_ptr(&f->temporary));
	if (fd_sync_directory(f->dir_fd) != 0)
		return error_sys(err, "receipt '%s'", f->name);
	return 0;
}

void receipt_file_close(struct receipt_file *f)
{
	if (f->temporary != NULL)
		(void)unlinkat(f->dir_fd, f->temporary, 0);
	cleanup_fd(&f->fd);
	cleanup_fd(&f->dir_fd);
	free(f->name);
	free(f->temporary);
	*f = (struct receipt_file)RECEIPT_FILE_INIT;
}
