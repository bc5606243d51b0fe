/* SPDX-License-Identifier: BSD-2-Clause
 *
 * addr.c - IPv4 and IPv6 addresses and prefixes as plain values.
 *
 * Nothing here allocates or keeps state. Called by every daemon on any thread.
 */
#include "lib/base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool
addr_parse(const char *text, struct addr *out)
{
	struct addr a = { 0 };
	if (inet_pton(AF_INET, text, a.b) == 1)
		a.family = ADDR_V4;
	else if (inet_pton(AF_INET6, text, a.b) == 1)
		a.family = ADDR_V6;
	else
		return false;
	*out = a;
	return true;
}

/* Reads a decimal number of one to three digits, without sign or blanks. */
static bool
prefix_len_parse(const char *text, unsigned max, uint8_t *out)
{
	size_t n = strlen(text);
	if (n < 1 || n > 3 || strspn(text, "0123456789") != n)
		return false;
	unsigned v = 0;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (unsigned)(text[i] - '0');
	if (v > max)
		return false;
	*out = (uint8_t)v;
	return true;
}

bool
prefix_parse(const char *text, struct prefix *out)
{
	char buf[ADDR_STRLEN];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	if (n >= sizeof(buf))
		return false;
	memcpy(buf, text, n);
	buf[n] = '\0';
	struct prefix p = { 0 };
	if (!addr_parse(buf, &p.addr))
		return false;
	unsigned max = (unsigned)addr_len(p.addr) * 8;
	p.len = (uint8_t)max;
	if (slash && !prefix_len_parse(slash + 1, max, &p.len))
		return false;
	*out = p;
	return true;
}

const char *
addr_print(struct addr a, char buf[ADDR_STRLEN])
{
	buf[0] = '\0';
	if (a.family == ADDR_V4)
		inet_ntop(AF_INET, a.b, buf, ADDR_STRLEN);
	else if (a.family == ADDR_V6)
		inet_ntop(AF_INET6, a.b, buf, ADDR_STRLEN);
	return buf;
}

const char *
prefix_print(struct prefix p, char buf[PREFIX_STRLEN])
{
	char text[ADDR_STRLEN];
	snprintf(buf, PREFIX_STRLEN, "%s/%u", addr_print(p.addr, text), p.len);
	return buf;
}

size_t
addr_len(struct addr a)
{
	return a.family == ADDR_V4 ? 4 : a.family == ADDR_V6 ? 16 : 0;
}

bool
addr_is_any(struct addr a)
{
	static const uint8_t zero[16];
	return memcmp(a.b, zero, sizeof(zero)) == 0;
}

bool
addr_is_multicast(struct addr a)
{
	return (a.family == ADDR_V4 && (a.b[0] & 0xf0) == 0xe0) ||
	       (a.family == ADDR_V6 && a.b[0] == 0xff);
}

bool
prefix_has(struct prefix p, struct addr a)
{
	if (p.addr.family != a.family)
		return false;
	unsigned whole = p.len / 8u;
	unsigned rest = p.len % 8u;
	if (memcmp(p.addr.b, a.b, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	unsigned mask = (0xff00u >> rest) & 0xffu;
	return ((p.addr.b[whole] ^ a.b[whole]) & mask) == 0;
}

struct prefix
prefix_network(struct prefix p)
{
	for (unsigned i = 0; i < sizeof(p.addr.b); i++) {
		unsigned bits = p.len > i * 8 ? p.len - i * 8 : 0;
		if (bits < 8)
			p.addr.b[i] &= (uint8_t)(0xff00u >> bits);
	}
	return p;
}

bool
prefix_eq(struct prefix a, struct prefix b)
{
	return a.len == b.len && addr_eq(prefix_network(a).addr, prefix_network(b).addr);
}
