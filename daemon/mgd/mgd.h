/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mgd.h - the state of mgd and what its files offer each other.
 *
 * One loop, one thread owns all of it. Trees are lib/junos trees; a configuration is in force when every
 * daemon that it concerns has said so.
 */
#ifndef MGD_H
#define MGD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/mgd/commit.h"
#include "daemon/mgd/guard.h"
#include "daemon/mgd/path.h"
#include "daemon/mgd/store.h"
#include "daemon/mgd/users.h"
#include "daemon/mgd/words.h"
#include "lib/base/arena.h"
#include "lib/base/bytes.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/msg/cli.h"
#include "lib/msg/elem.h"
#include "lib/os/daemon.h"

struct commit;
struct schema;
struct session;
struct tree;

/* --- db.c: the running configuration and the shared candidate --- */

struct db {
	const struct schema *schema;
	int dir;              /* the folder of the store */
	struct tree *running; /* never NULL; changed by db_set_running() */
	char host_name[256];  /* what it calls this system, be it inherited; "" = nothing */
	struct arena *log_arena;
	struct elem *log_conf;   /* where lines of the log go, in log_arena: log_conf.c */
	struct permits *permits; /* what its users may do; never NULL */
	struct tree *candidate;  /* shared by all sessions of `configure`; never NULL */
	struct store_meta last;  /* of the running configuration; commit 0: there has been none */
	bool is_touched;         /* the candidate may differ from the running one */
	time_t touched;          /* when it was edited last */
	unsigned n_edits;        /* of the candidate, ever */
};

/* --- peer.c: the daemons that run the configuration --- */

struct peer {
	struct peer *next;
	char kind[16];     /* "netd", "kmd" or "picd" */
	char instance[64]; /* services interface of a picd, else "" */
	struct ipc *ipc;   /* NULL: not running */
	struct mgd *m;
	bool is_wanted; /* the running configuration needs it */
	int conf_fd;    /* encoded reduced configuration that it shall run, sealed; -1: none yet */
	uint32_t conf_commit;
	bool is_applied;      /* it said so */
	uint32_t seq;         /* of the CHECK or APPLY it has not answered; 0 = none */
	uint32_t sent_commit; /* what that one was about */
	bool is_checking;     /* that one is a CHECK */
	unsigned n_tries;     /* how often it refused to run what is in force */
	uv_timer_t retry;
	bool is_awaited; /* the commit under way waits for its answer */
};

struct peers {
	struct peer *list; /* netd first, then kmd, picds in the order of the configuration */
	uint32_t in_force; /* commit last reported to sallyportd */
};

struct mgd {
	struct daemon d;
	struct db db;
	struct peers peers;
	struct commit *commit;     /* the one under way, or NULL */
	struct confirm *confirm;   /* confirm.c's own */
	struct schedule *schedule; /* schedule.c's own */
	struct pack *pack;         /* pack.c's own */
	struct rpc *rpcs;          /* operational commands that daemons are answering */
	struct super_ask *asks;    /* questions that sallyportd has not answered */
	struct session *sessions;
	uv_poll_t *user_lines; /* lines of the log for users; NULL: not yet */
	int user_lines_fd;
	struct arena *log_names_arena;
	struct elem *log_names; /* (name)*: the files of the log folder; NULL: not known */
	uv_poll_t *listener;
	int listen_fd;
	uint32_t seq; /* last one used towards the daemons */
};

/* --- db.c --- */
/* Opens the folder (the working directory), reads the configuration in force. Returns 0 or -errno, or -EINVAL with
 * the errors logged if it cannot be read. */
int db_init(struct db *db, const struct schema *schema);
/* Makes T, which is taken over, the running configuration. KEEP_OLD: somebody else will free the one before. */
void db_set_running(struct db *db, struct tree *t, bool keep_old);
/* Reads rollback N (STORE_RESCUE: the rescue configuration) into a new tree; NULL and -errno in RC. */
struct tree *db_rollback(struct db *db, unsigned n, int *rc);
/* Sets the `version` statement of T, which every configuration has and nobody can change. Returns false if it named another
 * version before, which OUT_OTHER (if not NULL) then holds. */
bool db_keep_version(const struct db *db, struct tree *t, struct text *out_other);
/* The candidate has been edited. */
void db_touched(struct db *db);
/* True if T says something else than the running configuration. */
bool db_differs(const struct db *db, const struct tree *t);
/* The host name of the running configuration, or NULL. Borrowed until the next commit. */
const char *db_host_name(const struct db *db);

