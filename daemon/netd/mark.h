/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mark.h - THE list of packet marks, table numbers and other numbers that Sallyport uses in the kernel.
 *
 * Everything that netd adds to the host carries one of these, so that a later netd finds what a killed one left.
 */
#ifndef MARK_H
#define MARK_H

enum {
	/* Packets that picd sends, already protected: our own filters and captures let them pass. */
	MARK_BYPASS = 0x5341ffff,
	/* + n: `then ipsec-sa` of a filter; the policy rule of the same number leads to the unit that carries the SA. */
	MARK_STEER = 0x53410000,
	/* + n: came out of service set n (interface style), or of one that shares its unit: the set's own output
	 * capture lets it pass, if what it protects is what comes in. */
	MARK_DECRYPTED = 0x53420000,
	MARK_NUMBER_MAX = 0xfffe, /* largest n */

	/* The routing table of a steering mark has the mark's number. */
	RULE_PRIORITY =
	    5341, /* of the policy rules: before the main table (32766), after local (0) */

	/* What our routes, policy rules and addresses say about who made them. */
	PROTO_SALLYPORT = 0x53,
	/* What routes say that hold the places of ours after a netd was killed. */
	PROTO_HOLD = 0x54,

	/* Link group of devices that are about to be deleted; a number that nobody else comes upon. */
	GROUP_DOOMED = 0x53414c59,
};

#define DEVICE_ALIAS "sallyport" /* of every TUN device */
#define NFT_TABLE "sallyport"    /* in families inet and netdev */

#endif
