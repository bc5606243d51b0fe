/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reduce.h - what the files share that cut a configuration into parts.
 *
 * Names of what is kept are gathered from the loaded structs, then the elements with these names are copied. Internal to
 * lib/conf; one thread.
 */
#ifndef REDUCE_H
#define REDUCE_H

#include "lib/base/smap.h"
#include "lib/conf/conf.h"

/* A new root for PART with what every part has: the number of the commit and the name of the host. */
struct elem *reduce_root(
    struct arena *a, const struct conf *c, const struct elem *root, const char *part);

/* Copies E and what is below it, except elements called one of DROP (ends with NULL); without DROP what is below E is
 * shared, not copied. */
struct elem *reduce_copy(
    struct arena *a, struct elem *parent, const struct elem *e, const char *const *drop);

/* The same for all children of FROM that are called LIST. FROM may be NULL. */
void reduce_each(struct arena *a, struct elem *to, const struct elem *from, const char *list,
    const char *const *drop);

/* Finds or makes the containers of PATH (ends with NULL) below TO; NULL if FROM has no such path. */
struct elem *reduce_path(
    struct arena *a, struct elem *to, const struct elem *from, const char *const *path);

/* Copies E, a security association, with what SA selects instead of its policy; without the keys of others. */
struct elem *reduce_sa(struct arena *a, struct elem *to, const struct elem *e,
    const struct conf_sa *sa, const char *const *drop);

/* The name of an entry, or the value of a leaf; "" if there is none. */
const char *reduce_name(const struct elem *e);

void reduce_keep(struct smap *m, const char *name);

struct elem *kmd_reduce(const struct conf *c, const struct elem *root, struct arena *a);
struct elem *pkid_reduce(const struct conf *c, const struct elem *root, struct arena *a);

#endif
