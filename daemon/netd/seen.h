/* SPDX-License-Identifier: BSD-2-Clause
 *
 * seen.h - since when the routes of others have been there, as far as we have seen them come.
 *
 * The kernel does not keep the age of a route, but tells when one comes and goes. What was there before we listened, what
 * came faster than we could read, and more than SEEN_MAX routes have no entry. One thread.
 */
#ifndef SEEN_H
#define SEEN_H

#include "lib/base/addr.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum { SEEN_MAX = 1 << 20 };

struct seen_slot {
	uint64_t key;     /* 0: free */
	uint32_t since_s; /* seconds after the host started; 0: it is gone again */
};

struct seen {
	struct seen_slot *slots;
	size_t n; /* slots that are not free */
	size_t cap;
	int fd;
	uv_poll_t poll;
};

struct seen_route {
	struct prefix dst;
	uint32_t table; /* the kernel's number */
	uint32_t metric;
	uint8_t protocol; /* the kernel's number */
};

/* Starts to listen. Returns 0 or -errno. */
int seen_init(struct seen *s, uv_loop_t *loop);
void seen_close(struct seen *s); /* stops listening; the loop has to run once more */
void seen_done(struct seen *s);

/* Notes that R has come (SINCE_S) or gone (0). */
void seen_note(struct seen *s, const struct seen_route *r, uint32_t since_s);
/* Returns since when R has been there, in seconds after the host started, or 0 if that is not known. */
uint32_t seen_since(const struct seen *s, const struct seen_route *r);

#endif
