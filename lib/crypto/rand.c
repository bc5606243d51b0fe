/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rand.c - randomness from OpenSSL's private generator, which the kernel seeds.
 */
#include "lib/crypto/rand.h"

#include <limits.h>
#include <openssl/rand.h>
#include <stdlib.h>

void
rand_fill(void *out, size_t n)
{
	if (n > INT_MAX || RAND_priv_bytes(out, (int)n) != 1)
		abort();
}
