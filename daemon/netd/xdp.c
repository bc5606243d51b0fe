/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xdp.c - the program on an outside device that takes plain ESP to AF_XDP sockets.
 *
 * Written in the machine's own instructions: sixty of them need no compiler at build time. Its link to the device is a
 * descriptor, so the kernel takes it off when the process is gone.
 */
#include "daemon/netd/xdp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	KEY_LEN = 16, /* a gateway; IPv4 ones as in an IPv6 socket */
	IP4_LEN = 20,
	IP6_LEN = 40,
	AT_IP = ETH_HLEN,
	AT_IP4_OFFSET = AT_IP + 6,
	AT_IP4_PROTOCOL = AT_IP + 9,
	AT_IP4_DST = AT_IP + 16,
	AT_IP6_NEXT = AT_IP + 6,
	AT_IP6_DST = AT_IP + 24,
	SPI_LEN = 4,
	IP4_NO_OPTIONS = 0x45,
	IP4_FRAGMENT = 0x3fff, /* more fragments, or an offset */
	INSNS_MAX = 96,
	PASS = INT16_MIN, /* a jump to the end, until its place is known */
};

static int
bpf(enum bpf_cmd command, union bpf_attr *a)
{
	int rc = (int)syscall(SYS_bpf, command, a, sizeof(*a));
	return rc < 0 ? -errno : rc;
}

/* --- the program --- */

struct code {
	struct bpf_insn insns[INSNS_MAX];
	size_t n;
};

static void
put(struct code *c, uint8_t op, unsigned dst, unsigned src, int16_t off, int32_t imm)
{
	c->insns[c->n++] = (struct bpf_insn){
		.code = op,
		.dst_reg = (dst & 0xfU),
		.src_reg = (src & 0xfU),
		.off = off,
		.imm = imm,
	};
}

/* Loads SIZE (BPF_B, BPF_H, BPF_W) at octet AT of where SRC points to. */
static void
load(struct code *c, uint8_t size, unsigned dst, unsigned src, int16_t at)
{
	put(c, BPF_LDX | BPF_MEM | size, dst, src, at, 0);
}

static void
store(struct code *c, uint8_t size, unsigned dst, int16_t at, unsigned src)
{
	put(c, BPF_STX | BPF_MEM | size, dst, src, at, 0);
}

