/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_patch.c - a difference, as `show | compare` prints it, carried out.
 *
 * Below each [edit] place stand hunks: lines with '-' and then lines with '+'. Both halves are read as text into trees
 * of their own, which tell what goes, what comes, and what is in both (an entry that is shown whole and changes: it keeps
 * its position). Lines with a blank mention an entry that something stands after, or whose annotation changes;
 * lines with '!' mark an entry or move it behind the one mentioned before.
 */
#include "lib/junos/load.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/lex.h"
#include "lib/junos/nine.h"
#include "lib/junos/place.h"
#include "lib/junos/quote.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 256 };

/* One half of a hunk. */
struct half {
	struct text text;
	unsigned line; /* of its first line; 0: it has none */
};

struct patch {
	struct tree *t;
	struct node *below;
	struct report *r;
	struct node *place;          /* of the section; NULL: it is not there, and that was said */
	const struct snode *grouped; /* the section is about this list below PLACE */
	struct half minus;
	struct half plus;
	struct node *after; /* the entry met last in this section */
	bool has_comment;   /* an annotation is to be changed to: */
	struct text comment;
	size_t errors_before;
	unsigned line; /* the one being read */
};

static void
say(struct patch *p, unsigned line, const char *statement, const char *message)
{
	struct text edit = { 0 };
	if (p->place != NULL)
		node_edit_path(p->place, &edit);
	report_add(p->r, &(struct report_line){
			     .class = REPORT_INVALID,
			     .is_error = true,
			     .line = line,
			     .column = 1,
			     .edit = p->place ? (char *)(uintptr_t)text_str(&edit) : NULL,
			     .statement = (char *)(uintptr_t)statement,
			     .message = (char *)(uintptr_t)message,
			 });
	text_done(&edit);
}

static bool
is_protected(struct patch *p, const struct node *n)
{
	while (n != NULL && !n->is_protected)
		n = n->parent;
	if (n != NULL) {
		struct text statement = { 0 };
		node_statement(n, &statement);
		say(p, p->line, text_str(&statement), "statement is protected");
		text_done(&statement);
	}
	return n != NULL;
}

/* --- the halves of a hunk --- */

/* Reads a half as text at the place, in a new tree; *PLACE is where. Errors get the line of the patch. */
static struct tree *
half_read(struct patch *p, const struct half *h, struct node **place)
{
	struct tree *t = tree_new(tree_schema(p->t));
	struct text text = { 0 };
	struct report r = { 0 };
	if (p->grouped != NULL)
		text_printf(&text, "%s { ", p->grouped->name);
	text_put(&text, text_str(&h->text));
	if (p->grouped != NULL)
		text_put(&text, "}");
	*place = place_clone(t, p->place);
	load_below(t, *place, LOAD_MERGE, text_str(&text), text.len, &r);
	for (size_t i = 0; i < r.n; i++) {
		struct report_line l = r.lines[i];
		l.line += h->line - 1;
		l.column += 1;
		report_add(p->r, &l);
	}
	report_done(&r);
	text_done(&text);
	return t;
}

/* The next statement of a half after C (NULL: the first): children, with those of `family` in its stead. */
static struct node *
half_next(const struct node *place, const struct node *c)
{
	struct node *n = c == NULL ? place->child : c->next;
	if (n == NULL && c != NULL && c->parent != place)
		n = c->parent->next;
	return n != NULL && n->schema->is_joined && n->child != NULL ? n->child : n;
}

/* Returns what stands for N, a statement of a half below FROM, below the place of the patch; NULL if nothing does. */
static struct node *
mine_find(const struct patch *p, const struct node *from, const struct node *n)
{
	struct node *parent = p->place;
	if (n->parent != from)
		parent = place_partner(parent, n->parent);
	return parent != NULL ? place_partner(parent, n) : NULL;
}

static struct node *
other_find(const struct node *from, const struct node *other, const struct node *n)
{
	if (n->parent != from)
		other = place_partner(other, n->parent);
	return other != NULL ? place_partner(other, n) : NULL;
}

/* Leaves nothing of N but its name and position. */
static void
entry_empty(struct patch *p, struct node *n)
{
	while (n->last != NULL)
		node_del(p->t, n->last);
	if (n->schema->is_any)
		node_set_any(p->t, n, NULL);
	node_set_comment(p->t, n, NULL);
	n->is_inactive = false;
}

