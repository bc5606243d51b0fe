/* SPDX-License-Identifier: BSD-2-Clause
 *
 * id_fuzz.c - any bytes as the body of an ID payload; its text must be printable, its network must make the same network again.
 */
#include "lib/base/text.h"
#include "lib/ike/id.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct v1_payload p = { .type = V1_ID, .p = data, .n = size };
	struct id id;
	if (id_parse(&p, &id) != IKE_OK)
		return 0;
	struct text t = { 0 };
	id_print(&id, &t);
	for (size_t i = 0; i < t.len; i++)
		if (t.s[i] < 0x20 || t.s[i] > 0x7e)
			abort();
	text_done(&t);
	if (!id_eq(&id, &id))
		abort();
	struct prefix prefix;
	struct prefix again;
	uint8_t buf[ID_ADDR_MAX];
	if (id_prefix(&id, &prefix)) {
		struct id built = id_of_prefix(prefix, buf);
		if (!id_prefix(&built, &again) || !prefix_eq(prefix, again))
			abort();
	}
	return 0;
}
