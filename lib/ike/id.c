/* SPDX-License-Identifier: BSD-2-Clause
 *
 * id.c - identities.
 */
#include "lib/ike/id.h"

#include "lib/base/text.h"
#include "lib/crypto/dn.h"

#include <string.h>
#include <strings.h>

enum { PROTO_TCP = 6, PROTO_UDP = 17, PORT_IKE = 500, PORT_NATT = 4500 };

/* What the octets of a type are. */
enum kind { KIND_NONE, KIND_ADDR, KIND_SUBNET, KIND_RANGE, KIND_NAME, KIND_DN, KIND_OCTETS };

static const struct type_info {
	const char *name; /* as JUNOS prints it */
	enum kind kind;
	uint8_t addr_len; /* of one address; 0: none */
} types[] = {
	[ID_IPV4] = { "ipv4", KIND_ADDR, 4 },
	[ID_FQDN] = { "fqdn", KIND_NAME, 0 },
	[ID_USER_FQDN] = { "usr@fqdn", KIND_NAME, 0 },
	[ID_IPV4_SUBNET] = { "ipv4_subnet", KIND_SUBNET, 4 },
	[ID_IPV6] = { "ipv6", KIND_ADDR, 16 },
	[ID_IPV6_SUBNET] = { "ipv6_subnet", KIND_SUBNET, 16 },
	[ID_IPV4_RANGE] = { "ipv4_range", KIND_RANGE, 4 },
	[ID_IPV6_RANGE] = { "ipv6_range", KIND_RANGE, 16 },
	[ID_DN] = { "der_asn1_dn", KIND_DN, 0 },
	[ID_GN] = { "der_asn1_gn", KIND_OCTETS, 0 },
	[ID_KEY] = { "key_id", KIND_OCTETS, 0 },
};

static const struct type_info *
type_info(unsigned type)
{
	return type < sizeof(types) / sizeof(types[0]) ? &types[type] : &types[0];
}

static struct addr
addr_at(const struct id *id, size_t at)
{
	return types[id->type].addr_len == 4 ? addr_v4(id->p + at) : addr_v6(id->p + at);
}

/* Returns how many ones a mask begins with, or -1 if others follow. */
static int
mask_len(const uint8_t *mask, size_t n)
{
	int ones = 0;
	bool is_over = false;
	for (size_t i = 0; i < 8 * n; i++) {
		bool bit = (mask[i / 8] & 0x80U >> i % 8) != 0;
		if (bit && is_over)
			return -1;
		is_over = is_over || !bit;
		ones += bit;
	}
	return ones;
}

static bool
form_is_right(const struct id *id, const struct type_info *info)
{
	switch (info->kind) {
	case KIND_ADDR:
		return id->n == info->addr_len;
	case KIND_SUBNET:
		return id->n == 2U * info->addr_len &&
		       mask_len(id->p + info->addr_len, info->addr_len) >= 0;
	case KIND_RANGE:
		return id->n == 2U * info->addr_len &&
		       memcmp(id->p, id->p + info->addr_len, info->addr_len) <= 0;
	case KIND_NAME:
		return id->n > 0 && id->n <= ID_NAME_MAX && memchr(id->p, 0, id->n) == NULL;
	case KIND_DN:
		return dn_is_valid(id->p, id->n);
	case KIND_OCTETS:
		return id->n > 0 && id->n <= ID_NAME_MAX;
	default:
		return false;
	}
}

enum ike_reason
id_parse(const struct v1_payload *p, struct id *out)
{
	struct rd r = rd_init(p->p, p->n);
	unsigned type = rd_u8(&r);
	struct id id = { .proto = rd_u8(&r), .port = rd_u16(&r) };
	id.n = rd_left(&r);
	id.p = rd_bytes(&r, id.n);
	if (!rd_ok(&r) || id.n == 0 || !form_is_right(&id, type_info(type)))
		return IKE_PAYLOAD_FORM;
	id.type = type;
	*out = id;
	return IKE_OK;
}

void
id_build(struct v1_out *o, const struct id *id)
{
	v1_out_open(o, V1_ID);
	wr_u8(&o->w, (uint8_t)id->type);
	wr_u8(&o->w, id->proto);
	wr_u16(&o->w, id->port);
	wr_bytes(&o->w, id->p, id->n);
	v1_out_close(o);
}

struct id
id_of_addr(struct addr a, uint8_t buf[ID_ADDR_MAX])
{
	size_t n = addr_len(a);
	memcpy(buf, a.b, n);
	return (struct id){ .type = n == 4 ? ID_IPV4 : ID_IPV6, .p = buf, .n = n };
}

struct id
id_of_prefix(struct prefix p, uint8_t buf[ID_ADDR_MAX])
{
	size_t n = addr_len(p.addr);
	struct prefix net = prefix_network(p);
	if (p.len == 8 * n)
		return id_of_addr(p.addr, buf);
	memcpy(buf, net.addr.b, n);
	memset(buf + n, 0, n);
	for (unsigned i = 0; i < p.len; i++)
		buf[n + i / 8] |= (uint8_t)(0x80U >> i % 8);
	return (
	    struct id){ .type = n == 4 ? ID_IPV4_SUBNET : ID_IPV6_SUBNET, .p = buf, .n = 2 * n };
}

