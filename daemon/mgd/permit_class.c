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
#include "lib/base/text.h"
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

static const struct {
	const char *name;
	const char *help; /* as `show cli authorization` says it */
} known[BITS] = {
	[BIT_ACCESS] = { "access", "Can view access configuration" },
	[BIT_ACCESS_CONTROL] = { "access-control", "Can modify access configuration" },
	[BIT_ADMIN] = { "admin", "Can view user accounts" },
	[BIT_ADMIN_CONTROL] = { "admin-control", "Can modify user accounts" },
	[BIT_ALL] = { "all", "Can do anything" },
	[BIT_CLEAR] = { "clear", "Can clear learned network info" },
	[BIT_CONFIGURE] = { "configure", "Can enter configuration mode" },
	[BIT_CONTROL] = { "control", "Can modify any config" },
	[BIT_EDIT] = { "edit", "Can edit full files" },
	[BIT_FIELD] = { "field", "Can use field debug commands" },
	[BIT_FIREWALL] = { "firewall", "Can view firewall configuration" },
	[BIT_FIREWALL_CONTROL] = { "firewall-control", "Can modify firewall configuration" },
	[BIT_FLOPPY] = { "floppy", "Can read and write the floppy" },
	[BIT_INTERFACE] = { "interface", "Can view interface configuration" },
	[BIT_INTERFACE_CONTROL] = { "interface-control", "Can modify interface configuration" },
	[BIT_MAINTENANCE] = { "maintenance", "Can become the super-user" },
	[BIT_NETWORK] = { "network", "Can access the network" },
	[BIT_RESET] = { "reset", "Can reset/restart interfaces and daemons" },
	[BIT_ROLLBACK] = { "rollback", "Can rollback to previous configurations" },
	[BIT_ROUTING] = { "routing", "Can view routing configuration" },
	[BIT_ROUTING_CONTROL] = { "routing-control", "Can modify routing configuration" },
	[BIT_SECRET] = { "secret", "Can view secret statements" },
	[BIT_SECRET_CONTROL] = { "secret-control", "Can modify secret statements" },
	[BIT_SECURITY] = { "security", "Can view security configuration" },
	[BIT_SECURITY_CONTROL] = { "security-control", "Can modify security configuration" },
	[BIT_SHELL] = { "shell", "Can start a local shell" },
	[BIT_SNMP] = { "snmp", "Can view SNMP configuration" },
	[BIT_SNMP_CONTROL] = { "snmp-control", "Can modify SNMP configuration" },
	[BIT_SYSTEM] = { "system", "Can view system configuration" },
	[BIT_SYSTEM_CONTROL] = { "system-control", "Can modify system configuration" },
	[BIT_TRACE] = { "trace", "Can view trace file settings" },
	[BIT_TRACE_CONTROL] = { "trace-control", "Can modify trace file settings" },
	[BIT_VIEW] = { "view", "Can view current values and statistics" },
	[BIT_VIEW_CONFIGURATION] = { "view-configuration",
	    "Can view all configuration (not including secrets)" },
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
	while (bit < BITS && strcmp(known[bit].name, name) != 0)
		bit++;
	return bit;
}

/* BITS with all that they bring along. */
static uint64_t
bits_complete(uint64_t bits)
{
	static const char suffix[] = "-control";
	for (unsigned b = 0; b < BITS; b++) {
		size_t len = strlen(known[b].name);
		if (len < sizeof(suffix) ||
		    strcmp(known[b].name + len - strlen(suffix), suffix) != 0)
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
	pattern->source = copy(text);
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
	free(pattern->source);
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

/* True if below N something sends the commands of users to the log: they are information, so `any notice` does not. */
static bool
wants_commands(const struct node *n)
{
	if (n == NULL || n->is_inactive)
		return false;
	bool is_named = n->value != NULL && strcmp(n->value, "interactive-commands") == 0;
	bool is_any = n->value != NULL && strcmp(n->value, "any") == 0;
	if (is_named && n->schema->kind == SNODE_LEAFLIST)
		return true;
	if ((is_named || is_any) && n->schema->kind == SNODE_LIST) {
		const char *level = n->child != NULL ? n->child->value : NULL;
		return level == NULL || strcmp(level, "any") == 0 || strcmp(level, "info") == 0;
	}
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

static void
pattern_print(struct text *out, const char *what, const struct permit_pattern *pattern)
{
	text_printf(out, "    %s: %s\n", what, pattern->is_set ? pattern->source : "none");
}

void
permit_print(const struct permit *p, const char *user, struct text *out)
{
	text_printf(out, "Current user: '%-8s' login: '%s' class '%s'\nPermissions:\n", user, user,
	    p->class);
	for (unsigned b = 0; b < BITS; b++)
		if (b != BIT_ALL && permit_bit(p, b))
			text_printf(out, "    %-12s-- %s\n", known[b].name, known[b].help);
	text_put(out, "Individual command authorization:\n");
	pattern_print(out, "Allow regular expression", &p->allow_commands);
	pattern_print(out, "Deny regular expression", &p->deny_commands);
	pattern_print(out, "Allow configuration regular expression", &p->allow_conf);
	pattern_print(out, "Deny configuration regular expression", &p->deny_conf);
}
