/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_if.c - [edit interfaces]: devices, their units, families and addresses.
 *
 * The kind of an interface follows from its name. Every unit is one Linux device whose name is derived
 * here: `/` becomes `-`, and the unit is appended where the kernel needs a device of its own. Units come before
 * service sets, because sets name units; conf_if_service.c attaches the sets on media
 * units afterwards. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <ctype.h>
#include <net/if.h>
#include <string.h>

enum { UNIT_MAX = 1073741823, MTU_MIN = 256, MTU_MAX = 65535 };

/* Names of interfaces that Sallyport itself makes. NEEDS_PIC: written TYPE-fpc/pic/port. */
static const struct {
	const char *prefix;
	enum conf_ifd_kind kind;
	bool needs_pic;
} kinds[] = {
	{ "sp-", IFD_SERVICES, true },
	{ "ms-", IFD_SERVICES, true },
	{ "si-", IFD_SERVICES, true },
	{ "vms-", IFD_SERVICES, true },
	{ "ams", IFD_SERVICES, false },
	{ "es-", IFD_ES, true },
};

static bool
digits_end(const char **s)
{
	const char *start = *s;
	while (isdigit((unsigned char)**s))
		(*s)++;
	return *s > start && *s - start <= 3;
}

/* True for "1/2/0". */
static bool
is_pic_place(const char *s)
{
	return digits_end(&s) && *s++ == '/' && digits_end(&s) && *s++ == '/' && digits_end(&s) &&
	       *s == '\0';
}

static bool
is_digits(const char *s)
{
	return digits_end(&s) && *s == '\0';
}

/* Letters, digits and the characters of MORE only; the first is no sign, so that it is never a path. */
static bool
is_device_name(const char *s, const char *more)
{
	if (!isalnum((unsigned char)*s))
		return false;
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr(more, *s) == NULL)
			return false;
	return true;
}

static void
kind_load(struct builder *b, const struct elem *e, struct conf_ifd *ifd)
{
	if (!is_device_name(ifd->name, "-_/:"))
		builder_error(b, e, "invalid interface name: '%s'", ifd->name);
	if (strcmp(ifd->name, "lo0") == 0) {
		ifd->kind = IFD_LOOPBACK;
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i].prefix);
		if (strncmp(ifd->name, kinds[i].prefix, n) != 0)
			continue;
		ifd->kind = kinds[i].kind;
		const char *rest = ifd->name + n;
		if (kinds[i].needs_pic && !is_pic_place(rest))
			builder_error(b, e,
			    "Interface name must have the form %s<fpc>/<pic>/<port>",
			    kinds[i].prefix);
		else if (!kinds[i].needs_pic && !is_digits(rest))
			builder_error(
			    b, e, "Interface name must have the form %s<number>", kinds[i].prefix);
		return;
	}
	ifd->kind = IFD_MEDIA;
}

static char *
device_of(struct builder *b, const char *name)
{
	char *device = arena_strdup(b->a, name);
	for (char *p = device; *p != '\0'; p++)
		if (*p == '/')
			*p = '-';
	return device;
}

/* The Linux device of an interface: lo for lo0, what `device` says for a media interface, else the name. */
static const char *
device_load(struct builder *b, const struct elem *e, const struct conf_ifd *ifd)
{
	const struct elem *leaf = elem_find(e, "device");
	if (ifd->kind == IFD_LOOPBACK)
		return "lo";
	if (leaf == NULL || leaf->value == NULL)
		return device_of(b, ifd->name);
	if (ifd->kind != IFD_MEDIA)
		builder_error(b, leaf, "device can be configured on media interfaces only");
	else if (!is_device_name(leaf->value, "-_."))
		builder_error(b, leaf, "Must be the name of a network device");
	return arena_strdup(b->a, leaf->value);
}

/* The Linux device of a unit: media unit 0 is the interface itself, lo0 is lo. */
static const char *
unit_device(struct builder *b, const struct conf_ifd *ifd, uint32_t number)
{
	if (ifd->kind == IFD_LOOPBACK || (ifd->kind == IFD_MEDIA && number == 0))
		return ifd->device;
	return arena_printf(b->a, "%s.%u", ifd->device, number);
}

