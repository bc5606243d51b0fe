/* SPDX-License-Identifier: BSD-2-Clause
 *
 * resolve.c - `| resolve`: names in the place of addresses. Called by pipe.c.
 */
#include "cli/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

enum { KNOWN_MAX = 256, NAME_SIZE = 256 };

/* What the resolver said; the same few addresses come again and again. */
struct known {
	char address[INET6_ADDRSTRLEN];
	char name[NAME_SIZE]; /* "": it has none */
};

/* Asks for the name of ADDRESS; false if it is no address. */
static bool
known_ask(struct known *k, const char *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *sa = NULL;
	socklen_t len = 0;
	if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
		sa = (const struct sockaddr *)&in;
		len = sizeof(in);
	} else if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1) {
		sa = (const struct sockaddr *)&in6;
		len = sizeof(in6);
	}
	if (sa == NULL)
		return false;
	*k = (struct known){ 0 };
	snprintf(k->address, sizeof(k->address), "%s", address);
	if (getnameinfo(sa, len, k->name, sizeof(k->name), NULL, 0, NI_NAMEREQD) != 0)
		k->name[0] = '\0';
	return true;
}

/* Returns the name of ADDRESS, or NULL. */
static const char *
name_of(const char *address)
{
	static struct known *known;
	static size_t n;
	if (known == NULL)
		known = calloc(KNOWN_MAX, sizeof(*known));
	if (known == NULL)
		abort();
	size_t i = 0;
	while (i < n && i < KNOWN_MAX && strcmp(known[i].address, address) != 0)
		i++;
	if (i == n || i == KNOWN_MAX) {
		i = n % KNOWN_MAX;
		if (!known_ask(&known[i], address))
			return NULL;
		n++;
	}
	return known[i].name[0] != '\0' ? known[i].name : NULL;
}

void
resolve_line(const char *line, bool full_names, struct text *out)
{
	static const char digits[] = "0123456789abcdefABCDEF.:";
	char address[INET6_ADDRSTRLEN];
	for (const char *p = line; *p != '\0';) {
		size_t n = strspn(p, digits);
		size_t n_word = n > 0 ? n : strcspn(p, digits);
		/* a stop or a colon may end a sentence */
		while (n > 0 && n < sizeof(address) && (p[n - 1] == '.' || p[n - 1] == ':'))
			n--;
		const char *name = NULL;
		if (n > 2 && n < sizeof(address)) {
			memcpy(address, p, n);
			address[n] = '\0';
			name = name_of(address);
		}
		if (name != NULL) {
			text_putn(out, name, full_names ? strlen(name) : strcspn(name, "."));
			text_putn(out, p + n, n_word - n);
		} else {
			text_putn(out, p, n_word);
		}
		p += n_word;
	}
}
