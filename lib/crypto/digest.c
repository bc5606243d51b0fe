/* SPDX-License-Identifier: BSD-2-Clause
 *
 * digest.c - the checksum of a stream of bytes, by OpenSSL's libcrypto. Pure; one thread for each struct.
 */
#include "lib/crypto/digest.h"

#include <openssl/evp.h>
#include <stdio.h>

struct digest *
digest_new(const char *name)
{
	const EVP_MD *md = EVP_get_digestbyname(name);
	EVP_MD_CTX *ctx = md != NULL ? EVP_MD_CTX_new() : NULL;
	if (ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		ctx = NULL;
	}
	return (struct digest *)ctx;
}

void
digest_put(struct digest *d, const void *p, size_t n)
{
	(void)EVP_DigestUpdate((EVP_MD_CTX *)d, p, n);
}

void
digest_end(struct digest *d, char out[DIGEST_HEX_MAX])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (EVP_DigestFinal_ex((EVP_MD_CTX *)d, sum, &n) != 1 || n > (DIGEST_HEX_MAX - 1) / 2)
		n = 0;
	out[0] = '\0';
	for (unsigned i = 0; i < n; i++)
		snprintf(out + i * 2, 3, "%02x", sum[i]);
	EVP_MD_CTX_free((EVP_MD_CTX *)d);
}
