/* SPDX-License-Identifier: BSD-2-Clause
 *
 * builder.h - what the files of lib/conf share while they build one struct conf.
 *
 * conf_load() makes a struct builder, calls the X_load() functions below in the order given there,
 * then the checks between statements. Each of them reads its own hierarchy, adds an error for
 * everything that is wrong, and goes on with what is left, so that one commit shows all errors. The builder
 * dies at the end of conf_load(). Internal to lib/conf; one thread.
 */
#ifndef BUILDER_H
#define BUILDER_H

#include "lib/base/report.h"
#include "lib/base/smap.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"

/* Leaf of the root that conf_reduce() adds: "netd", "picd", "kmd" or "pkid". */
#define PART_LEAF "conf-part"

/* What it adds where the statements are cut out that say it. */
#define DYNAMIC_LEAF "conf-dynamic" /* netd, in a service set: a term is dynamic */
#define SELECTOR_LOCAL_LEAF \
	"conf-selector-local" /* picd and kmd, in `dynamic` of a security association */
#define SELECTOR_REMOTE_LEAF "conf-selector-remote"

/* Finds by name after loading; owned by the conf. */
struct conf_index {
	struct smap ifds;
	struct smap units;
	struct smap sets;
	struct smap sas;
	struct smap filters;         /* family inet */
	struct smap filters6;        /* family inet6 */
	struct smap service_filters; /* family inet service-filter */
	struct smap service_filters6;
	struct smap
	    peers; /* address in words to the IKE policy of [edit security] that has it as name */
};

/* Something worth one warning for the whole configuration, however often it is there. */
struct tally {
	const struct elem *first;
	size_t n;
};

/* A proposal or a policy of IKE or IPsec, and the statement that it was made from. */
struct listed {
	const struct elem *e;
	const struct elem *unbuilt; /* a statement in it that no process here can do, or NULL */
	bool is_judged;             /* what is said once it is referred to was said */
	union {                     /* by the map it is in */
		struct conf_ike_proposal *ike_proposal;
		struct conf_ike_policy *ike_policy;
		struct conf_ipsec_proposal *ipsec_proposal;
		struct conf_ipsec_policy *ipsec_policy;
	};
};

/* The lists of [edit services ipsec-vpn] or of [edit security]: name to struct listed. */
struct hierarchy {
	const struct elem *top; /* or NULL */
	bool is_security;
	struct smap ike_proposals;
	struct smap ike_policies;
	struct smap ipsec_proposals;
	struct smap ipsec_policies;
};

struct builder {
	struct arena *a;       /* the conf's */
	struct arena *scratch; /* dies with the builder */
	struct conf *c;
	struct conf_index *index; /* c->index, while it may be written */
	struct report *r;
	const struct elem *root;
	enum conf_part
	    part; /* CONF_ALL: all checks; a reduced tree was checked before it was cut */
	struct smap devices; /* Linux device name to struct conf_unit: no two units on one device */
	struct smap rules;
	struct smap rule_sets; /* name to its struct elem */
	struct hierarchy services;
	struct hierarchy security;

	/* the objects again, not yet const, and the element each was made from */
	struct conf_ifd *ifds;
	struct conf_unit *units;
	const struct elem **unit_elems;
	size_t n_units;
	struct conf_rule *rule_array;
	const struct elem ***term_elems; /* of rule_array[i] */
	const struct elem **rule_elems;
	struct conf_service_set *sets;
	const struct elem **set_elems;
	struct conf_sa *sas;
	const struct elem **sa_elems;
	const struct elem **filter_elems;

	bool no_natt;     /* [edit services ipsec-vpn] disable-natt */
	size_t n_tunnels; /* of all service sets so far */
	struct tally uses_des;
	struct tally uses_md5;
	struct tally lacks_auth;
};

/* --- the hierarchies, in loading order; each needs those before it --- */
void sys_load(struct builder *b);        /* [edit system], the commit number */
void ike_load(struct builder *b);        /* both hierarchies: ike */
void ipsec_load(struct builder *b);      /* both hierarchies: ipsec */
void es_load(struct builder *b);         /* [edit security ipsec security-association] */
void fw_load(struct builder *b);         /* [edit firewall] */
void selectors_load(struct builder *b);  /* conf_dynamic.c: what filters select for dynamic SAs */
void if_load(struct builder *b);         /* [edit interfaces], without the service sets on them */
void rule_load(struct builder *b);       /* [edit services ipsec-vpn rule], rule-set */
void svcset_load(struct builder *b);     /* [edit services service-set] */
void if_service_load(struct builder *b); /* [edit interfaces ... family inet service] */
void pki_load(struct builder *b);        /* [edit security pki] */
void rt_load(struct builder *b);         /* [edit routing-options] */
void spi_slots_set(struct builder *b);   /* of what has been read: see conf_ifd.spi_slot */

void neighbours_load(struct builder *b); /* what neighbours_put() says in a reduced tree */

/* Adds to TO, the reduced tree for PIC, the SAs of other services interfaces whose packets PIC hears; conf_reduce(). */
void neighbours_put(const struct conf *c, const char *pic, struct arena *a, struct elem *to);

