/* Attached files: whatever they are named and hold, what is said of them is valid JSON. The first
 * octet chooses the name, which chooses the reader where the octets do not. */
#include "fuzz.h"

#include "mail/attachments/attachments.h"
#include "mail/breakdown.h"
#include "mail/links/links.h"

static const char *const names[] = {"a",        "a.pdf", "a.docx", "a.doc", "a.rtf",
                                    "a.htm",    "a.svg", "a.lnk",  "a.url", "a.ics",
                                    "a.webloc", "a.vcf", "a.txt",  "a.png"};

static void assert_valid(const json_t *value)
{
	g_autofree char *text = json_format(value);
	if (!text || !g_utf8_validate(text, -1, NULL))
		fuzz_failed("what is no JSON");
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
	if (size == 0)
		return 0;
	breakdown_init();
	Reading reading = {.documents = TRUE, .qr = TRUE};
	mail_limits_load(&reading.limits, NULL);
	g_autoptr(GBytes) nothing = g_bytes_new_static("\n", 1);
	g_autoptr(Message) message = message_parse(&reading, nothing, 0);
	g_autoptr(GBytes) content = g_bytes_new(octets + 1, size - 1);
	g_autoptr(json_t) entry = attachments_describe_file(
		message, names[octets[0] % G_N_ELEMENTS(names)], content, 0);
	assert_valid(entry);
	assert_valid(message->findings);
	assert_valid(links_walk_list(message->file_links));
	return 0;
}
