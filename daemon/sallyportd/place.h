/* SPDX-License-Identifier: BSD-2-Clause
 *
 * place.h - where a gateway lives: its folders, its command line socket, its pid files, its programs.
 *
 *   RUNDIR/mgd.sock    the command line's socket; anyone may connect, mgd asks the kernel who it is (SO_PEERCRED)
 *   RUNDIR/pid/NAME    process numbers; pid/sallyportd is locked while the gateway runs
 *   RUNDIR/log/NAME    what the daemons say, each of them; log/messages: what matters, of all of them
 *   RUNDIR/config/     committed configurations; belongs to mgd's user; stays when the gateway ends
 *   RUNDIR/pki/        private keys and certificates; belongs to pkid's user, who alone may look; stays, too
 */
#ifndef PLACE_H
#define PLACE_H

#include <sys/types.h>

enum { PLACE_PATH_MAX = 512 };

struct place {
	char run[PLACE_PATH_MAX];
	char config[PLACE_PATH_MAX];
	char keys[PLACE_PATH_MAX];
	char log[PLACE_PATH_MAX];
	char programs[PLACE_PATH_MAX]; /* folder of our own executable */
	int lock;                      /* pid/sallyportd */
	int listener;                  /* mgd.sock */
};

/* RUNDIR = NULL: the system's folders. Returns 0 or -errno. */
int place_init(struct place *p, const char *rundir);

/* User and group. */
struct owner {
	uid_t uid;
	gid_t gid;
};

/* Makes folders, lock and socket; CONFIG owns the configurations, KEYS the keys. Returns 0, or -errno with what could not be had
 * in OUT_WHAT; -EBUSY: another gateway runs here. */
int place_open(struct place *p, struct owner config, struct owner keys, const char **out_what);

/* Removes what place_open() made, except configurations and logs. */
void place_close(struct place *p);

/* Opens log/NAME for appending; returns the descriptor or -errno. */
int place_log(const struct place *p, const char *name);

void place_pid_write(const struct place *p, const char *name, pid_t pid);
void place_pid_remove(const struct place *p, const char *name);

/* Opens the program NAME (next to us, installed or in the build tree); returns the descriptor or -errno. */
int place_program(const struct place *p, const char *name);

#endif
