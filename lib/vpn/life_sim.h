/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_sim.h - gateways in memory: several lives, their PICs, and a network between them whose clock a test holds.
 *
 * Every datagram takes a time and can be lost; packets of the tunnels go the same way, and each that arrives where no SA takes it
 * is counted. Randomness is a generator with a seed, so every run is the same.
 */
#ifndef LIFE_SIM_H
#define LIFE_SIM_H

#include "lib/conf/conf.h"
#include "lib/vpn/life.h"
#include "lib/vpn/life_index.h"

enum { SIM_ENDS_MAX = 4 };

struct sim;

/* An SA that a PIC holds. */
struct sim_pic_tunnel;

struct sim_sa {
	struct sim_sa *next;   /* of its tunnel, newest first */
	struct life_node node; /* inbound: by SPI */
	struct sim_pic_tunnel *tunnel;
	struct life_sa sa; /* without keys; `tag` is a copy */
	uint64_t hard_ms;
	uint8_t key[8]; /* the beginning of the cipher's */
};

struct sim_pic_tunnel {
	struct life_node node; /* by name */
	char *name;
	char pic[16];
	struct sim_sa *sas;
	unsigned watch_s;
	uint64_t heard_ms; /* when a packet came in last, or it was told to be idle */
	bool is_backup_active;
	unsigned failovers;
};

struct sim_end {
	struct sim *sim;
	struct life *life;
	uint8_t net;            /* its gateways are 10.NET.x.y */
	struct life_hash names; /* of the PIC */
	struct life_hash in_sas;
	struct sim_pic_tunnel **tunnels;
	size_t n_tunnels;
	size_t n_sas;
	bool is_off;        /* whatever is sent to it is lost */
	bool is_deaf;       /* IKE is lost, packets arrive */
	unsigned nat_shift; /* it is behind a NAT that adds this to its ports; 0: it is not */
	/* where its NAT has NATTED, which is one of its gateways, if it is not there; in the same net */
	struct addr nat_addr; /* ADDR_NONE: it is */
	struct addr natted;
	bool tells_first;   /* its PIC tells before there is a configuration */
	uint32_t spi;       /* the next number of four octets that it draws; 0: any */
	unsigned spi_again; /* and so many after that */
	unsigned n_refused; /* outbound SAs that its PIC has already */
	bool distrusts;     /* it takes no certificate */
	unsigned deaf_from; /* messages to its gateways from this number on are lost ... */
	unsigned deaf_to;   /* ... before this one */
	unsigned n_kinds[LIFE_KIND_MAX];
	unsigned n_sent;
	unsigned n_keepalives;
	char text[LIFE_KIND_MAX][400];  /* the last one of each kind */
	struct addr who[LIFE_KIND_MAX]; /* its peer */
	uint64_t when[LIFE_KIND_MAX];
	unsigned n_chains;
	/* the last message that it took, for who records */
	uint8_t last[2048];
	size_t last_n;
	struct ike_path last_path;
};

/* A configuration in the making; lives as long as the test. */
struct sim_conf {
	struct arena *arena;
	struct conf c;
	struct conf_ike_proposal p1;
	struct conf_ipsec_proposal p2;
	struct conf_ike_policy ike;
	struct conf_ipsec_policy ipsec;
};

struct sim_msg;
struct sim_job;

struct sim {
	uint64_t now_ms;
	uint64_t seed;
	unsigned latency_ms;
	unsigned loss;      /* of a thousand messages of IKE */
	unsigned jitter_ms; /* they take up to so much longer */
	unsigned repeats;   /* and come so many times more */
	bool has_traffic;   /* every tunnel that has an outbound SA sends at every event */
	bool has_acquire;   /* and every tunnel that has none asks for one, once a second */
	struct sim_end ends[SIM_ENDS_MAX];
	unsigned n_ends;
	struct sim_msg *first; /* on the wire, in the order of arrival */
	struct sim_msg *last;
	struct sim_job *jobs; /* what was asked of pkid */
	uint64_t n_packets;
	uint64_t n_lost; /* packets that arrived and that no SA took */
	uint64_t n_dark; /* times that a tunnel that had been up had no outbound SA */
	size_t most_sas; /* of one tunnel at one end */
	uint64_t second_ms;
};

struct sim *sim_new(unsigned n_ends);
void sim_free(struct sim *s);
struct addr sim_gateway(unsigned net, unsigned i); /* 10.NET.i/256.i%256 */

/* N tunnels "ss/r/0"... of END: tunnel i from gateway FIRST_LOCAL (or i-th from there if SPREADS_LOCAL) to the one REMOTE +
 * i if SPREADS_REMOTE. Networks are those of sim_net(). */
struct sim_shape {
	size_t n;
	unsigned remote_net;
	unsigned backup_net; /* 0: none */
	bool spreads_local;
	bool spreads_remote;
	bool is_aggressive;
	bool has_dpd;
	unsigned dpd_interval_s; /* 0: default */
	unsigned dpd_threshold;
	unsigned lifetime1_s;
	unsigned lifetime2_s;
	unsigned natt_install_s;
	const char *certificate; /* of an RSA key, instead of the pre-shared key */
	enum conf_establish establish;
};
struct sim_conf *sim_conf_new(const struct sim_end *e, const struct sim_shape *shape);
void sim_conf_free(struct sim_conf *c);

/* Starts END: life_new() and the first sentences of its PIC, with what it holds. */
void sim_start(struct sim *s, unsigned end, const struct sim_conf *c);
void sim_start_conf(struct sim *s, unsigned end, const struct conf *c);
void sim_pic_tell(struct sim_end *e); /* the channel is new: everything it holds */
void sim_pic_forget(struct sim_end *e);
void sim_kill(struct sim_end *e); /* the life; the PIC goes on */

/* Lets time pass until then, or until nothing can happen any more. */
void sim_run(struct sim *s, uint64_t until_ms);

/* What END's PIC has of a tunnel. */
unsigned sim_count(const struct sim_end *e, const char *tunnel, bool is_out);
const struct sim_sa *sim_out(const struct sim_end *e, const char *tunnel); /* the newest, or NULL */
struct life_tunnel_view sim_view(const struct sim_end *e, const char *tunnel);
void sim_acquire(struct sim_end *e, const char *tunnel);

#endif
