/* SPDX-License-Identifier: BSD-2-Clause
 *
 * schema.h - the JUNOS grammar as plain C structs, compiled from the YANG modules in yang/.
 *
 * libyang reads the modules once at start; everything above this folder sees only these structs. They
 * are constant after schema_load() and may be read from any thread. The modules are embedded in the
 * program, so that no file is needed at run time. Statement words, order and quirks come from
 * our YANG extensions (yang/sallyport-ext.yang).
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum snode_kind {
	SNODE_CONTAINER, /* "then { ... }", or a presence container */
	SNODE_LIST,      /* "term NAME { ... }" */
	SNODE_LEAF,      /* "spi 256;" */
	SNODE_LEAFLIST,  /* "proposals [ a b ];" */
};

/* What Sallyport makes of a statement. A child inherits it unless it says otherwise. */
enum snode_status {
	SNODE_RUNNING,     /* acts */
	SNODE_IGNORED,     /* accepted without effect: kept, shown, no action */
	SNODE_UNSUPPORTED, /* known JUNOS statement that is not built: reported, see is_strict */
};

/* What the statements that deal with configuration groups are to whoever expands them. */
enum snode_role {
	SNODE_PLAIN,
	SNODE_GROUPS,       /* the list that defines groups */
	SNODE_APPLY,        /* names the groups to inherit from here */
	SNODE_APPLY_EXCEPT, /* names those not to inherit from here */
	SNODE_OMIT,         /* what stands here is not shown unless asked for; not inherited */
};

struct snode {
	const char *name;  /* the statement word: "ipsec-vpn" */
	const char *alias; /* another spelling that is read but never printed, or NULL */
	const char *help;  /* one line for `?`; never NULL */
	enum snode_kind kind;
	enum snode_status status;
	enum snode_role role;
	const struct snode *parent; /* NULL at the root */
	const struct snode *const
	    *children; /* canonical display order; list keys are not among them */
	size_t n_children;
	const struct snode *const *keys; /* SNODE_LIST: the keys in order (usually one) */
	size_t n_keys;
	const char *default_value; /* leaf: YANG default, or NULL */
	const char
	    *type_name; /* leaf: YANG type as written ("ipv4-prefix", "uint32", "enumeration") */
	const char *value_help; /* leaf: placeholder for `?`: "<address>", "(256..16639)" */
	const char *const
	    *enums; /* leaf of an enumeration: the words, NULL-terminated; else NULL */
	const char *const *enum_help; /* one line for each of them, in the same order; else NULL */
	const char *
	    ref; /* leaf: path of the list whose key it names ("services ipsec-vpn rule"), or NULL */
	const char *
	    permission; /* statement of the configuration: bit to see it ("interface"); inherited; NULL: none */
	const char *
	    asks_for; /* empty leaf: who types it is asked for a password, whose hash this leaf beside it
			       * gets; no configuration holds it. NULL: any other statement */
	const char *ref_message; /* commit message when the reference does not exist, or NULL */
	unsigned choice;         /* 0: none; siblings with the same number exclude each other ... */
	unsigned branch;         /* ... unless they have the same branch number */
	const struct snode *
	    twin; /* of a statement of the configuration: the same below `groups NAME`, where wildcards are values too;
		    * of that one: the plain statement. NULL where a group cannot have it, and for RPCs */
	bool is_in_group;     /* it is that one */
	uint32_t max_entries; /* list and leaf-list; 0: no bound */
	bool is_empty;        /* leaf without value: "syslog;" */
	bool
	    is_nokeyword; /* leaf given by position: "local-gateway ADDRESS"; keys always are unless key-keyword.
			   * list: its entries stand without the list's word: "interfaces { ge-0/0/0 { } }" */
	bool
	    is_joined; /* container whose word is written before each of its children, which are containers:
			   * "family inet { } family inet6;", never "family { inet { } }" */
	bool is_any; /* container or list entry whose content is not described here: any words and
			   * braces below it are taken as they are and kept as text; no children */
	bool is_key_keyword; /* list whose keys are written with their names: "local P remote P" */
	bool is_oneliner;    /* container or list entry printed on one line without braces */
	bool is_oneliner_plus;   /* ... only while it holds a single child */
	bool is_presence;        /* container that means something when empty */
	bool is_secret;          /* shown as $9$ with ## SECRET-DATA */
	bool is_ordered_by_user; /* list or leaf-list keeps the order of entry */
	bool is_file; /* leaf of an RPC: its owner gets the contents of that file of the person's */
	bool is_mandatory;
	bool is_hidden; /* not offered by completion */
	bool
	    is_strict; /* dropping something here could open a hole, so these are errors and not warnings: an
			 * unknown word in it, and the statement itself if its status is SNODE_UNSUPPORTED.
			 * A child inherits it unless it says otherwise. */
	bool
	    is_grouped; /* list printed inside one pair of braces: "source-address { 10.0.0.0/8; }" */
	const void *priv; /* lib/yang's own */
};

/* One operational command: an RPC with its command words. */
struct srpc {
	const char *name;    /* "get-services-security-associations-information" */
	const char *alias;   /* another name for programs, or NULL */
	const char *command; /* "show services ipsec-vpn ipsec security-associations" */
	const char *help;
	const char
	    *owner; /* who answers: "mgd", "netd", "picd", "cli" (the process of the person) */
	const char *permission;     /* "view", "clear", "maintenance", ... */
	const struct snode *input;  /* container with the arguments, never NULL */
	const struct snode *output; /* container with the reply root as its only child, or NULL */
};

struct schema {
	const struct snode *config; /* root container, name "configuration" */
	const struct srpc *rpcs;
	size_t n_rpcs;
};

/* Compiles the embedded modules. Returns NULL and a text in *ERROR (static or leaked once) only if the
 * modules themselves are broken, which the tests rule out. The caller owns the result. */
struct schema *schema_load(const char **error);
void schema_free(struct schema *s);

/* Returns the child of N whose name or alias is WORD (LEN bytes), or NULL. */
const struct snode *snode_find(const struct snode *n, const char *word, size_t len);

/* Returns the RPC called NAME, or NULL. */
const struct srpc *srpc_find(const struct schema *s, const char *name);

/* Judges VALUE for leaf N (type, range, length, pattern). On refusal returns false and, in ERR, the
 * message in JUNOS wording (the must-message or pattern message of the module where there is one). In a
 * group any wildcard passes too, except as a secret.
 * On success, OUT_CANONICAL (may be NULL) is filled with the form to store when it differs from
 * VALUE, else made empty; 256 bytes at least. */
bool snode_value_check(const struct snode *n, const char *value, char *err, size_t err_size,
    char *out_canonical, size_t canonical_size);

#endif
