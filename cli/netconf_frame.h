/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_frame.h - where one message of NETCONF ends and the next begins.
 *
 * Two ways: a message ends with `]]>]]>` (RFC 4742), or it comes in chunks that say how long they are (RFC 6242), once
 * both sides have said base:1.1. The reader works on whatever bytes have arrived and keeps none of them. Pure.
 */
#ifndef NETCONF_FRAME_H
#define NETCONF_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

enum netconf_frame_event {
	NETCONF_FRAME_MORE, /* all bytes are used up */
	NETCONF_FRAME_DATA, /* bytes of the message under way */
	NETCONF_FRAME_END,  /* the message is complete */
	NETCONF_FRAME_BAD,  /* not a chunk: there is no way on */
};

struct netconf_frame {
	bool is_chunked; /* may be set between two messages */
	unsigned
	    state; /* private: of the chunk header, or bytes of the end mark that have been seen */
	uint64_t left; /* private: bytes of the chunk that are still to come */
	unsigned n_digits;
	bool has_chunk; /* private: the message has at least one */
};

/* Takes bytes from *P (*N of them, both moved on) until there is something to say. DATA: *OUT, *OUT_N are bytes of the input
 * or of a constant. */
enum netconf_frame_event netconf_frame_next(
    struct netconf_frame *f, const char **p, size_t *n, const char **out, size_t *out_n);

/* Writes what stands before N bytes of a message, and what ends it. */
void netconf_frame_begin(bool is_chunked, size_t n, struct text *out);
void netconf_frame_end(bool is_chunked, struct text *out);

#endif
