/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frame.h - cutting a byte stream into the frames of msg.h.
 *
 * The reader collects what a Unix stream socket gives, bytes and descriptors, and hands out one frame at a time. It
 * trusts nothing: a length, flag or descriptor that does not fit ends it. Used by ipc.c on the loop's thread; its own
 * file so that it can be tested and fuzzed without sockets.
 */
#ifndef FRAME_H
#define FRAME_H

#include "lib/base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FRAME_CHUNK = 64 * 1024, /* bytes asked of the socket at once */
	FRAME_FDS_MAX = 16,      /* descriptors that may wait for their frames */
};

struct frame_in {
	uint8_t *buf;
	size_t off; /* first byte not yet handed out */
	size_t len; /* end of the bytes received */
	size_t cap;
	int fds[FRAME_FDS_MAX]; /* received, in order, not yet claimed by a frame */
	unsigned n_fds;
};

struct frame {
	uint16_t type;
	uint32_t seq;
	struct rd payload; /* borrowed: valid until the next call on the reader */
	int fd;            /* -1: none; the caller owns it */
};

enum frame_result { FRAME_MORE, FRAME_GOT, FRAME_BAD };

/* Closes the descriptors nobody claimed, wipes and frees the buffer. */
void frame_in_done(struct frame_in *in);

/* Adds received bytes; copies them. Aborts when out of memory; the buffer never exceeds one frame and one chunk. */
void frame_in_bytes(struct frame_in *in, const void *p, size_t n);

/* Adds a received descriptor and takes it over. Returns false, with FD closed, if too many are waiting. */
__attribute__((warn_unused_result)) bool frame_in_fd(struct frame_in *in, int fd);

/* Takes the next whole frame. FRAME_BAD sets WHY to a constant text; the reader is then of no more use. */
enum frame_result frame_in_next(struct frame_in *in, struct frame *out, const char **why);

/* Writes the header of a frame. */
void frame_head_put(struct wr *w, uint32_t payload_len, uint16_t type, bool has_fd, uint32_t seq);

#endif