static void
minus_say(struct patch *p, const struct node *n, const char *message)
{
	struct text statement = { 0 };
	node_statement(n, &statement);
	say(p, p->minus.line + (n->line > 0 ? n->line - 1 : 0), text_str(&statement), message);
	text_done(&statement);
}

static bool
value_same(const struct node *a, const struct node *b)
{
	if (a->value == NULL || b->value == NULL)
		return a->value == b->value;
	return strcmp(a->value, b->value) == 0 ||
	       (a->schema->is_secret && nine_same(a->value, b->value));
}

/* Returns what of N, or N itself, is not as it stands in MINE; NULL if all is. */
static const struct node *
unlike_find(const struct node *mine, const struct node *n)
{
	if (n->schema->kind == SNODE_LEAF || n->schema->kind == SNODE_LEAFLIST)
		return value_same(mine, n) ? NULL : n;
	size_t n_mine = 0;
	for (const struct node *c = mine->child; c != NULL; c = c->next)
		n_mine++;
	for (const struct node *c = n->child; c != NULL; c = c->next, n_mine--) {
		const struct node *other = place_partner(mine, c);
		const struct node *unlike = other != NULL ? unlike_find(other, c) : c;
		if (unlike != NULL)
			return unlike;
	}
	const char *any = node_any(mine);
	const char *other_any = node_any(n);
	bool is_same =
	    n_mine == 0 && strcmp(any != NULL ? any : "", other_any != NULL ? other_any : "") == 0;
	return is_same ? NULL : n;
}

/* What goes has to be there as the patch says; if some of it is not, the hunk is for another configuration. */
static bool
minus_check(struct patch *p, const struct node *minus)
{
	bool ok = true;
	for (const struct node *n = half_next(minus, NULL); n != NULL; n = half_next(minus, n)) {
		const struct node *mine = mine_find(p, minus, n);
		const struct node *unlike = mine != NULL ? unlike_find(mine, n) : NULL;
		if (mine == NULL)
			minus_say(p, n, "statement not found");
		else if (unlike != NULL)
			minus_say(p, unlike, "statement does not match");
		ok = ok && mine != NULL && unlike == NULL;
	}
	return ok;
}

static void
minus_run(struct patch *p, const struct node *minus, const struct node *plus)
{
	for (const struct node *n = half_next(minus, NULL); n != NULL; n = half_next(minus, n)) {
		struct node *mine = mine_find(p, minus, n);
		if (mine == NULL || is_protected(p, mine))
			continue;
		bool stays = plus != NULL && other_find(minus, plus, n) != NULL &&
			     n->schema->kind == SNODE_LIST;
		if (stays) {
			entry_empty(p, mine);
			continue;
		}
		struct node *up = mine->parent;
		if (p->after == mine)
			p->after = mine->prev;
		node_del(p->t, mine);
		if (up != p->place && up->child == NULL)
			node_del(p->t, up); /* `family` without families */
	}
}

/* Puts an entry that has come behind the one met last, or at the front. */
static void
entry_place(struct patch *p, struct node *n)
{
	const struct snode *s = n->schema;
	bool has_after = p->after != NULL && p->after->parent == n->parent && p->after->schema == s;
	if (s->kind != SNODE_LIST || !s->is_ordered_by_user)
		return;
	if (has_after)
		node_move(p->t, n, p->after, true);
	else
		node_move(p->t, n, node_first_of(n->parent, s), false);
	p->after = n;
}

static void
plus_run(struct patch *p, const struct node *plus, const struct node *minus)
{
	struct report ignored = { 0 }; /* said when the half was read alone */
	struct text text = { 0 };
	for (const struct node *n = half_next(plus, NULL); n != NULL; n = half_next(plus, n)) {
		bool was_there = minus != NULL && other_find(plus, minus, n) != NULL;
		bool is_new = mine_find(p, plus, n) == NULL;
		if (n->schema->choice != 0)
			p->after = NULL; /* it may exclude that one */
		text_reset(&text);
		print_text(n, 0, &text);
		load_below(p->t, p->place, LOAD_MERGE, text_str(&text), text.len, &ignored);
		struct node *mine = mine_find(p, plus, n);
		if (mine != NULL && is_new && !was_there)
			entry_place(p, mine);
	}
	text_done(&text);
	report_done(&ignored);
}

