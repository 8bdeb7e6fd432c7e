/* Archives: any octets give a list of files that is valid JSON, within the limits, whether they are
 * taken for an archive or not. */
#include "fuzz.h"

#include "base/limits.h"
#include "mail/attachments/archive.h"
#include "mail/breakdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
	breakdown_init();
	Reading reading = {0};
	mail_limits_load(&reading.limits, NULL);
	g_autoptr(GBytes) nothing = g_bytes_new_static("\n", 1);
	g_autoptr(Message) message = message_parse(&reading, nothing, 0);
	g_autoptr(GBytes) content = g_bytes_new(octets, size);
	g_autoptr(json_t) parts = archive_describe(message, content, "1", 1);
	g_autofree char *text = json_format(parts);
	if (!text || !g_utf8_validate(text, -1, NULL))
		fuzz_failed("a list that is no JSON");
	g_assert_cmpuint(reading.unpacked_files, <=, LIMIT_UNPACKED_FILES + 1);
	return 0;
}
