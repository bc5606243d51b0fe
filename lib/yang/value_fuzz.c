/* SPDX-License-Identifier: BSD-2-Clause
 *
 * value_fuzz.c - any text as the value of any leaf.
 *
 * The first two bytes choose the leaf, ff ff all of them (and so does an input without a value, with the empty one);
 * the rest is the value. A refusal has a message; the form to store is accepted and is its own form to store.
 */
#include "lib/yang/schema.h"

#include <stdlib.h>
#include <string.h>

enum { LEAVES_MAX = 4096 };

static struct schema *schema; /* lives as long as the process */
static const struct snode *leaves[LEAVES_MAX];
static size_t n_leaves;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
leaves_add(const struct snode *n)
{
	if (n->type_name != NULL && n_leaves < LEAVES_MAX)
		leaves[n_leaves++] = n;
	for (size_t i = 0; i < n->n_keys; i++)
		leaves_add(n->keys[i]);
	for (size_t i = 0; i < n->n_children && n->role != SNODE_GROUPS; i++) {
		if (strncmp(n->children[i]->name, "apply-", 6) != 0)
			leaves_add(n->children[i]);
	}
}

static void
schema_once(void)
{
	const char *error;

	if (schema != NULL)
		return;
	schema = schema_load(&error);
	if (schema == NULL)
		abort();
	leaves_add(schema->config);
	for (size_t i = 0; i < schema->n_rpcs; i++)
		leaves_add(schema->rpcs[i].input);
}

static void
value_try(const struct snode *n, const char *value)
{
	char err[256] = "";
	char canonical[256];
	char again[256];

	if (!snode_value_check(n, value, err, sizeof(err), canonical, sizeof(canonical))) {
		if (err[0] == '\0')
			abort();
		return;
	}
	if (canonical[0] == '\0')
		return;
	if (!snode_value_check(n, canonical, err, sizeof(err), again, sizeof(again)) ||
	    again[0] != '\0')
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	schema_once();
	if (size < 2) {
		for (size_t i = 0; i < n_leaves; i++)
			value_try(leaves[i], "");
		return 0;
	}
	char *value = malloc(size - 1);
	if (value == NULL)
		abort();
	memcpy(value, data + 2, size - 2);
	value[size - 2] = '\0';
	if (data[0] == 0xff && data[1] == 0xff) {
		for (size_t i = 0; i < n_leaves; i++)
			value_try(leaves[i], value);
	} else {
		value_try(leaves[(data[0] * 256U + data[1]) % n_leaves], value);
	}
	free(value);
	return 0;
}
