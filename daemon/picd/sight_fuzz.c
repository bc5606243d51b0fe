/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sight_fuzz.c - any octets as a packet that somebody looks at: what is claimed of it must be there.
 */
#include "daemon/picd/sight.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sight s;
	sight_read(data, size, &s);
	bool is_ip = s.source.family != ADDR_NONE;
	if (is_ip != (s.destination.family != ADDR_NONE))
		abort();
	if (is_ip && size < (s.source.family == ADDR_V4 ? 20 : 40))
		abort();
	if ((s.has_spi || s.has_ports || s.has_icmp || s.has_tcp_flags) &&
	    (!is_ip || s.frag_off > 0))
		abort();
	if (s.has_spi && size < 28)
		abort();
	return 0;
}
