/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bound.c - how many UDP sockets of the host are bound to port 4500 of an address, whoever has them.
 *
 * /proc/net/udp and udp6, a line for each socket: its number, then the address in hexadecimal, each 32-bit word in the
 * order of the machine, and the port. Called by group.c.
 */
#include "daemon/netd/bound.h"

#include "lib/base/arena.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NATT_PORT_NUMBER = 4500 };

void
bound_open(struct bound *b)
{
	static const char *const paths[] = { "/proc/self/net/udp", "/proc/self/net/udp6" };
	*b = (struct bound){ 0 };
	for (unsigned i = 0; i < 2; i++)
		b->fds[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
}

static void
counts_forget(struct bound *b)
{
	smap_done(&b->counts);
	arena_free(b->arena);
	b->arena = NULL;
}

void
bound_close(struct bound *b)
{
	counts_forget(b);
	for (unsigned i = 0; i < 2; i++)
		if (b->fds[i] >= 0)
			close(b->fds[i]);
}

/* Reads the local end of LINE; false if it is not the port that counts. */
static bool
line_parse(const char *line, struct addr *out)
{
	uint32_t words[4] = { 0 };
	unsigned port = 0;
	const char *at = strchr(line, ':');
	if (at == NULL)
		return false;
	int n = sscanf(at, ": %8X%8X%8X%8X:%X", &words[0], &words[1], &words[2], &words[3], &port);
	if (n == 5)
		*out = addr_v6((const uint8_t *)words);
	else if (n == 1 && sscanf(at, ": %8X:%X", &words[0], &port) == 2)
		*out = addr_v4((const uint8_t *)words);
	else
		return false;
	return port == NATT_PORT_NUMBER;
}

void
bound_add(struct bound *b, struct addr a)
{
	char text[ADDR_STRLEN];
	unsigned *count = smap_find(&b->counts, addr_print(a, text));
	if (count == NULL) {
		count = arena_alloc(b->arena, sizeof(*count));
		(void)smap_add(&b->counts, arena_strdup(b->arena, text), count);
	}
	(*count)++;
}

static int
list_read(struct bound *b, int fd)
{
	struct text t = { 0 };
	char buf[4096];
	ssize_t n = lseek(fd, 0, SEEK_SET) < 0 ? -1 : 0;
	while (n >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		text_putn(&t, buf, (size_t)n);
	int rc = n < 0 ? -errno : 0;
	char *rest = t.s;
	for (char *line; rc == 0 && rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
		struct addr a;
		if (line_parse(line, &a))
			bound_add(b, a);
	}
	text_done(&t);
	return rc;
}

int
bound_read(struct bound *b)
{
	counts_forget(b);
	b->arena = arena_new();
	int rc = 0;
	for (unsigned i = 0; i < 2 && rc == 0; i++)
		rc = list_read(b, b->fds[i]);
	if (rc < 0)
		counts_forget(b);
	return rc;
}

unsigned
bound_count(const struct bound *b, struct addr a)
{
	char text[ADDR_STRLEN];
	const unsigned *count =
	    b->arena != NULL ? smap_find(&b->counts, addr_print(a, text)) : NULL;
	return count != NULL ? *count : 0;
}
