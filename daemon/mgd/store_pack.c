/* SPDX-License-Identifier: BSD-2-Clause
 *
 * store_pack.c - packs rollbacks with gzip after a commit, and the rescue configuration.
 *
 * A rollback that has just been made is the plain file that was in force. It is packed into a file beside it, piece by
 * piece while mgd has nothing better to do; when the disk has the whole of that, it takes the place of the plain one. A
 * stop leaves the plain file, or both, of which store_repair() keeps one. Called by commit.c and confirm.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <zlib.h>

#include "daemon/mgd/store.h"
#include "daemon/mgd/store_priv.h"

enum {
	PACK_PIECE = 128 << 10, /* bytes of text in one step: a few milliseconds */
	PACK_LEVEL = 3,         /* configurations pack well at any level */
	PACK_GZIP = 15 + 16,    /* window bits of zlib: the largest, with the header of gzip */
	PACK_MEMORY = 8,        /* zlib's default */
};

struct store_pack {
	int dir;
	unsigned n;
	int from;
	int to;
	z_stream z;
	unsigned char in[PACK_PIECE];
	unsigned char out[PACK_PIECE];
};

/* Packs LEN bytes from IN to descriptor TO; FLUSH is zlib's. Returns 0 or -errno. */
static int
piece_pack(
    z_stream *z, int to, unsigned char *out, size_t size, const void *in, size_t len, int flush)
{
	z->next_in = (unsigned char *)(uintptr_t)in;
	z->avail_in = (unsigned)len;
	do {
		z->next_out = out;
		z->avail_out = (unsigned)size;
		if (deflate(z, flush) == Z_STREAM_ERROR)
			return -EIO;
		int err = store_write_all(to, out, size - z->avail_out);
		if (err < 0)
			return err;
	} while (z->avail_out == 0);
	return 0;
}

struct store_pack *
store_pack_new(int dir)
{
	char name[STORE_NAME_LEN];
	unsigned n = 1;
	while (n <= STORE_ROLLBACK_MAX && !store_has(dir, n, false))
		n++;
	if (n > STORE_ROLLBACK_MAX)
		return NULL;
	struct store_pack *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->dir = dir;
	p->n = n;
	p->from = openat(dir, store_name(n, false, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	p->to = openat(dir, STORE_PACKING, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	    STORE_FILE_MODE);
	if (p->from < 0 || p->to < 0 ||
	    deflateInit2(&p->z, PACK_LEVEL, Z_DEFLATED, PACK_GZIP, PACK_MEMORY,
		Z_DEFAULT_STRATEGY) != Z_OK) {
		store_pack_free(p);
		return NULL;
	}
	return p;
}

/* All is written: the packed file takes the place of the other. */
static int
pack_finish(struct store_pack *p)
{
	char plain[STORE_NAME_LEN];
	char packed[STORE_NAME_LEN];
	if (fsync(p->to) < 0)
		return -errno;
	int err = store_rename(p->dir, STORE_PACKING, store_name(p->n, true, packed));
	if (err == 0 && fsync(p->dir) < 0)
		err = -errno;
	if (err == 0 && unlinkat(p->dir, store_name(p->n, false, plain), 0) < 0)
		err = -errno;
	return err;
}

int
store_pack_step(struct store_pack *p)
{
	ssize_t n = read(p->from, p->in, sizeof(p->in));
	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	int err = piece_pack(
	    &p->z, p->to, p->out, sizeof(p->out), p->in, (size_t)n, n == 0 ? Z_FINISH : Z_NO_FLUSH);
	if (err < 0)
		return err;
	return n > 0 ? 1 : pack_finish(p);
}

void
store_pack_free(struct store_pack *p)
{
	if (p == NULL)
		return;
	(void)deflateEnd(&p->z);
	if (p->from >= 0)
		close(p->from);
	if (p->to >= 0) {
		close(p->to);
		/* not there any more if it was finished */
		(void)unlinkat(p->dir, STORE_PACKING, 0);
	}
	explicit_bzero(p->in, sizeof(p->in));
	free(p);
}

/* --- rescue --- */

static int
rescue_pack(int fd, const struct text *header, const char *text, size_t len)
{
	unsigned char out[16384];
	z_stream z = { 0 };
	if (deflateInit2(&z, PACK_LEVEL, Z_DEFLATED, PACK_GZIP, PACK_MEMORY, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return -ENOMEM;
	int err = piece_pack(&z, fd, out, sizeof(out), header->s, header->len, Z_NO_FLUSH);
	if (err == 0)
		err = piece_pack(&z, fd, out, sizeof(out), text, len, Z_FINISH);
	(void)deflateEnd(&z);
	if (err == 0 && fsync(fd) < 0)
		err = -errno;
	return err;
}

int
store_rescue_save(int dir, const struct store_meta *meta, const char *text, size_t len)
{
	int fd = openat(dir, STORE_FILE_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	    STORE_FILE_MODE);
	if (fd < 0)
		return -errno;
	struct text header = { 0 };
	store_header_print(meta, &header);
	int err = rescue_pack(fd, &header, text, len);
	text_done(&header);
	if (close(fd) < 0 && err == 0)
		err = -errno;
	if (err == 0)
		err = store_rename(dir, STORE_FILE_NEW, STORE_RESCUE_NAME);
	if (err == 0 && fsync(dir) < 0)
		err = -errno;
	if (err < 0)
		(void)unlinkat(dir, STORE_FILE_NEW, 0);
	return err;
}

int
store_rescue_delete(int dir)
{
	return store_file_remove(dir, STORE_RESCUE_NAME);
}