/* --- peer.c --- */
void peer_on_link(struct mgd *m, const char *kind, const char *instance, int fd);
struct peer *peer_find(struct mgd *m, const char *kind, const char *instance);
/* Finds or makes it. */
struct peer *peer_get(struct mgd *m, const char *kind, const char *instance);
/* Gives P the configuration that it shall run from now on; takes over FD. Sends nothing. */
void peer_conf_set(struct peer *p, int fd, uint32_t commit);
/* Sends the sealed configuration FD to be checked or applied. Returns false if the daemon does not run. */
bool peer_conf_send(struct peer *p, bool check, int fd, uint32_t commit);
/* P has refused what is in force, which may have been too early: it is asked again. */
void peer_retry(struct peer *p);
/* Tells sallyportd when every daemon runs the running configuration. */
void peers_report(struct mgd *m);

/* --- rpc.c --- */
struct srpc;
/* Asks the owner of RPC and streams its rows to S; ends the line of S. Takes over A, which holds REQUEST, and FD, which goes
 * along (-1: none). */
void rpc_start(
    struct session *s, const struct srpc *rpc, struct arena *a, const struct elem *request, int fd);
void rpc_on_row(struct peer *p, struct ipc_msg *msg);
void rpc_on_done(struct peer *p, struct ipc_msg *msg);
void rpc_on_peer_gone(struct peer *p);
/* The line is not wanted any more, or the session ends. */
void rpc_detach(struct session *s);

/* --- rpc_files.c --- */
/* Does REQUEST name files whose contents its owner has to get? */
bool rpc_wants_files(const struct srpc *rpc, const struct elem *request);
/* As rpc_start(), with the contents of these files. */
void rpc_start_files(
    struct session *s, const struct srpc *rpc, struct arena *a, const struct elem *request);
/* Has REQUEST a filter expression that is not compiled yet? Then this asks the person's process to do that; oper_run() follows. */
bool rpc_wants_filter(const struct elem *request);
void rpc_start_filter(
    struct session *s, const struct srpc *rpc, struct arena *a, const struct elem *request);
/* The owner asks QUESTION first; takes over A and FD as well. */
void rpc_put_off(struct session *s, const struct srpc *rpc, struct arena *a,
    const struct elem *request, int fd, const char *question);
/* What was put off is not wanted any more. */
void rpc_forget(struct session *s);

/* --- pack.c --- */
void pack_init(struct mgd *m);
/* There may be a rollback to pack; stops for a commit. */
void pack_start(struct mgd *m);
void pack_stop(struct mgd *m);

/* --- idle.c --- */
struct smap;
/* Answers REQUEST for those security associations of the running configuration whose names are not in SHOWN. */
void idle_rows(struct session *s, const struct elem *request, const struct smap *shown);

/* --- system.c: commands about the host, its logs and processes --- */
/* Runs an RPC of mgd's own that belongs here. Returns false if it is none; else the line of S ends, now or later. */
bool system_rpc(struct session *s, const struct srpc *rpc, const struct elem *request);
/* True if there is one of that name. */
bool system_has(const char *name);
/* An RPC whose owner is "cli": the command line does it. Ends the line. */
void system_run_there(struct session *s, const struct srpc *rpc, const struct elem *request);
/* `monitor start NAME`: hands the log to the command line. Ends the line, later. */
void system_monitor(struct session *s, const char *name);
/* `restart`: has the daemons of KIND ended and started again. LABEL: what JUNOS calls them. Ends the line, later. */
void system_restart(struct session *s, const char *kind, const char *label, const char *how);
/* An answer of sallyportd. Returns false if it is none that we wait for. */
bool system_on_super(struct mgd *m, struct ipc_msg *msg);
/* The line of S is not wanted any more, or S ends. */
void system_detach(struct session *s);

/* --- log_conf.c: where lines of the log go --- */
struct node;
/* Builds MSG_LOG_CONF of the configuration at ROOT, in which groups are expanded. Lives in A, borrows nothing. */
struct elem *log_conf_build(const struct node *root, struct arena *a);
/* Tells sallyportd what the running configuration says. */
void log_conf_tell(struct mgd *m);
/* Lines for users come from FD, which it takes over. */
void log_conf_on_link(struct mgd *m, int fd);
/* sallyportd says which logs there are. */
void log_conf_on_names(struct mgd *m, const struct elem *body);

/* --- oper_system.c, help.c: rows of the command tables --- */
struct command;
enum { OPER_SYSTEM_FIRST = 100 }; /* ids from here on are oper_system.c's */
const struct command *oper_system_commands(size_t *n);
/* Is there something that C, a row of it, does? */
bool oper_system_has(const struct command *c);
void oper_system_run(struct session *s, const struct command *c, const struct words *rest);
/* Runs the command that the RPC NAME of a program stands for; false: there is none. */
bool oper_system_call(struct session *s, const char *name, const struct elem *arguments);
/* `help (apropos | reference | topic) ...` of either mode. */
void help_run(struct session *s, const char *what, const struct words *rest);

