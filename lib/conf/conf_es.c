/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_es.c - [edit security ipsec security-association]: SAs of the ES PIC and of the host.
 *
 * A tunnel mode SA is carried by a unit of an es- interface; a transport mode SA protects the host's own
 * traffic. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

static void
mode_load(struct builder *b, const struct elem *e, struct conf_sa *sa)
{
	const struct elem *mode = elem_find(e, "mode");
	if (mode == NULL || mode->value == NULL || strcmp(mode->value, "tunnel") == 0)
		return;
	if (strcmp(mode->value, "transport") == 0)
		sa->mode = MODE_TRANSPORT;
	else
		builder_error(b, mode, "invalid value '%s'", mode->value);
}

static void
window_load(struct builder *b, const struct elem *dynamic, struct conf_sa *sa)
{
	const struct elem *leaf = elem_find(dynamic, "replay-window-size");
	sa->replay_window = REPLAY_WINDOW_DEFAULT;
	if (leaf == NULL)
		return;
	if (leaf->value != NULL && strcmp(leaf->value, "32") == 0)
		sa->replay_window = 32;
	else if (leaf->value == NULL || strcmp(leaf->value, "64") != 0)
		builder_error(b, leaf, "invalid value '%s'", leaf->value ? leaf->value : "");
}

static void
sa_load(struct builder *b, const struct elem *e, struct conf_sa *sa)
{
	*sa = (struct conf_sa){ .name = entry_name(b, e) }; /* see terms_load() of conf_rule.c */
	const char *description = elem_value(e, "description");
	if (description != NULL)
		sa->description = arena_strdup(b->a, description);
	mode_load(b, e, sa);
	const struct elem *manual = elem_find(e, "manual");
	const struct elem *dynamic = elem_find(e, "dynamic");
	if (manual != NULL)
		manual_load(b, manual, &sa->manual);
	if (manual != NULL && dynamic != NULL)
		builder_error(b, dynamic, "dynamic can not be configured together with manual");
	else if (dynamic != NULL)
		window_load(b, dynamic, sa);
	if (dynamic != NULL)
		dynamic_load(b, dynamic, &b->security, &sa->dynamic);
	if (b->part != CONF_ALL)
		return; /* the manual block is cut out where the keys are somebody else's */
	if (sa->mode == MODE_TRANSPORT && dynamic != NULL)
		builder_error(b, dynamic,
		    "Dynamic security associations are not supported in transport mode");
	else if (sa->mode == MODE_TRANSPORT && manual == NULL)
		builder_error(b, elem_find(e, "mode"),
		    "Manual block must be configured for transport mode security association");
	else if (manual == NULL && dynamic == NULL)
		builder_error(b, e, "Either manual or dynamic must be configured");
}

void
es_load(struct builder *b)
{
	const struct elem *ipsec = elem_path(b->root, "security/ipsec");
	size_t n = elem_count(ipsec, "security-association");
	b->sas = arena_array(b->a, n, sizeof(*b->sas));
	b->sa_elems = arena_array(b->scratch, n, sizeof(*b->sa_elems));
	const struct conf_sa **list = arena_array(b->a, n, sizeof(*list));
	size_t i = 0;
	elem_each (e, ipsec, "security-association") {
		struct conf_sa *sa = &b->sas[i];
		sa_load(b, e, sa);
		if (sa->name == NULL)
			continue;
		if (!smap_add(&b->index->sas, sa->name, sa)) {
			builder_error(b, e, "Security association is configured twice");
			continue;
		}
		b->sa_elems[i] = e;
		list[i++] = sa;
	}
	b->c->sas = list;
	b->c->n_sas = i;
}
