/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_frame.c - frames of RFC 4742 and RFC 6242, byte by byte where it matters.
 *
 * Called by netconf.c for what arrives, by netconf_reply.c for what leaves.
 */
#include "cli/netconf_frame.h"

#include <string.h>

#include "lib/base/text.h"

static const char mark[] = "]]>]]>";

enum { MARK_LEN = sizeof(mark) - 1, CHUNK_DIGITS_MAX = 10 };

/* The longest beginning of the mark that its first N bytes end with. */
static const unsigned char fallback[MARK_LEN] = { 0, 0, 1, 0, 1, 2 };

/* States of the chunk header: "\n#" LENGTH "\n", or "\n##\n". */
enum chunk_state { CHUNK_START, CHUNK_HASH, CHUNK_FIRST, CHUNK_DIGITS, CHUNK_LAST, CHUNK_DATA };

static enum netconf_frame_event
marked_next(struct netconf_frame *f, const char **p, size_t *n, const char **out, size_t *out_n)
{
	while (*n > 0) {
		if (f->state == 0) {
			const char *hit = memchr(*p, mark[0], *n);
			size_t plain = hit != NULL ? (size_t)(hit - *p) : *n;
			if (plain > 0) {
				*out = *p;
				*out_n = plain;
				*p += plain;
				*n -= plain;
				return NETCONF_FRAME_DATA;
			}
		}
		if (**p == mark[f->state]) {
			++*p;
			--*n;
			if (++f->state == MARK_LEN) {
				f->state = 0;
				return NETCONF_FRAME_END;
			}
			continue;
		}
		/* what looked like the mark was data, at least its beginning */
		*out = mark;
		*out_n = f->state - fallback[f->state];
		f->state = fallback[f->state];
		return NETCONF_FRAME_DATA;
	}
	return NETCONF_FRAME_MORE;
}

/* One byte of a chunk header. Returns MORE to go on. */
static enum netconf_frame_event
header_byte(struct netconf_frame *f, char c)
{
	bool is_digit = c >= '0' && c <= '9';
	switch ((enum chunk_state)f->state) {
	case CHUNK_START:
		f->state = CHUNK_HASH;
		return c == '\n' ? NETCONF_FRAME_MORE : NETCONF_FRAME_BAD;
	case CHUNK_HASH:
		f->state = CHUNK_FIRST;
		return c == '#' ? NETCONF_FRAME_MORE : NETCONF_FRAME_BAD;
	case CHUNK_FIRST:
		if (c == '#' && f->has_chunk) {
			f->state = CHUNK_LAST;
			return NETCONF_FRAME_MORE;
		}
		if (!is_digit || c == '0')
			return NETCONF_FRAME_BAD;
		f->left = (uint64_t)(c - '0');
		f->n_digits = 1;
		f->state = CHUNK_DIGITS;
		return NETCONF_FRAME_MORE;
	case CHUNK_DIGITS:
		if (c == '\n' && f->left <= UINT32_MAX) {
			f->state = CHUNK_DATA;
			f->has_chunk = true;
			return NETCONF_FRAME_MORE;
		}
		if (!is_digit || ++f->n_digits > CHUNK_DIGITS_MAX)
			return NETCONF_FRAME_BAD;
		f->left = f->left * 10 + (uint64_t)(c - '0');
		return NETCONF_FRAME_MORE;
	default: /* CHUNK_LAST */
		f->state = CHUNK_START;
		f->has_chunk = false;
		return c == '\n' ? NETCONF_FRAME_END : NETCONF_FRAME_BAD;
	}
}

static enum netconf_frame_event
chunked_next(struct netconf_frame *f, const char **p, size_t *n, const char **out, size_t *out_n)
{
	while (*n > 0) {
		if (f->state == CHUNK_DATA) {
			*out = *p;
			*out_n = f->left < *n ? (size_t)f->left : *n;
			*p += *out_n;
			*n -= *out_n;
			f->left -= *out_n;
			if (f->left == 0)
				f->state = CHUNK_START;
			return NETCONF_FRAME_DATA;
		}
		enum netconf_frame_event e = header_byte(f, **p);
		++*p;
		--*n;
		if (e != NETCONF_FRAME_MORE)
			return e;
	}
	return NETCONF_FRAME_MORE;
}

enum netconf_frame_event
netconf_frame_next(
    struct netconf_frame *f, const char **p, size_t *n, const char **out, size_t *out_n)
{
	return f->is_chunked ? chunked_next(f, p, n, out, out_n) : marked_next(f, p, n, out, out_n);
}

void
netconf_frame_begin(bool is_chunked, size_t n, struct text *out)
{
	if (is_chunked)
		text_printf(out, "\n#%zu\n", n);
}

void
netconf_frame_end(bool is_chunked, struct text *out)
{
	text_put(out, is_chunked ? "\n##\n" : "\n]]>]]>\n");
}
