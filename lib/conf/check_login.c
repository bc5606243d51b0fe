/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_login.c - rules about [edit system login]: classes that exist, expressions that can be compiled.
 *
 * What classes mean is mgd's business (daemon/mgd/permit.h); here is only what has to be right before such a
 * configuration may come into force, because afterwards a mistake would lock people out or let them in. Called
 * by conf_load() on its thread.
 */
#include "lib/base/pattern.h"
#include "lib/conf/builder.h"

#include <string.h>

static const char *const predefined[] = { "operator", "read-only", "super-user", "superuser",
	"unauthorized" };

static const char *const expressions[] = { "allow-commands", "allow-configuration", "deny-commands",
	"deny-configuration" };

static bool
is_predefined(const char *name)
{
	for (size_t i = 0; i < sizeof(predefined) / sizeof(predefined[0]); i++)
		if (strcmp(predefined[i], name) == 0)
			return true;
	return false;
}

static bool
class_exists(const struct elem *login, const char *name)
{
	if (is_predefined(name))
		return true;
	elem_each (class, login, "class") {
		const char *other = elem_value(class, "name");
		if (other != NULL && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

static void
class_check(struct builder *b, const struct elem *class)
{
	const char *name = elem_value(class, "name");
	if (name != NULL && is_predefined(name))
		builder_error(b, class, "Predefined login class cannot be changed");
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		const struct elem *leaf = elem_find(class, expressions[i]);
		regex_t re;
		const char *why =
		    leaf != NULL && leaf->value != NULL ? pattern_compile(&re, leaf->value) : NULL;
		if (why != NULL)
			builder_error(b, leaf, "%s", why);
		else if (leaf != NULL && leaf->value != NULL)
			regfree(&re);
	}
}

static void
user_check(struct builder *b, const struct elem *login, const struct elem *user)
{
	const char *name = elem_value(user, "name");
	const struct elem *class = elem_find(user, "class");
	if (name != NULL && strcmp(name, "root") == 0)
		builder_error(b, user, "User root is always a super-user and cannot be configured");
	if (class == NULL || class->value == NULL)
		builder_missing(b, user, "class");
	else if (!class_exists(login, class->value))
		builder_error(b, class,
		    "Referenced login class must be defined under [edit system login class]");
}

void
check_login(struct builder *b)
{
	const struct elem *login = elem_find(elem_find(b->root, "system"), "login");
	elem_each (class, login, "class")
		class_check(b, class);
	elem_each (user, login, "user")
		user_check(b, login, user);
}
