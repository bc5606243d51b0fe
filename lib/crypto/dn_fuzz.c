/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dn_fuzz.c - any text as a distinguished name, and any bytes as one in DER: what is read is valid, is itself, has its own parts,
 * and prints without control characters.
 */
#include "lib/crypto/dn.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
name_check(const uint8_t *der, size_t n)
{
	struct text t = { 0 };
	if (!dn_eq(der, n, der, n) || !dn_has(der, n, der, n, DN_IN_ORDER) ||
	    !dn_has(der, n, der, n, DN_ANY_ORDER))
		abort();
	dn_print(der, n, &t);
	for (size_t i = 0; i < t.len; i++)
		if (t.s[i] < 0x20 || t.s[i] > 0x7e)
			abort();
	text_done(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t der[DN_DER_MAX];
	char *text = strndup((const char *)data, size);
	if (text == NULL)
		return 0;
	size_t n = dn_parse(text, der, sizeof(der));
	if (n > 0 && !dn_is_valid(der, n))
		abort();
	if (n > 0)
		name_check(der, n);
	if (dn_is_valid(data, size))
		name_check(data, size);
	free(text);
	return 0;
}