/* --- session.c --- */
enum session_kind { CONFIGURE_SHARED, CONFIGURE_EXCLUSIVE, CONFIGURE_PRIVATE };

struct session {
	struct session *next;
	struct mgd *m;
	struct ipc *ipc;
	struct user user;
	char terminal[64];
	char client[16]; /* through what: "cli", or the name of the program that said hello */
	bool is_program; /* what is wrong goes out as CLI_PROBLEM */
	bool
	    is_talk; /* a call is under way whose text is not data: only its warnings are for the program */
	time_t since;        /* configuration mode entered */
	bool is_welcome;     /* hello has been said */
	bool is_busy;        /* a line is under way */
	bool is_configuring; /* in configuration mode */
	bool is_ending;      /* operational mode has been left */
	enum session_kind kind;
	struct tree *private_tree;    /* CONFIGURE_PRIVATE; else NULL */
	struct tree *private_base;    /* the running tree that it was copied from: candidate.c */
	uint32_t told_commit;         /* its conflicts with this commit have been told */
	struct commit_ask commit_ask; /* what candidate.c shall tell when the commit is over */
	struct arena *edit_arena;
	struct path edit;         /* [edit] place, in edit_arena */
	struct edit_place *stack; /* places that `exit` goes back to */
	uint32_t seq;             /* of the line under way */
	char *line;               /* the line under way */
	char format[8];           /* "text", "set", "xml", "json" */
	bool is_relative;         /* set lines from the place shown, not from the top */
	bool is_rpc;              /* the request as XML instead of its answer */
	bool is_detail;           /* `| display detail` */
	bool is_changed;          /* `| display changed` */
	bool is_final;            /* `| display commit-scripts`: without inactive parts */
	bool shows_omitted;       /* `| display omit` */
	bool names_groups;        /* XML and JSON say from which groups something was inherited */
	char inherit[16];         /* "notes", "brief", "no-comments"; "" = as it was configured */
	int compare;              /* rollback of `| compare`, -1: none */
	char compare_file[4096];  /* file of `| compare`, "": none */
	struct text out;          /* text that waits to be sent */
	size_t out_sent;
	bool is_nested; /* a command runs inside another, which will send the end */
	bool has_done;  /* the answer is complete once OUT has been sent */
	bool done_ok;
	struct text done_text;
	bool done_has_caret;
	size_t done_caret;
	void (*on_answer)(struct session *s, const char *text);
	void (*on_input)(struct session *s, const char *text, size_t len, const char *error);
	struct text input;
	int input_fd; /* that came with the input; -1: none */
	struct put_off
	    *put_off;       /* a command that waits for files or an answer (rpc_files.c), or NULL */
	int load_kind;      /* what the input is for (edit_load.c) */
	int load_format;    /* that the user said (edit_load.c) */
	bool load_relative; /* at the [edit] place */
	bool load_stops;    /* at the first error */
	bool load_is_whole; /* or not at all */
	int load_trial;     /* enum load_trial */
	struct tree *trial; /* being checked (trial.c), or NULL */
	bool keeps_trial;   /* if it is good, it is edited on */
	unsigned edits_before;    /* db.n_edits when the commit under way began */
	char name[4096];          /* name of the file that is being read */
	bool has_quit;            /* commit and-quit */
	bool is_validation;       /* the check under way confirms nothing */
	unsigned confirm_minutes; /* of the commit under way */
	bool compares_running;    /* `| compare FILE` is about the running configuration */
	struct text pending;      /* set lines that wait for an answer */
	struct text secret;       /* what was answered to a question for something secret */
	struct guard guard;       /* of the request under way */
};

/* The tree that S edits. */
struct tree *session_tree(struct session *s);
void session_on_client(struct mgd *m, int fd);
/* Ends S at once, whatever it is doing: its channel is closed. */
void session_end(struct session *s);
/* Everything below answers the line under way. Text appears before whatever ends the line. */
void session_text(struct session *s, const char *text);
void session_ask(struct session *s, const char *question, const char *fallback,
    void (*fn)(struct session *s, const char *text));
/* The same for something that nobody shall see while it is typed. */
void session_ask_secret(
    struct session *s, const char *question, void (*fn)(struct session *s, const char *text));
void session_want(struct session *s, const char *source, const char *name,
    void (*fn)(struct session *s, const char *text, size_t len, const char *error));
/* The same with the body of CLI_WANT. */
void session_want_elem(struct session *s, const struct elem *want,
    void (*fn)(struct session *s, const char *text, size_t len, const char *error));
