#include "common/verified_layout.h"

#include <errno.h>
#include <string.h>

#include "common/blob_hash.h"
#include "common/delivery_policy.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/release_policy.h"
#include "common/seal.h"
#include "common/seal_signatures.h"

struct verified_layout {
	struct layout layout;
	struct seal seal;
	struct graph graph;
	unsigned *release_forms;   /* one for each name */
	const struct trust *trust; /* borrowed */
	struct seal_signatures signatures;
	struct sequence_verdict sequence;
	size_t unknown_signatures;
	struct digest *owed; /* of judgement.owe_large; NULL while there is none */
	size_t owed_count;
};

void problems_release(struct problems *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->items[i].path);
	free(p->items);
	*p = (struct problems)PROBLEMS_INIT;
}

void problems_add(struct problems *p, enum problem_kind kind, const char *path)
{
	p->total++;
	if (p->count >= LIMIT_PROBLEMS_MAX)
		return;
	if (p->items == NULL)
		p->items = mem_zalloc(LIMIT_PROBLEMS_MAX, sizeof(*p->items));
	p->items[p->count++] = (struct problem){.kind = kind, .path = mem_strdup(path)};
}

const char *problem_text(enum problem_kind kind)
{
	static const char *const texts[] = {
	    [PROBLEM_MISSING] = "missing",
	    [PROBLEM_ADDED] = "not in the seal",
	    [PROBLEM_CHANGED] = "changed",
	    [PROBLEM_NOT_REGULAR] = "not a regular file of this layout",
	    [PROBLEM_STRAY] = "nothing in index.json leads to it",
	};
	return texts[kind];
}

static int read_seal(const struct layout *l, struct buf *out, struct error *err)
{
	if (layout_read_file(l, LAYOUT_SEAL, out, err) == 0)
		return 0;
	if (err->sys_errno == ENOENT)
		return error_set(err, ERR_SEAL, "no SEAL: this is not a sealed layout");
	return error_recode(err, ERR_SEAL);
}

/* What is known of a listed file: its problems are named once. */
enum file_state { FILE_UNSEEN, FILE_SEEN, FILE_NAMED };

/* Comparing the directory with the list. */
struct comparison {
	struct verified_layout *v;
	bool owe_large;
	struct problems *problems;
	enum file_state *blobs; /* one for each of seal.blobs */
	enum file_state index;
	enum file_state oci_layout;
	size_t signature_files;
};

static enum file_state *find_state(struct comparison *c, const char *path)
{
	static const char prefix[] = "blobs/sha256/";
	const struct seal *seal = &c->v->seal;
	const size_t prefix_len = sizeof(prefix) - 1;
	struct digest d;

	if (strcmp(path, LAYOUT_INDEX) == 0)
		return &c->index;
	if (strcmp(path, LAYOUT_OCI_LAYOUT) == 0)
		return &c->oci_layout;
	if (strncmp(path, prefix, prefix_len) != 0 ||
	    !digest_parse_hex(&d, path + prefix_len, strlen(path + prefix_len)) ||
	    seal->blob_count == 0)
		return NULL;
	const struct digest *found =
	    bsearch(&d, seal->blobs, seal->blob_count, sizeof(d), digest_compare);
	return found != NULL ? &c->blobs[found - seal->blobs] : NULL;
}

/* A signature file is not hashed, and nobody has to know its key: it is bounded by its size. */
static int check_signature_size(const struct layout *l, const char *path, struct error *err)
{
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];
	uint64_t size;

	layout_signature_name(name, path + strlen("SEAL."));
	auto_fd int fd = layout_open_file(l, name, &size, err);
	if (fd < 0)
		return -1;
	if (size > LIMIT_SIGNATURE_BYTES_MAX)
		return error_set(
		    err, ERR_SEAL, "%s: larger than %u bytes", name, LIMIT_SIGNATURE_BYTES_MAX);
	return 0;
}

