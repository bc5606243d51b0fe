/* SPDX-License-Identifier: BSD-2-Clause
 *
 * drop.c - the table of drop reasons, and counters made from it.
 *
 * See drop.h. Counters have one writer, so adding is a relaxed load and store, not a locked add.
 */
#include "lib/esp/drop.h"

static const struct drop_info infos[DROP_MAX] = {
#define X(id_, word_, column_, sentence_) \
	[id_] = { .id = #id_, .word = word_, .column = column_, .sentence = sentence_ },
	DROP_TABLE(X)
#undef X
};

static const char *const columns[STAT_MAX] = {
#define X(id_, word_) [id_] = word_,
	STAT_TABLE(X)
#undef X
};

const struct drop_info *
drop_info(enum drop reason)
{
	return &infos[(unsigned)reason < DROP_MAX ? reason : DROP_ENGINE];
}

const char *
stat_name(enum stat_column column)
{
	return columns[(unsigned)column < STAT_MAX ? column : STAT_NONE];
}

void
drop_count(struct drop_counts *c, enum drop reason)
{
	_Atomic uint64_t *n = &c->n[(unsigned)reason < DROP_MAX ? reason : DROP_ENGINE];
	atomic_store_explicit(
	    n, atomic_load_explicit(n, memory_order_relaxed) + 1, memory_order_relaxed);
}

void
drop_columns(const struct drop_counts *c, uint64_t out[STAT_MAX])
{
	for (unsigned i = 0; i < DROP_MAX; i++)
		out[infos[i].column] += atomic_load_explicit(&c->n[i], memory_order_relaxed);
}
