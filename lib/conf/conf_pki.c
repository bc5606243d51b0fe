/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_pki.c - [edit security pki]: the CAs that may be trusted.
 *
 * Certificates and keys are no configuration: they are loaded by commands and belong to pkid. Lists of revoked certificates are
 * not fetched yet, so a profile that does not switch the check off is warned about. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

static void
profile_load(struct builder *b, const struct elem *e, struct conf_ca_profile *p)
{
	const char *identity = elem_value(e, "ca-identity");
	p->name = arena_strdup(b->a, elem_value(e, "name"));
	if (identity != NULL)
		p->identity = arena_strdup(b->a, identity);
	if (b->c->part == CONF_ALL && !elem_has(elem_find(e, "revocation-check"), "disable"))
		builder_warn(b, e,
		    "certificates of this CA are not checked for revocation: say "
		    "'revocation-check disable'");
}

void
pki_load(struct builder *b)
{
	const struct elem *pki = elem_path(b->root, "security/pki");
	size_t n = 0;
	elem_each (e, pki, "ca-profile")
		n += elem_has(e, "name");
	struct conf_ca_profile *profiles = arena_array(b->a, n, sizeof(*profiles));
	b->c->ca_profiles = profiles;
	elem_each (e, pki, "ca-profile")
		if (elem_has(e, "name"))
			profile_load(b, e, &profiles[b->c->n_ca_profiles++]);
}

const struct conf_ca_profile *
conf_ca_profile(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_ca_profiles; i++)
		if (strcmp(c->ca_profiles[i].name, name) == 0)
			return &c->ca_profiles[i];
	return NULL;
}