static int compare_entry(void *context, const char *path, bool is_regular, struct error *err)
{
	struct comparison *c = context;
	bool is_signature = layout_is_signature_name(path);
	enum file_state *state = find_state(c, path);

	if (state == NULL && !is_signature && strcmp(path, LAYOUT_SEAL) != 0) {
		problems_add(c->problems, PROBLEM_ADDED, path);
		return 0;
	}
	if (state != NULL)
		*state = is_regular ? FILE_SEEN : FILE_NAMED;
	if (!is_regular)
		problems_add(c->problems, PROBLEM_NOT_REGULAR, path);
	else if (is_signature && ++c->signature_files <= LIMIT_SIGNATURES_MAX)
		return check_signature_size(&c->v->layout, path, err);
	return 0;
}

static void blob_path(char out[sizeof("blobs/sha256/") + DIGEST_HEX_LEN], const struct digest *d)
{
	memcpy(out, "blobs/sha256/", sizeof("blobs/sha256/"));
	digest_hex(out + strlen(out), d);
}

/* What was there when the directory was read, and is no file now, is named like what is missing. */
static int check_root_file(const struct comparison *c, const char *name, enum file_state state,
    const struct digest *expected, struct error *err)
{
	uint64_t size = 0;
	bool same = false;

	if (state == FILE_UNSEEN)
		problems_add(c->problems, PROBLEM_MISSING, name);
	if (state != FILE_SEEN)
		return 0;
	auto_fd int fd = layout_open_file(&c->v->layout, name, &size, err);
	if (fd < 0 && err->code == ERR_SYSTEM)
		return -1;
	if (fd < 0) {
		problems_add(c->problems,
		    err->sys_errno == ENOENT ? PROBLEM_MISSING : PROBLEM_NOT_REGULAR, name);
		return 0;
	}
	if (size > LIMIT_BLOB_BYTES_MAX)
		return error_set(
		    err, ERR_LIMIT, "%s: larger than %llu bytes", name, LIMIT_BLOB_BYTES_MAX);
	if (blob_hash_file(fd, expected, &same, err) != 0)
		return error_prefix(err, "%s", name);
	if (!same)
		problems_add(c->problems, PROBLEM_CHANGED, name);
	return 0;
}

static void owe(struct verified_layout *v, const struct digest *blob)
{
	if (v->owed == NULL)
		v->owed = mem_zalloc(v->seal.blob_count, sizeof(*v->owed));
	v->owed[v->owed_count++] = *blob;
}

static int check_blobs(const struct comparison *c, struct error *err)
{
	static const enum problem_kind kinds[] = {[BLOB_CHANGED] = PROBLEM_CHANGED,
	    [BLOB_MISSING] = PROBLEM_MISSING,
	    [BLOB_NOT_REGULAR] = PROBLEM_NOT_REGULAR};
	const struct seal *seal = &c->v->seal;
	auto_free enum blob_verdict *verdicts = mem_zalloc(seal->blob_count, sizeof(*verdicts));
	char path[sizeof("blobs/sha256/") + DIGEST_HEX_LEN];

	for (size_t i = 0; i < seal->blob_count; i++) {
		if (c->blobs[i] != FILE_SEEN)
			verdicts[i] = c->blobs[i] == FILE_UNSEEN ? BLOB_MISSING : BLOB_SAME;
	}
	if (blob_hash_all(
		&c->v->layout, seal->blobs, seal->blob_count, c->owe_large, verdicts, err) != 0)
		return -1;
	for (size_t i = 0; i < seal->blob_count; i++) {
		blob_path(path, &seal->blobs[i]);
		if (verdicts[i] == BLOB_OWED)
			owe(c->v, &seal->blobs[i]);
		else if (verdicts[i] != BLOB_SAME)
			problems_add(c->problems, kinds[verdicts[i]], path);
	}
	return 0;
}

static int check_listed(const struct comparison *c, struct error *err)
{
	const struct seal *seal = &c->v->seal;

	if (check_root_file(c, LAYOUT_OCI_LAYOUT, c->oci_layout, &seal->oci_layout, err) != 0 ||
	    check_root_file(c, LAYOUT_INDEX, c->index, &seal->index, err) != 0)
		return -1;
	return check_blobs(c, err);
}

