/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_util.h - what the tests and fuzz targets of lib/esp share: a worker, SAs, packets.
 *
 * Everything aborts when it fails; repeatable, since the randomness is a counter.
 */
#ifndef TEST_UTIL_H
#define TEST_UTIL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/esp/pkt.h"
#include "lib/esp/sa.h"
#include "lib/esp/worker.h"

/* A worker with N packets and repeatable IVs. */
struct esp_worker *test_worker(size_t n);

/* An ESP tunnel with AES-128-CBC and HMAC-SHA1-96 from 192.0.2.1 to 192.0.2.2, SPI 0x1001. */
struct sa_params test_params(enum sa_direction direction);
struct sa *test_sa(const struct esp_worker *w, const struct sa_params *p);

struct addr test_addr(const char *text);
struct prefix test_prefix(const char *text);

/* An IPv4 or IPv6 UDP packet of LEN octets from 10.1.0.1 to 10.2.0.2 or 2001:db8:1::1 to
 * 2001:db8:2::2. */
struct pkt *test_packet(struct esp_worker *w, int family, uint32_t len);

/* A packet of these octets. */
struct pkt *test_bytes(struct esp_worker *w, const void *bytes, size_t n);

/* Reads hexadecimal digits, spaces skipped, and returns the number of octets. */
size_t test_hex(const char *text, uint8_t *out, size_t cap);

/* Sets the TOS of a packet or the flags and fragment offset, with the checksum. */
void test_tos(struct pkt *p, uint8_t tos);
void test_frag(struct pkt *p, uint16_t field);

#endif