/* Has the command line write the text that follows to the file NAME instead, with the rights of its user. */
void session_save(struct session *s, const char *name);
/* The packets of the rows that follow go to the file of that name, opened by the command line. */
void session_capture(struct session *s, const char *name);
/* Has the command line keep setting NAME, or show it (no VALUE). */
void session_setting(struct session *s, const char *name, const char *value);
/* Has the command line do REQUEST itself: CLI_RUN. ROOT may be NULL, FD -1. */
void session_run(struct session *s, const struct elem *request, const char *root, int fd);
/* The same with what another daemon knows about it: the children of FACTS. */
void session_run_facts(struct session *s, const struct elem *request, const struct elem *facts);
/* Something for the terminal of S now, whatever it does. */
void session_notice(struct session *s, const char *text);
void session_done(struct session *s);                   /* ok */
void session_fail(struct session *s, const char *text); /* TEXT: as the user sees it */
void session_refuse(struct session *s, const struct refusal *e);
/* Sends what waits, and the end of the line if there is one. */
void session_pump(struct session *s);
/* A row of REPLY root to the command line; RPC rows go through here. */
void session_reply(struct session *s, const char *rpc, const char *root, const char *style);
void session_row(struct session *s, const struct elem *row);
/* TEXT appears at every command line, whatever is done there. */
void sessions_tell(struct mgd *m, const char *text);
/* "user terminal pts/0 (pid 12) on since 2008-11-20 10:00:00 UTC" */
void session_describe(const struct session *s, struct text *out);

/* --- call.c: what programs ask for; lib/msg/cli.h has the calls --- */
/* Answers CALL. Returns false if it is none. */
bool call_run(struct session *s, const struct elem *call);
/* True if the call of that name leaves what is edited as it is. */
bool call_reads(const char *name);
/* Sends what TEXT tells of as CLI_PROBLEMs. FAILED, CARET (offset in the line, or -1): see problem.h and cli.h. */
void call_problems(struct session *s, const char *text, bool failed, long caret);
/* Sends one line of a report. */
struct report_line;
void call_report(struct session *s, const struct report_line *l);

/* --- oper.c, edit.c, show.c --- */
void oper_line(struct session *s, const struct words *w);
/* Is there something that C, a row of the table, does: here, or in the process that owns it? */
bool oper_has(const struct command *c);
/* May the user of S run RPC with these arguments? */
bool oper_may(const struct session *s, const struct srpc *rpc, const struct elem *request);
/* Runs RPC, which its user may run, or shows what it would be asked. Takes over A, which holds REQUEST. */
void oper_run(
    struct session *s, const struct srpc *rpc, struct arena *a, const struct elem *request);
/* Runs the RPC called NAME with ARGUMENTS, a container. */
void oper_call(struct session *s, const char *name, const struct elem *arguments);
void edit_line(struct session *s, const struct words *w);
void edit_enter(struct session *s, enum session_kind kind);
/* Drops what configuration mode holds; for the end of a session too. */
void edit_leave(struct session *s);

/* Shows the configuration T at PATH in the format of the line: `show` and `show configuration`. HEADER: say when it was
 * committed or changed first (only for the whole of it, as text). */
void show_tree(struct session *s, const struct tree *t, const struct path *path, bool header);
/* Shows all of SHOWN, which has been made of T and in which nothing is that the user of S may not see. */
void show_made(struct session *s, const struct tree *t, const struct tree *shown, bool header);
/* Appends the line that stands above the whole of T as text: when it was changed or committed. */
void show_header(const struct session *s, const struct tree *t, struct text *out);
/* Marks in SHOWN, made of OF with or without what it INHERITS, what has changed: since the last commit, or with it where OF is
 * the running configuration. */
void show_mark_changes(
    const struct session *s, const struct tree *of, struct tree *shown, bool inherits);
/* True if the line ends with `| compare`. */
bool show_compares(const struct session *s);
/* Shows what changes at PATH from what the line compares with to T, and ends the line. */
void show_compare(struct session *s, const struct tree *t, const struct path *path);
/* Makes a tree that holds only what PATH means in T, with all that it stands in; NULL: there is nothing. */
struct tree *show_part(const struct db *db, const struct tree *t, const struct path *path);
/* mgd's own RPCs. Returns false if it has none of that name; ERROR gets text if it could not be done. */
bool show_rpc(
    struct session *s, const struct srpc *rpc, const struct elem *request, struct text *error);
/* Has it one of that name? */
bool show_has(const char *name);
/* Is it one of yang/sallyport-rpc-commit? */
bool show_commit_has(const char *name);
/* The same for those of yang/sallyport-rpc-commit. */
bool show_commit_rpc(
    struct session *s, const char *name, const struct elem *request, struct text *error);
/* The rows of get-pic-information (show_pic.c). */
void show_pics(struct session *s, const struct elem *request);
/* True if the RPC of that name answers S with one text that has its root element, and no rows. */
bool show_commit_is_text(const struct session *s, const char *name);

#endif
