/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_protocol.c - [edit protocols]: security associations of BGP and OSPF.
 *
 * BGP names one at the protocol, a group or a neighbor; OSPF at an interface, a virtual link or a sham link,
 * and takes only manual SAs in transport mode. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

static struct conf_sa *
sa_ref(struct builder *b, const struct elem *leaf)
{
	struct conf_sa *sa = smap_find(&b->index->sas, leaf->value ? leaf->value : "");
	if (sa == NULL)
		builder_error(b, leaf, "Referenced IPSec Security Association must be defined");
	else
		sa->is_referenced = true;
	return sa;
}

static void
bgp_sa(struct builder *b, const struct elem *e)
{
	const struct elem *leaf = elem_find(e, "ipsec-sa");
	if (leaf != NULL)
		(void)sa_ref(b, leaf);
}

static void
bgp_check(struct builder *b, const struct elem *bgp)
{
	bgp_sa(b, bgp);
	elem_each (n, bgp, "neighbor")
		bgp_sa(b, n);
	elem_each (group, bgp, "group") {
		bgp_sa(b, group);
		elem_each (n, group, "neighbor")
			bgp_sa(b, n);
	}
}

static void
ospf_sas(struct builder *b, const struct elem *area, const char *list)
{
	elem_each (e, area, list) {
		const struct elem *leaf = elem_find(e, "ipsec-sa");
		const struct conf_sa *sa = leaf ? sa_ref(b, leaf) : NULL;
		if (leaf != NULL && elem_has(e, "secondary"))
			builder_error(
			    b, leaf, "secondary interface cannot have ipsec-sa configured");
		if (sa != NULL && !sa->manual.is_set)
			builder_error(
			    b, leaf, "Referenced IPSec security association must be a manual SA");
		if (sa != NULL && sa->mode != MODE_TRANSPORT)
			builder_error(b, leaf,
			    "Referenced IPSec security association must be in transport mode");
	}
}

static void
ospf_check(struct builder *b, const struct elem *ospf)
{
	elem_each (area, ospf, "area") {
		ospf_sas(b, area, "interface");
		ospf_sas(b, area, "virtual-link");
		ospf_sas(b, area, "sham-link-remote");
	}
}

void
check_protocols(struct builder *b)
{
	const struct elem *protocols = elem_find(b->root, "protocols");
	bgp_check(b, elem_find(protocols, "bgp"));
	ospf_check(b, elem_find(protocols, "ospf"));
	ospf_check(b, elem_find(protocols, "ospf3"));
}
