/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_filter.c - the two kinds of filters. Called by netconf_rfc.c.
 */
#include "cli/netconf_filter.h"

#include <stddef.h>
#include <string.h>

#include "cli/netconf_read.h"

bool
netconf_filter_read(const struct nc_elem *filter, struct netconf_filter *out, const char **error)
{
	const char *type = nc_attr(filter, "type");
	*out = (struct netconf_filter){ 0 };
	*error = "type";
	if (type == NULL || strcmp(type, "subtree") == 0) {
		out->subtree = nc_child(filter, "configuration");
		out->is_nothing = out->subtree == NULL;
		return true;
	}
	if (strcmp(type, "xpath") != 0)
		return false;
	*error = "select";
	out->xpath = nc_attr(filter, "select");
	if (out->xpath == NULL)
		out->xpath = nc_attr(filter, "source"); /* as some clients spell it */
	return out->xpath != NULL;
}
