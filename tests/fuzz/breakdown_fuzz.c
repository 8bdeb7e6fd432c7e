/* A whole message: any octets give a document, and the document is valid JSON. */
#include "fuzz.h"

#include "mail/breakdown.h"

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
		fuzz_failed("a document that is no JSON");
	return 0;
}
