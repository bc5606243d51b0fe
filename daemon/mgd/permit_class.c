/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_class.c - the login classes and users of a configuration.
 *
 * Four classes are always there. A class of the configuration is read with everything that its bits bring along, so that whoever
 * decides looks at one bit. Called by db.c whenever another configuration comes into force.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/permit_priv.h"
#include "daemon/mgd/users.h"
#include "lib/base/pattern.h"
#include "lib/base/smap.h"
#include "lib/junos/tree.h"

struct permits {
	struct permit *classes;
	struct permit *super_user;
	struct smap users; /* login name to its struct permit; NULL class: unauthorized */
	char **names;      /* keys of users */
	size_t n_names;
	char *announcement; /* or NULL */
	bool logs_commands;
};

static const char *const bit_names[BITS] = {
	[BIT_ACCESS] = "access",
	[BIT_ACCESS_CONTROL] = "access-control",
	[BIT_ADMIN] = "admin",
	[BIT_ADMIN_CONTROL] = "admin-control",
	[BIT_ALL] = "all",
	[BIT_CLEAR] = "clear",
	[BIT_CONFIGURE] = "configure",
	[BIT_CONTROL] = "control",
	[BIT_EDIT] = "edit",
	[BIT_FIELD] = "field",
	[BIT_FIREWALL] = "firewall",
	[BIT_FIREWALL_CONTROL] = "firewall-control",
	[BIT_FLOPPY] = "floppy",
	[BIT_INTERFACE] = "interface",
	[BIT_INTERFACE_CONTROL] = "interface-control",
	[BIT_MAINTENANCE] = "maintenance",
	[BIT_NETWORK] = "network",
	[BIT_RESET] = "reset",
	[BIT_ROLLBACK] = "rollback",
	[BIT_ROUTING] = "routing",
	[BIT_ROUTING_CONTROL] = "routing-control",
	[BIT_SECRET] = "secret",
	[BIT_SECRET_CONTROL] = "secret-control",
	[BIT_SECURITY] = "security",
	[BIT_SECURITY_CONTROL] = "security-control",
	[BIT_SHELL] = "shell",
	[BIT_SNMP] = "snmp",
	[BIT_SNMP_CONTROL] = "snmp-control",
	[BIT_SYSTEM] = "system",
	[BIT_SYSTEM_CONTROL] = "system-control",
	[BIT_TRACE] = "trace",
	[BIT_TRACE_CONTROL] = "trace-control",
	[BIT_VIEW] = "view",
	[BIT_VIEW_CONFIGURATION] = "view-configuration",
};

#define BIT(b) (UINT64_C(1) << (b))

static const struct {
	const char *name;
	uint64_t bits;
} predefined[] = {
	{ "operator",
	    BIT(BIT_CLEAR) | BIT(BIT_NETWORK) | BIT(BIT_RESET) | BIT(BIT_TRACE) | BIT(BIT_VIEW) },
	{ "read-only", BIT(BIT_VIEW) },
	{ "super-user", BIT(BIT_ALL) },
	{ "superuser", BIT(BIT_ALL) },
	{ "unauthorized", 0 },
};

unsigned
permit_bit_find(const char *name)
{
	unsigned bit = 0;
	while (bit < BITS && strcmp(bit_names[bit], name) != 0)
		bit++;
	return bit;
}

/* BITS with all that they bring along. */
static uint64_t
bits_complete(uint64_t bits)
{
	static const char suffix[] = "-control";
	for (unsigned b = 0; b < BITS; b++) {
		size_t len = strlen(bit_names[b]);
		if (len < sizeof(suffix) ||
		    strcmp(bit_names[b] + len - strlen(suffix), suffix) != 0)
			continue;
		if ((bits & BIT(BIT_CONTROL)) != 0)
			bits |= BIT(b);
		if ((bits & BIT(b)) != 0)
			bits |= BIT(b - 1); /* its own stands right before it */
	}
	return bits;
}

static char *
copy(const char *s)
{
	char *c = strdup(s);
	if (c == NULL)
		abort();
	return c;
}

static struct permit *
class_new(struct permits *ps, const char *name, uint64_t bits)
{
	struct permit *p = calloc(1, sizeof(*p));
	if (p == NULL)
		abort();
	p->class = copy(name);
	p->bits = bits_complete(bits);
	p->next = ps->classes;
	ps->classes = p;
	return p;
}

static struct permit *
class_find(const struct permits *ps, const char *name)
{
	for (struct permit *p = ps->classes; p != NULL; p = p->next)
		if (strcmp(p->class, name) == 0)
			return p;
	return NULL;
}

