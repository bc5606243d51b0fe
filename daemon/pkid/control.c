/* SPDX-License-Identifier: BSD-2-Clause
 *
 * control.c - the channels of pkid: mgd with configurations and commands, kmd with questions.
 *
 * A message that makes no sense is refused. Main thread.
 */
#include "daemon/pkid/pkid.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/answer.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- mgd --- */

static void
conf_apply(struct pkid *p, const struct ipc_msg *m)
{
	struct conf *c = checked_on_apply(&p->checked, p->mgd, m, NULL, NULL);
	if (c == NULL)
		return;
	conf_free(p->conf);
	p->conf = c;
	serve_changed(p, NULL); /* other CAs may count */
	answer_conf(p->mgd, m->seq, answer_commit_of(m), NULL);
}

static void
command(struct pkid *p, struct ipc_msg *m)
{
	struct arena *a = arena_new_secret();
	struct elem *files = m->fd >= 0 ? memfd_to_elem(m->fd, a) : NULL;
	if (m->fd >= 0 && files == NULL)
		answer_rpc(p->mgd, m->seq, "the file cannot be read");
	else if (!show_run(p, m))
		command_run(p, m, files);
	arena_free(a);
}

void
control_mgd(struct pkid *p, struct ipc_msg *m)
{
	switch (m->type) {
	case MSG_CONF_CHECK:
		checked_on_check(&p->checked, p->mgd, m, NULL, NULL);
		break;
	case MSG_CONF_APPLY:
		conf_apply(p, m);
		break;
	case MSG_RPC:
		if (m->body != NULL)
			command(p, m);
		break;
	default:
		log_line(LOG_LEVEL_WARNING, "PKID_MESSAGE", "mgd: unexpected message %u", m->type);
	}
}

/* --- kmd --- */

void
control_kmd(struct pkid *p, struct ipc_msg *m)
{
	struct arena *a = arena_new();
	struct elem *e = NULL;
	if (m->type == MSG_PKI_CHAIN)
		e = serve_chain(p, m->body, a);
	else if (m->type == MSG_PKI_SIGN)
		e = serve_sign(p, m->body, a);
	else if (m->type == MSG_PKI_VERIFY)
		e = serve_verify(p, m->body, time(NULL), a);
	else
		log_line(LOG_LEVEL_WARNING, "PKID_MESSAGE", "kmd: unexpected message %u", m->type);
	if (e != NULL && p->kmd != NULL)
		ipc_send(p->kmd, m->type, m->seq, e, -1);
	arena_free(a);
}

/* --- channels --- */

static void
on_mgd_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	(void)c;
	control_mgd(arg, m);
}

static void
on_mgd_closed(struct ipc *c, const char *why, void *arg)
{
	struct pkid *p = arg;
	(void)c;
	log_line(LOG_LEVEL_NOTICE, "PKID_LINK", "mgd is gone (%s)", why);
	command_stop(p);
	ipc_free(p->mgd);
	p->mgd = NULL;
}

static void
on_kmd_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	(void)c;
	control_kmd(arg, m);
}

static void
on_kmd_closed(struct ipc *c, const char *why, void *arg)
{
	struct pkid *p = arg;
	(void)c;
	log_line(LOG_LEVEL_NOTICE, "PKID_LINK", "kmd is gone (%s)", why);
	ipc_free(p->kmd);
	p->kmd = NULL;
}

static const struct ipc_ops mgd_ops = { .on_message = on_mgd_message, .on_closed = on_mgd_closed };
static const struct ipc_ops kmd_ops = { .on_message = on_kmd_message, .on_closed = on_kmd_closed };

void
control_link(struct pkid *p, const char *peer, int fd)
{
	if (strcmp(peer, "mgd") == 0) {
		command_stop(p);
		ipc_free(p->mgd);
		p->mgd = ipc_new(&p->daemon.loop, fd, &mgd_ops, p);
	} else if (strcmp(peer, "kmd") == 0) {
		ipc_free(p->kmd);
		p->kmd = ipc_new(&p->daemon.loop, fd, &kmd_ops, p);
	} else {
		log_line(
		    LOG_LEVEL_WARNING, "PKID_LINK", "a link to %s, which we do not talk to", peer);
		close(fd);
	}
}

void
control_init(struct pkid *p)
{
	checked_init(&p->checked, &p->daemon.loop);
}

void
control_stop(struct pkid *p)
{
	command_stop(p);
	ipc_free(p->mgd);
	ipc_free(p->kmd);
	p->mgd = NULL;
	p->kmd = NULL;
	checked_done(&p->checked);
}