static void
copy(struct code *c, unsigned dst, unsigned src)
{
	put(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void
set(struct code *c, unsigned dst, int32_t value)
{
	put(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
}

static void
add(struct code *c, unsigned dst, int32_t value)
{
	put(c, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value);
}

static void
map_load(struct code *c, unsigned dst, int map)
{
	put(c, BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, map);
	put(c, 0, 0, 0, 0, 0);
}

static void
call(struct code *c, int32_t function)
{
	put(c, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

/* Ends with XDP_PASS where the 32 bits of DST are not VALUE. */
static void
require(struct code *c, unsigned dst, int32_t value)
{
	put(c, BPF_JMP32 | BPF_JNE | BPF_K, dst, 0, PASS, value);
}

/* Puts a jump whose target arrive() will tell; returns its place. */
static size_t
depart(struct code *c, uint8_t op, unsigned dst, int32_t value)
{
	put(c, BPF_JMP32 | op | BPF_K, dst, 0, 0, value);
	return c->n - 1;
}

static void
arrive(struct code *c, size_t from)
{
	c->insns[from].off = (int16_t)(c->n - from - 1);
}

/* The frame has at least N octets. r2: where it starts, r3: where it ends. */
static void
require_len(struct code *c, int32_t n)
{
	copy(c, BPF_REG_4, BPF_REG_2);
	add(c, BPF_REG_4, n);
	put(c, BPF_JMP | BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3, PASS, 0);
}

/* Writes the destination of an IPv4 packet as a key below the stack pointer; r7: the SPI as it came. */
static void
ip4_read(struct code *c)
{
	require_len(c, AT_IP + IP4_LEN + SPI_LEN);
	load(c, BPF_B, BPF_REG_4, BPF_REG_2, AT_IP);
	require(c, BPF_REG_4, IP4_NO_OPTIONS);
	load(c, BPF_B, BPF_REG_4, BPF_REG_2, AT_IP4_PROTOCOL);
	require(c, BPF_REG_4, IPPROTO_ESP);
	load(c, BPF_H, BPF_REG_4, BPF_REG_2, AT_IP4_OFFSET);
	put(c, BPF_JMP32 | BPF_JSET | BPF_K, BPF_REG_4, 0, PASS, htons(IP4_FRAGMENT));
	set(c, BPF_REG_4, 0);
	store(c, BPF_DW, BPF_REG_10, -16, BPF_REG_4);
	set(c, BPF_REG_4, (int32_t)htonl(0xffff));
	store(c, BPF_W, BPF_REG_10, -8, BPF_REG_4);
	load(c, BPF_W, BPF_REG_4, BPF_REG_2, AT_IP4_DST);
	store(c, BPF_W, BPF_REG_10, -4, BPF_REG_4);
	load(c, BPF_W, BPF_REG_7, BPF_REG_2, AT_IP + IP4_LEN);
}

static void
ip6_read(struct code *c)
{
	require_len(c, AT_IP + IP6_LEN + SPI_LEN);
	load(c, BPF_B, BPF_REG_4, BPF_REG_2, AT_IP6_NEXT);
	require(c, BPF_REG_4, IPPROTO_ESP);
	for (int16_t i = 0; i < KEY_LEN; i += 4) {
		load(c, BPF_W, BPF_REG_4, BPF_REG_2, (int16_t)(AT_IP6_DST + i));
		store(c, BPF_W, BPF_REG_10, (int16_t)(i - KEY_LEN), BPF_REG_4);
	}
	load(c, BPF_W, BPF_REG_7, BPF_REG_2, AT_IP + IP6_LEN);
}

/* r2: queue times XDP_WAYS_MAX plus SPI modulo the number of ways. */
static void
socket_choose(struct code *c, const struct xdp *x)
{
	put(c, BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, 0, x->ways);
	put(c, 0, 0, 0, 0, 0);
	load(c, BPF_W, BPF_REG_1, BPF_REG_1, 0);
	put(c, BPF_ALU | BPF_END | BPF_TO_BE, BPF_REG_7, 0, 0, 32);
	put(c, BPF_ALU | BPF_MOD | BPF_X, BPF_REG_7, BPF_REG_1, 0, 0);
	load(c, BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct xdp_md, rx_queue_index));
	put(c, BPF_ALU64 | BPF_MUL | BPF_K, BPF_REG_2, 0, 0, XDP_WAYS_MAX);
	put(c, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_2, BPF_REG_7, 0, 0);
}

static void
program_write(struct code *c, const struct xdp *x, const uint8_t mac[6], unsigned max)
{
	uint32_t mac_start;
	uint16_t mac_end;
	memcpy(&mac_start, mac, sizeof(mac_start));
	memcpy(&mac_end, mac + sizeof(mac_start), sizeof(mac_end));
	copy(c, BPF_REG_6, BPF_REG_1);
	load(c, BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct xdp_md, data));
	load(c, BPF_W, BPF_REG_3, BPF_REG_6, offsetof(struct xdp_md, data_end));
	require_len(c, ETH_HLEN);
	copy(c, BPF_REG_4, BPF_REG_2);
	add(c, BPF_REG_4, (int32_t)max);
	put(c, BPF_JMP | BPF_JLT | BPF_X, BPF_REG_4, BPF_REG_3, PASS, 0);
	load(c, BPF_W, BPF_REG_4, BPF_REG_2, 0);
	require(c, BPF_REG_4, (int32_t)mac_start);
	load(c, BPF_H, BPF_REG_4, BPF_REG_2, sizeof(mac_start));
	require(c, BPF_REG_4, mac_end);
	load(c, BPF_H, BPF_REG_5, BPF_REG_2, offsetof(struct ethhdr, h_proto));
	size_t not4 = depart(c, BPF_JNE, BPF_REG_5, htons(ETH_P_IP));
	ip4_read(c);
	put(c, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	size_t have4 = c->n - 1;
	arrive(c, not4);
	require(c, BPF_REG_5, htons(ETH_P_IPV6));
	ip6_read(c);
	arrive(c, have4);
	map_load(c, BPF_REG_1, x->gateways);
	copy(c, BPF_REG_2, BPF_REG_10);
	add(c, BPF_REG_2, -KEY_LEN);
	call(c, BPF_FUNC_map_lookup_elem);
	put(c, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, PASS, 0);
	socket_choose(c, x);
	map_load(c, BPF_REG_1, x->sockets);
	set(c, BPF_REG_3, XDP_PASS); /* where there is no socket */
	call(c, BPF_FUNC_redirect_map);
	put(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	size_t pass = c->n;
	set(c, BPF_REG_0, XDP_PASS);
	put(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (size_t i = 0; i < pass; i++)
		if (c->insns[i].off == PASS)
			c->insns[i].off = (int16_t)(pass - i - 1);
}

/* --- the kernel's objects --- */

static int
map_make(enum bpf_map_type type, uint32_t key_len, uint32_t n)
{
	union bpf_attr a = {
		.map_type = type,
		.key_size = key_len,
		.value_size = sizeof(uint32_t),
		.max_entries = n,
	};
	return bpf(BPF_MAP_CREATE, &a);
}

static int
map_set(int map, const void *key, uint32_t value)
{
	union bpf_attr a = {
		.map_fd = (uint32_t)map,
		.key = (uintptr_t)key,
		.value = (uintptr_t)&value,
	};
	return bpf(BPF_MAP_UPDATE_ELEM, &a);
}

static int
map_unset(int map, const void *key)
{
	union bpf_attr a = { .map_fd = (uint32_t)map, .key = (uintptr_t)key };
	return bpf(BPF_MAP_DELETE_ELEM, &a);
}

static int
program_load(const struct code *c)
{
	static const char license[] = "BSD";
	union bpf_attr a = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)c->insns,
		.insn_cnt = (uint32_t)c->n,
		.license = (uintptr_t)license,
		.prog_name = "sallyport_esp",
	};
	return bpf(BPF_PROG_LOAD, &a);
}

int
xdp_load(struct xdp *x, const uint8_t mac[6], unsigned max)
{
	struct code c = { .n = 0 };
	*x = (struct xdp){ .gateways = -1, .sockets = -1, .ways = -1, .program = -1, .link = -1 };
	x->gateways = map_make(BPF_MAP_TYPE_HASH, KEY_LEN, XDP_GATEWAYS_MAX);
	if (x->gateways >= 0)
		x->sockets =
		    map_make(BPF_MAP_TYPE_XSKMAP, sizeof(uint32_t), XDP_QUEUES_MAX * XDP_WAYS_MAX);
	if (x->sockets >= 0)
		x->ways = map_make(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), 1);
	if (x->ways >= 0) {
		program_write(&c, x, mac, max);
		x->program = program_load(&c);
	}
	int rc = x->gateways < 0  ? x->gateways
		 : x->sockets < 0 ? x->sockets
		 : x->ways < 0    ? x->ways
				  : x->program;
	if (rc < 0)
		xdp_done(x);
	return rc < 0 ? rc : 0;
}

int
xdp_ways(const struct xdp *x, unsigned n)
{
	static const uint32_t only = 0;
	return map_set(x->ways, &only, n);
}

int
xdp_socket(const struct xdp *x, unsigned queue, unsigned way, int fd)
{
	uint32_t place = queue * XDP_WAYS_MAX + way;
	return map_set(x->sockets, &place, (uint32_t)fd);
}

int
xdp_gateway(const struct xdp *x, struct addr gateway, bool is_ours)
{
	uint8_t key[KEY_LEN] = { [10] = 0xff, [11] = 0xff };
	if (gateway.family == ADDR_V4)
		memcpy(key + 12, gateway.b, 4);
	else
		memcpy(key, gateway.b, KEY_LEN);
	return is_ours ? map_set(x->gateways, key, 1) : map_unset(x->gateways, key);
}

int
xdp_attach(struct xdp *x, unsigned ifindex, bool may_be_generic)
{
	static const uint32_t modes[] = { XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE };
	int rc = -EINVAL;
	for (size_t i = 0; i < (may_be_generic ? 2 : 1) && rc < 0 && rc != -EBUSY; i++) {
		union bpf_attr a = { .link_create = {
					 .prog_fd = (uint32_t)x->program,
					 .target_ifindex = ifindex,
					 .attach_type = BPF_XDP,
					 .flags = modes[i],
				     } };
		rc = bpf(BPF_LINK_CREATE, &a);
		x->is_native = i == 0;
	}
	x->link = rc;
	return rc < 0 ? rc : 0;
}

void
xdp_done(struct xdp *x)
{
	int *const all[] = { &x->link, &x->program, &x->ways, &x->sockets, &x->gateways };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (*all[i] >= 0)
			close(*all[i]);
		*all[i] = -1;
	}
}
