/* SPDX-License-Identifier: BSD-2-Clause
 *
 * store.c - commits a configuration to disk so that no moment leaves a mixture.
 *
 * The order of a commit: write and sync juniper.conf.new; move the rollbacks up by one; link the file in force as
 * juniper.conf.1; sync the folder, so that what can be gone back to is there before what replaces it; rename the new one
 * over juniper.conf (the commit); sync the folder. A stop before the rename leaves the old file in force and perhaps a gap
 * in the rollbacks, a .new file, or two names of one file: store_repair() clears them. Rollbacks are packed
 * afterwards (store_pack.c). Called by commit.c and db.c.
 */
#include "daemon/mgd/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "daemon/mgd/store_priv.h"

const char *
store_name(unsigned n, bool is_packed, char buf[STORE_NAME_LEN])
{
	if (n == STORE_RESCUE)
		snprintf(buf, STORE_NAME_LEN, "%s", STORE_RESCUE_NAME);
	else if (n == 0)
		snprintf(buf, STORE_NAME_LEN, "%s", STORE_NAME);
	else
		snprintf(buf, STORE_NAME_LEN, "%s.%u%s", STORE_NAME, n, is_packed ? ".gz" : "");
	return buf;
}

bool
store_has(int dir, unsigned n, bool is_packed)
{
	char name[STORE_NAME_LEN];
	struct stat st;
	return fstatat(dir, store_name(n, is_packed, name), &st, AT_SYMLINK_NOFOLLOW) == 0;
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

void
store_header_print(const struct store_meta *m, struct text *out)
{
	char date[32];
	text_printf(out, "## Last commit: %s by %s via %s\n", store_date(m->when, date), m->user,
	    m->client);
	text_printf(out, "## Commit number: %u\n", m->commit);
	if (m->comment[0] != '\0')
		text_printf(out, "## Commit comment: %s\n", m->comment);
	if (m->confirm_minutes != 0)
		text_printf(out, "## Commit confirmed: %u minutes\n", m->confirm_minutes);
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
	} else if (sscanf(line, "## Commit confirmed: %u", &number) == 1) {
		m->confirm_minutes = number;
	} else if (strncmp(line, "## Commit comment: ", 19) == 0) {
		snprintf(
		    m->comment, sizeof(m->comment), "%.*s", (int)sizeof(m->comment) - 1, line + 19);
	}
}

/* Reads the lines at the start of S that begin with "##"; returns how many bytes they are. */
size_t
store_header_parse(const char *s, struct store_meta *m)
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
file_open(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
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
	return fd;
}

/* Appends up to MAX bytes of what F holds, packed or not; false if it cannot be read to there. */
static bool
gz_read(gzFile f, size_t max, struct text *out)
{
	char buf[65536];
	size_t got = 0;
	int k = 1;
	while (k > 0 && got < max) {
		size_t want = max - got < sizeof(buf) ? max - got : sizeof(buf);
		k = gzread(f, buf, (unsigned)want);
		if (k > 0) {
			text_putn(out, buf, (size_t)k);
			got += (size_t)k;
		}
	}
	explicit_bzero(buf, sizeof(buf));
	int err = Z_OK;
	(void)gzerror(f, &err);
	return k >= 0 && (err == Z_OK || err == Z_STREAM_END);
}

/* Appends up to MAX bytes; -EFBIG if IS_WHOLE and there are more, -EIO if the packed form is damaged. */
static int
file_read(int dir, const char *name, size_t max, bool is_whole, struct text *out)
{
	int fd = file_open(dir, name);
	if (fd < 0)
		return fd;
	gzFile f = gzdopen(fd, "r");
	if (f == NULL) {
		close(fd);
		return -ENOMEM;
	}
	size_t before = out->len;
	int err = gz_read(f, max, out) ? 0 : -EIO;
	if (err == 0 && is_whole && out->len - before == max)
		err = -EFBIG;
	gzclose_r(f);
	return err;
}

int
store_file_read(int dir, const char *name, struct text *out)
{
	return file_read(dir, name, STORE_FILE_MAX, true, out);
}

/* Configuration N, whichever form it has. */
static int
number_read(int dir, unsigned n, size_t max, bool is_whole, struct text *out)
{
	char name[STORE_NAME_LEN];
	int err = file_read(dir, store_name(n, false, name), max, is_whole, out);
	if (err == -ENOENT && n > 0)
		err = file_read(dir, store_name(n, true, name), max, is_whole, out);
	return err;
}

int
store_read(int dir, unsigned n, struct store_meta *meta, struct text *text)
{
	struct text all = { 0 };
	int err = number_read(dir, n, STORE_FILE_MAX, true, &all);
	if (err == 0)
		text_put(text, text_str(&all) + store_header_parse(text_str(&all), meta));
	text_done(&all);
	return err;
}

int
store_read_meta(int dir, unsigned n, struct store_meta *meta)
{
	struct text head = { 0 };
	int err = number_read(dir, n, HEADER_MAX, false, &head);
	if (err == 0)
		store_header_parse(text_str(&head), meta);
	text_done(&head);
	return err;
}

/* --- writing --- */