/* Rules between statements, for CONF_ALL only. */
void check_tunnels(struct builder *b);    /* check_tunnel.c */
void check_interfaces(struct builder *b); /* check.c */
void check_sas(struct builder *b);
void check_ike(struct builder *b);       /* check_ike.c */
void check_protocols(struct builder *b); /* check_protocol.c */
void check_dynamic(struct builder *b);   /* check_dynamic.c */
void check_login(struct builder *b);     /* check_login.c */
void check_syslog(struct builder *b);    /* check_syslog.c */

/* Reads `manual { direction ... }` of either style; OUT stays empty where it is wrong. */
void manual_load(struct builder *b, const struct elem *manual, struct conf_manual_pair *out);

/* Reads `dynamic` of a term (H: services) or of a security association. */
void dynamic_load(struct builder *b, const struct elem *dynamic, const struct hierarchy *h,
    struct conf_dynamic *out);

/* --- proposals and policies --- */

/* What a tunnel without an IPsec policy has. */
extern const struct conf_ipsec_policy ipsec_policy_builtin;

/* Reads `local-id` and `remote-id` of POLICY; conf_id.c. */
void local_id_load(struct builder *b, const struct elem *policy, struct conf_id *out);
void remote_ids_load(struct builder *b, const struct elem *policy, struct conf_ike_policy *p);

/* Reads `protocol`; reports and returns false if it is none. */
bool proto_load(struct builder *b, const struct elem *leaf, enum conf_proto *out);

/* Reads `respond-bad-spi` of E; 0 if it is not there. */
unsigned bad_spi_load(struct builder *b, const struct elem *e);

/* Adds what was made from E under its name; reports and returns false if it has none, or not for itself alone. */
bool listed_add(struct builder *b, struct smap *m, struct listed *l, const char *what);

/* The value of leaf NAME in the statement of L; NULL if it is not there, or one of UNBUILT (ends with NULL), which L
 * takes note of. */
const char *listed_value(struct listed *l, const char *name, const char *const *unbuilt);

/* Finds what LEAF, one of `proposals`, names; reports what is not there. */
struct listed *listed_proposal(struct builder *b, const struct elem *leaf, const struct smap *m);

/* Reports more than PROPOSALS_MAX of them in policy E; returns how many there are. */
enum { PROPOSALS_MAX = 32 };
size_t proposals_count(struct builder *b, const struct elem *e);

/* --- keys as they are written --- */

bool is_hex_digits(const char *s);
/* The text of KEY, a container with `ascii-text` or `hexadecimal`; reports and returns NULL if it has not one of them. */
const char *secret_text(struct builder *b, const struct elem *key, bool *out_is_hex);
/* The octets; a last single digit is left out. */
struct secret secret_octets(struct builder *b, const char *s, bool is_hex);

/* Reports clear-, copy- and set-dont-fragment-bit below E. */
enum conf_df df_load(struct builder *b, const struct elem *e);

/* --- saying no: E is the offending statement, its parent gives the [edit] place --- */
__attribute__((format(printf, 3, 4))) void builder_error(
    struct builder *b, const struct elem *e, const char *fmt, ...);
__attribute__((format(printf, 3, 4))) void builder_warn(
    struct builder *b, const struct elem *e, const char *fmt, ...);
/* A statement that JUNOS has and Sallyport has not, where going on without it would be wrong: an error. */
__attribute__((format(printf, 3, 4))) void builder_unsupported(
    struct builder *b, const struct elem *e, const char *fmt, ...);
/* The same where nothing comes of it: only said in a list of what is not built. */
void builder_unused(struct builder *b, const struct elem *e);
void builder_missing(struct builder *b, const struct elem *e, const char *statement);

/* --- leaves; each returns false and reports if the value is wrong, and leaves OUT alone --- */
bool leaf_u32(struct builder *b, const struct elem *leaf, uint32_t lo, uint32_t hi, uint32_t *out);
bool leaf_addr(struct builder *b, const struct elem *leaf, struct addr *out);
bool leaf_prefix(struct builder *b, const struct elem *leaf, struct prefix *out);
/* The same for an optional child leaf of E; absent is fine. */
void child_u32(struct builder *b, const struct elem *e, const char *name, uint32_t lo, uint32_t hi,
    uint32_t *out);
void child_addr(struct builder *b, const struct elem *e, const char *name, struct addr *out);

/* The value of NAME below E, written as a leaf or as a container whose positional leaf is INNER. */
const struct elem *child_or(const struct elem *e, const char *name, const char *inner);

/* The name of a list entry; reports and returns NULL if there is none. */
const char *entry_name(struct builder *b, const struct elem *e);

/* Counts the children of E called NAME. */
size_t elem_count(const struct elem *e, const char *name);

/* Finds the unit that LEAF names ("sp-1/2/0" means unit 0); reports and returns NULL if there is none. */
struct conf_unit *unit_ref(struct builder *b, const struct elem *leaf);

/* Words of E as the user knows them ("term t1", "spi 256"), never a secret. */
struct text;
void elem_words(const struct elem *e, struct text *out);
void elem_place(const struct elem *e, struct text *out);

#endif
