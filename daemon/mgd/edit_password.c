/* SPDX-License-Identifier: BSD-2-Clause
 *
 * edit_password.c - `set ... plain-text-password`: a password is asked for twice and kept as its hash.
 *
 * The password itself is nowhere but in the two answers, and wiped. The rules for it are those that JUNOS has without any
 * configuration. Called by edit.c.
 */
#include <crypt.h>
#include <ctype.h>
#include <string.h>

#include "daemon/mgd/edit.h"
#include "daemon/mgd/mgd.h"
#include "lib/yang/schema.h"

enum { PASSWORD_MIN = 6, PASSWORD_MAX = 128 };

/* Which of the four kinds of characters C is. */
static unsigned
kind_of(unsigned char c)
{
	if (islower(c))
		return 1;
	if (isupper(c))
		return 2;
	return isdigit(c) ? 4 : 8;
}

/* Returns what is wrong with S as a password, or NULL. */
static const char *
password_check(const char *s)
{
	size_t n = strlen(s);
	unsigned kinds = 0;
	for (const char *p = s; *p != '\0'; p++)
		kinds |= kind_of((unsigned char)*p);
	if (n < PASSWORD_MIN)
		return "error: minimum password length is 6\n";
	if (n > PASSWORD_MAX)
		return "error: maximum password length is 128\n";
	if ((kinds & (kinds - 1)) == 0)
		return "error: require change of case, digits or punctuation\n";
	return NULL;
}

/* Appends the hash of S as crypt() writes it, with SHA-512. Returns false if the system has none. */
static bool
hash_put(const char *s, struct text *out)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	if (crypt_gensalt_rn("$6$", 0, NULL, 0, setting, sizeof(setting)) == NULL)
		return false;
	static struct crypt_data data; /* large, and of this thread */
	const char *hash = crypt_r(s, setting, &data);
	bool ok = hash != NULL && strncmp(hash, setting, 3) == 0;
	if (ok)
		text_put(out, hash);
	explicit_bzero(&data, sizeof(data));
	return ok;
}

static void
on_second(struct session *s, const char *text)
{
	if (!edit_may(s, "set"))
		return;
	struct text line = s->pending;
	s->pending = (struct text){ 0 };
	if (strcmp(text_str(&s->secret), text) != 0) {
		session_fail(s, "error: Passwords are not equal; aborting\n");
	} else if (!hash_put(text, &line)) {
		session_fail(s, "error: the system cannot encrypt passwords\n");
	} else {
		text_put(&line, "\"\n");
		edit_change(s, text_str(&line));
	}
	text_done(&line);
}

static void
on_first(struct session *s, const char *text)
{
	const char *wrong = password_check(text);
	if (wrong != NULL) {
		session_fail(s, wrong);
		return;
	}
	text_reset(&s->secret);
	text_put(&s->secret, text);
	session_ask_secret(s, "Retype new password: ", on_second);
}

void
edit_password(struct session *s, const struct path *p)
{
	struct path around = *p;
	struct text *line = &s->pending;
	around.n = p->n_around;
	text_reset(line);
	text_put(line, "set");
	path_print(&around, 0, line);
	text_printf(line, " %s \"", p->s->asks_for);
	session_ask_secret(s, "New password: ", on_first);
}
