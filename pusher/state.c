#include "pusher/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/json.h"
#include "common/limits.h"

#define NAME_HEX_LEN 16

/* ---- the content ---- */

char *state_file_name(const char *destination, const char *origin)
{
	struct digest d;
	char hex[DIGEST_HEX_LEN + 1];

	digest_of(&d, destination, strlen(destination));
	digest_hex(hex, &d);
	return mem_printf("%s.%.*s.json", origin, NAME_HEX_LEN, hex);
}

static void put_mark(
    struct buf *b, const char *destination, const char *origin, const struct sequence_mark *mark)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, &mark->seal_id);
	buf_puts(b, "{\"version\":1,\"destination\":");
	json_put_string(b, destination, strlen(destination));
	buf_puts(b, ",\"origin\":");
	json_put_string(b, origin, strlen(origin));
	buf_printf(b, ",\"sequence\":%" PRIu64 ",\"sealId\":\"%s\"}\n", mark->sequence, hex);
}

static int parse_members(struct sequence_mark *out, const json_t *object, struct error *err)
{
	const char *seal_id;

	if (json_strict_size(object, "sequence", JSON_REQUIRED, &out->sequence, err) != 0 ||
	    json_strict_string(object, "sealId", JSON_REQUIRED, &seal_id, err) != 0)
		return -1;
	if (out->sequence == 0)
		return error_set(err, ERR_FORMAT, "sequence is not 1 or more");
	if (!digest_parse_hex(&out->seal_id, seal_id, strlen(seal_id)))
		return error_set(err, ERR_FORMAT, "sealId is not 64 lower-case hex digits");
	out->exists = true;
	return 0;
}

int state_parse(struct sequence_mark *out, const char *bytes, size_t len, const char *destination,
    const char *origin, struct error *err)
{
	auto_buf struct buf expected = BUF_INIT(LIMIT_STATE_FILE_BYTES_MAX);

	*out = (struct sequence_mark){.exists = false};
	json_auto_t *object = json_strict_load(bytes, len, err);
	if (object == NULL || parse_members(out, object, err) != 0)
		return -1;
	/* One spelling: no member more, no other destination, no other origin. */
	put_mark(&expected, destination, origin, out);
	if (expected.len == len && memcmp(expected.data, bytes, len) == 0)
		return 0;
	*out = (struct sequence_mark){.exists = false};
	return error_set(err, ERR_FORMAT,
	    "not as this program writes it for the destination '%s' and the origin '%s'",
	    destination, origin);
}

/* ---- the directory ---- */

static int lock(const struct state *s, struct error *err)
{
	if (flock(s->dir_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(err, ERR_BUSY,
		    "state directory '%s': another push is at work with it; run this again when it "
		    "is done",
		    s->path);
	return error_sys(err, "state directory '%s': lock", s->path);
}

/* Made for the first push; its name is to last as the marks in it are. */
static int make(const char *path, struct error *err)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return error_sys(err, "state directory '%s': mkdir", path);
	auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int parent = fd < 0 ? -1 : openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0 || fd_sync_directory(parent) != 0)
		return error_sys(err, "state directory '%s'", path);
	return 0;
}

/* A file of ours there would make it a stranger's layout, or a trust directory of no use. */
static int refuse_other_directories(const struct state *s, struct error *err)
{
	static const char *const names[] = {"oci-layout", "policy.json"};
	struct stat st;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (fstatat(s->dir_fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			return error_set(err, ERR_USAGE,
			    "state directory '%s': it is a %s; give the state a directory of its "
			    "own",
			    s->path, i == 0 ? "layout" : "trust directory");
	}
	return 0;
}

int state_open(struct state *out, const char *path, const struct destination *destination,
    unsigned default_port, enum state_use use, bool first_use, struct error *err)
{
	struct destination canonical = *destination;

	*out = (struct state)STATE_INIT;
	if (canonical.port == default_port)
		canonical.port = 0;
	out->destination = destination_text(&canonical);
	out->path = mem_strdup(path);
	if (first_use && use == STATE_PUSH && make(path, err) != 0)
		return -1;
	out->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->dir_fd < 0 && errno == ENOENT && first_use)
		return 0;
	if (out->dir_fd < 0 && errno == ENOENT)
		return error_set(err, ERR_STATE,
		    "state directory '%s': there is none; if it was lost, restore it; for the very "
		    "first push, say --first-use, which makes it",
		    path);
	if (out->dir_fd < 0)
		return error_sys(err, "state directory '%s'", path);
	if (refuse_other_directories(out, err) != 0)
		return -1;
	return use == STATE_PUSH ? lock(out, err) : 0;
}

