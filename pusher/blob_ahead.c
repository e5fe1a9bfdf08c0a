#include "pusher/blob_ahead.h"

#include <pthread.h>
#include <string.h>

#include "common/limits.h"
#include "common/mem.h"

#define PIECES 2

struct piece {
	char *bytes; /* of LIMIT_COPY_BUFFER_BYTES */
	ssize_t len; /* what blob_read() gave */
};

/* The pieces go round: `filled` of them, from `next` on, are the caller's, the others the
 * thread's. */
struct blob_ahead {
	struct blob_reader *reader; /* borrowed; the thread's */
	char *memory;               /* owned; of all pieces */
	struct piece pieces[PIECES];
	struct error err; /* of a piece whose len is -1 */
	size_t next;
	size_t at; /* so much of it was handed out */
	pthread_t thread;
	pthread_mutex_t lock; /* of the two below, and of nothing else */
	pthread_cond_t changed;
	size_t filled;
	bool is_stopped;
};

/* ---- the thread ---- */

static bool wait_for_room(struct blob_ahead *a)
{
	(void)pthread_mutex_lock(&a->lock);
	while (a->filled == PIECES && !a->is_stopped)
		(void)pthread_cond_wait(&a->changed, &a->lock);
	bool has_room = !a->is_stopped;
	(void)pthread_mutex_unlock(&a->lock);
	return has_room;
}

static void hand_over(struct blob_ahead *a)
{
	(void)pthread_mutex_lock(&a->lock);
	a->filled++;
	(void)pthread_cond_signal(&a->changed);
	(void)pthread_mutex_unlock(&a->lock);
}

static void *work(void *context)
{
	struct blob_ahead *a = context;
	ssize_t got = 1;

	for (size_t i = 0; got > 0 && wait_for_room(a); i = (i + 1) % PIECES) {
		got = blob_read(a->reader, a->pieces[i].bytes, LIMIT_COPY_BUFFER_BYTES, &a->err);
		a->pieces[i].len = got;
		hand_over(a);
	}
	return NULL;
}

/* ---- who reads what it has read ---- */

static void wait_for_piece(struct blob_ahead *a)
{
	(void)pthread_mutex_lock(&a->lock);
	while (a->filled == 0)
		(void)pthread_cond_wait(&a->changed, &a->lock);
	(void)pthread_mutex_unlock(&a->lock);
}

static void give_back(struct blob_ahead *a)
{
	a->next = (a->next + 1) % PIECES;
	a->at = 0;
	(void)pthread_mutex_lock(&a->lock);
	a->filled--;
	(void)pthread_cond_signal(&a->changed);
	(void)pthread_mutex_unlock(&a->lock);
}

ssize_t blob_ahead_read(struct blob_ahead *a, void *into, size_t len, struct error *err)
{
	wait_for_piece(a);
	const struct piece *p = &a->pieces[a->next];
	/* The end, good or bad, stays where it is for who asks again. */
	if (p->len < 0)
		*err = a->err;
	if (p->len <= 0)
		return p->len;
	size_t left = (size_t)p->len - a->at;
	size_t count = left < len ? left : len;
	memcpy(into, p->bytes + a->at, count);
	a->at += count;
	if (count == left)
		give_back(a);
	return (ssize_t)count;
}

/* ---- both ---- */

static void release(struct blob_ahead *a)
{
	(void)pthread_cond_destroy(&a->changed);
	(void)pthread_mutex_destroy(&a->lock);
	free(a->memory);
	free(a);
}

struct blob_ahead *blob_ahead_start(struct blob_reader *reader)
{
	struct blob_ahead *a = mem_zalloc(1, sizeof(*a));

	a->reader = reader;
	a->memory = mem_alloc(PIECES * LIMIT_COPY_BUFFER_BYTES);
	for (size_t i = 0; i < PIECES; i++)
		a->pieces[i].bytes = a->memory + i * LIMIT_COPY_BUFFER_BYTES;
	a->err = (struct error)ERROR_INIT;
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->changed, NULL);
	if (pthread_create(&a->thread, NULL, work, a) == 0)
		return a;
	release(a);
	return NULL;
}

void blob_ahead_stop(struct blob_ahead *a)
{
	if (a == NULL)
		return;
	(void)pthread_mutex_lock(&a->lock);
	a->is_stopped = true;
	(void)pthread_cond_signal(&a->changed);
	(void)pthread_mutex_unlock(&a->lock);
	(void)pthread_join(a->thread, NULL);
	release(a);
}
