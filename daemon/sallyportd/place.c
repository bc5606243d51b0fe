/* SPDX-License-Identifier: BSD-2-Clause
 *
 * place.c - where a gateway lives: its folders, its command line socket, its pid files, its programs.
 *
 * All of it is done once by sallyportd as root, before any other process exists; the daemons only ever see descriptors.
 */
#include "daemon/sallyportd/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Builds FOLDER/NAME. Returns false if it is too long. */
static bool
path_join(char out[PLACE_PATH_MAX], const char *folder, const char *name)
{
	int n = snprintf(out, PLACE_PATH_MAX, "%s/%s", folder, name);
	return n > 0 && n < PLACE_PATH_MAX;
}

int
place_init(struct place *p, const char *rundir)
{
	*p = (struct place){ .lock = -1, .listener = -1 };
	ssize_t n = readlink("/proc/self/exe", p->programs, sizeof(p->programs) - 1);
	if (n < 0)
		return -errno;
	char *slash = strrchr(p->programs, '/');
	if (slash != NULL)
		*slash = '\0';
	if (rundir == NULL) {
		strcpy(p->run, "/run/sallyport");
		strcpy(p->config, "/var/lib/sallyport/config");
		strcpy(p->keys, "/var/lib/sallyport/pki");
		strcpy(p->log, "/var/log/sallyport");
		return 0;
	}
	if (strlen(rundir) >= sizeof(p->run))
		return -ENAMETOOLONG;
	strcpy(p->run, rundir);
	bool fits = path_join(p->config, rundir, "config") && path_join(p->log, rundir, "log") &&
		    path_join(p->keys, rundir, "pki");
	return fits ? 0 : -ENAMETOOLONG;
}

/* Makes a folder and those above it; one that exists is left as it is. */
static int
folder_make(const char *path, mode_t mode)
{
	char part[PLACE_PATH_MAX];
	strcpy(part, path);
	for (char *s = strchr(part + 1, '/'); s != NULL; s = strchr(s + 1, '/')) {
		*s = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
		*s = '/';
	}
	return mkdir(part, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static int
owned_open(const char *path, mode_t mode, struct owner owner)
{
	int rc = folder_make(path, mode);
	if (rc < 0)
		return rc;
	int fd = open(path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fchown(fd, owner.uid, owner.gid) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* Removes the pid files of daemons that were killed with their sallyportd. We hold the lock: they are nobody's. */
static void
pids_clean(const struct place *p)
{
	char path[PLACE_PATH_MAX];
	if (!path_join(path, p->run, "pid"))
		return;
	DIR *d = opendir(path);
	if (d == NULL)
		return;
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "sallyportd") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

static int
lock_open(struct place *p)
{
	char path[PLACE_PATH_MAX];
	if (!path_join(path, p->run, "pid"))
		return -ENAMETOOLONG;
	int rc = folder_make(path, 0755);
	if (rc < 0)
		return rc;
	if (!path_join(path, p->run, "pid/sallyportd"))
		return -ENAMETOOLONG;
	p->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (p->lock < 0)
		return -errno;
	if (flock(p->lock, LOCK_EX | LOCK_NB) < 0) {
		rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
		close(p->lock);
		p->lock = -1;
		return rc;
	}
	if (ftruncate(p->lock, 0) < 0)
		return -errno;
	dprintf(p->lock, "%d\n", getpid());
	pids_clean(p);
	return 0;
}

static int
listener_open(struct place *p)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int n = snprintf(at.sun_path, sizeof(at.sun_path), "%s/mgd.sock", p->run);
	if (n < 0 || (size_t)n >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->listener < 0)
		return -errno;
	/* left behind by a gateway that was killed: we hold the lock, so nobody listens there */
	unlink(at.sun_path);
	if (bind(p->listener, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	if (chmod(at.sun_path, 0666) < 0 || listen(p->listener, 64) < 0)
		return -errno;
	return 0;
}

int
place_open(struct place *p, struct owner config, struct owner keys, const char **out_what)
{
	*out_what = p->run;
	int rc = folder_make(p->run, 0755);
	if (rc == 0)
		rc = lock_open(p);
	if (rc < 0)
		return rc;
	*out_what = p->log;
	rc = folder_make(p->log, 0755);
	if (rc < 0)
		return rc;
	*out_what = p->config;
	rc = owned_open(p->config, 0750, config);
	if (rc < 0)
		return rc;
	*out_what = p->keys;
	rc = owned_open(p->keys, 0700, keys);
	if (rc < 0)
		return rc;
	*out_what = "mgd.sock";
	return listener_open(p);
}

void
place_close(struct place *p)
{
	char path[PLACE_PATH_MAX];
	if (p->lock < 0)
		return; /* not our place */
	if (p->listener >= 0) {
		if (path_join(path, p->run, "mgd.sock"))
			unlink(path);
		close(p->listener);
	}
	place_pid_remove(p, "sallyportd");
	if (path_join(path, p->run, "pid"))
		rmdir(path);
	close(p->lock);
}

int
place_log(const struct place *p, const char *name)
{
	char path[PLACE_PATH_MAX];
	if (!path_join(path, p->log, name))
		return -ENAMETOOLONG;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	return fd < 0 ? -errno : fd;
}

static bool
pid_path(const struct place *p, const char *name, char out[PLACE_PATH_MAX])
{
	int n = snprintf(out, PLACE_PATH_MAX, "%s/pid/%s", p->run, name);
	return n > 0 && n < PLACE_PATH_MAX;
}

void
place_pid_write(const struct place *p, const char *name, pid_t pid)
{
	char path[PLACE_PATH_MAX];
	if (!pid_path(p, name, path))
		return;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	dprintf(fd, "%d\n", pid);
	close(fd);
}

void
place_pid_remove(const struct place *p, const char *name)
{
	char path[PLACE_PATH_MAX];
	if (pid_path(p, name, path))
		unlink(path);
}

int
place_program(const struct place *p, const char *name)
{
	char path[PLACE_PATH_MAX * 2];
	snprintf(path, sizeof(path), "%s/%s", p->programs, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(path, sizeof(path), "%s/../%s/%s", p->programs, name, name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}
