/* SPDX-License-Identifier: BSD-2-Clause
 *
 * render.h - rows of a reply into what a person, an XML or a JSON reader wants to see.
 *
 * Rows are rendered one by one as they arrive, so that the size of an answer does not matter. The text tables
 * know the element names of a family of commands and nothing else; a root that no table knows is
 * printed as an indented list of its elements. Pure: all output goes to a struct text.
 */
#ifndef RENDER_H
#define RENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/pipe.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"
#include "lib/msg/row.h"

struct render;

/* One family of tables: rows below the element ROOT. begin may be NULL. */
struct render_table {
	const char *root;
	const char *space; /* last part of the XML name space: "junos-ipsec" */
	void (*begin)(struct render *r);
	void (*row)(struct render *r,
	    const struct elem *row);   /* also of what a row opens: its beginning, then
								  * its children one by one; render.depth tells */
	void (*end)(struct render *r); /* after the last row, or NULL */
	const char *none;              /* text of a command that succeeds without a row, or NULL */
};

struct render {
	struct text *out;
	enum pipe_format format;
	const struct render_table *table; /* NULL until a reply began */
	char root[128];
	char style[32];                /* "brief", "detail", ... as asked for, "" = none */
	char banner[256];              /* of the CLI element in XML: "" or "[edit ...]" */
	char group[256];               /* text: what the last row belonged to (service set, ...) */
	char open[ROW_DEPTH_MAX][128]; /* elements that rows have opened: their names */
	char last[ROW_DEPTH_MAX + 1]
		 [128]; /* JSON: name of the last row in each of them, "" = none */
	bool has_members[ROW_DEPTH_MAX + 1]; /* JSON: something stands in it already */
	unsigned depth;                      /* how many are open */
	unsigned n_rows;
	char attribute[64]; /* of the root that comes next; "" = none */
	char attribute_value[512];
	bool has_said;    /* something has been rendered */
	bool is_content;  /* the reply is one long text */
	bool has_wrapper; /* the XML or JSON frame has been opened */
	bool is_bare;     /* XML: no frame, the rows are for a reply of NETCONF */
	enum {
		RENDER_NONE,
		RENDER_PLAIN,
		RENDER_MARKUP
	} text_kind; /* XML: of the text under way */
};

/* True if the rows shall print as that style or a longer one. */
bool render_is_detail(const struct render *r); /* detail or extensive */
bool render_is_extensive(const struct render *r);

/* OUT stays the caller's, who takes text from it whenever he likes. */
void render_init(struct render *r, enum pipe_format format, const char *banner, struct text *out);
void render_begin(struct render *r, const char *root, const char *style);
void render_row(struct render *r, const struct elem *row);
/* The root that begins next has an attribute. */
void render_attribute(struct render *r, const char *name, const char *value);
/* A piece of the text that an element ROOT holds and nothing else, such as a file. */
void render_content(struct render *r, const char *root, const char *s, size_t n);
/* Text that mgd made: a configuration, a message. In XML it goes inside the frame, as <output> if it is no XML itself; in JSON
 * it is the member "output" if it is no JSON itself. */
void render_text(struct render *r, const char *s);
/* What is wrong, a CLI_PROBLEM, where the format is XML; false: it is another. */
bool render_problem(struct render *r, const struct elem *problem);
/* The command has succeeded: if it had nothing to say, programs get an empty answer and not none, and a person what the table has
 * for that. Call it before render_end(). */
void render_silent(struct render *r);
/* Closes what is open. Call it once, whether or not anything was rendered. */
void render_end(struct render *r);

/* xml.c, json.c: the frames and one row. */
void xml_open(struct render *r, const char *root, const char *space);
void xml_row(struct render *r, const struct elem *row);
void xml_escape(struct text *out, const char *s);
void xml_row_open(struct render *r, const struct elem *e); /* its end comes with xml_row_close() */
void xml_row_close(struct render *r);
void xml_frame_open(struct render *r);
void xml_frame_close(struct render *r);
void xml_close(struct render *r);
void xml_content(struct render *r, const char *s, size_t n);
void xml_problem(struct render *r, const struct elem *problem);
void json_open(struct render *r, const char *root);
void json_row(struct render *r, const struct elem *row);
void json_row_open(struct render *r, const struct elem *e);
void json_row_close(struct render *r);
void json_close(struct render *r);
void json_content(struct render *r, const char *s, size_t n);

/* The families; each is one row of the table in render.c. */
void show_services_sa_row(struct render *r, const struct elem *row);
void show_match_row(struct render *r, const struct elem *row);
void show_services_statistics_row(struct render *r, const struct elem *row);
void show_ipsec_sa_row(struct render *r, const struct elem *row);
void show_ike_sa_row(struct render *r, const struct elem *row);
void show_ike_statistics_row(struct render *r, const struct elem *row);
void show_redundancy_row(struct render *r, const struct elem *row);
void show_pic_redundancy_row(struct render *r, const struct elem *row);
void show_switch_row(struct render *r, const struct elem *row);
void show_interfaces_begin(struct render *r);
void show_interfaces_row(struct render *r, const struct elem *row);
void show_route_row(struct render *r, const struct elem *row);
void show_route_summary_row(struct render *r, const struct elem *row);
void show_forwarding_row(struct render *r, const struct elem *row);
void show_pki_row(struct render *r, const struct elem *row);
void show_arp_row(struct render *r, const struct elem *row);
void show_arp_cleared_row(struct render *r, const struct elem *row);
void show_nd_row(struct render *r, const struct elem *row);
void show_firewall_row(struct render *r, const struct elem *row);
void show_drops_row(struct render *r, const struct elem *row);
void show_cpu_row(struct render *r, const struct elem *row);
void show_set_memory_row(struct render *r, const struct elem *row);
void show_set_summary_row(struct render *r, const struct elem *row);
void show_workers_row(struct render *r, const struct elem *row);
void show_traffic_row(struct render *r, const struct elem *row);
void show_trace_row(struct render *r, const struct elem *row);
void show_io_row(struct render *r, const struct elem *row);
void show_version_row(struct render *r, const struct elem *row);
void show_uptime_row(struct render *r, const struct elem *row);
void show_processes_row(struct render *r, const struct elem *row);
void show_user_log_row(struct render *r, const struct elem *row);
void show_files_row(struct render *r, const struct elem *row);
void show_directory_row(struct render *r, const struct elem *row);
void show_checksum_row(struct render *r, const struct elem *row);
void show_route_engine_row(struct render *r, const struct elem *row);
void show_inventory_row(struct render *r, const struct elem *row);
void show_fpc_row(struct render *r, const struct elem *row);
void show_storage_begin(struct render *r);
void show_storage_row(struct render *r, const struct elem *row);
void show_memory_row(struct render *r, const struct elem *row);
void show_directory_usage_row(struct render *r, const struct elem *row);
void show_commit_row(struct render *r, const struct elem *row);
void show_configuration_row(struct render *r, const struct elem *row);

/* Appends S with its first letter in upper case. */
void render_capital(struct text *out, const char *s);
/* Ends a line, without blanks before its end. */
void render_newline(struct text *out);

#endif
