/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act_list.c - file list: one row for each folder, its files in it; the working directory. Called by act.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/act_do.h"
#include "cli/render.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"

/* Folders still to be listed; grows while `recursive` finds more. */
struct list {
	struct act *a;
	struct arena *arena;
	char **folders;
	size_t n;
	size_t cap;
	bool is_detail;
	bool is_recursive;
	bool is_unwanted; /* the user does not want the rest */
};

static void
folder_add(struct list *l, const char *path)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? l->cap * 2 : 16;
		l->folders = reallocarray(l->folders, l->cap, sizeof(*l->folders));
		if (l->folders == NULL)
			abort();
	}
	l->folders[l->n] = strdup(path);
	if (l->folders[l->n++] == NULL)
		abort();
}

static void
mode_print(mode_t m, char out[11])
{
	static const char bits[] = "rwxrwxrwx";
	out[0] = S_ISDIR(m)    ? 'd'
		 : S_ISLNK(m)  ? 'l'
		 : S_ISCHR(m)  ? 'c'
		 : S_ISBLK(m)  ? 'b'
		 : S_ISFIFO(m) ? 'p'
		 : S_ISSOCK(m) ? 's'
			       : '-';
	for (unsigned i = 0; i < 9; i++)
		out[i + 1] = (m >> (8 - i) & 1) != 0 ? bits[i] : '-';
	if ((m & S_ISVTX) != 0)
		out[9] = out[9] == 'x' ? 't' : 'T';
	if ((m & S_ISUID) != 0)
		out[3] = out[3] == 'x' ? 's' : 'S';
	if ((m & S_ISGID) != 0)
		out[6] = out[6] == 'x' ? 's' : 'S';
	out[10] = '\0';
}

static void
details_add(struct arena *a, struct elem *file, const struct stat *st)
{
	const struct passwd *pw = getpwuid(st->st_uid);
	const struct group *gr = getgrgid(st->st_gid);
	char mode[11];
	char date[32];
	struct tm tm;
	mode_print(st->st_mode, mode);
	bool is_old = time(NULL) - st->st_mtime > 180 * 86400;
	strftime(
	    date, sizeof(date), is_old ? "%b %e  %Y" : "%b %e %H:%M", gmtime_r(&st->st_mtime, &tm));
	elem_leaff(a, file, "file-permissions", "%o", st->st_mode & 07777);
	elem_leaf(a, file, "junos:format", mode);
	if (pw != NULL)
		elem_leaf(a, file, "file-owner", pw->pw_name);
	else
		elem_leaff(a, file, "file-owner", "%u", st->st_uid);
	if (gr != NULL)
		elem_leaf(a, file, "file-group", gr->gr_name);
	else
		elem_leaff(a, file, "file-group", "%u", st->st_gid);
	elem_leaff(a, file, "file-links", "%llu", (unsigned long long)st->st_nlink);
	elem_leaff(a, file, "file-size", "%lld", (long long)st->st_size);
	elem_leaff(a, file, "file-date", "%lld", (long long)st->st_mtime);
	elem_leaf(a, file, "junos:format", date);
}

/* Shows file NAME of folder DIR. */
static void
file_row(struct list *l, int dir, const char *name)
{
	struct stat st;
	struct arena *a = arena_new();
	struct elem *file = elem_new(a, "file-information");
	bool is_there = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	elem_leaf(a, file, "file-name", name);
	if (is_there && S_ISDIR(st.st_mode))
		elem_flag(a, file, "file-directory");
	if (is_there && S_ISLNK(st.st_mode)) {
		char target[PATH_MAX];
		ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		elem_leaf(a, file, "file-symlink-target", target);
	}
	if (is_there && l->is_detail)
		details_add(a, file, &st);
	render_row(l->a->render, file);
	arena_free(a);
}

/* Begins the row of a folder (NULL: of files named one by one); leaf_row() and file_row() go into it. */
static void
directory_open(struct list *l, const char *path)
{
	struct arena *a = arena_new();
	struct elem *e;
	struct elem *row = row_open_new(a, "directory", &e);
	if (path != NULL)
		elem_leaff(a, row, "junos:name", "%s%s", path,
		    path[0] != '\0' && path[strlen(path) - 1] == '/' ? "" : "/");
	render_row(l->a->render, row);
	arena_free(a);
}

static void
directory_close(struct list *l)
{
	struct arena *a = arena_new();
	render_row(l->a->render, row_close_new(a));
	arena_free(a);
}

static void
leaf_row(struct list *l, const char *name, unsigned long long n)
{
	struct arena *a = arena_new();
	render_row(l->a->render, elem_leaff(a, elem_new(a, "holder"), name, "%llu", n));
	arena_free(a);
}

