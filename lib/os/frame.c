/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frame.c - cutting a byte stream into the frames of msg.h.
 *
 * The kernel delivers a descriptor with the first byte of the data it was sent with, and never lets one read run past
 * such data. So descriptors arrive in the order of their frames and not later than them: a frame with MSG_HAS_FD
 * takes the oldest, and none may be left when every byte has been used.
 */
#include "lib/os/frame.h"

#include "lib/msg/msg.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
frame_in_done(struct frame_in *in)
{
	for (unsigned i = 0; i < in->n_fds; i++)
		close(in->fds[i]);
	if (in->buf != NULL)
		explicit_bzero(in->buf, in->cap);
	free(in->buf);
	*in = (struct frame_in){ 0 };
}

void
frame_in_bytes(struct frame_in *in, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (in->off > 0) {
		memmove(in->buf, in->buf + in->off, in->len - in->off);
		in->len -= in->off;
		in->off = 0;
	}
	if (in->len + n > in->cap) {
		size_t cap = in->cap ? in->cap : FRAME_CHUNK;
		while (cap < in->len + n)
			cap *= 2;
		uint8_t *buf = realloc(in->buf, cap);
		if (buf == NULL)
			abort();
		in->buf = buf;
		in->cap = cap;
	}
	memcpy(in->buf + in->len, p, n);
	in->len += n;
}

bool
frame_in_fd(struct frame_in *in, int fd)
{
	if (in->n_fds == FRAME_FDS_MAX) {
		close(fd);
		return false;
	}
	in->fds[in->n_fds++] = fd;
	return true;
}

static int
fd_take(struct frame_in *in)
{
	int fd = in->fds[0];
	in->n_fds--;
	memmove(in->fds, in->fds + 1, in->n_fds * sizeof(in->fds[0]));
	return fd;
}

enum frame_result
frame_in_next(struct frame_in *in, struct frame *out, const char **why)
{
	size_t left = in->len - in->off;
	if (left == 0 && in->n_fds > 0) {
		*why = "a descriptor without a frame";
		return FRAME_BAD;
	}
	if (left < MSG_HDR_LEN)
		return FRAME_MORE;
	struct rd r = rd_init(in->buf + in->off, left);
	uint32_t len = rd_u32(&r);
	uint16_t type = rd_u16(&r);
	uint16_t flags = rd_u16(&r);
	uint32_t seq = rd_u32(&r);
	if (len > MSG_PAYLOAD_MAX) {
		*why = "frame too long";
		return FRAME_BAD;
	}
	if ((flags & ~MSG_HAS_FD) != 0) {
		*why = "unknown flag in a frame";
		return FRAME_BAD;
	}
	if ((flags & MSG_HAS_FD) != 0 && in->n_fds == 0) {
		*why = "frame without its descriptor";
		return FRAME_BAD;
	}
	if (rd_left(&r) < len)
		return FRAME_MORE;
	in->off += MSG_HDR_LEN + len;
	*out = (struct frame){
		.type = type,
		.seq = seq,
		.payload = rd_sub(&r, len),
		.fd = (flags & MSG_HAS_FD) != 0 ? fd_take(in) : -1,
	};
	return FRAME_GOT;
}

void
frame_head_put(struct wr *w, uint32_t payload_len, uint16_t type, bool has_fd, uint32_t seq)
{
	wr_u32(w, payload_len);
	wr_u16(w, type);
	wr_u16(w, has_fd ? MSG_HAS_FD : 0);
	wr_u32(w, seq);
}
