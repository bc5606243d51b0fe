/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pki_fuzz.c - certificates and keys as strangers may send or load them: read, displayed, judged; never a crash or a leak.
 */
#include "lib/base/text.h"
#include "lib/pki/chain.h"
#include "lib/pki/key.h"

static void
url_take(void *arg, const char *url)
{
	text_put(arg, url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text t = { 0 };
	struct pki_cert *c = pki_cert_read(data, size, &t);
	if (c != NULL) {
		const struct pki_cert *one = c;
		struct octets dn = pki_cert_subject(c);
		pki_cert_print_serial(c, &t);
		pki_cert_print_signature(c, &t);
		pki_cert_print_fingerprint(c, true, &t);
		pki_cert_each_crl(c, url_take, &t);
		(void)pki_cert_usage(c);
		(void)pki_cert_is_self_signed(c);
		if (dn.n > 0)
			(void)pki_cert_has_identity(c, 9, dn.p, dn.n);
		if (pki_chain_check(&one, 1, &one, 1, 1800000000, NULL, &t))
			__builtin_trap(); /* nobody vouches for himself */
	}
	pki_cert_free(c);
	size_t len;
	uint8_t *key = pki_key_read(data, size, "secret", &len, &t);
	pki_key_wipe(key, len);
	text_done(&t);
	return 0;
}
