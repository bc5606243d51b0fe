/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf.h - the configuration as C structs: what the daemons run.
 *
 * conf_load() turns the element tree of the active configuration into these structs. Commit check in mgd
 * and every daemon run the same loader. A struct conf is immutable after loading, owns an arena of its own
 * (kept out of core dumps, wiped) and dies in one conf_free(); nothing in it points to another conf. All pointers
 * between objects are resolved. Strings are NUL-terminated. Objects keep the order of the configuration.
 * Names are compared as strings: a daemon pairs old and new objects by name to apply only the difference.
 */
#ifndef CONF_H
#define CONF_H

#include "lib/base/addr.h"
#include "lib/crypto/alg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct elem;
struct report;

/* --- keys and security associations --- */

struct secret {
	const uint8_t *b; /* in the conf's arena; never printed, wiped with it */
	uint16_t len;
};

enum conf_proto { PROTO_ESP, PROTO_AH, PROTO_BUNDLE };
enum conf_mode { MODE_TUNNEL, MODE_TRANSPORT };

/* One direction of a manual SA. */
struct conf_manual {
	bool is_set;
	enum conf_proto proto;
	uint32_t spi;     /* 256..16639; bundle: the AH SPI */
	uint32_t aux_spi; /* bundle: the ESP SPI; else 0 */
	enum auth_alg auth;
	enum enc_alg enc;
	struct secret auth_key; /* already the raw octets, whichever way it was written */
	struct secret enc_key;
};

/* `direction bidirectional` fills both with the same contents. */
struct conf_manual_pair {
	bool is_set;
	struct conf_manual in;
	struct conf_manual out;
};

enum conf_df { DF_DEFAULT, DF_CLEAR, DF_COPY, DF_SET };

/* --- interfaces --- */

struct conf_filter;
struct conf_sa;
struct conf_service_set;

struct conf_ifaddr {
	struct prefix prefix; /* address with its host bits */
	struct addr
	    destination; /* point-to-point peer (`address A { destination B; }`), or ADDR_NONE */
};

/* `family inet service input service-set S [service-filter F]`. */
struct conf_if_service {
	const struct conf_service_set *set;
	const struct conf_filter *service_filter; /* or NULL */
};

struct conf_family {
	bool is_set;
	unsigned mtu; /* 0: not configured */
	const struct conf_ifaddr *addrs;
	size_t n_addrs;
	const struct conf_filter *filter_in;      /* or NULL */
	const struct conf_filter *filter_out;     /* or NULL */
	const struct conf_if_service *service_in; /* in order; first whose service filter matches */
	size_t n_service_in;
	const struct conf_if_service *service_out;
	size_t n_service_out;
};

enum conf_domain { DOMAIN_NONE, DOMAIN_INSIDE, DOMAIN_OUTSIDE };

struct conf_unit {
	const char *name; /* "sp-1/2/0.1" */
	const char *
	    device; /* Linux device: "sp-1-2-0.1"; media unit 0: "ge-0-0-0"; other units: "ge-0-0-0.5" */
	const char *description; /* or NULL */
	const struct conf_ifd *ifd;
	uint32_t number;
	struct conf_family inet;
	struct conf_family inet6;
	enum conf_domain domain;
	const struct conf_sa *ipsec_sa; /* es-: family inet[6] ipsec-sa, or NULL */
	struct addr tunnel_source;      /* es-, or ADDR_NONE */
	struct addr tunnel_destination;
	struct addr tunnel_backup; /* the other destination while that one is dead, or ADDR_NONE */
	bool is_disabled;
};

enum conf_ifd_kind {
	IFD_MEDIA,    /* a Linux device that exists already */
	IFD_SERVICES, /* sp-, ms-, ams, si-, vms-: one picd each */
	IFD_ES,       /* es-: one picd each */
	IFD_LOOPBACK, /* lo0: addresses go to Linux lo; its filters guard the host's own traffic */
};

