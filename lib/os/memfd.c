/* SPDX-License-Identifier: BSD-2-Clause
 *
 * memfd.c - an element tree in a sealed anonymous file: how a configuration travels.
 *
 * The seals are what makes it safe to read a mapping that came from another process: nobody can write, grow or
 * shrink it any more, so the bytes checked are the bytes used and no access can fault.
 */
#include "lib/base/arena.h"
#include "lib/base/bytes.h"
#include "lib/msg/elem.h"
#include "lib/os/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
	MEMFD_MAX = 512 << 20, /* 100,000 tunnels need about a tenth of it */
};

static int
write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int
memfd_from_bytes(const void *p, size_t n)
{
	if (n > MEMFD_MAX)
		return -EFBIG;
	int fd = memfd_create("sallyport", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	int rc = write_all(fd, p, n);
	if (rc == 0 && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		rc = -errno;
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

int
memfd_from_elem(const struct elem *e)
{
	struct wr w = wr_grow();
	elem_encode(&w, e);
	int fd = wr_ok(&w) ? memfd_from_bytes(w.buf, w.len) : -ENOMEM;
	wr_free(&w);
	return fd;
}

struct elem *
memfd_to_elem(int fd, struct arena *a)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS) != SEALS)
		return NULL;
	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > MEMFD_MAX)
		return NULL;
	size_t n = (size_t)st.st_size;
	void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	struct rd r = rd_init(p, n);
	struct elem *e = elem_decode(a, &r);
	if (e != NULL && !rd_end(&r))
		e = NULL;
	munmap(p, n);
	return e;
}

size_t
memfd_size(int fd)
{
	struct stat st;
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 0;
}

bool
memfd_holds(int fd, const void *p, size_t n)
{
	if (n == 0 || memfd_size(fd) != n)
		return false;
	void *have = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (have == MAP_FAILED)
		return false;
	bool is_same = memcmp(have, p, n) == 0;
	munmap(have, n);
	return is_same;
}
