/* SPDX-License-Identifier: BSD-2-Clause
 *
 * draft.c - a new file beside the one that it takes the place of. Called by act_file.c and netconf_rfc.c.
 */
#include "cli/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 << 10 };

int
draft_open(struct draft *d, const char *to)
{
	*d = (struct draft){ .fd = -1 };
	text_put(&d->path, to);
	text_printf(&d->written, "%s.XXXXXX", to);
	d->fd = mkostemp(d->written.s, O_CLOEXEC);
	if (d->fd >= 0)
		return 0;
	int rc = -errno;
	text_done(&d->path);
	text_done(&d->written);
	return rc;
}

int
draft_close(struct draft *d, int rc, mode_t mode)
{
	mode_t mask = umask(0);
	umask(mask);
	if (rc == 0 && fchmod(d->fd, mode & 0777 & ~mask) < 0)
		rc = -errno;
	if (close(d->fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(text_str(&d->written), text_str(&d->path)) < 0)
		rc = -errno;
	if (rc != 0)
		unlink(text_str(&d->written));
	text_done(&d->path);
	text_done(&d->written);
	return rc;
}

int
draft_copy(int in, int out)
{
	char *buf = malloc(PIECE);
	int rc = buf == NULL ? -ENOMEM : 0;
	while (rc == 0) {
		ssize_t n = read(in, buf, PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n < 0 ? -errno : 0;
			break;
		}
		for (ssize_t done = 0; done < n && rc == 0;) {
			ssize_t k = write(out, buf + done, (size_t)(n - done));
			if (k < 0 && errno != EINTR)
				rc = -errno;
			done += k > 0 ? k : 0;
		}
	}
	free(buf);
	return rc;
}