enum {
	WORKERS_MAX = 16, /* threads of one picd that carry packets */
	HELP_US_MAX = 1000 * 1000,
	SPI_SLOTS = 256,
	SPI_SLOT_SHIFT = 24, /* where the slot is in an SPI */
};

/* How a picd gets at the packets of plain ESP. */
enum conf_plain_io { PLAIN_IO_AUTO, PLAIN_IO_XDP, PLAIN_IO_RAW };

/* services-options: what packets of a services interface pass through; no configuration changes what becomes of them. */
struct conf_io {
	unsigned workers; /* threads, 1 to 16; 0: one for each core */
	unsigned help_us; /* cryptography from which on threads help each other; 0: as is best */
	bool no_inside_offload;  /* units: no packets of several segments */
	bool no_outside_offload; /* ESP in UDP: neither segmentation by the kernel nor merging */
	enum conf_plain_io plain_io;
};

struct conf_ifd {
	const char *name; /* "sp-1/2/0" */
	const char *
	    device; /* "sp-1-2-0"; media: what statement `device` says, if it is there; lo0: "lo" */
	const char *description; /* or NULL */
	enum conf_ifd_kind kind;
	unsigned mtu; /* 0: not configured */
	bool is_disabled;
	struct conf_io io; /* services and encryption interfaces */
	/* Of those that negotiate SAs: the first octet of the SPIs of inbound ones, unlike that of any other one. Netd and kmd
	 * mean the same. */
	uint8_t spi_slot;
	const struct conf_unit *const *units;
	size_t n_units;
};

/* --- routing --- */

enum conf_nexthop_kind { NH_ADDRESS, NH_UNIT, NH_DISCARD, NH_REJECT };

struct conf_route {
	struct prefix prefix; /* network */
	enum conf_nexthop_kind kind;
	struct addr via;     /* NH_ADDRESS */
	const char *device;  /* NH_UNIT: Linux device */
	const char *unit;    /* NH_UNIT: "sp-1/2/0.1" */
	unsigned preference; /* default 5; becomes the kernel's metric */
};

/* --- firewall filters --- */

enum conf_filter_action {
	FA_ACCEPT,
	FA_DISCARD,
	FA_REJECT,
	FA_IPSEC_SA,
	FA_SERVICE,
	FA_SKIP,
	FA_NEXT_TERM
};

struct conf_range {
	uint32_t lo;
	uint32_t hi;
};

struct conf_filter_term {
	const char *name;
	const struct prefix *source; /* any of them; none = all */
	size_t n_source;
	const struct prefix *destination;
	size_t n_destination;
	const struct conf_range *protocols; /* IP protocol / next header numbers */
	size_t n_protocols;
	const struct conf_range *source_ports;
	size_t n_source_ports;
	const struct conf_range *destination_ports;
	size_t n_destination_ports;
	const struct conf_range *ah_spis; /* of these two only one is set */
	size_t n_ah_spis;
	const struct conf_range *esp_spis;
	size_t n_esp_spis;
	const char *count; /* counter name, or NULL */
	bool has_log;
	bool has_syslog;
	enum conf_filter_action action; /* a term without a terminating action accepts */
	const struct conf_sa *sa;       /* FA_IPSEC_SA */
};

struct conf_filter {
	const char *name;
	uint8_t family;  /* ADDR_V4 or ADDR_V6 */
	bool is_service; /* service-filter: no match means skip; filter: no match means discard */
	const struct conf_filter_term *terms;
	size_t n_terms;
};

/* --- IKE and IPsec proposals and policies: [edit services ipsec-vpn] and [edit security] --- */

struct conf_ike_proposal {
	const char *name; /* the built-in one: "default" */
	enum auth_method method;
	enum enc_alg enc;
	enum hash_alg hash;
	enum dh_group group;
	uint32_t lifetime_s;
};