int
store_write_all(int fd, const void *from, size_t n)
{
	const char *s = from;
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

/* Makes the file NAME of two pieces and has the disk keep it. */
static int
new_write(int dir, const char *name, const struct text *head, const char *s, size_t len)
{
	int fd = openat(
	    dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, STORE_FILE_MODE);
	if (fd < 0)
		return -errno;
	int err = store_write_all(fd, head->s, head->len);
	if (err == 0)
		err = store_write_all(fd, s, len);
	if (err == 0 && fsync(fd) < 0)
		err = -errno;
	if (close(fd) < 0 && err == 0)
		err = -errno;
	return err;
}

int
store_rename(int dir, const char *from, const char *to)
{
	return renameat(dir, from, dir, to) < 0 ? -errno : 0;
}

static int
remove_if_there(int dir, const char *name)
{
	return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Renames rollback FROM, whichever form it has. */
static int
rollback_move(int dir, unsigned from, unsigned to)
{
	for (int packed = 0; packed < 2; packed++) {
		char from_name[STORE_NAME_LEN];
		char to_name[STORE_NAME_LEN];
		if (!store_has(dir, from, packed != 0))
			continue;
		int err = store_rename(dir, store_name(from, packed != 0, from_name),
		    store_name(to, packed != 0, to_name));
		if (err < 0)
			return err;
	}
	return 0;
}

static bool
rollback_is_there(int dir, unsigned n)
{
	return store_has(dir, n, true) || store_has(dir, n, false);
}

/* Moves the rollbacks up, from the first gap (or the oldest, which is lost) down to number 1. */
static int
rollbacks_shift(int dir)
{
	char name[STORE_NAME_LEN];
	unsigned gap = 1;
	while (gap < STORE_ROLLBACK_MAX && rollback_is_there(dir, gap))
		gap++;
	int err = 0;
	for (int packed = 0; packed < 2 && err == 0; packed++)
		if (store_has(dir, gap, packed != 0))
			err = remove_if_there(dir, store_name(gap, packed != 0, name));
	for (unsigned n = gap; n > 1 && err == 0; n--)
		err = rollback_move(dir, n - 1, n);
	return err;
}

/* Gives the file in force its second name, so that it is kept when the rename takes the first. */
static int
current_keep(int dir)
{
	if (!store_has(dir, 0, false))
		return 0; /* the first commit of all */
	if (linkat(dir, STORE_NAME, dir, STORE_NAME ".1", 0) < 0)
		return -errno;
	return fsync(dir) < 0 ? -errno : 0;
}

int
store_prepare(int dir, const struct store_meta *meta, const char *text, size_t len)
{
	if (len > STORE_FILE_MAX - HEADER_MAX)
		return -EFBIG;
	int err = store_repair(dir);
	if (err < 0)
		return err;
	struct text header = { 0 };
	store_header_print(meta, &header);
	err = new_write(dir, STORE_NEW, &header, text, len);
	text_done(&header);
	if (err < 0)
		store_discard(dir);
	return err;
}

void
store_discard(int dir)
{
	/* what this leaves is cleared before the next commit */
	(void)remove_if_there(dir, STORE_NEW);
}

int
store_install(int dir)
{
	int err = rollbacks_shift(dir);
	if (err == 0)
		err = current_keep(dir);
	if (err == 0)
		err = store_rename(dir, STORE_NEW, STORE_NAME);
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

int
store_commit(int dir, const struct store_meta *meta, const char *text, size_t len)
{
	int err = store_prepare(dir, meta, text, len);
	return err < 0 ? err : store_install(dir);
}

/* --- repairing --- */

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
	return remove_if_there(dir, STORE_NAME ".1");
}

/* After a stop while it was packed, a rollback is there in both forms, and both are whole. */
static int
double_remove(int dir, unsigned n)
{
	char name[STORE_NAME_LEN];
	if (!store_has(dir, n, true) || !store_has(dir, n, false))
		return 0;
	return remove_if_there(dir, store_name(n, false, name));
}

int
store_repair(int dir)
{
	static const char *const leftovers[] = { STORE_NEW, STORE_PACKING, STORE_FILE_NEW };
	int err = 0;
	for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]) && err == 0; i++)
		err = remove_if_there(dir, leftovers[i]);
	if (err == 0)
		err = twin_remove(dir);
	unsigned to = 1;
	for (unsigned n = 1; n <= STORE_ROLLBACK_MAX && err == 0; n++) {
		if (!rollback_is_there(dir, n))
			continue;
		err = double_remove(dir, n);
		if (err == 0 && n != to)
			err = rollback_move(dir, n, to);
		to++;
	}
	return err;
}

/* --- other files --- */

int
store_file_write(int dir, const char *name, const char *s, size_t len)
{
	struct text none = { 0 };
	int err = remove_if_there(dir, STORE_FILE_NEW);
	if (err == 0)
		err = new_write(dir, STORE_FILE_NEW, &none, s, len);
	if (err == 0)
		err = store_rename(dir, STORE_FILE_NEW, name);
	if (err == 0 && fsync(dir) < 0)
		err = -errno;
	if (err < 0)
		(void)remove_if_there(dir, STORE_FILE_NEW);
	return err;
}

int
store_file_remove(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) < 0)
		return -errno;
	return fsync(dir) < 0 ? -errno : 0;
}
