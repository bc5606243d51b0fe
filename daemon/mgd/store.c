/* SPDX-License-Identifier: BSD-2-Clause
 *
 * store.c - commits a configuration to disk so that no moment leaves a mixture.
 *
 * The order of a commit: write and sync juniper.conf.new; move the rollbacks up by one; link the file in force as
 * juniper.conf.1; rename the new one over juniper.conf (the commit); sync the folder. A stop before the rename
 * leaves the old file in force and perhaps a gap in the rollbacks, a .new file, or two names of one file: store_repair()
 * clears them. Called by commit.c and db.c.
 */
#include "daemon/mgd/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_NAME "juniper.conf"
#define STORE_NEW "juniper.conf.new"

enum { NAME_LEN = 32, HEADER_MAX = 2048, MODE = 0600 };

static const char *
name_of(unsigned n, char buf[NAME_LEN])
{
	if (n == 0)
		snprintf(buf, NAME_LEN, "%s", STORE_NAME);
	else
		snprintf(buf, NAME_LEN, "%s.%u", STORE_NAME, n);
	return buf;
}

static bool
is_there(int dir, unsigned n)
{
	char name[NAME_LEN];
	struct stat st;
	return fstatat(dir, name_of(n, name), &st, AT_SYMLINK_NOFOLLOW) == 0;
}

const char *
store_date(time_t when, char buf[32])
{
	struct tm tm;
	gmtime_r(&when, &tm);
	strftime(buf, 32, "%Y-%m-%d %H:%M:%S UTC", &tm);
	return buf;
}

/* --- the header --- */

static void
header_print(const struct store_meta *m, struct text *out)
{
	char date[32];
	text_printf(out, "## Last commit: %s by %s via %s\n", store_date(m->when, date), m->user,
	    m->client);
	text_printf(out, "## Commit number: %u\n", m->commit);
	if (m->comment[0] != '\0')
		text_printf(out, "## Commit comment: %s\n", m->comment);
}

/* Reads one header line; one that is not ours is skipped. */
static void
header_line(const char *line, struct store_meta *m)
{
	struct tm tm = { 0 };
	char user[64];
	char client[16];
	unsigned number;
	if (sscanf(line, "## Last commit: %d-%d-%d %d:%d:%d UTC by %63s via %15s", &tm.tm_year,
		&tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, user, client) == 8) {
		tm.tm_year -= 1900;
		tm.tm_mon -= 1;
		m->when = timegm(&tm);
		snprintf(m->user, sizeof(m->user), "%s", user);
		snprintf(m->client, sizeof(m->client), "%s", client);
	} else if (sscanf(line, "## Commit number: %u", &number) == 1) {
		m->commit = number;
	} else if (strncmp(line, "## Commit comment: ", 19) == 0) {
		snprintf(
		    m->comment, sizeof(m->comment), "%.*s", (int)sizeof(m->comment) - 1, line + 19);
	}
}

/* Reads the lines at the start of S that begin with "##"; returns how many bytes they are. */
static size_t
header_parse(const char *s, struct store_meta *m)
{
	const char *p = s;
	*m = (struct store_meta){ 0 };
	while (p[0] == '#' && p[1] == '#') {
		char line[HEADER_MAX];
		size_t n = strcspn(p, "\n");
		snprintf(
		    line, sizeof(line), "%.*s", (int)(n < sizeof(line) ? n : sizeof(line) - 1), p);
		header_line(line, m);
		p += n;
		p += *p == '\n';
	}
	return (size_t)(p - s);
}

/* --- reading --- */

