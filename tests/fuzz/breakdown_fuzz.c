/* libFuzzer: any octets give a document, and the document is valid JSON.
 *
 * Built with -Dfuzz=true by clang. Without libFuzzer (-DREPLAY) the same program reads the files
 * named on its command line, so that `make check` replays the seeds with any compiler. */
#include "mail/breakdown.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
	static json_t *options;
	breakdown_init();
	if (!options)
		options = json_pack("{s:[s,s],s:b}", "trusted_hosts", "mx.corp.example",
		                    ".example.net", "originals_raw", 1);
	g_autoptr(GBytes) message = g_bytes_new(octets, size);
	g_autoptr(json_t) document = breakdown_new(message, options);
	g_autofree char *text = json_format(document);
	if (!text || !g_utf8_validate(text, -1, NULL))
		g_error("a document that is no JSON");
	return 0;
}

#ifdef REPLAY
int main(int argc, char **argv)
{
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		char *octets;
		gsize size;
		gboolean read = g_file_get_contents(argv[i], &octets, &size, NULL);
		if (read) {
			LLVMFuzzerTestOneInput((const uint8_t *)octets, size);
			g_free(octets);
		}
		printf("%sok %d %s\n", read ? "" : "not ", i, strrchr(argv[i], '/') + 1);
	}
	return 0;
}
#endif