struct id
id_of_bytes(enum id_type type, const void *p, size_t n)
{
	return (struct id){ .type = type, .p = p, .n = n };
}

/* --- comparing --- */

bool
id_is_same_peer(const struct id *a, const struct id *b)
{
	if (a->type != b->type || a->n != b->n)
		return false;
	if (types[a->type].kind == KIND_NAME)
		return strncasecmp((const char *)a->p, (const char *)b->p, a->n) == 0;
	return memcmp(a->p, b->p, a->n) == 0;
}

/* Does an address lie in the network of OURS? */
static bool
lies_in(const struct id *peer, const struct id *ours)
{
	struct prefix net;
	if (type_info(peer->type)->kind != KIND_ADDR || type_info(ours->type)->kind == KIND_ADDR)
		return false;
	return id_prefix(ours, &net) && prefix_has(net, addr_at(peer, 0));
}

bool
id_fits(const struct id *peer, const struct id *allowed, enum ike_match match)
{
	bool is_dn = peer->type == ID_DN && allowed->type == ID_DN;
	if (match != IKE_MATCH_SAME)
		return is_dn && dn_has(peer->p, peer->n, allowed->p, allowed->n,
				    match == IKE_MATCH_CONTAINER ? DN_IN_ORDER : DN_ANY_ORDER);
	if (is_dn)
		return dn_eq(peer->p, peer->n, allowed->p, allowed->n);
	return id_is_same_peer(peer, allowed) || lies_in(peer, allowed);
}

bool
id_eq(const struct id *a, const struct id *b)
{
	return a->proto == b->proto && a->port == b->port && id_is_same_peer(a, b);
}

bool
id_has_ike_port(const struct id *id)
{
	if (id->proto == 0)
		return id->port == 0;
	return id->proto == PROTO_UDP &&
	       (id->port == 0 || id->port == PORT_IKE || id->port == PORT_NATT);
}

/* The length of the network that reaches from A to B, or -1 if there is none. */
static int
range_len(const uint8_t *a, const uint8_t *b, unsigned n)
{
	unsigned same = 0;
	while (same < 8 * n && ((a[same / 8] ^ b[same / 8]) & 0x80U >> same % 8) == 0)
		same++;
	for (unsigned i = same; i < 8 * n; i++) {
		unsigned bit = 0x80U >> i % 8;
		if ((a[i / 8] & bit) != 0 || (b[i / 8] & bit) == 0)
			return -1;
	}
	return (int)same;
}

bool
id_prefix(const struct id *id, struct prefix *out)
{
	const struct type_info *info = type_info(id->type);
	unsigned n = info->addr_len;
	int len = -1;
	if (info->kind == KIND_ADDR)
		len = (int)(8 * n);
	else if (info->kind == KIND_SUBNET)
		len = mask_len(id->p + n, n);
	else if (info->kind == KIND_RANGE)
		len = range_len(id->p, id->p + n, n);
	if (len < 0)
		return false;
	struct prefix p = { .addr = addr_at(id, 0), .len = (uint8_t)len };
	*out = prefix_network(p);
	return true;
}

/* --- text --- */

/* Names of peers end up in logs and on screens: nothing in them may be a control character. */
static void
name_put(struct text *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\')
			text_putc(out, (char)p[i]);
		else
			text_printf(out, "\\x%02x", p[i]);
	}
}

static void
proto_put(struct text *out, uint8_t proto)
{
	if (proto == 0)
		text_put(out, "any");
	else if (proto == PROTO_TCP)
		text_put(out, "tcp");
	else if (proto == PROTO_UDP)
		text_put(out, "udp");
	else
		text_printf(out, "%u", proto);
}

void
id_print(const struct id *id, struct text *out)
{
	const struct type_info *info = type_info(id->type);
	char buf[ADDR_STRLEN];
	if (info->kind == KIND_NONE) {
		text_put(out, "none");
		return;
	}
	text_printf(out, "%s(", info->name);
	proto_put(out, id->proto);
	text_printf(out, ":%u,[0..%zu]=", id->port, id->n - 1);
	switch (info->kind) {
	case KIND_ADDR:
		text_put(out, addr_print(addr_at(id, 0), buf));
		break;
	case KIND_SUBNET:
		text_printf(out, "%s/%d", addr_print(addr_at(id, 0), buf),
		    mask_len(id->p + info->addr_len, info->addr_len));
		break;
	case KIND_RANGE:
		text_printf(out, "%s-", addr_print(addr_at(id, 0), buf));
		text_put(out, addr_print(addr_at(id, info->addr_len), buf));
		break;
	case KIND_NAME:
		name_put(out, id->p, id->n);
		break;
	case KIND_DN:
		dn_print(id->p, id->n, out);
		break;
	default:
		for (size_t i = 0; i < id->n; i++)
			text_printf(out, "%02x", id->p[i]);
		break;
	}
	text_putc(out, ')');
}
