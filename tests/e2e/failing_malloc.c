/*
 * LD_PRELOAD: memory that runs out. The file ALLOCATIONS_FILE holds two numbers of 64 bits, shared
 * with the test: how many allocations there were, of the process and its libraries, and which one
 * fails (0: none; negative: this one and all that come later). It is found before the program runs,
 * since that empties its environment; children have none of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The allocator of libc under its other names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

struct shared {
	_Atomic int64_t count;
	int64_t fails;
};
static struct shared *shared;

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("ALLOCATIONS_FILE");
	int fd = name != NULL ? open(name, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	void *mapped = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (mapped != MAP_FAILED)
		shared = mapped;
}

static bool fails(void)
{
	if (shared == NULL)
		return false;
	int64_t number = atomic_fetch_add(&shared->count, 1) + 1;
	if (number != shared->fails && (shared->fails >= 0 || number < -shared->fails))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *ptr, size_t size)
{
	return fails() ? NULL : __libc_realloc(ptr, size);
}

void *memalign(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *made = memalign(alignment, size);

	if (made == NULL)
		return ENOMEM;
	*out = made;
	return 0;
}