/* --- families --- */

static void
ifaddr_load(struct builder *b, const struct elem *e, uint8_t family, struct conf_ifaddr *a)
{
	const struct elem *leaf = e->is_container ? elem_find(e, "name") : e;
	if (leaf == NULL) {
		builder_missing(b, e, "name");
		return;
	}
	if (!leaf_prefix(b, leaf, &a->prefix))
		return;
	if (a->prefix.addr.family != family) {
		builder_error(b, e, "Address must be an IPv%u address", family);
		return;
	}
	if (addr_is_any(a->prefix.addr) || addr_is_multicast(a->prefix.addr))
		builder_error(b, e, "Address must be a unicast address");
	child_addr(b, e, "destination", &a->destination);
	if (a->destination.family != ADDR_NONE && a->destination.family != family)
		builder_error(b, elem_find(e, "destination"),
		    "Destination must be of the same address family");
}

/* 10.0.0.0/24 and 10.0.0.255/24 are no host addresses. */
static void
subnet_check(struct builder *b, const struct elem *e, const struct prefix *p)
{
	if (p->addr.family != ADDR_V4 || p->len > 30 || addr_is_any(p->addr))
		return;
	const uint8_t *o = p->addr.b;
	uint32_t v = (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
	uint32_t host_mask = p->len == 0 ? UINT32_MAX : UINT32_MAX >> p->len;
	if ((v & host_mask) == 0)
		builder_error(b, e, "Cannot assign address 0 on subnet");
	else if ((v & host_mask) == host_mask)
		builder_error(b, e, "Cannot assign broadcast address on subnet");
}

static void
addrs_load(struct builder *b, const struct elem *e, uint8_t family, struct conf_family *f)
{
	size_t n = elem_count(e, "address");
	struct conf_ifaddr *addrs = arena_array(b->a, n, sizeof(*addrs));
	elem_each (a, e, "address") {
		struct conf_ifaddr *to = &addrs[f->n_addrs];
		ifaddr_load(b, a, family, to);
		if (to->prefix.addr.family != family)
			continue;
		subnet_check(b, a, &to->prefix);
		f->n_addrs++;
	}
	f->addrs = addrs;
}

static const struct conf_filter *
filter_ref(struct builder *b, const struct elem *e, const char *way, uint8_t family)
{
	const struct elem *leaf = child_or(elem_find(e, "filter"), way, "filter-name");
	if (leaf == NULL || leaf->value == NULL)
		return NULL;
	const struct conf_filter *f =
	    smap_find(family == ADDR_V4 ? &b->index->filters : &b->index->filters6, leaf->value);
	if (f == NULL)
		builder_error(b, leaf, "Referenced filter '%s' is not defined", leaf->value);
	return f;
}

static void
sa_ref(struct builder *b, const struct elem *leaf, struct conf_unit *u)
{
	struct conf_sa *sa = smap_find(&b->index->sas, leaf->value ? leaf->value : "");
	if (u->ifd->kind != IFD_ES)
		builder_error(b, leaf, "ipsec-sa can be configured on es- interfaces only");
	else if (sa == NULL)
		builder_error(b, leaf,
		    "Referenced IPSec Security Association must be defined under "
		    "[edit security ipsec security-association]");
	else if (sa->mode != MODE_TUNNEL)
		builder_error(
		    b, leaf, "Referenced IPSec security association must be in tunnel mode");
	else if (u->ipsec_sa != NULL && u->ipsec_sa != sa)
		builder_error(b, leaf, "Both families of a unit must use the same ipsec-sa");
	if (sa == NULL)
		return;
	sa->is_referenced = true;
	u->ipsec_sa = sa;
}

static void
family_load(struct builder *b, const struct elem *unit, const char *name, uint8_t family,
    struct conf_unit *u, struct conf_family *f)
{
	const struct elem *e = elem_find(elem_find(unit, "family"), name);
	if (e == NULL)
		return;
	f->is_set = true;
	child_u32(b, e, "mtu", MTU_MIN, MTU_MAX, &f->mtu);
	addrs_load(b, e, family, f);
	f->filter_in = filter_ref(b, e, "input", family);
	f->filter_out = filter_ref(b, e, "output", family);
	const struct elem *sa = elem_find(e, "ipsec-sa");
	if (sa != NULL)
		sa_ref(b, sa, u);
}

/* --- units --- */

static void
tunnel_load(struct builder *b, const struct elem *e, struct conf_unit *u)
{
	const struct elem *tunnel = elem_find(e, "tunnel");
	if (tunnel == NULL)
		return;
	if (u->ifd->kind != IFD_ES) {
		builder_unsupported(b, tunnel, "Tunnels are supported on es- interfaces only");
		return;
	}
	child_addr(b, tunnel, "source", &u->tunnel_source);
	child_addr(b, tunnel, "destination", &u->tunnel_destination);
	child_addr(b, tunnel, "backup-destination", &u->tunnel_backup);
	const struct addr *s = &u->tunnel_source;
	const struct addr *d = &u->tunnel_destination;
	const struct addr *backup = &u->tunnel_backup;
	if (s->family != ADDR_NONE && d->family != ADDR_NONE && s->family != d->family)
		builder_error(b, elem_find(tunnel, "destination"),
		    "Tunnel source and destination must be of the same address family");
	if (s->family != ADDR_NONE && backup->family != ADDR_NONE && s->family != backup->family)
		builder_error(b, elem_find(tunnel, "backup-destination"),
		    "Tunnel source and destination must be of the same address family");
	if (backup->family != ADDR_NONE && addr_eq(*backup, *d))
		builder_error(b, elem_find(tunnel, "backup-destination"),
		    "Backup and primary tunnel destinations must be different");
}

static void
domain_load(struct builder *b, const struct elem *e, struct conf_unit *u)
{
	const struct elem *leaf = elem_find(e, "service-domain");
	if (leaf == NULL)
		return;
	const char *s = leaf->value ? leaf->value : "";
	if (strcmp(s, "inside") == 0)
		u->domain = DOMAIN_INSIDE;
	else if (strcmp(s, "outside") == 0)
		u->domain = DOMAIN_OUTSIDE;
	else
		builder_error(b, leaf, "invalid value '%s'", s);
}

static void
dial_check(struct builder *b, const struct elem *e, const struct conf_unit *u)
{
	const struct elem *dial = elem_find(e, "dial-options");
	const struct elem *id = elem_find(dial, "ipsec-interface-id");
	if (dial == NULL)
		return;
	if (elem_find(e, "family") == NULL)
		builder_error(b, dial, "Family must be defined for a unit with dial-options");
	if (id != NULL && u->domain != DOMAIN_INSIDE)
		builder_error(b, id, "ipsec-interface-id must be defined only on the inside unit");
	if (elem_has(dial, "l2tp-interface-id") && u->domain != DOMAIN_NONE)
		builder_error(b, dial,
		    "L2TP dial-options and service-domain must not be defined on the same unit");
}

static void
device_check(struct builder *b, const struct elem *e, struct conf_unit *u)
{
	if (strlen(u->device) >= IFNAMSIZ)
		builder_error(b, e, "Linux device name %s is longer than %d characters", u->device,
		    IFNAMSIZ - 1);
	if (u->ifd->kind == IFD_LOOPBACK)
		return; /* all units of lo0 share one device */
	if (!smap_add(&b->devices, u->device, u)) {
		const struct conf_unit *other = smap_find(&b->devices, u->device);
		builder_error(b, e, "Linux device %s is already used by interface %s", u->device,
		    other->name);
	}
}

static const char *
description_load(struct builder *b, const struct elem *e)
{
	const char *text = elem_value(e, "description");
	return text != NULL ? arena_strdup(b->a, text) : NULL;
}

/* Returns false if the unit has no usable name. */
static bool
unit_load(struct builder *b, const struct elem *e, const struct conf_ifd *ifd, struct conf_unit *u)
{
	const struct elem *name = elem_find(e, "name");
	*u = (struct conf_unit){ .ifd = ifd };
	if (name == NULL) {
		builder_missing(b, e, "name");
		return false;
	}
	if (!leaf_u32(b, name, 0, UNIT_MAX, &u->number))
		return false;
	u->name = arena_printf(b->a, "%s.%u", ifd->name, u->number);
	if (!smap_add(&b->index->units, u->name, u)) {
		builder_error(b, e, "Unit is configured twice");
		return false;
	}
	u->description = description_load(b, e);
	u->device = unit_device(b, ifd, u->number);
	u->is_disabled = ifd->is_disabled || elem_has(e, "disable");
	device_check(b, e, u);
	domain_load(b, e, u);
	dial_check(b, e, u);
	tunnel_load(b, e, u);
	family_load(b, e, "inet", ADDR_V4, u, &u->inet);
	family_load(b, e, "inet6", ADDR_V6, u, &u->inet6);
	return true;
}

static void
units_load(struct builder *b, const struct elem *e, struct conf_ifd *ifd)
{
	const struct conf_unit **list = arena_array(b->a, elem_count(e, "unit"), sizeof(*list));
	elem_each (ue, e, "unit") {
		struct conf_unit *u = &b->units[b->n_units];
		if (!unit_load(b, ue, ifd, u))
			continue;
		b->unit_elems[b->n_units++] = ue;
		list[ifd->n_units++] = u;
	}
	ifd->units = list;
}

/* services-options: what we add to them; the others have no effect. */
static void
io_load(struct builder *b, const struct elem *e, struct conf_ifd *ifd)
{
	static const char *const words[] = {
		[PLAIN_IO_AUTO] = "auto",
		[PLAIN_IO_XDP] = "af-xdp",
		[PLAIN_IO_RAW] = "raw",
	};
	const struct elem *options = elem_find(e, "services-options");
	const struct elem *plain = elem_find(options, "plain-esp-io");
	if (options == NULL)
		return;
	child_u32(b, options, "workers", 1, WORKERS_MAX, &ifd->io.workers);
	child_u32(b, options, "help-threshold", 1, HELP_US_MAX, &ifd->io.help_us);
	ifd->io.no_inside_offload = elem_has(options, "no-inside-offload");
	ifd->io.no_outside_offload = elem_has(options, "no-outside-offload");
	for (size_t i = 0; plain != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], plain->value != NULL ? plain->value : "") == 0)
			ifd->io.plain_io = (enum conf_plain_io)i;
	if (ifd->kind != IFD_SERVICES && ifd->kind != IFD_ES)
		builder_error(
		    b, options, "services-options can be configured on services interfaces only");
}