static void
hunk_end(struct patch *p)
{
	struct tree *minus_tree = NULL;
	struct tree *plus_tree = NULL;
	struct node *minus = NULL;
	struct node *plus = NULL;
	if (p->minus.line != 0)
		minus_tree = half_read(p, &p->minus, &minus);
	if (p->plus.line != 0)
		plus_tree = half_read(p, &p->plus, &plus);
	bool fits = minus == NULL || minus_check(p, minus);
	if (fits && minus != NULL)
		minus_run(p, minus, plus);
	if (fits && plus != NULL)
		plus_run(p, plus, minus);
	/* an annotation without a statement is that of the one mentioned next */
	const char *old = minus != NULL ? minus->comment : NULL;
	const char *new = plus != NULL ? plus->comment : NULL;
	if (old != NULL || new != NULL) {
		p->has_comment = true;
		text_reset(&p->comment);
		text_put(&p->comment, new != NULL ? new : "");
	}
	tree_free(minus_tree);
	tree_free(plus_tree);
	text_reset(&p->minus.text);
	text_reset(&p->plus.text);
	p->minus.line = p->plus.line = 0;
}

/* --- mentions --- */

struct mention {
	const char *words[WORDS_MAX];
	size_t n;
	enum quote_tag tag;
	struct text buf;
};

/* Cuts `inactive: term x { ... }` into its tag and words. */
static void
mention_read(const char *s, size_t len, struct mention *m)
{
	size_t at[WORDS_MAX];
	struct lex x;
	lex_init(&x, s, len, false);
	while (lex_next(&x) == LEX_WORD && m->n < WORDS_MAX) {
		struct text word = { 0 };
		text_putn(&word, x.s, x.n);
		enum quote_tag tag = x.is_quoted ? TAG_NONE : quote_tag(text_str(&word));
		if (m->n == 0 && tag != TAG_NONE) {
			m->tag = tag;
		} else {
			at[m->n++] = m->buf.len;
			text_putn(&m->buf, text_str(&word), word.len + 1);
		}
		text_done(&word);
	}
	lex_done(&x);
	for (size_t i = 0; i < m->n; i++)
		m->words[i] = m->buf.s + at[i];
}

/* Returns the node that the line mentions, or NULL after saying that there is none. */
static struct node *
mention_find(struct patch *p, const char *s, size_t len, enum quote_tag *tag)
{
	struct mention m = { 0 };
	struct text all = { 0 };
	if (p->grouped != NULL) {
		/* a tag stands before the word of the list */
		size_t cut = 0;
		while (cut < len && s[cut] == ' ')
			cut++;
		size_t word = 0;
		while (cut + word < len && s[cut + word] != ' ')
			word++;
		bool has_tag = word > 0 && s[cut + word - 1] == ':';
		size_t head = has_tag ? cut + word : 0;
		text_printf(&all, "%.*s %s %.*s", (int)head, s, p->grouped->name, (int)(len - head),
		    s + head);
	} else {
		text_putn(&all, s, len);
	}
	mention_read(text_str(&all), all.len, &m);
	text_done(&all);
	struct place found = { .kind = PLACE_MISSING };
	if (m.n > 0)
		found = place_find(p->place, m.words, m.n);
	*tag = m.tag;
	struct node *n = found.kind == PLACE_NODE  ? found.node
			 : found.kind == PLACE_ALL ? node_first_of(found.parent, found.schema)
						   : NULL;
	if (n == NULL)
		say(p, p->line, m.n > 0 ? m.words[m.n - 1] : NULL, "statement not found");
	text_done(&m.buf);
	return n;
}

static void
mention_run(struct patch *p, const char *s, size_t len)
{
	enum quote_tag tag;
	struct node *n = mention_find(p, s, len, &tag);
	if (n == NULL)
		return;
	if (p->has_comment && !is_protected(p, n))
		node_set_comment(p->t, n, text_str(&p->comment));
	p->has_comment = false;
	/* only what stands in this section itself can be stood after; the rest may go away with what it is in */
	bool is_here = n->parent == p->place || n->parent->schema->is_joined;
	p->after = is_here ? n : NULL;
}