/* Directory against list, then every file against its digest: all that differs is named. */
static int check_files(
    struct verified_layout *v, bool owe_large, struct problems *problems, struct error *err)
{
	auto_free enum file_state *blobs = mem_zalloc(v->seal.blob_count, sizeof(*blobs));
	struct comparison c = {
	    .v = v, .owe_large = owe_large, .problems = problems, .blobs = blobs};

	if (layout_each(&v->layout, compare_entry, &c, err) != 0)
		return error_recode(err, ERR_SEAL);
	if (c.signature_files > LIMIT_SIGNATURES_MAX)
		return error_set(err, ERR_SEAL, "%zu signature files; the limit is %u",
		    c.signature_files, LIMIT_SIGNATURES_MAX);
	if (check_listed(&c, err) != 0)
		return -1;
	if (problems->total > 0)
		return error_set(err, ERR_SEAL,
		    "%zu file%s not as sealed: bring %s again from where the layout was made",
		    problems->total, problems->total == 1 ? " is" : "s are",
		    problems->total == 1 ? "it" : "them");
	size_t known = v->signatures.signer_count + v->signatures.ignored_count;
	if (c.signature_files > known)
		v->unknown_signatures = c.signature_files - known;
	return 0;
}

static int check_oci_layout(const struct buf *bytes, struct error *err)
{
	const char *version;
	json_auto_t *object = json_strict_load(buf_text(bytes), bytes->len, err);

	if (object == NULL ||
	    json_strict_string(object, "imageLayoutVersion", JSON_REQUIRED, &version, err) != 0)
		return error_prefix(err, "%s", LAYOUT_OCI_LAYOUT);
	if (strcmp(version, "1.0.0") != 0)
		return error_set(err, ERR_FORMAT, "%s: imageLayoutVersion '%.40s' is not 1.0.0",
		    LAYOUT_OCI_LAYOUT, version);
	return 0;
}

/* Reads a file of the root again, into memory this time: the bytes that are parsed are the sealed
 * ones. */
static int read_sealed(const struct verified_layout *v, const char *name,
    const struct digest *expected, struct buf *out, struct error *err)
{
	struct digest found;

	if (layout_read_file(&v->layout, name, out, err) != 0)
		return -1;
	digest_of(&found, buf_text(out), out->len);
	if (!digest_equal(&found, expected))
		return error_set(err, ERR_SEAL, "%s: changed while it was read", name);
	return 0;
}

/* What nothing in index.json leads to has no business in a delivery. */
static int check_reachable(const struct verified_layout *v, struct error *err)
{
	auto_free struct digest *reached = NULL;
	size_t count;

	graph_blobs(&v->graph, &reached, &count);
	for (size_t i = 0; i < v->seal.blob_count; i++) {
		char path[sizeof("blobs/sha256/") + DIGEST_HEX_LEN];

		if (i < count && digest_equal(&reached[i], &v->seal.blobs[i]))
			continue;
		blob_path(path, &v->seal.blobs[i]);
		return error_set(err, ERR_FORMAT, "%s: nothing in index.json leads to it", path);
	}
	/* What was added after the directory was compared, and fits. */
	if (count > v->seal.blob_count)
		return error_set(err, ERR_SEAL, "the content leads to files that are not sealed");
	return 0;
}

static int load_content(struct verified_layout *v, struct error *err)
{
	auto_buf struct buf oci_layout = BUF_INIT(LIMIT_OCI_LAYOUT_BYTES_MAX);
	auto_buf struct buf index = BUF_INIT(LIMIT_INDEX_BYTES_MAX);

	if (read_sealed(v, LAYOUT_OCI_LAYOUT, &v->seal.oci_layout, &oci_layout, err) != 0 ||
	    check_oci_layout(&oci_layout, err) != 0 ||
	    read_sealed(v, LAYOUT_INDEX, &v->seal.index, &index, err) != 0 ||
	    graph_load(&v->graph, &v->layout, buf_text(&index), index.len, err) != 0)
		return -1;
	return check_reachable(v, err);
}