enum conf_id_kind {
	CONF_ID_NONE, /* not configured: the address of the gateway */
	CONF_ID_IPV4,
	CONF_ID_IPV6,
	CONF_ID_FQDN,
	CONF_ID_USER_FQDN, /* written as fqdn, with an @ */
	CONF_ID_KEY,
	CONF_ID_DN,           /* local: the subject of the local certificate; `b` is empty */
	CONF_ID_DN_EXACT,     /* remote: text form of the whole name */
	CONF_ID_DN_CONTAINER, /* remote: these parts in this order, others between them */
	CONF_ID_DN_WILDCARD,  /* remote: these parts in any order */
};

struct conf_id {
	enum conf_id_kind kind;
	const uint8_t *b; /* address: network order; key: octets; else text, no NUL */
	uint16_t len;
};

struct conf_ike_policy {
	const char *name; /* [edit security]: the address of the peer, as it was written */
	bool is_security; /* of [edit security] */
	bool is_aggressive;
	const struct conf_ike_proposal *const *proposals; /* at least one */
	size_t n_proposals;
	struct secret psk;             /* len 0: none */
	const char *local_certificate; /* or NULL */
	struct conf_id local_id;
	const struct conf_id *remote_ids; /* any of them; none: the address of the remote gateway */
	size_t n_remote_ids;
	bool takes_any_remote_id;
	unsigned bad_spi_max; /* respond-bad-spi; 0: off */
};

struct conf_ipsec_proposal {
	const char *name;
	enum conf_proto proto;
	enum auth_alg auth;
	enum enc_alg enc;
	uint32_t lifetime_s;
};

struct conf_ipsec_policy {
	const char *name;                                   /* the built-in one: "default" */
	const struct conf_ipsec_proposal *const *proposals; /* at least one */
	size_t n_proposals;
	enum dh_group pfs; /* DH_NONE: none; the built-in policy has group2 */
};

/* `then dynamic` of a term, or `dynamic` of a security association. */
struct conf_dynamic {
	bool is_set;
	const struct conf_ike_policy *ike; /* es-: the policy named by the tunnel destination */
	const struct conf_ipsec_policy *ipsec;
	unsigned natt_install_s; /* natt-install-interval */
};

enum { DPD_INTERVAL_DEFAULT = 10, DPD_THRESHOLD_DEFAULT = 3 };
enum conf_establish { ESTABLISH_ON_TRAFFIC, ESTABLISH_IMMEDIATELY, ESTABLISH_RESPONDER_ONLY };

/* --- [edit services ipsec-vpn] --- */

struct conf_term {
	const char *name;
	const struct conf_rule *rule;
	struct prefix source; /* family ADDR_NONE: not written, any IPv4 */
	struct prefix destination;
	const char *inside_unit; /* ipsec-inside-interface, "sp-1/2/0.1", or NULL */
	struct addr remote_gateway;
	struct addr backup_gateway;     /* backup-remote-gateway, or ADDR_NONE */
	struct conf_manual_pair manual; /* is_set = false: dynamic (or nothing) */
	struct conf_dynamic dynamic;
	enum conf_df df;         /* DF_DEFAULT: the service set's */
	unsigned tunnel_mtu;     /* 0: the service set's */
	unsigned replay_window;  /* anti-replay-window-size; 0: the service set's */
	unsigned dpd_interval_s; /* default filled in */
	unsigned dpd_threshold;  /* default filled in */
	bool initiates_dpd;      /* said, or there is a backup gateway */
	bool no_anti_replay;
	bool has_syslog;
};

enum conf_direction { MATCH_NONE, MATCH_INPUT, MATCH_OUTPUT };

struct conf_rule {
	const char *name;
	enum conf_direction direction;
	const struct conf_term *terms;
	size_t n_terms;
};

enum { TUNNEL_MTU_DEFAULT = 1500, REPLAY_WINDOW_DEFAULT = 64 };