static int
file_open(int dir, unsigned n, size_t *size)
{
	char name[NAME_LEN];
	int fd = openat(dir, name_of(n, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	struct stat st;
	int err = fstat(fd, &st) < 0 ? -errno : 0;
	if (err == 0 && (!S_ISREG(st.st_mode) || st.st_size > STORE_FILE_MAX))
		err = -EFBIG;
	if (err < 0) {
		close(fd);
		return err;
	}
	*size = (size_t)st.st_size;
	return fd;
}

/* Reads up to MAX bytes of configuration N into a new string. */
static int
file_read(int dir, unsigned n, size_t max, char **out)
{
	size_t size = 0;
	int fd = file_open(dir, n, &size);
	if (fd < 0)
		return fd;
	if (size > max)
		size = max;
	char *buf = malloc(size + 1);
	int err = buf == NULL ? -ENOMEM : 0;
	size_t got = 0;
	while (err == 0 && got < size) {
		ssize_t k = read(fd, buf + got, size - got);
		if (k > 0)
			got += (size_t)k;
		else if (k == 0)
			break;
		else if (errno != EINTR)
			err = -errno;
	}
	close(fd);
	if (err < 0) {
		free(buf);
		return err;
	}
	buf[got] = '\0';
	*out = buf;
	return 0;
}

int
store_read(int dir, unsigned n, struct store_meta *meta, struct text *text)
{
	char *buf = NULL;
	int err = file_read(dir, n, STORE_FILE_MAX, &buf);
	if (err < 0)
		return err;
	text_put(text, buf + header_parse(buf, meta));
	explicit_bzero(buf, strlen(buf));
	free(buf);
	return 0;
}

int
store_read_meta(int dir, unsigned n, struct store_meta *meta)
{
	char *buf = NULL;
	int err = file_read(dir, n, HEADER_MAX, &buf);
	if (err < 0)
		return err;
	header_parse(buf, meta);
	explicit_bzero(buf, strlen(buf));
	free(buf);
	return 0;
}

/* --- writing --- */

static int
write_all(int fd, const char *s, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, s, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		s += k;
		n -= (size_t)k;
	}
	return 0;
}

static int
new_write(int dir, const struct store_meta *meta, const char *s, size_t len)
{
	int fd = openat(dir, STORE_NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE);
	if (fd < 0)
		return -errno;
	struct text header = { 0 };
	header_print(meta, &header);
	int err = write_all(fd, header.s, header.len);
	if (err == 0)
		err = write_all(fd, s, len);
	if (err == 0 && fsync(fd) < 0)
		err = -errno;
	if (close(fd) < 0 && err == 0)
		err = -errno;
	text_done(&header);
	return err;
}

/* Moves the rollbacks up, from the first gap (or the oldest, which is lost) down to number 1. */
static int
rollbacks_shift(int dir)
{
	unsigned gap = 1;
	while (gap < STORE_ROLLBACK_MAX && is_there(dir, gap))
		gap++;
	for (unsigned n = gap; n > 1; n--) {
		char from[NAME_LEN];
		char to[NAME_LEN];
		if (renameat(dir, name_of(n - 1, from), dir, name_of(n, to)) < 0)
			return -errno;
	}
	return 0;
}

/* Gives the file in force its second name, so that it is kept when the rename takes the first. */
static int
current_keep(int dir)
{
	if (!is_there(dir, 0))
		return 0; /* the first commit of all */
	return linkat(dir, STORE_NAME, dir, STORE_NAME ".1", 0) < 0 ? -errno : 0;
}

int
store_commit(int dir, const struct store_meta *meta, const char *text, size_t len)
{
	if (len > STORE_FILE_MAX - HEADER_MAX)
		return -EFBIG;
	int err = store_repair(dir);
	if (err == 0)
		err = new_write(dir, meta, text, len);
	if (err == 0)
		err = rollbacks_shift(dir);
	if (err == 0)
		err = current_keep(dir);
	if (err == 0 && renameat(dir, STORE_NEW, dir, STORE_NAME) < 0)
		err = -errno;
	if (err < 0) {
		/* the first error is the one to tell; whatever this leaves is cleared before the next commit */
		(void)store_repair(dir);
		return err;
	}
	/* The new file is in force for everyone who looks. If the folder cannot be synced, a power loss may still bring the
	 * old one back, whole: no reason to say that the commit failed. */
	(void)fsync(dir);
	return 0;
}

/* After a stop between link and rename, rollback 1 is the file in force itself. */
static int
twin_remove(int dir)
{
	struct stat a;
	struct stat b;
	if (fstatat(dir, STORE_NAME, &a, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(dir, STORE_NAME ".1", &b, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (a.st_ino != b.st_ino || a.st_dev != b.st_dev)
		return 0;
	return unlinkat(dir, STORE_NAME ".1", 0) < 0 ? -errno : 0;
}

int
store_repair(int dir)
{
	if (unlinkat(dir, STORE_NEW, 0) < 0 && errno != ENOENT)
		return -errno;
	int err = twin_remove(dir);
	unsigned to = 1;
	for (unsigned n = 1; n <= STORE_ROLLBACK_MAX && err == 0; n++) {
		if (!is_there(dir, n))
			continue;
		char from_name[NAME_LEN];
		char to_name[NAME_LEN];
		if (n != to && renameat(dir, name_of(n, from_name), dir, name_of(to, to_name)) < 0)
			err = -errno;
		to++;
	}
	return err;
}