static int judge_release(struct verified_layout *v, struct error *err)
{
	v->release_forms = mem_zalloc(v->graph.name_count, sizeof(*v->release_forms));
	return release_judge(&v->graph, &v->layout, v->trust, v->release_forms, err);
}

static int judge_sequence(
    struct verified_layout *v, const struct judgement *judgement, struct error *err)
{
	struct sequence_question question = {.delivery = &v->graph.index.delivery,
	    .seal_id = &v->seal.id,
	    .trust = v->trust,
	    .mark = {.exists = false},
	    .needs_mark = judgement->needs_mark};
	const char *origin = question.delivery->origin;

	if (judgement->marks != NULL && origin != NULL &&
	    judgement->marks->find(judgement->marks->context, origin, &question.mark, err) != 0)
		return -1;
	return sequence_judge(&v->sequence, &question, err);
}

static int read_signature(const void *context, const char *name, struct buf *out, struct error *err)
{
	return layout_read_file(context, name, out, err);
}

static int check_all(struct verified_layout *v, const char *path, const struct judgement *judgement,
    struct problems *problems, struct error *err)
{
	auto_buf struct buf seal = BUF_INIT(LIMIT_SEAL_BYTES_MAX);
	const struct signature_files files = {.read = read_signature, .context = &v->layout};

	if (layout_open(&v->layout, path, err) != 0)
		return error_recode(err, ERR_SEAL);
	if (read_seal(&v->layout, &seal, err) != 0 ||
	    seal_signatures_check(&v->signatures, &files, &seal, judgement, err) != 0 ||
	    seal_parse(&v->seal, buf_text(&seal), seal.len, err) != 0 ||
	    check_files(v, judgement->owe_large, problems, err) != 0 || load_content(v, err) != 0 ||
	    delivery_judge(&v->graph, v->signatures.signers, v->signatures.signer_count, judgement,
		err) != 0 ||
	    judge_release(v, err) != 0 || judge_sequence(v, judgement, err) != 0)
		return error_prefix(err, "layout '%s'", path);
	return 0;
}

struct verified_layout *verified_layout_open(const char *path, const struct judgement *judgement,
    struct problems *problems, struct error *err)
{
	auto_verified_layout struct verified_layout *v = mem_zalloc(1, sizeof(*v));

	v->layout = (struct layout)LAYOUT_INIT;
	v->trust = judgement->trust;
	if (trust_check_expiry(v->trust, judgement->now, err) != 0)
		return NULL;
	if (check_all(v, path, judgement, problems, err) != 0)
		return NULL;
	return steal_ptr(&v);
}

void verified_layout_free(struct verified_layout *v)
{
	if (v == NULL)
		return;
	layout_close(&v->layout);
	seal_release(&v->seal);
	graph_release(&v->graph);
	seal_signatures_release(&v->signatures);
	free(v->release_forms);
	free(v->owed);
	free(v);
}

const struct graph *verified_layout_graph(const struct verified_layout *v)
{
	return &v->graph;
}

const struct layout *verified_layout_files(const struct verified_layout *v)
{
	return &v->layout;
}

const struct digest *verified_layout_seal_id(const struct verified_layout *v)
{
	return &v->seal.id;
}

const struct trust_signer *verified_layout_signers(
    const struct verified_layout *v, size_t *out_count)
{
	*out_count = v->signatures.signer_count;
	return v->signatures.signers;
}

const struct ignored_signer *verified_layout_ignored(
    const struct verified_layout *v, size_t *out_count)
{
	*out_count = v->signatures.ignored_count;
	return v->signatures.ignored;
}

const struct sequence_verdict *verified_layout_sequence(const struct verified_layout *v)
{
	return &v->sequence;
}

size_t verified_layout_unknown_signatures(const struct verified_layout *v)
{
	return v->unknown_signatures;
}

const unsigned *verified_layout_release_forms(const struct verified_layout *v)
{
	return v->release_forms;
}

const struct digest *verified_layout_owed(const struct verified_layout *v, size_t *out_count)
{
	*out_count = v->owed_count;
	return v->owed;
}

const struct trust *verified_layout_trust(const struct verified_layout *v)
{
	return v->trust;
}
