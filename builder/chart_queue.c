#include "builder/chart_queue.h"

#include <pthread.h>

#include "common/core_count.h"
#include "common/limits.h"

/* So many wait for a slow one before them, of which nothing but their archives is kept. */
#define PLACES_PER_THREAD 4U

/* A chart, from when it is begun until it is taken; until it is done, for its thread alone. */
struct place {
	const char *path;
	struct chart chart;
	struct error err;
	int status;
	bool is_done;
};

struct chart_queue {
	char *const *paths;
	const struct chart_packing *packing;
	pthread_t threads[LIMIT_CHART_THREADS_MAX];
	size_t thread_count;
	size_t place_count;
	struct place *places; /* owned; chart i has the place i % place_count */
	pthread_mutex_t lock; /* of what follows, and of is_done */
	pthread_cond_t changed;
	size_t count; /* of paths that are to be loaded */
	size_t begun;
	size_t taken;
};

/* The place of the next chart, once one is free; NULL where there is no more to do. */
static struct place *begin(struct chart_queue *q)
{
	struct place *p = NULL;

	(void)pthread_mutex_lock(&q->lock);
	while (q->begun < q->count && q->begun - q->taken >= q->place_count)
		(void)pthread_cond_wait(&q->changed, &q->lock);
	if (q->begun < q->count) {
		p = &q->places[q->begun % q->place_count];
		p->path = q->paths[q->begun++];
		p->err = (struct error)ERROR_INIT;
	}
	(void)pthread_mutex_unlock(&q->lock);
	return p;
}

static void set_done(struct chart_queue *q, struct place *p)
{
	(void)pthread_mutex_lock(&q->lock);
	p->is_done = true;
	(void)pthread_cond_broadcast(&q->changed);
	(void)pthread_mutex_unlock(&q->lock);
}

static void *load(void *queue)
{
	struct chart_queue *q = queue;
	struct place *p;

	while ((p = begin(q)) != NULL) {
		p->status = chart_load(&p->chart, p->path, q->packing, &p->err);
		set_done(q, p);
	}
	return NULL;
}

struct chart_queue *chart_queue_new(
    char *const *paths, size_t count, const struct chart_packing *packing)
{
	struct chart_queue *q = mem_zalloc(1, sizeof(*q));
	size_t threads = core_count(LIMIT_CHART_THREADS_MAX);

	q->paths = paths;
	q->count = count;
	q->packing = packing;
	/* Neither can fail: they ask for nothing. */
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->changed, NULL);
	threads = threads < count ? threads : count;
	if (threads < 2)
		return q;
	q->place_count = PLACES_PER_THREAD * threads;
	q->places = mem_zalloc(q->place_count, sizeof(*q->places));
	while (q->thread_count < threads &&
	       pthread_create(&q->threads[q->thread_count], NULL, load, q) == 0)
		q->thread_count++;
	return q;
}

static void take(struct chart_queue *q, struct place *p)
{
	(void)pthread_mutex_lock(&q->lock);
	while (!p->is_done)
		(void)pthread_cond_wait(&q->changed, &q->lock);
	p->is_done = false;
	(void)pthread_mutex_unlock(&q->lock);
}

static void give_place(struct chart_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->taken++;
	(void)pthread_cond_broadcast(&q->changed);
	(void)pthread_mutex_unlock(&q->lock);
}

int chart_queue_next(struct chart_queue *q, struct chart *out, struct error *err)
{
	if (q->thread_count == 0)
		return chart_load(out, q->paths[q->taken++], q->packing, err);
	struct place *p = &q->places[q->taken % q->place_count];
	take(q, p);
	*out = p->chart;
	int status = p->status;
	if (status != 0)
		*err = p->err;
	give_place(q);
	return status;
}

void chart_queue_free(struct chart_queue *q)
{
	if (q == NULL)
		return;
	(void)pthread_mutex_lock(&q->lock);
	q->count = q->begun;
	(void)pthread_cond_broadcast(&q->changed);
	(void)pthread_mutex_unlock(&q->lock);
	for (size_t i = 0; i < q->thread_count; i++)
		(void)pthread_join(q->threads[i], NULL);
	for (; q->taken < q->begun; q->taken++)
		chart_release(&q->places[q->taken % q->place_count].chart);
	(void)pthread_cond_destroy(&q->changed);
	(void)pthread_mutex_destroy(&q->lock);
	free(q->places);
	free(q);
}
