/* SPDX-License-Identifier: BSD-2-Clause
 *
 * complete.h - the answer to a line that is being typed.
 */
#ifndef MGD_COMPLETE_H
#define MGD_COMPLETE_H

#include "daemon/mgd/mgd.h"

struct command;

/* Makes the body of CLI_COMPLETIONS for TEXT as S would read it. JUDGE: also say what is wrong with its last word. Lives in A
 * and borrows from the trees of the session. */
struct elem *complete_reply(struct session *s, struct arena *a, const char *text, bool judge);

/* oper.c: the commands of operational mode. */
const struct command *oper_commands(const struct schema *schema, size_t *n);
/* edit.c: those of configuration mode. */
const struct command *edit_commands(size_t *n);

#endif
