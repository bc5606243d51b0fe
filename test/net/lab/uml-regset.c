/* SPDX-License-Identifier: BSD-2-Clause
 *
 * uml-regset.c - lets user-mode-linux 6.1 run on processors whose register state it does not know.
 *
 * UML keeps the vector registers of a guest process in a buffer of 2,696 bytes and writes them back
 * with PTRACE_SETREGSET. Where the processor has more (AMX: 11,008 bytes), the host's kernel refuses
 * the short write with EFAULT and the guest panics at its first process. This library, preloaded
 * into UML by uml-peer.sh, completes such a write from the state the process has. Single thread.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

enum {
	STATE_MAX = 64 * 1024, /* bytes; no processor comes near */
	XSTATE_BV = 512,       /* offset of the 64-bit map of the components that are not at rest */
	HEADER_END = 576,      /* legacy area and XSAVE header: must be there to be understood */
	KNOWN_COMPONENTS = 10, /* x87 to PKRU lie inside UML's buffer, later ones behind it */
};

typedef long ptrace_fn(enum __ptrace_request request, ...);

/* Writes the SHORT state of PID over the beginning of its whole state. Returns 0, or -1 with errno. */
static long
state_complete(ptrace_fn *real, long pid, const struct iovec *part)
{
	static uint8_t whole[STATE_MAX];
	struct iovec all = { .iov_base = whole, .iov_len = sizeof(whole) };
	if (part->iov_len < HEADER_END)
		return -1;
	if (real(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &all) != 0)
		return -1;
	if (all.iov_len <= part->iov_len) {
		errno = EFAULT;
		return -1;
	}
	uint64_t behind, map;
	memcpy(&behind, whole + XSTATE_BV, sizeof(behind));
	memcpy(whole, part->iov_base, part->iov_len);
	memcpy(&map, whole + XSTATE_BV, sizeof(map));
	uint64_t inside = (UINT64_C(1) << KNOWN_COMPONENTS) - 1;
	map = (map & inside) | (behind & ~inside);
	memcpy(whole + XSTATE_BV, &map, sizeof(map));
	return real(PTRACE_SETREGSET, pid, (void *)NT_X86_XSTATE, &all);
}

long
ptrace(enum __ptrace_request request, ...)
{
	static ptrace_fn *real;
	if (real == NULL)
		real = (ptrace_fn *)dlsym(RTLD_NEXT, "ptrace");
	va_list ap;
	va_start(ap, request);
	long pid = va_arg(ap, long);
	void *addr = va_arg(ap, void *);
	void *data = va_arg(ap, void *);
	va_end(ap);
	long got = real(request, pid, addr, data);
	if (got == -1 && errno == EFAULT && request == PTRACE_SETREGSET &&
	    addr == (void *)NT_X86_XSTATE)
		return state_complete(real, pid, data);
	return got;
}