static void
mark_run(struct patch *p, const char *s, size_t len)
{
	enum quote_tag tag;
	struct node *n = mention_find(p, s, len, &tag);
	if (n == NULL)
		return;
	if (tag == TAG_UNPROTECT)
		n->is_protected = false;
	else if (is_protected(p, n))
		return;
	else if (tag == TAG_INACTIVE || tag == TAG_ACTIVE)
		n->is_inactive = tag == TAG_INACTIVE;
	else if (tag == TAG_PROTECT)
		n->is_protected = true;
	else if (p->after != n)
		entry_place(p, n);
}

/* --- sections --- */

static void
section_end(struct patch *p)
{
	if (p->place != NULL)
		hunk_end(p);
	if (p->place != NULL && p->has_comment && !is_protected(p, p->place))
		node_set_comment(p->t, p->place, text_str(&p->comment));
	p->has_comment = false;
	p->after = NULL;
	p->grouped = NULL;
}

/* `[edit services ipsec-vpn]` */
static void
section_begin(struct patch *p, const char *s, size_t len)
{
	struct mention m = { 0 };
	section_end(p);
	p->place = NULL;
	size_t end = len;
	while (end > 0 && (s[end - 1] == ' ' || s[end - 1] == '\r'))
		end--;
	if (end > 1 && s[end - 1] == ']')
		mention_read(s + 1, end - 2, &m);
	if (m.n == 0 || strcmp(m.words[0], "edit") != 0) {
		say(p, p->line, "[", "syntax error");
		text_done(&m.buf);
		return;
	}
	struct place at = place_find(p->below, m.words + 1, m.n - 1);
	if (at.kind == PLACE_NODE) {
		p->place = at.node;
	} else if (m.n > 1) {
		/* a list whose entries are printed in braces of their own, perhaps empty now */
		struct place up = place_find(p->below, m.words + 1, m.n - 2);
		const char *word = m.words[m.n - 1];
		const struct snode *list =
		    up.kind == PLACE_NODE ? snode_find(up.node->schema, word, strlen(word)) : NULL;
		if (list != NULL && list->kind == SNODE_LIST && list->is_grouped) {
			p->place = up.node;
			p->grouped = list;
		}
	}
	if (p->place == NULL)
		say(p, p->line, m.words[m.n - 1], "statement not found");
	text_done(&m.buf);
}

static void
half_add(struct patch *p, struct half *h, const char *s, size_t len)
{
	if (h->line == 0)
		h->line = p->line;
	text_putn(&h->text, s, len);
	text_putc(&h->text, '\n');
}

static bool
is_blank(const char *s, size_t len)
{
	while (len > 0 && (*s == ' ' || *s == '\t' || *s == '\r')) {
		s++;
		len--;
	}
	return len == 0;
}

static void
line_run(struct patch *p, const char *s, size_t len)
{
	if (is_blank(s, len))
		return;
	if (s[0] == '[') {
		section_begin(p, s, len);
		return;
	}
	if (strchr("-+! ", s[0]) == NULL || s[0] == '\0') {
		char word[2] = { s[0], '\0' };
		say(p, p->line, word[0] > ' ' && word[0] < 127 ? word : NULL, "syntax error");
		return;
	}
	if (p->place == NULL)
		return; /* of a section that is not there */
	if (s[0] == '-') {
		if (p->plus.line != 0)
			hunk_end(p);
		half_add(p, &p->minus, s + 1, len - 1);
	} else if (s[0] == '+') {
		half_add(p, &p->plus, s + 1, len - 1);
	} else {
		hunk_end(p);
		if (s[0] == '!')
			mark_run(p, s + 1, len - 1);
		else if (!is_blank(s, len))
			mention_run(p, s + 1, len - 1);
	}
}

bool
load_patch(struct tree *t, struct node *below, const char *s, size_t len, struct report *r)
{
	struct patch p = {
		.t = t, .below = below, .place = below, .r = r, .errors_before = r->n_errors
	};
	const char *end = s + len;
	while (s < end) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		const char *stop = newline != NULL ? newline : end;
		p.line++;
		line_run(&p, s, (size_t)(stop - s));
		s = newline != NULL ? newline + 1 : end;
	}
	section_end(&p);
	text_done(&p.minus.text);
	text_done(&p.plus.text);
	text_done(&p.comment);
	return r->n_errors == p.errors_before;
}
