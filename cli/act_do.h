/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act_do.h - the commands of act.c, and what they share.
 */
#ifndef ACT_DO_H
#define ACT_DO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/act.h"

/* Each does REQUEST and returns 0, or 1 with a line in a->error. */
int act_checksum(struct act *a, const struct elem *request);
int act_directory_usage(struct act *a, const struct elem *request);
int act_directory(struct act *a, const struct elem *request);
int act_file_compare(struct act *a, const struct elem *request);
int act_file_copy(struct act *a, const struct elem *request);
int act_file_delete(struct act *a, const struct elem *request);
int act_file_list(struct act *a, const struct elem *request);
int act_file_rename(struct act *a, const struct elem *request);
int act_file_show(struct act *a, const struct elem *request);
int act_inventory(struct act *a, const struct elem *request);
int act_log(struct act *a, const struct elem *request);
int act_memory(struct act *a, const struct elem *request);
int act_processes(struct act *a, const struct elem *request);
int act_route_engine(struct act *a, const struct elem *request);
int act_tool(struct act *a, const struct elem *request);
int act_shell(struct act *a, const struct elem *request);
int act_storage(struct act *a, const struct elem *request);
int act_uptime(struct act *a, const struct elem *request);
int act_user_log(struct act *a, const struct elem *request);
int act_users(struct act *a, const struct elem *request);

/* Says why and returns 1. */
__attribute__((format(printf, 2, 3))) int act_fail(struct act *a, const char *fmt, ...);

/* Begins the reply that mgd named; rows follow by render_row(). */
void act_begin(struct act *a);

/* A piece of the text of element ROOT; false: nobody wants more. */
bool act_content(struct act *a, const char *root, char *s, size_t n);

/* Copies the whole of FD to the reply as the text of file-content. */
int act_content_fd(struct act *a, int fd, const char *name);

/* What mgd said beside the request; NULL: nothing of that name. */
const char *act_fact(const struct act *a, const char *name);

/* PATH with ~ resolved, and wildcards if they match exactly one name; to be freed. */
char *act_path(const char *path);

#endif