/* One term of one rule in one service set: a tunnel. The index counts from 1 within the set, in rule and term order. */
struct conf_tunnel {
	const struct conf_term *term;
	unsigned index;
	enum conf_df df;     /* term, else set, else DF_DEFAULT */
	unsigned tunnel_mtu; /* term, else set, else TUNNEL_MTU_DEFAULT */
	unsigned
	    window; /* dynamic: the same, REPLAY_WINDOW_DEFAULT; 0: no-anti-replay. manual: 0 */
};

struct conf_service_set {
	const char *name;
	bool is_next_hop;               /* next-hop-service; else interface-service */
	const struct conf_ifd *pic;     /* the services interface whose picd runs it */
	const struct conf_unit *inside; /* next-hop style, else NULL */
	const struct conf_unit *outside;
	const struct conf_unit
	    *service_unit; /* interface style: the unit that decrypted packets appear on (unit 0) */
	struct addr local_gateway;
	enum conf_df df;
	unsigned tunnel_mtu;    /* 0: not configured */
	unsigned replay_window; /* anti-replay-window-size; 0: not configured */
	bool no_anti_replay;
	bool passive_mode;
	bool no_natt;             /* no-nat-traversal, or disable-natt above */
	unsigned nat_keepalive_s; /* default 20 */
	bool is_dynamic;          /* some term is; the only thing about terms that netd knows */
	const char *const *trusted_cas;
	size_t n_trusted_cas;
	const struct conf_rule *const *rules; /* rule sets expanded, in order */
	size_t n_rules;
	const struct conf_tunnel *tunnels; /* of all rules, in order */
	size_t n_tunnels;
	bool has_syslog; /* syslog host ... services info or lower */
};

/* --- [edit security ipsec security-association] --- */

struct conf_sa {
	const char *name;
	const char *description; /* or NULL */
	enum conf_mode mode;
	struct conf_manual_pair manual; /* is_set = false: dynamic */
	struct conf_dynamic dynamic; /* `ike` is that of no unit: see conf_ike_policy_of_peer() */
	unsigned replay_window;      /* dynamic: 32 or 64 */
	struct prefix
	    selector_local; /* dynamic: from the filter terms that refer to it; none: any */
	struct prefix selector_remote;
	bool is_referenced; /* by a unit, a filter or a protocol */
};

/* --- [edit security pki] --- */

struct conf_ca_profile {
	const char *name;
	const char *identity; /* or NULL */
};

/* An inbound SA of another services interface whose packets this one hears, because both answer for its local gateway. */
struct conf_neighbour {
	struct addr gateway;   /* ADDR_NONE: any address (transport mode) */
	enum conf_proto proto; /* of the outer header: PROTO_ESP, or PROTO_AH for a bundle */
	uint32_t spi;
};

/* --- all of it --- */

/* Which part of the configuration a process is given: what it has no need to know is not sent. */
enum conf_part {
	CONF_ALL,  /* mgd and `sallyport check` */
	CONF_NETD, /* interfaces, routes, filters, service sets, rules without terms; no keys */
	CONF_PICD, /* what one services interface needs, with its keys */
	CONF_KMD,  /* everything about dynamic SAs, with pre-shared keys; no keys of manual SAs */
	CONF_PKID, /* [edit security pki] and certificates */
};

/* The services interface that stands for the host itself: transport mode SAs. */
#define HOST_PIC "re0"

struct conf_index;

