/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cli.h - what the command line and mgd say to each other, in the frames of msg.h.
 *
 * The command line knows no grammar: it sends each line as it was typed (without its pipes) and
 * renders what comes back; mgd takes the user's identity from the socket (SO_PEERCRED), never from a
 * message. One line is under way at a time; its answer is any number of CLI_TEXT, CLI_REPLY, CLI_ROW,
 * CLI_ASK, CLI_WANT, CLI_SETTING, CLI_SAVE, CLI_RUN in the order they are to be shown, then exactly one CLI_DONE. A row goes through as the
 * owner daemon sent it. CLI_BREAK gives up the line under way: mgd sends CLI_DONE at once and drops what
 * still arrives for it. All frames of a line carry the seq of its CLI_LINE.
 * CLI_NOTICE belongs to no line.
 *
 * A program (NETCONF) says in CLI_HELLO which one it is. It sends lines too, and CLI_CALL for what has no line; both are
 * answered alike, but what is wrong arrives as CLI_PROBLEM, one frame each, and CLI_DONE only counts. What a call means,
 * who may make it, and all data are mgd's; the program knows how requests and answers are written in XML, opens files
 * with the rights of its user and renders rows. The calls, by the name of their root element:
 *
 *   rpc { [format], request { NAME { arguments } } }   an operational command by the name of its RPC: rows
 *   get { database ("candidate", "committed"), format, [inherit ("groups", "defaults")], [groups], [changed],
 *         [filter { ... }], [xpath] }   configuration: CLI_TEXT, XML with <configuration> around it. inherit: with what groups, or
 *         groups and the schema, add; groups, changed: attributes in XML, from which group, and what is not committed. filter: the tree of what is wanted, leaves with values choose list entries
 *   compare { database, rollback }   what changes from that rollback: CLI_TEXT
 *   load { action ("merge", "override", "replace", "set", "update", "patch", "none"), format ("text", "xml", "json"), [name],
 *         [stop], [whole], [trial ("first", "only")] }   CLI_WANT asks for the text (of the file NAME) like for a typed load.
 *         none: only what has an operation changes anything; stop: at the first error; whole: all or, if anything is wrong,
 *         nothing; trial: nothing that would not pass the commit check, or nothing at all
 *   rollback { number (or "rescue") }, discard { }
 *   open { kind ("shared", "private", "exclusive") }, close { }   what the calls above and below are about: without open the
 *         shared candidate. close drops what is not committed, unless it is shared
 *   commit { [check], [validate], [database], [full], [synchronize], [force], [confirmed], [minutes], [at], [comment],
 *         [detail] }   validate: the check confirms nothing; with database "committed" that one is checked. detail: its
 *         progress as rows progress { message }
 *   kill { session }   ends another program's session
 *
 * C = command line, M = mgd; braces as in msg.h.
 */
#ifndef CLI_H
#define CLI_H

#include "lib/msg/msg.h"

