/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dn.c - distinguished names by OpenSSL.
 */
#include "lib/crypto/dn.h"

#include "lib/base/text.h"

#include <openssl/bio.h>
#include <openssl/x509.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

static X509_NAME *
name_read(const uint8_t *der, size_t len)
{
	if (len == 0 || len > DN_DER_MAX)
		return NULL;
	const unsigned char *p = der;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)len);
	int n = name != NULL ? X509_NAME_entry_count(name) : 0;
	if (name != NULL && (p != der + len || n == 0 || n > DN_PARTS_MAX)) {
		X509_NAME_free(name);
		name = NULL;
	}
	return name;
}

bool
dn_is_valid(const uint8_t *der, size_t len)
{
	X509_NAME *name = name_read(der, len);
	X509_NAME_free(name);
	return name != NULL;
}

void
dn_print(const uint8_t *der, size_t len, struct text *out)
{
	X509_NAME *name = name_read(der, len);
	BIO *bio = name != NULL ? BIO_new(BIO_s_mem()) : NULL;
	unsigned long flags = ASN1_STRFLGS_RFC2253 | XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN;
	char *s = NULL;
	if (bio != NULL && X509_NAME_print_ex(bio, name, 0, flags) >= 0) {
		long n = BIO_get_mem_data(bio, &s);
		if (n > 0)
			text_putn(out, s, (size_t)n);
	}
	BIO_free(bio);
	X509_NAME_free(name);
}

/* --- reading text --- */

enum { ATTR_TEXT_MAX = 1024 };

static const char *
blanks_skip(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

/* Copies up to one of STOPS that has no backslash before it, without blanks at the end. NULL if it is empty or too long. */
static const char *
piece_take(const char *s, const char *stops, char out[ATTR_TEXT_MAX])
{
	size_t n = 0;
	size_t n_solid = 0; /* up to the last one that is no blank */
	for (s = blanks_skip(s); *s != '\0' && strchr(stops, *s) == NULL; s++) {
		bool is_escaped = *s == '\\' && s[1] != '\0';
		s += is_escaped;
		if (n + 1 >= ATTR_TEXT_MAX)
			return NULL;
		out[n++] = *s;
		if (is_escaped || *s != ' ')
			n_solid = n;
	}
	out[n_solid] = '\0';
	return n_solid > 0 ? s : NULL;
}

/* The names that OpenSSL has not, and that others write. */
static const char *
attr_name(const char *name)
{
	if (strcasecmp(name, "E") == 0 || strcasecmp(name, "Email") == 0)
		return "emailAddress";
	if (strcasecmp(name, "S") == 0)
		return "ST";
	return name;
}

/* Finds an attribute by its short or long name, in capitals as in the usual texts. */
static ASN1_OBJECT *
attr_find(char *name)
{
	const char *known = attr_name(name);
	ASN1_OBJECT *o = OBJ_txt2obj(known, 0);
	if (o != NULL)
		return o;
	for (char *c = name; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	return OBJ_txt2obj(name, 0);
}

size_t
dn_parse(const char *text, uint8_t *out, size_t cap)
{
	X509_NAME *name = X509_NAME_new();
	char attr[ATTR_TEXT_MAX];
	char value[ATTR_TEXT_MAX];
	bool is_right = name != NULL;
	int joins = 0; /* -1: the part belongs to the one before, 0: it does not */
	for (const char *s = text; is_right && *blanks_skip(s) != '\0';) {
		s = piece_take(s, "=", attr);
		s = s != NULL && *s == '=' ? piece_take(s + 1, ",;+", value) : NULL;
		ASN1_OBJECT *o = s != NULL ? attr_find(attr) : NULL;
		is_right = o != NULL && X509_NAME_add_entry_by_OBJ(name, o, MBSTRING_UTF8,
					    (const unsigned char *)value, -1, -1, joins) == 1;
		ASN1_OBJECT_free(o);
		if (is_right && *s != '\0') {
			joins = *s == '+' ? -1 : 0;
			s++;
			is_right = *blanks_skip(s) != '\0';
		}
	}
	int n = is_right ? i2d_X509_NAME(name, NULL) : 0;
	unsigned char *p = out;
	int parts = is_right ? X509_NAME_entry_count(name) : 0;
	if (n <= 0 || parts == 0 || parts > DN_PARTS_MAX || (size_t)n > cap || n > DN_DER_MAX)
		n = 0;
	else
		n = i2d_X509_NAME(name, &p);
	X509_NAME_free(name);
	return n > 0 ? (size_t)n : 0;
}

/* --- comparing --- */

/* Are two parts the same? OpenSSL compares whole names only, so each becomes one. */
static bool
entry_is_same(const X509_NAME_ENTRY *a, const X509_NAME_ENTRY *b)
{
	X509_NAME *x = X509_NAME_new();
	X509_NAME *y = X509_NAME_new();
	bool is_same = x != NULL && y != NULL && X509_NAME_add_entry(x, a, -1, 0) == 1 &&
		       X509_NAME_add_entry(y, b, -1, 0) == 1 && X509_NAME_cmp(x, y) == 0;
	X509_NAME_free(x);
	X509_NAME_free(y);
	return is_same;
}

/* Where in NAME is the part, from AT on? -1: nowhere. */
static int
entry_find(const X509_NAME *name, int at, const X509_NAME_ENTRY *part)
{
	for (; at < X509_NAME_entry_count(name); at++)
		if (entry_is_same(X509_NAME_get_entry(name, at), part))
			return at;
	return -1;
}

enum walk { FORWARD, BACKWARD, ANYHOW };

static bool
has_parts(const X509_NAME *name, const X509_NAME *parts, enum walk walk)
{
	int n = X509_NAME_entry_count(parts);
	int at = 0;
	for (int i = 0; i < n; i++) {
		const X509_NAME_ENTRY *part =
		    X509_NAME_get_entry(parts, walk == BACKWARD ? n - 1 - i : i);
		int found = entry_find(name, walk == ANYHOW ? 0 : at, part);
		if (found < 0)
			return false;
		at = found + 1;
	}
	return true;
}

bool
dn_has(const uint8_t *name, size_t name_len, const uint8_t *parts, size_t parts_len,
    enum dn_order order)
{
	X509_NAME *n = name_read(name, name_len);
	X509_NAME *p = name_read(parts, parts_len);
	bool has = n != NULL && p != NULL &&
		   (order == DN_ANY_ORDER ? has_parts(n, p, ANYHOW)
					  : has_parts(n, p, FORWARD) || has_parts(n, p, BACKWARD));
	X509_NAME_free(n);
	X509_NAME_free(p);
	return has;
}

bool
dn_eq(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	X509_NAME *x = name_read(a, a_len);
	X509_NAME *y = name_read(b, b_len);
	bool is_same =
	    x != NULL && y != NULL &&
	    (X509_NAME_cmp(x, y) == 0 || (X509_NAME_entry_count(x) == X509_NAME_entry_count(y) &&
					     has_parts(x, y, BACKWARD)));
	X509_NAME_free(x);
	X509_NAME_free(y);
	return is_same;
}
