/*
 * null_registry: the least that a registry can do, on a free port of the loopback, which it prints.
 * It believes everything, keeps nothing and has nothing, so that what a push to it takes is what
 * the client takes: bodies are discarded in the kernel, and only manifests are hashed, because
 * clients want to see their digest. Ends with its standard input.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/digest.h"

struct manifest {
	struct manifest *next;
	char *target;
	char media_type[256];
	char digest[DIGEST_TEXT_LEN + 1];
	char *bytes;
	size_t length;
};

/* What was put, the last first: each under its tag, if it has one, and under its digest. */
struct store {
	pthread_mutex_t lock;
	struct manifest *first;
};

struct connection {
	int fd;
	struct store *store;
	size_t length;
	char bytes[256 * 1024 + 1]; /* what has come and was not yet looked at, and a NUL */
};

struct request {
	char method[8];
	char target[4096];
	unsigned long long body_bytes;
	struct manifest manifest; /* if it is one; the body is ours until it is stored */
};

static int read_more(struct connection *c)
{
	ssize_t got = recv(c->fd, c->bytes + c->length, sizeof(c->bytes) - 1 - c->length, 0);

	if (got <= 0)
		return -1;
	c->length += (size_t)got;
	return 0;
}

static void take(struct connection *c, size_t count)
{
	c->length -= count;
	memmove(c->bytes, c->bytes + count, c->length);
}

/* The bytes up to the end of `mark`, which are NUL-terminated in `out`. */
static int take_until(struct connection *c, const char *mark, char *out, size_t out_bytes)
{
	const char *found;

	while ((found = memmem(c->bytes, c->length, mark, strlen(mark))) == NULL)
		if (read_more(c) != 0)
			return -1;
	size_t count = (size_t)(found - c->bytes) + strlen(mark);
	if (count >= out_bytes)
		return -1;
	memcpy(out, c->bytes, count);
	out[count] = '\0';
	take(c, count);
	return 0;
}

static int keep(struct manifest *m, const char *bytes, size_t length)
{
	char *longer = realloc(m->bytes, m->length + length);

	if (longer == NULL && m->length + length > 0)
		return -1;
	m->bytes = longer;
	memcpy(m->bytes + m->length, bytes, length);
	m->length += length;
	return 0;
}

/* `count` bytes of a body, kept where `m` is not NULL. */
static int take_body(struct connection *c, unsigned long long count, struct manifest *m)
{
	size_t piece = c->length < count ? c->length : (size_t)count;

	if (m != NULL && keep(m, c->bytes, piece) != 0)
		return -1;
	take(c, piece);
	for (count -= piece; count > 0; count -= piece) {
		size_t most = sizeof(c->bytes) < count ? sizeof(c->bytes) : (size_t)count;
		ssize_t got = recv(c->fd, c->bytes, most, m == NULL ? MSG_TRUNC : 0);
		if (got <= 0 || (m != NULL && keep(m, c->bytes, (size_t)got) != 0))
			return -1;
		piece = (size_t)got;
	}
	return 0;
}

static int take_chunks(struct connection *c, struct manifest *m)
{
	unsigned long long size;
	char line[256];

	do {
		if (take_until(c, "\r\n", line, sizeof(line)) != 0)
			return -1;
		size = strtoull(line, NULL, 16);
		if (take_body(c, size, m) != 0 || take_until(c, "\r\n", line, sizeof(line)) != 0)
			return -1;
	} while (size > 0);
	return 0;
}