enum cli_msg_type {
	CLI_HELLO =
	    MSG_CLI_FIRST, /* C->M hello { terminal (a name, "" = none), [client ("netconf")] }: first frame */
	CLI_WELCOME, /* M->C welcome { user, [host-name], version, [announcement], [idle-timeout (minutes)] }: the user is let in; one who is not sees
		      * CLI_DONE with status "error" and the end of the channel */
	CLI_LINE, /* C->M line { text, [format ("text", "set", "xml", "json")], [relative], [rpc], [inherit ("notes", "brief",
		      * "no-comments")], [compare], [compare-file], [detail], [changed], [final], [omitted] }: a line; format, relative and rpc are those of `| display`, inherit that
		      * of `| display inheritance`, compare the rollback number or compare-file the file of `| compare`;
		      * detail, changed: `| display detail` and so on; final: without inactive parts, omitted: with what
		      * apply-flags omit hides */
	CLI_ANSWER, /* C->M answer { text }: what was typed after CLI_ASK */
	CLI_INPUT, /* C->M input { [text], [error], [end] }: a piece of what CLI_WANT asked for; end on the last one;
		      * error instead of text: it could not be read, and why */
	CLI_BREAK, /* C->M: the line under way is not wanted any more */
	CLI_TEXT,  /* M->C text { text }: to be shown as it is, after the pipes */
	CLI_REPLY, /* M->C reply { rpc, root, style }: rows follow; they are the children of an element called ROOT;
		    * style: "brief", "detail", "extensive", ... as the line asked for */
	CLI_ROW, /* M->C one row */
	CLI_ASK, /* M->C ask { question, default, [hidden] }: put the question; answered by CLI_ANSWER ("" = default). hidden: what
		  * is typed shall not be seen */
	CLI_WANT, /* M->C want { source ("file", "terminal", "sealed", "filter"), [name], (file { leaf, name })* }: contents wanted, answered by
		   * CLI_INPUT until end. sealed: of all these files, in one CLI_INPUT with a sealed memfd that holds one
		   * element tree, files { LEAF (hexadecimal)* }, for a daemon that mgd passes it on to.
		   * The command line opens the file, with the rights of its user */
	CLI_SETTING, /* M->C setting { name, [value] }: name "xml-mode": be a NETCONF server; else `set cli NAME VALUE`, which only the command line itself can do; without a
		      * value: `show cli NAME`, name "" = all of them */
	CLI_SAVE, /* M->C save { name, [packets] }: packets: those of the rows that follow go to the file, as pcap; else: the text that follows goes to the file of that name, opened with the rights
		   * of the user, instead of the screen */
	CLI_RUN, /* M->C run { rpc, [root], [style], request { REQUEST { arguments } }, facts { ... } } [+ fd]: an RPC whose owner
		  * is "cli", or a command of the same kind, allowed to this user: the command line does it itself, with the
		  * rights of its user, and shows what comes out below an element called ROOT (cli/act.h). fd: what only the
		  * gateway may open, such as a log. facts: what only mgd knows; for ping and traceroute { [device], [vrf] }, the Linux names
		  * of what interface and routing-instance mean. CLI_DONE follows at once */
	CLI_NOTICE, /* M->C notice { text, [host-name] }, seq 0, at any time: to be shown on the terminal now. host-name: the
		     * configuration has changed; this is the name as of now, and there is no banner any more */
	CLI_COMPLETE, /* C->M complete { text, [judge] }: what can stand at the end of TEXT, an unfinished line (without
		       * pipes)? judge: its last word is meant to be complete, say if it is wrong. Never while a line is under way; not CLI_DONE but
		       * CLI_COMPLETIONS answers it */
	CLI_COMPLETIONS, /* M->C completions { from, [end], [common], [more], [text, caret], (item { name, help, kind, mark })* }: from: offset in
			  * the line of the word that is being typed; end: the line is complete without a further
			  * word; items are sorted; kind "word", "name" or "placeholder", mark ">", "+" or "" as in lib/junos/complete.h; common:
			  * what all names begin with; more: names left out; text and caret: what is wrong
			  * with the line, as in CLI_DONE; then there are no items */
	CLI_DONE,    /* M->C done { status ("ok" or "error"), [text], [caret], mode ("operational",
		   * "configuration", "end"), [edit], [banner], [host-name] }: the line is over. banner: a line to show above
		   * the [edit] line of the prompt. text: the error as it is shown;
		   * caret: offset in the line of the word it is about; edit: the [edit] place of
		   * the next prompt */
	CLI_CALL,    /* C->M CALL { arguments }: see above */
	CLI_PROBLEM, /* M->C problem { severity ("error", "warning"), [tag], [path], [bad-element], [source-daemon], message }: to a program, and to who
		      * wants XML of a line whose words are right, in the place of the text in CLI_DONE. tag: of
		      * RFC 6241, "operation-failed" if missing; path: "[edit ...]" */
};

enum {
	CLI_LINE_MAX = 64 << 10,   /* bytes in one line */
	CLI_PIECE_MAX = 256 << 10, /* bytes in one piece of text or input */
	/* bytes in all the pieces of one input: the text of 100,000 tunnels is some 130 MB, and mgd does nothing else while it
	 * reads it */
	CLI_INPUT_MAX = 256 << 20,
};

#endif
