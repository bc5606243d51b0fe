/* SPDX-License-Identifier: BSD-2-Clause
 *
 * secret.c - keys as they are written: text, or hexadecimal digits that stand for octets.
 *
 * Keys of manual security associations and pre-shared keys of IKE have the same two forms. Messages never hold
 * a key. Called by conf_manual.c and conf_ike.c.
 */
#include "lib/conf/builder.h"

#include <ctype.h>
#include <string.h>

static uint8_t
hex_value(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

bool
is_hex_digits(const char *s)
{
	for (; *s != '\0'; s++)
		if (!isxdigit((unsigned char)*s))
			return false;
	return true;
}

const char *
secret_text(struct builder *b, const struct elem *key, bool *out_is_hex)
{
	const char *ascii = elem_value(key, "ascii-text");
	const char *hex = elem_value(key, "hexadecimal");
	if ((ascii == NULL) == (hex == NULL)) {
		builder_error(b, key, "Either ascii-text or hexadecimal must be configured");
		return NULL;
	}
	if (hex != NULL && !is_hex_digits(hex)) {
		builder_error(b, key, "Must be hexadecimal digits (0-9, a-f, A-F)");
		return NULL;
	}
	*out_is_hex = hex != NULL;
	return ascii != NULL ? ascii : hex;
}

struct secret
secret_octets(struct builder *b, const char *s, bool is_hex)
{
	size_t len = strlen(s);
	if (!is_hex)
		return (struct secret){ arena_memdup(b->a, s, len), (uint16_t)len };
	uint8_t *octets = arena_alloc(b->a, len / 2);
	for (size_t i = 0; i < len / 2; i++)
		octets[i] = (uint8_t)(hex_value(s[2 * i]) << 4 | hex_value(s[2 * i + 1]));
	return (struct secret){ octets, (uint16_t)(len / 2) };
}
