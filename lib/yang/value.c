/* SPDX-License-Identifier: BSD-2-Clause
 *
 * value.c - is this a value of that leaf?
 *
 * Numbers, enumerations, lengths and the types of value_type.c are judged here, without a regular expression and
 * with JUNOS's words when they refuse. Only a type with a pattern goes to libyang. Pure; any thread.
 */
#include "lib/yang/priv.h"
#include "lib/base/wildcard.h"
#include "lib/yang/value_type.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool
value_bounds(const struct lysc_type *type, uint64_t *out_lo, uint64_t *out_hi)
{
	static const struct {
		LY_DATA_TYPE type;
		uint64_t max;
	} bases[] = {
		{ LY_TYPE_UINT8, UINT8_MAX },
		{ LY_TYPE_UINT16, UINT16_MAX },
		{ LY_TYPE_UINT32, UINT32_MAX },
		{ LY_TYPE_UINT64, UINT64_MAX },
	};
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		if (type->basetype != bases[i].type)
			continue;
		const struct lysc_range *range = ((const struct lysc_type_num *)type)->range;
		*out_lo = range != NULL ? range->parts[0].min_u64 : 0;
		*out_hi = range != NULL ? range->parts[LY_ARRAY_COUNT(range->parts) - 1].max_u64
					: bases[i].max;
		return true;
	}
	return false;
}

static bool
range_has(const struct lysc_range *range, uint64_t v)
{
	LY_ARRAY_COUNT_TYPE i;

	if (range == NULL)
		return true;
	LY_ARRAY_FOR(range->parts, i)
	{
		if (v >= range->parts[i].min_u64 && v <= range->parts[i].max_u64)
			return true;
	}
	return false;
}

static const struct lysc_type *
node_type(const struct snode *n)
{
	const struct snode_priv *p = n->priv;

	return compile_type(p->lysc);
}

/* --- one function for each family of types --- */

static bool
check_number(const struct snode *n, const char *value, char *err, size_t err_size, char *canonical,
    size_t canonical_size)
{
	const struct lysc_type *type = node_type(n);
	uint64_t v = 0;
	uint64_t lo;
	uint64_t hi;
	bool overflow = false;

	for (const char *c = value; *c != '\0'; c++) {
		if (*c < '0' || *c > '9') {
			snprintf(err, err_size, "Invalid numeric value: '%s'", value);
			return false;
		}
		uint64_t digit = (uint64_t)(*c - '0');
		overflow |= v > (UINT64_MAX - digit) / 10;
		v = v * 10 + digit;
	}
	if (value[0] == '\0') {
		snprintf(err, err_size, "Invalid numeric value: ''");
		return false;
	}
	if (!value_bounds(type, &lo, &hi))
		return false;
	if (overflow || v < lo || v > hi ||
	    !range_has(((const struct lysc_type_num *)type)->range, v)) {
		snprintf(err, err_size, "Value %s is not within range (%" PRIu64 "..%" PRIu64 ")",
		    value, lo, hi);
		return false;
	}
	if (value[0] == '0' && value[1] != '\0')
		snprintf(canonical, canonical_size, "%" PRIu64, v);
	return true;
}

static bool
check_enum(const struct snode *n, const char *value, char *err, size_t err_size, char *canonical,
    size_t canonical_size)
{
	const struct snode_priv *p = n->priv;

	for (const char *const *e = n->enums; *e != NULL; e++) {
		if (strcmp(*e, value) == 0)
			return true;
	}
	for (const struct enum_alias *a = p->aliases; a != NULL && a->word != NULL; a++) {
		if (strcmp(a->word, value) != 0)
			continue;
		snprintf(canonical, canonical_size, "%s", a->canonical);
		return true;
	}
	snprintf(err, err_size, "invalid value '%s'", value);
	return false;
}

static bool
check_empty(const struct snode *n, const char *value, char *err, size_t err_size, char *canonical,
    size_t canonical_size)
{
	(void)n;
	(void)canonical;
	(void)canonical_size;
	if (value[0] == '\0')
		return true;
	snprintf(err, err_size, "invalid value '%s'", value);
	return false;
}

static bool
check_length(const struct snode *n, const char *value, char *err, size_t err_size, char *canonical,
    size_t canonical_size)
{
	const struct lysc_range *length = ((const struct lysc_type_str *)node_type(n))->length;
	size_t len = strlen(value);

	(void)canonical;
	(void)canonical_size;
	if (range_has(length, len))
		return true;
	snprintf(err, err_size, "Length %zu is not within range (%" PRIu64 "..%" PRIu64 ")", len,
	    length->parts[0].min_u64, length->parts[LY_ARRAY_COUNT(length->parts) - 1].max_u64);
	return false;
}

static bool
check_pattern(const struct snode *n, const char *value, char *err, size_t err_size, char *canonical,
    size_t canonical_size)
{
	const struct snode_priv *p = n->priv;

	if (!check_length(n, value, err, err_size, canonical, canonical_size))
		return false;
	if (lyd_value_validate(p->ctx, p->lysc, value, strlen(value), NULL, NULL, NULL) ==
	    LY_SUCCESS)
		return true;
	const char *said = ly_errmsg(p->ctx);
	snprintf(err, err_size, "%s", said != NULL ? said : "invalid value");
	return false;
}

/* Types that value_type.c knows by name. */
static bool
check_named(const struct snode *n, const char *value, char *err, size_t err_size, char *canonical,
    size_t canonical_size)
{
	return value_type_find(n->type_name)
	    ->check(value, err, err_size, canonical, canonical_size);
}

value_check *
value_check_find(const struct lysc_type *type, const char *type_name)
{
	if (value_type_find(type_name) != NULL)
		return check_named;
	switch (type->basetype) {
	case LY_TYPE_UINT8:
	case LY_TYPE_UINT16:
	case LY_TYPE_UINT32:
	case LY_TYPE_UINT64:
		return check_number;
	case LY_TYPE_ENUM:
		return check_enum;
	case LY_TYPE_EMPTY:
		return check_empty;
	case LY_TYPE_STRING:
		return ((const struct lysc_type_str *)type)->patterns == NULL ? check_length
									      : check_pattern;
	default:
		return check_pattern;
	}
}

const char *
value_placeholder(const char *type_name)
{
	const struct value_type *t = value_type_find(type_name);

	return t != NULL ? t->placeholder : NULL;
}

/* Length of the UTF-8 sequence at S, or 0 if it is none. Overlong forms and surrogates are none. */
static size_t
utf8_len(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (n == 1)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Values are shown on terminals and put into XML and JSON, so no control characters and nothing but UTF-8. */
static bool
text_is_clean(const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	while (*s != '\0') {
		if ((*s < 0x20 && *s != '\t' && *s != '\n') || *s == 0x7f)
			return false;
		size_t n = utf8_len(s);
		if (n == 0)
			return false;
		s += n;
	}
	return true;
}

bool
snode_value_check(const struct snode *n, const char *value, char *err, size_t err_size,
    char *out_canonical, size_t canonical_size)
{
	const struct snode_priv *p = n->priv;
	char nowhere[256];

	if (out_canonical == NULL) {
		out_canonical = nowhere;
		canonical_size = sizeof(nowhere);
	}
	out_canonical[0] = '\0';
	/* a secret may be any octets: it is never shown in clear */
	if (!n->is_secret && !text_is_clean(value)) {
		snprintf(err, err_size, "invalid character in value");
		return false;
	}
	if (n->is_in_group && !n->is_secret && wildcard_is(value))
		return true;
	return p->check(n, value, err, err_size, out_canonical, canonical_size);
}