static int say(const struct connection *c, const void *bytes, size_t length)
{
	return send(c->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length ? 0 : -1;
}

static int say_text(const struct connection *c, const char *text)
{
	return say(c, text, strlen(text));
}

static int read_request(struct connection *c, struct request *r)
{
	char head[16384];
	struct digest digest;

	if (c->length == 0 && read_more(c) != 0)
		return -1;
	if (c->bytes[0] < 'A' || c->bytes[0] > 'Z') { /* TLS: clients wait for an answer */
		(void)say_text(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
		return -1;
	}
	*r = (struct request){0};
	if (take_until(c, "\r\n\r\n", head, sizeof(head)) != 0 ||
	    sscanf(head, "%7s %4095s", r->method, r->target) != 2)
		return -1;
	const char *length = strcasestr(head, "\r\nContent-Length:");
	const char *type = strcasestr(head, "\r\nContent-Type:");
	r->body_bytes = length == NULL ? 0 : strtoull(strchr(length, ':') + 1, NULL, 10);
	if (type != NULL)
		(void)sscanf(strchr(type, ':') + 1, " %255[^\r]", r->manifest.media_type);
	if (strcasestr(head, "\r\nExpect:") != NULL &&
	    say_text(c, "HTTP/1.1 100 Continue\r\n\r\n") != 0)
		return -1;
	struct manifest *m = strstr(r->target, "/manifests/") != NULL ? &r->manifest : NULL;
	bool is_chunked = strcasestr(head, "\r\nTransfer-Encoding:") != NULL;
	if ((is_chunked ? take_chunks(c, m) : take_body(c, r->body_bytes, m)) != 0)
		return -1;
	digest_of(&digest, r->manifest.bytes, r->manifest.length);
	digest_text(r->manifest.digest, &digest);
	return 0;
}

/* The manifest of that target, or NULL; they stay as they are for ever. */
static const struct manifest *find(struct store *s, const char *target)
{
	(void)pthread_mutex_lock(&s->lock);
	const struct manifest *m = s->first;
	(void)pthread_mutex_unlock(&s->lock);
	while (m != NULL && strcmp(m->target, target) != 0)
		m = m->next;
	return m;
}

static int add(struct store *s, const struct manifest *what, const char *target)
{
	struct manifest *m = malloc(sizeof(*m));

	if (m == NULL)
		return -1;
	*m = *what;
	if ((m->target = strdup(target)) == NULL)
		return -1;
	(void)pthread_mutex_lock(&s->lock);
	m->next = s->first;
	s->first = m;
	(void)pthread_mutex_unlock(&s->lock);
	return 0;
}

static int put_manifest(const struct connection *c, const struct request *r)
{
	char target[sizeof(r->target) + sizeof(r->manifest.digest)], text[512];
	int repository = (int)(strstr(r->target, "/manifests/") - r->target);

	(void)snprintf(
	    target, sizeof(target), "%.*s/manifests/%s", repository, r->target, r->manifest.digest);
	if (add(c->store, &r->manifest, r->target) != 0 || add(c->store, &r->manifest, target) != 0)
		return -1;
	(void)snprintf(text, sizeof(text),
	    "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nDocker-Content-Digest: %s\r\n\r\n",
	    r->manifest.digest);
	return say_text(c, text);
}

static int show_manifest(const struct connection *c, const struct manifest *m, bool has_body)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
	    "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nContent-Type: %s\r\n"
	    "Docker-Content-Digest: %s\r\n\r\n",
	    m->length, m->media_type, m->digest);
	if (say_text(c, text) != 0)
		return -1;
	return has_body ? say(c, m->bytes, m->length) : 0;
}

static int answer(const struct connection *c, struct request *r)
{
	const char *status = "201 Created", *session = "";
	char text[8192];

	if (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0) {
		const struct manifest *m = find(c->store, r->target);
		if (m != NULL)
			return show_manifest(c, m, r->method[0] == 'G');
		return say_text(c, strcmp(r->target, "/v2/") == 0
				       ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
				       : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	}
	if (strstr(r->target, "/manifests/") != NULL)
		return put_manifest(c, r);
	if (strcmp(r->method, "POST") == 0) {
		r->target[strcspn(r->target, "?")] = '\0';
		session = "1";
	}
	if (strcmp(r->method, "PUT") != 0)
		status = "202 Accepted";
	(void)snprintf(text, sizeof(text),
	    "HTTP/1.1 %s\r\nContent-Length: 0\r\nLocation: %s%s\r\nRange: 0-%llu\r\n\r\n", status,
	    r->target, session, r->body_bytes > 0 ? r->body_bytes - 1 : 0);
	return say_text(c, text);
}

static void *serve(void *argument)
{
	struct connection *c = argument;
	struct request request;

	while (read_request(c, &request) == 0 && answer(c, &request) == 0)
		;
	(void)close(c->fd);
	free(c);
	return NULL;
}

static int accept_one(int listener, struct store *store)
{
	struct connection *c = calloc(1, sizeof(*c));
	pthread_t thread;
	int on = 1;

	if (c == NULL || (c->fd = accept(listener, NULL, NULL)) < 0 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		return -1;
	c->store = store;
	if (pthread_create(&thread, NULL, serve, c) != 0)
		return -1;
	return pthread_detach(thread);
}

int main(void)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct store store = {.lock = PTHREAD_MUTEX_INITIALIZER};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 ||
	    listen(listener, 128) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
	    printf("127.0.0.1:%d\n", ntohs(address.sin_port)) < 0 || fflush(stdout) != 0)
		return 1;
	struct pollfd waited[] = {
	    {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
	while (poll(waited, 2, -1) > 0 && waited[0].revents == 0)
		if (accept_one(listener, &store) != 0)
			return 1;
	return 0;
}
