/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nft.c - our nftables tables in the kernel: replace, read counters, remove.
 *
 * One call of the library is one transaction: the kernel takes all of it or nothing, and no packet sees a half. Called by
 * netd on its one thread.
 */
#include "daemon/netd/nft.h"

#include "daemon/netd/mark.h"
#include "lib/base/arena.h"
#include "lib/os/log.h"

#include <errno.h>
#include <jansson.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>

int
nft_open(struct nft *n)
{
	*n = (struct nft){ .ctx = nft_ctx_new(NFT_CTX_DEFAULT) };
	if (n->ctx == NULL)
		return -ENOMEM;
	nft_ctx_buffer_output(n->ctx);
	nft_ctx_buffer_error(n->ctx);
	return 0;
}

void
nft_close(struct nft *n)
{
	nft_names_free(n->loaded);
	if (n->ctx != NULL)
		nft_ctx_free(n->ctx);
	*n = (struct nft){ 0 };
}

void
nft_memo(struct nft *n, char *out, size_t len)
{
	static const char word[] = "comment \"";
	*out = '\0';
	if (nft_run_cmd_from_buffer(n->ctx, "list table inet " NFT_TABLE) != 0) {
		/* or it would be told with the next error */
		(void)nft_ctx_get_error_buffer(n->ctx);
		return;
	}
	const char *at = strstr(nft_ctx_get_output_buffer(n->ctx), word);
	if (at == NULL)
		return;
	at += strlen(word);
	snprintf(out, len, "%.*s", (int)strcspn(at, "\""), at);
}

/* What the kernel answers to a list command, or NULL; the caller's. */
static json_t *
list_read(struct nft *n, const char *command)
{
	unsigned before = nft_ctx_output_get_flags(n->ctx);
	nft_ctx_output_set_flags(n->ctx, before | NFT_CTX_OUTPUT_JSON);
	int rc = nft_run_cmd_from_buffer(n->ctx, command);
	nft_ctx_output_set_flags(n->ctx, before);
	if (rc != 0) { /* or it would be told with the next error */
		(void)nft_ctx_get_error_buffer(n->ctx);
		return NULL;
	}
	return json_loads(nft_ctx_get_output_buffer(n->ctx), 0, NULL);
}

static void
table_counters(struct nft *n, const char *command, struct arena *a, struct smap *out)
{
	json_t *root = list_read(n, command);
	json_t *list = json_object_get(root, "nftables");
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *counter = json_object_get(json_array_get(list, i), "counter");
		const char *name = json_string_value(json_object_get(counter, "name"));
		if (name == NULL)
			continue;
		struct nft_count *c = arena_alloc(a, sizeof(*c));
		c->packets = (uint64_t)json_integer_value(json_object_get(counter, "packets"));
		c->bytes = (uint64_t)json_integer_value(json_object_get(counter, "bytes"));
		(void)smap_add(out, arena_strdup(a, name), c);
	}
	json_decref(root);
}

void
nft_counters(struct nft *n, struct arena *a, struct smap *out)
{
	table_counters(n, "list counters table inet " NFT_TABLE, a, out);
	table_counters(n, "list counters table netdev " NFT_TABLE, a, out);
}

/* The chains of our netdev table as the kernel has them: some kernels remove them with their devices. In A. */
static void
netdev_chains(struct nft *n, struct arena *a, struct nft_source *s)
{
	json_t *root = list_read(n, "list chains netdev");
	json_t *list = json_object_get(root, "nftables");
	const char **chains = arena_array(a, json_array_size(list) + 1, sizeof(*chains));
	s->n_netdev_chains = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *chain = json_object_get(json_array_get(list, i), "chain");
		const char *table = json_string_value(json_object_get(chain, "table"));
		const char *name = json_string_value(json_object_get(chain, "name"));
		if (name != NULL && table != NULL && strcmp(table, NFT_TABLE) == 0)
			chains[s->n_netdev_chains++] = arena_strdup(a, name);
	}
	s->netdev_chains = chains;
	json_decref(root);
}

static int
apply_once(struct nft *n, const struct nft_source *s)
{
	struct text t = { 0 };
	struct nft_names *now = nft_names_new();
	struct arena *a = arena_new();
	struct nft_source source = *s;
	netdev_chains(n, a, &source);
	nfttext_build(&source, n->loaded, now, &t);
	int rc = nft_run_cmd_from_buffer(n->ctx, text_str(&t));
	text_done(&t);
	arena_free(a);
	if (rc != 0) {
		nft_names_free(now);
		return -EINVAL;
	}
	nft_names_free(n->loaded);
	n->loaded = now;
	return 0;
}

int
nft_apply(struct nft *n, const struct nft_source *s, const char **out_why)
{
	int rc = apply_once(n, s);
	if (rc < 0) { /* a device may have gone in between, and its chain with it */
		(void)nft_ctx_get_error_buffer(n->ctx);
		rc = apply_once(n, s);
	}
	if (rc < 0)
		*out_why = nft_ctx_get_error_buffer(n->ctx);
	return rc;
}

void
nft_quiet(struct nft *n, const struct nft_source *s)
{
	struct text t = { 0 };
	nfttext_quiet(s, &t);
	/* if it fails, a unit hears a report or two that its picd drops */
	int rc = nft_run_cmd_from_buffer(n->ctx, text_str(&t));
	(void)rc;
	text_done(&t);
}

void
nft_shut(struct nft *n, const char *memo)
{
	struct text t = { 0 };
	nfttext_shut(memo, &t);
	if (nft_run_cmd_from_buffer(n->ctx, text_str(&t)) != 0)
		log_line(LOG_LEVEL_ERROR, "NETD_FILTER", "cannot shut: %s",
		    nft_ctx_get_error_buffer(n->ctx));
	text_done(&t);
}

void
nft_remove(struct nft *n)
{
	/* to add first makes deleting succeed whether the table was there or not */
	int rc = nft_run_cmd_from_buffer(n->ctx,
	    "add table netdev " NFT_TABLE "\ndelete table netdev " NFT_TABLE
	    "\nadd table inet " NFT_TABLE "\ndelete table inet " NFT_TABLE "\n");
	(void)rc;
	nft_names_free(n->loaded);
	n->loaded = NULL;
}