static int
is_shown(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static void
output_add(struct list *l, const char *path, int error)
{
	struct arena *a = arena_new();
	struct elem *holder = elem_new(a, "holder");
	render_row(l->a->render, elem_leaff(a, holder, "output", "%s: %s", path, strerror(error)));
	arena_free(a);
}

/* The blocks of a folder's files, of 512 bytes each. */
static unsigned long long
blocks_count(int dir, struct dirent *const *names, int n)
{
	struct stat st;
	unsigned long long blocks = 0;
	for (int i = 0; i < n; i++)
		if (fstatat(dir, names[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			blocks += (unsigned long long)st.st_blocks;
	return blocks;
}

static void
folder_list(struct list *l, const char *path)
{
	struct dirent **names = NULL;
	int dir = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	int n = dir >= 0 ? scandirat(dir, ".", &names, is_shown, alphasort) : -1;
	if (n < 0) {
		output_add(l, path, errno);
		if (dir >= 0)
			close(dir);
		return;
	}
	directory_open(l, path);
	if (l->is_detail)
		leaf_row(l, "total-file-blocks", blocks_count(dir, names, n));
	for (int i = 0; i < n; i++) {
		if (!l->is_unwanted)
			file_row(l, dir, names[i]->d_name);
		if (l->is_recursive && names[i]->d_type == DT_DIR) {
			struct arena *a = arena_new();
			folder_add(l, arena_printf(a, "%s/%s", path, names[i]->d_name));
			arena_free(a);
		}
		if (i % 64 == 63)
			l->is_unwanted = l->is_unwanted || !l->a->flush(l->a->arg);
		free(names[i]);
	}
	if (l->is_detail)
		leaf_row(l, "total-files", (unsigned long long)n);
	directory_close(l);
	l->is_unwanted = l->is_unwanted || !l->a->flush(l->a->arg);
	free(names);
	close(dir);
}

static bool
is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Names that are no folders, in one row; folders are put on the list. */
static void
names_list(struct list *l, const glob_t *g)
{
	struct stat st;
	bool has_row = false;
	for (size_t i = 0; i < g->gl_pathc; i++) {
		const char *path = g->gl_pathv[i];
		if (is_folder(path)) {
			folder_add(l, path);
		} else if (lstat(path, &st) == 0) {
			if (!has_row)
				directory_open(l, NULL);
			has_row = true;
			file_row(l, AT_FDCWD, path);
		}
	}
	if (has_row)
		directory_close(l);
	for (size_t i = 0; i < g->gl_pathc; i++)
		if (lstat(g->gl_pathv[i], &st) < 0)
			output_add(l, g->gl_pathv[i], errno);
}

/* The folder that is listed first is what the answer as a whole is about. */
static void
root_path(struct act *a, const glob_t *g)
{
	char full[PATH_MAX + 2];
	struct stat st;
	if (g->gl_pathc == 0 || stat(g->gl_pathv[0], &st) < 0 || !S_ISDIR(st.st_mode) ||
	    realpath(g->gl_pathv[0], full) == NULL)
		return;
	if (full[strlen(full) - 1] != '/')
		strcat(full, "/");
	render_attribute(a->render, "root-path", full);
}

int
act_file_list(struct act *a, const struct elem *request)
{
	const char *path = elem_value(request, "path");
	struct list l = {
		.a = a,
		.is_detail = elem_has(request, "detail"),
		.is_recursive = elem_has(request, "recursive"),
	};
	glob_t g = { 0 };
	char cwd[PATH_MAX];
	if (path == NULL)
		path = getcwd(cwd, sizeof(cwd)) != NULL ? cwd : ".";
	if (glob(path, GLOB_TILDE | GLOB_NOCHECK, NULL, &g) != 0)
		return act_fail(a, "error: could not resolve file: %s", path);
	root_path(a, &g);
	act_begin(a);
	names_list(&l, &g);
	for (size_t i = 0; i < l.n; i++) {
		if (!l.is_unwanted)
			folder_list(&l, l.folders[i]);
		free(l.folders[i]);
	}
	free(l.folders);
	globfree(&g);
	return 0;
}

/* Where names of files begin: shown, or changed first. */
int
act_directory(struct act *a, const struct elem *request)
{
	const char *wanted = elem_value(request, "directory");
	char *path = wanted != NULL ? act_path(wanted) : NULL;
	char cwd[PATH_MAX];
	int status = 0;
	if (path != NULL && chdir(path) < 0)
		status = act_fail(a, "error: %s: %s", path, strerror(errno));
	else if (getcwd(cwd, sizeof(cwd)) == NULL)
		status = act_fail(a, "error: %s", strerror(errno));
	free(path);
	if (status != 0)
		return status;
	struct arena *arena = arena_new();
	act_begin(a);
	render_row(a->render, elem_leaf(arena, elem_new(arena, "cli"), "working-directory", cwd));
	arena_free(arena);
	return 0;
}