struct conf {
	struct arena *arena;
	struct conf_index *index; /* what the finders use; the loader's own */
	enum conf_part part;      /* CONF_ALL, or how the tree was reduced */
	uint32_t commit;          /* leaf `commit` of the root; 0 = not committed */
	const char *host_name;    /* or NULL */
	const struct conf_ifd *const *ifds;
	size_t n_ifds;
	const struct conf_route *routes;
	size_t n_routes;
	const struct conf_filter *const *filters;
	size_t n_filters;
	const struct conf_rule *const *rules;
	size_t n_rules;
	const struct conf_service_set *const *service_sets;
	size_t n_service_sets;
	const struct conf_sa *const *sas;
	size_t n_sas;
	const struct conf_ike_policy *const *ike_policies; /* of both hierarchies */
	size_t n_ike_policies;
	const struct conf_ipsec_policy *const *ipsec_policies;
	size_t n_ipsec_policies;
	const struct conf_ca_profile *ca_profiles; /* CONF_ALL, CONF_PKID */
	size_t n_ca_profiles;
	enum conf_establish establish;
	bool clears_ike_on_pic_restart;          /* clear-ike-sas-on-pic-restart */
	bool clears_ipsec_on_pic_restart;        /* clear-ipsec-sas-on-pic-restart */
	unsigned security_bad_spi_max;           /* [edit security ike] respond-bad-spi; 0: off */
	const struct conf_neighbour *neighbours; /* CONF_PICD only */
	size_t n_neighbours;
	const struct addr
	    *stray_gateways; /* CONF_PICD only: another one counts what nobody has an SA for */
	size_t n_stray_gateways;
	const struct addr *unclear_gateways; /* CONF_PICD only: another one negotiates SAs there */
	size_t n_unclear_gateways;
};

/* Loads and checks the configuration under ROOT (an element called "configuration"). Adds every error and warning to
 * R in JUNOS wording, each with its [edit] path and statement, and with the line and column of the statement when the
 * element's origin says so (see conf_origin). Returns NULL if there was an error; the report then has one. The caller
 * owns the result. */
struct conf *conf_load(const struct elem *root, struct report *r);
void conf_free(struct conf *c); /* NULL is fine */

/* What an element's origin points to, where it is not NULL: the place of the statement in the text that was read. The
 * tree's nodes begin with other things, so whoever builds the elements fills these in the elements' arena. */
struct conf_origin {
	unsigned line;
	unsigned column;
};

/* Makes the reduced configuration for one daemon in A. What a daemon gets whole is not copied but shared with ROOT
 * (elem_share()), so the result is for elem_encode() and for reading downwards while ROOT is there. PIC names the
 * services interface ("sp-1/2/0", "es-0/0/0", "re0") for CONF_PICD. C is the loaded form of ROOT. */
struct elem *conf_reduce(const struct conf *c, const struct elem *root, enum conf_part part,
    const char *pic, struct arena *a);

/* Returns the names of the services interfaces that need a picd, in order: every services and es- interface
 * that a service set or a unit's ipsec-sa uses, and "re0" if a filter on lo0 or a media interface uses a transport mode SA. The
 * array is in A; N is its length. */
const char *const *conf_pics(const struct conf *c, struct arena *a, size_t *n);

/* Finders by name; NULL if there is none. */
const struct conf_ifd *conf_ifd(const struct conf *c, const char *name);
/* How many threads carry the packets of the services interface NAME on a machine of N_CORES: netd and picd mean the same. */
unsigned conf_workers(const struct conf *c, const char *name, unsigned n_cores);
const struct conf_unit *conf_unit(const struct conf *c, const char *name);
const struct conf_service_set *conf_service_set(const struct conf *c, const char *name);
const struct conf_sa *conf_sa(const struct conf *c, const char *name);
const struct conf_filter *conf_filter(const struct conf *c, uint8_t family, const char *name);
const struct conf_ca_profile *conf_ca_profile(const struct conf *c, const char *name);
/* The policy of [edit security ike] that is named by the address of the peer. */
const struct conf_ike_policy *conf_ike_policy_of_peer(const struct conf *c, struct addr peer);
/* The same for `service-filter`, whose names are apart from those of filters. */
const struct conf_filter *conf_service_filter(
    const struct conf *c, uint8_t family, const char *name);

#endif
