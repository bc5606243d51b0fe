/* SPDX-License-Identifier: BSD-2-Clause
 *
 * draft.h - a file that appears under its name when it is whole.
 */
#ifndef DRAFT_H
#define DRAFT_H

#include <sys/types.h>

#include "lib/base/text.h"

struct draft {
	int fd;              /* to be written to */
	struct text path;    /* private: of the file that it shall be */
	struct text written; /* private: of what is written until then */
};

/* Begins the file TO. Returns 0, or -errno, and then nothing is to be closed. */
__attribute__((warn_unused_result)) int draft_open(struct draft *d, const char *to);

/* Ends it: under its name with permissions MODE, less what the umask takes, if RC is 0; otherwise nothing is left of it.
 * Returns RC, or -errno. */
int draft_close(struct draft *d, int rc, mode_t mode);

/* Copies all that is left in IN to OUT. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int draft_copy(int in, int out);

#endif