static bool
ifd_load(struct builder *b, const struct elem *e, struct conf_ifd *ifd)
{
	ifd->name = entry_name(b, e);
	if (ifd->name == NULL)
		return false;
	if (!smap_add(&b->index->ifds, ifd->name, ifd)) {
		builder_error(b, e, "Interface is configured twice");
		return false;
	}
	ifd->description = description_load(b, e);
	kind_load(b, e, ifd);
	ifd->device = device_load(b, e, ifd);
	ifd->is_disabled = elem_has(e, "disable");
	child_u32(b, e, "mtu", MTU_MIN, MTU_MAX, &ifd->mtu);
	io_load(b, e, ifd);
	units_load(b, e, ifd);
	return true;
}

void
if_load(struct builder *b)
{
	const struct elem *interfaces = elem_find(b->root, "interfaces");
	size_t n = elem_count(interfaces, "interface");
	size_t n_units = 0;
	elem_each (e, interfaces, "interface")
		n_units += elem_count(e, "unit");
	const struct conf_ifd **list = arena_array(b->a, n, sizeof(*list));
	b->ifds = arena_array(b->a, n, sizeof(*b->ifds));
	b->units = arena_array(b->a, n_units, sizeof(*b->units));
	b->unit_elems = arena_array(b->scratch, n_units, sizeof(*b->unit_elems));
	size_t i = 0;
	elem_each (e, interfaces, "interface") {
		struct conf_ifd *ifd = &b->ifds[i];
		if (ifd_load(b, e, ifd))
			list[i++] = ifd;
	}
	b->c->ifds = list;
	b->c->n_ifds = i;
}
