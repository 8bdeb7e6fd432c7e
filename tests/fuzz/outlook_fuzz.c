/* Outlook's .msg: any octets are no OLE file or give a message, which can be read. */
#include "fuzz.h"

#include "mail/breakdown.h"
#include "mail/outlook/outlook.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
	breakdown_init();
	gboolean cut = FALSE;
	g_autoptr(GBytes) content = g_bytes_new(octets, size);
	g_autoptr(GBytes) mime = msg_to_mime(content, &cut);
	if (!mime)
		return 0;
	g_autoptr(json_t) document = breakdown_new(mime, NULL);
	g_assert_nonnull(json_at(document, "message.attachments"));
	return 0;
}
