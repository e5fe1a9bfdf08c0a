/*
 * replay FILE...: runs a fuzz target over files, without a fuzzing engine. Its exit status is 0
 * unless the target stops the process or a file cannot be read.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;

	if (f == NULL || fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)fprintf(stderr, "replay: %s: not a readable file\n", path);
		if (f != NULL)
			(void)fclose(f);
		return 1;
	}
	/* Of exactly this size, so that AddressSanitizer sees the first byte read past the end. */
	size_t size = (size_t)st.st_size;
	uint8_t *data = malloc(size);
	int status = (size != 0 && data == NULL) || fread(data, 1, size, f) != size;
	(void)fclose(f);
	if (status == 0)
		(void)LLVMFuzzerTestOneInput(data, size);
	else
		(void)fprintf(stderr, "replay: %s: cannot be read\n", path);
	free(data);
	return status;
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc < 2) {
		(void)fputs("usage: replay FILE...\n", stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		status |= replay(argv[i]);
	return status;
}
