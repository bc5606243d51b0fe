/* SPDX-License-Identifier: BSD-2-Clause
 *
 * vid.c - the table of vendor IDs.
 */
#include "lib/ike/vid.h"

#include <string.h>

/* `len` octets are compared; what follows are versions and flags. The first row of a bit is the one that is sent. */
static const struct {
	enum vid vid;
	uint8_t len;
	uint8_t n;
	uint8_t b[16];
} rows[] = {
	/* MD5("RFC 3947") */
	{ VID_NATT_RFC, 16, 16,
	    { 0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45, 0x5c, 0x57, 0x28, 0xf2, 0x0e, 0x95,
		0x45, 0x2f } },
	/* MD5("draft-ietf-ipsec-nat-t-ike-02\n"), which most implementations send */
	{ VID_NATT_DRAFT_02, 16, 16,
	    { 0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e, 0x08, 0x63, 0x81, 0xb5, 0xec, 0x42,
		0x7b, 0x1f } },
	/* MD5("draft-ietf-ipsec-nat-t-ike-02") */
	{ VID_NATT_DRAFT_02, 16, 16,
	    { 0xcd, 0x60, 0x46, 0x43, 0x35, 0xdf, 0x21, 0xf8, 0x7c, 0xfd, 0xb2, 0xfc, 0x68, 0xb6,
		0xa4, 0x48 } },
	/* MD5("draft-ietf-ipsec-nat-t-ike-03") */
	{ VID_NATT_DRAFT_03, 16, 16,
	    { 0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f, 0x2c, 0x17, 0x9d, 0x92, 0x15, 0x52,
		0x9d, 0x56 } },
	/* the last two octets are the version, 1.0 */
	{ VID_DPD, 14, 16,
	    { 0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57,
		0x01, 0x00 } },
	/* MD5("FRAGMENTATION"); some add four octets of flags */
	{ VID_FRAGMENTATION, 16, 16,
	    { 0x40, 0x48, 0xb7, 0xd5, 0x6e, 0xbc, 0xe8, 0x85, 0x25, 0xe7, 0xde, 0x7f, 0x00, 0xd6,
		0xc2, 0xd3 } },
	{ VID_XAUTH, 8, 8, { 0x09, 0x00, 0x26, 0x89, 0xdf, 0xd6, 0xb7, 0x12 } },
	/* the last two octets are a version */
	{ VID_UNITY, 14, 16,
	    { 0x12, 0xf5, 0xf2, 0x8c, 0x45, 0x71, 0x68, 0xa9, 0x70, 0x2d, 0x9f, 0xe2, 0x74, 0xcc,
		0x01, 0x00 } },
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]), FLAGS_MAX = 4 };

unsigned
vid_find(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (n >= rows[i].n && n <= rows[i].n + (size_t)FLAGS_MAX &&
		    memcmp(p, rows[i].b, rows[i].len) == 0)
			return rows[i].vid;
	return 0;
}

unsigned
vid_all(const struct v1_msg *m)
{
	unsigned set = 0;
	for (unsigned i = 0; i < m->n; i++)
		if (m->list[i].type == V1_VID)
			set |= vid_find(m->list[i].p, m->list[i].n);
	return set;
}

void
vid_build(struct v1_out *o, unsigned set)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if ((set & rows[i].vid) != 0) {
			v1_out_put(o, V1_VID, rows[i].b, rows[i].n);
			set &= ~(unsigned)rows[i].vid;
		}
}
