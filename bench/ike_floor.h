/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ike_floor.h - what a handshake of IKE cannot do without.
 *
 * Two Diffie-Hellman operations, as many again with PFS, and the hashes and ciphers that the RFC asks for, as bare calls of
 * the crypto library: what an engine takes beyond that is its own. One thread.
 */
#ifndef IKE_FLOOR_H
#define IKE_FLOOR_H

#include "lib/crypto/cipher.h"
#include "lib/ike/p1.h"

/* Seconds of the processor for one side of main and quick mode with a pre-shared key, the mean of N. */
double floor_measure(const struct p1_proposal *p1, enum dh_group pfs, unsigned n);

#endif
