/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c - runs a fuzz target over the files of its corpus folders, without libFuzzer.
 *
 * usage: x_fuzz FOLDER...   Every file of every folder is given to the target once, and once more
 * truncated at every eighth of its length, so that the corpus earns its keep in every test run.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
file_run(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	fseek(f, 0, SEEK_END);
	long end = ftell(f);
	rewind(f);
	size_t n = end > 0 ? (size_t)end : 0;
	uint8_t *buf = malloc(n + 1);
	if (buf == NULL || fread(buf, 1, n, f) != n) {
		fprintf(stderr, "%s: cannot read\n", path);
		exit(1);
	}
	fclose(f);
	for (size_t eighth = 0; eighth <= 8; eighth++) {
		/* an exact-size copy, so that the sanitizer sees a read past the end */
		size_t len = n * eighth / 8;
		uint8_t *exact = malloc(len ? len : 1);
		if (exact == NULL)
			abort();
		memcpy(exact, buf, len);
		LLVMFuzzerTestOneInput(exact, len);
		free(exact);
	}
	free(buf);
}

int
main(int argc, char **argv)
{
	unsigned n = 0;
	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		if (d == NULL) {
			perror(argv[i]);
			return 1;
		}
		for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
			if (e->d_name[0] == '.')
				continue;
			char path[4096];
			snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
			file_run(path);
			n++;
		}
		closedir(d);
	}
	printf("%u inputs\n", n);
	return n > 0 ? 0 : 1;
}
