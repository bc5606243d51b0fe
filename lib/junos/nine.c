/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nine.c - the $9$ form of secrets: reversible hiding, not encryption.
 *
 * 65 characters stand in a ring, in four families. The text is a salt character, some filler that its
 * family demands, and then for each octet a few characters whose distances on the ring, times the
 * weights of the octet's position, add up to it. Pure; any thread.
 */
#include "lib/junos/nine.h"

#include "lib/base/text.h"

#include <string.h>

enum { RING = 65, WEIGHTS_MAX = 4, POSITIONS = 7 };

static const char ring[] = "QzF3n6/9CAtpu0O"
			   "B1IREhcSyrleKvMW8LXx"
			   "7N-dVbwsY2g4oaJZGUDj"
			   "iHkq.mPf5T";

static const unsigned weights[POSITIONS][WEIGHTS_MAX] = {
	{ 1, 4, 32 },
	{ 1, 16, 32 },
	{ 1, 8, 32 },
	{ 1, 64 },
	{ 1, 32 },
	{ 1, 4, 16, 128 },
	{ 1, 32, 64 },
};

static const unsigned char n_weights[POSITIONS] = { 3, 3, 3, 2, 2, 4, 3 };

/* Returns the place of C on the ring, or -1. */
static int
ring_place(char c)
{
	static signed char
	    places[256]; /* + 1; the same bytes every time, so it does not matter who writes them */
	if (places[(unsigned char)ring[RING - 1]] == 0)
		for (int i = 0; i < RING; i++)
			places[(unsigned char)ring[i]] = (signed char)(i + 1);
	return places[(unsigned char)c] - 1;
}

static size_t
filler_len(int salt)
{
	return salt < 15 ? 3 : salt < 35 ? 2 : salt < 55 ? 1 : 0;
}

/* A small step of a linear congruence: the filler need not be good, only varied. */
static unsigned
pick(uint32_t *rnd)
{
	*rnd = *rnd * 1664525u + 1013904223u;
	return (*rnd >> 16) % RING;
}

void
nine_encode(const char *plain, uint32_t rnd, struct text *out)
{
	unsigned at = pick(&rnd);
	text_put(out, "$9$");
	text_putc(out, ring[at]);
	for (size_t i = filler_len((int)at); i > 0; i--)
		text_putc(out, ring[pick(&rnd)]);
	for (size_t p = 0; plain[p] != '\0'; p++) {
		const unsigned *w = weights[p % POSITIONS];
		size_t n = n_weights[p % POSITIONS];
		unsigned gap[WEIGHTS_MAX];
		unsigned value = (unsigned char)plain[p];
		for (size_t i = n; i > 0; i--) {
			gap[i - 1] = value / w[i - 1];
			value %= w[i - 1];
		}
		for (size_t i = 0; i < n; i++) {
			at = (at + gap[i] + 1) % RING;
			text_putc(out, ring[at]);
		}
	}
}

bool
nine_is(const char *s)
{
	return strncmp(s, "$9$", 3) == 0;
}

/* Decodes the characters of one octet, which start at *S, at POSITION of its cycle; returns -1 if they are none. */
static int
octet_decode(const char **s, size_t position, int *at)
{
	unsigned sum = 0;
	size_t n = n_weights[position];
	for (size_t i = 0; i < n; i++) {
		int place = ring_place(**s);
		if (place < 0)
			return -1;
		int gap = place - *at - 1;
		if (gap < 0)
			gap += RING;
		sum += (unsigned)gap * weights[position][i];
		*at = place;
		(*s)++;
	}
	/* an octet of zero could not be kept in a string, and JUNOS never writes a sum above 255 */
	return sum == 0 || sum > 255 ? -1 : (int)sum;
}

bool
nine_decode(const char *s, struct text *out)
{
	if (!nine_is(s))
		return false;
	s += 3;
	int at = ring_place(*s);
	if (at < 0)
		return false;
	s++;
	for (size_t i = filler_len(at); i > 0; i--, s++)
		if (ring_place(*s) < 0)
			return false;
	size_t before = out->len;
	size_t position = 0;
	bool ok = true;
	while (ok && *s != '\0') {
		int octet = octet_decode(&s, position, &at);
		ok = octet > 0;
		if (ok)
			text_putc(out, (char)octet);
		position = position + 1 == POSITIONS ? 0 : position + 1;
	}
	if (!ok && out->s != NULL) {
		explicit_bzero(out->s + before, out->len - before);
		out->len = before;
	}
	return ok;
}

bool
nine_same(const char *a, const char *b)
{
	struct text x = { 0 };
	struct text y = { 0 };
	bool same =
	    nine_decode(a, &x) && nine_decode(b, &y) && strcmp(text_str(&x), text_str(&y)) == 0;
	text_done(&x);
	text_done(&y);
	return same;
}