void state_close(struct state *s)
{
	cleanup_fd(&s->dir_fd);
	free(s->path);
	free(s->destination);
	*s = (struct state)STATE_INIT;
}

/* ---- one file ---- */

static int load(
    const struct state *s, const char *name, struct buf *out, bool *out_exists, struct error *err)
{
	struct stat st;
	auto_fd int fd =
	    openat(s->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*out_exists = fd >= 0 || errno != ENOENT;
	if (!*out_exists)
		return 0;
	if (fd < 0 && errno == ELOOP)
		return error_set(err, ERR_FORMAT, "a link");
	if (fd < 0 || fstat(fd, &st) != 0)
		return error_sys(err, "open");
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_FORMAT, "not a regular file");
	return buf_read_fd(out, fd, "content", err);
}

/* An unreadable mark is not "none": it says what was pushed, and a replay would pass without it. */
static int refuse_content(const char *path, const char *name, struct error *err)
{
	auto_free char *found = mem_strdup(err->text);

	if (err->code == ERR_SYSTEM)
		return error_prefix(err, "state file '%s/%s'", path, name);
	return error_set(err, ERR_STATE,
	    "state file '%s/%s': %s; restore it, or, where that cannot be, set minSequence above "
	    "the last sequence that was pushed, remove the file and push with --first-use",
	    path, name, found);
}

int state_find(
    const struct state *s, const char *origin, struct sequence_mark *out, struct error *err)
{
	auto_free char *name = state_file_name(s->destination, origin);
	auto_buf struct buf content = BUF_INIT(LIMIT_STATE_FILE_BYTES_MAX);
	bool exists = false;

	*out = (struct sequence_mark){.exists = false};
	if (s->dir_fd < 0)
		return 0;
	if (load(s, name, &content, &exists, err) != 0)
		return refuse_content(s->path, name, err);
	if (exists &&
	    state_parse(out, buf_text(&content), content.len, s->destination, origin, err) != 0)
		return refuse_content(s->path, name, err);
	return 0;
}

static int write_new(
    const struct state *s, const char *name, const struct buf *content, struct error *err)
{
	/* What a killed push left; nobody else is here while the directory is locked. */
	if (unlinkat(s->dir_fd, name, 0) != 0 && errno != ENOENT)
		return error_sys(err, "unlink");
	auto_fd int fd =
	    openat(s->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_sys(err, "create");
	if (fd_write_all(fd, content->data, content->len) != 0 || fsync(fd) != 0)
		return error_sys(err, "write");
	return close(steal_fd(&fd)) != 0 ? error_sys(err, "close") : 0;
}

int state_advance(
    const struct state *s, const char *origin, const struct sequence_mark *mark, struct error *err)
{
	auto_free char *name = state_file_name(s->destination, origin);
	auto_free char *temporary = mem_printf(".%s.new", name);
	auto_buf struct buf content = BUF_INIT(LIMIT_STATE_FILE_BYTES_MAX);

	put_mark(&content, s->destination, origin, mark);
	if (buf_check(&content, "content", err) == 0 &&
	    write_new(s, temporary, &content, err) == 0) {
		if (renameat(s->dir_fd, temporary, s->dir_fd, name) == 0 &&
		    fd_sync_directory(s->dir_fd) == 0)
			return 0;
		(void)error_sys(err, "rename");
	}
	(void)unlinkat(s->dir_fd, temporary, 0);
	return error_prefix(err, "state file '%s/%s'", s->path, name);
}