static void
pattern_read(struct permit_pattern *pattern, const char *text)
{
	pattern->is_set = true;
	pattern->is_broken = pattern_compile(&pattern->re, text) != NULL;
	pattern->text = copy(text);
	for (char *c = pattern->text; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
}

static void
pattern_done(struct permit_pattern *pattern)
{
	if (pattern->is_set && !pattern->is_broken)
		regfree(&pattern->re);
	free(pattern->text);
}

static void
class_leaf_read(struct permit *p, const struct node *leaf)
{
	const char *name = leaf->schema->name;
	if (leaf->value == NULL)
		return;
	if (strcmp(name, "permissions") == 0) {
		unsigned bit = permit_bit_find(leaf->value);
		if (bit < BITS)
			p->bits |= BIT(bit);
	} else if (strcmp(name, "idle-timeout") == 0) {
		p->idle_min = (unsigned)strtoul(leaf->value, NULL, 10);
	} else if (strcmp(name, "allow-commands") == 0) {
		pattern_read(&p->allow_commands, leaf->value);
	} else if (strcmp(name, "deny-commands") == 0) {
		pattern_read(&p->deny_commands, leaf->value);
	} else if (strcmp(name, "allow-configuration") == 0) {
		pattern_read(&p->allow_conf, leaf->value);
	} else if (strcmp(name, "deny-configuration") == 0) {
		pattern_read(&p->deny_conf, leaf->value);
	}
}

static void
class_read(struct permits *ps, const struct node *class)
{
	if (class_find(ps, class->value) != NULL)
		return; /* commit check refuses that */
	struct permit *p = class_new(ps, class->value, 0);
	for (const struct node *leaf = class->child; leaf != NULL; leaf = leaf->next)
		if (!leaf->is_inactive)
			class_leaf_read(p, leaf);
	p->bits = bits_complete(p->bits);
}

/* A user without a class that exists is known and may do nothing. */
static void
user_read(struct permits *ps, const struct node *user)
{
	struct permit *p = NULL;
	for (const struct node *leaf = user->child; leaf != NULL; leaf = leaf->next)
		if (!leaf->is_inactive && strcmp(leaf->schema->name, "class") == 0)
			p = class_find(ps, leaf->value);
	if (p == NULL)
		p = class_find(ps, "unauthorized");
	char **names = realloc(ps->names, (ps->n_names + 1) * sizeof(*names));
	if (names == NULL)
		abort();
	ps->names = names;
	ps->names[ps->n_names] = copy(user->value);
	(void)smap_add(&ps->users, ps->names[ps->n_names++], p);
}

/* True if below N something sends the commands of users to the log. */
static bool
wants_commands(const struct node *n)
{
	if (n == NULL || n->is_inactive)
		return false;
	bool is_named = n->value != NULL && strcmp(n->value, "interactive-commands") == 0;
	if (is_named && n->schema->kind == SNODE_LEAFLIST)
		return true;
	if (is_named && n->schema->kind == SNODE_LIST)
		return n->child == NULL || n->child->value == NULL ||
		       strcmp(n->child->value, "none") != 0;
	for (const struct node *c = n->child; c != NULL; c = c->next)
		if (wants_commands(c))
			return true;
	return false;
}

static bool
commands_read(const struct tree *t)
{
	static const char *const events[] = { "system", "accounting" };
	static const char *const files[] = { "system", "syslog" };
	const struct node *root = tree_root(t);
	return wants_commands(node_path(root, events, 2)) ||
	       wants_commands(node_path(root, files, 2));
}

struct permits *
permits_new(const struct tree *t)
{
	static const char *const words[] = { "system", "login" };
	struct permits *ps = calloc(1, sizeof(*ps));
	if (ps == NULL)
		abort();
	for (size_t i = 0; i < sizeof(predefined) / sizeof(predefined[0]); i++)
		class_new(ps, predefined[i].name, predefined[i].bits);
	ps->super_user = class_find(ps, "super-user");
	ps->logs_commands = commands_read(t);
	const struct node *login = node_path(tree_root(t), words, 2);
	if (login == NULL || login->is_inactive || login->parent->is_inactive)
		return ps;
	for (const struct node *n = login->child; n != NULL; n = n->next)
		if (!n->is_inactive && strcmp(n->schema->name, "class") == 0)
			class_read(ps, n);
		else if (!n->is_inactive && strcmp(n->schema->name, "announcement") == 0)
			ps->announcement = copy(n->value);
	for (const struct node *n = login->child; n != NULL; n = n->next)
		if (!n->is_inactive && strcmp(n->schema->name, "user") == 0)
			user_read(ps, n);
	return ps;
}

void
permits_free(struct permits *ps)
{
	if (ps == NULL)
		return;
	for (struct permit *p = ps->classes, *next; p != NULL; p = next) {
		next = p->next;
		pattern_done(&p->allow_commands);
		pattern_done(&p->deny_commands);
		pattern_done(&p->allow_conf);
		pattern_done(&p->deny_conf);
		free(p->class);
		free(p);
	}
	smap_done(&ps->users);
	for (size_t i = 0; i < ps->n_names; i++)
		free(ps->names[i]);
	free(ps->names);
	free(ps->announcement);
	free(ps);
}

const struct permit *
permits_of(const struct permits *ps, const struct user *u)
{
	if (u->uid == 0)
		return ps->super_user;
	const struct permit *p = smap_find(&ps->users, u->name);
	if (p != NULL)
		return p;
	return u->is_member ? ps->super_user : NULL;
}

const struct permit *
permits_nobody(const struct permits *ps)
{
	return class_find(ps, "unauthorized");
}

const char *
permits_announcement(const struct permits *ps)
{
	return ps->announcement;
}

bool
permits_log_commands(const struct permits *ps)
{
	return ps->logs_commands;
}
