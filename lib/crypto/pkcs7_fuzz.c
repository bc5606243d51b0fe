/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pkcs7_fuzz.c - any bytes as a PKCS #7: what comes out are whole sequences in DER, as many as are allowed.
 */
#include "lib/crypto/pkcs7.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pkcs7 list;
	if (!pkcs7_read(data, size, &list))
		return 0;
	if (list.n == 0 || list.n > PKCS7_CERTS_MAX)
		abort();
	for (size_t i = 0; i < list.n; i++)
		if (list.certs[i].n < 2 || list.certs[i].p[0] != 0x30)
			abort();
	pkcs7_done(&list);
	return 0;
}
