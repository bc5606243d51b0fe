/* SPDX-License-Identifier: BSD-2-Clause
 *
 * idle.c - rows of `show ipsec security-associations` for SAs that nothing uses.
 *
 * A security association that no interface and no filter refers to has no picd, so nobody else can speak of it. The rows
 * have the form of picd's, from the statements alone; rpc.c adds them behind the rows of all picds.
 */
#include <string.h>

#include "daemon/mgd/mgd.h"
#include "lib/base/smap.h"
#include "lib/junos/tree.h"
#include "lib/msg/elem.h"

static const char *
protocol_text(const char *protocol)
{
	if (protocol != NULL && strcmp(protocol, "bundle") == 0)
		return "AH+ESP";
	return protocol != NULL && strcmp(protocol, "ah") == 0 ? "AH" : "ESP";
}

static const char *
value_or(const struct elem *e, const char *path, const char *fallback)
{
	const struct elem *leaf = elem_path(e, path);
	return leaf != NULL && leaf->value != NULL ? leaf->value : fallback;
}

static void
sa_put(struct arena *a, struct elem *block, const struct elem *direction, const char *way,
    const char *mode, bool is_detail)
{
	struct elem *e = elem_add(a, block, "security-associations");
	elem_leaf(a, e, "sa-direction", way);
	elem_leaf(a, e, "sa-spi", value_or(direction, "spi", "0"));
	elem_leaf(a, e, "sa-aux-spi", value_or(direction, "auxiliary-spi", "0"));
	elem_leaf(a, e, "sa-mode", mode);
	elem_leaf(a, e, "sa-type", "manual");
	if (is_detail)
		elem_leaf(a, e, "sa-state", "not installed");
	elem_leaf(a, e, "sa-protocol", protocol_text(value_or(direction, "protocol", NULL)));
	if (!is_detail)
		return;
	elem_leaf(a, e, "sa-authentication-algorithm",
	    value_or(direction, "authentication/algorithm", "none"));
	elem_leaf(
	    a, e, "sa-encryption-algorithm", value_or(direction, "encryption/algorithm", "none"));
	elem_leaf(a, e, "sa-anti-replay-service", "disabled");
}

/* The `direction` entry that serves WAY, or NULL. */
static const struct elem *
direction_find(const struct elem *sa, const char *way)
{
	elem_each (d, elem_find(sa, "manual"), "direction") {
		const char *name = value_or(d, "name", "");
		if (strcmp(name, way) == 0 || strcmp(name, "bidirectional") == 0)
			return d;
	}
	return NULL;
}

static void
block_send(struct session *s, const struct elem *sa, const char *name, bool is_detail)
{
	static const char *const ways[] = { "inbound", "outbound" };
	struct arena *a = arena_new();
	struct elem *block = elem_new(a, "security-associations-block");
	const char *mode = value_or(sa, "mode", "tunnel");
	elem_leaf(a, block, "sa-name", name);
	if (strcmp(mode, "tunnel") == 0)
		elem_leaf(a, block, "sa-block-state", "No reference");
	for (size_t i = 0; i < 2; i++) {
		const struct elem *d = direction_find(sa, ways[i]);
		if (d != NULL)
			sa_put(a, block, d, ways[i], mode, is_detail);
	}
	session_row(s, block);
	arena_free(a);
}

void
idle_rows(struct session *s, const struct elem *request, const struct smap *shown)
{
	struct arena *a = arena_new_secret();
	const struct elem *root = tree_to_elem(s->m->db.running, a);
	const char *wanted = elem_value(request, "sa-name");
	bool is_detail = strcmp(value_or(request, "level", "brief"), "brief") != 0;
	elem_each (sa, elem_path(root, "security/ipsec"), "security-association") {
		const char *name = elem_value(sa, "name");
		if (name != NULL && smap_find(shown, name) == NULL &&
		    (wanted == NULL || strcmp(wanted, name) == 0))
			block_send(s, sa, name, is_detail);
	}
	arena_free(a);
}
