/* Feedback reports and XARF: the first octet says how the rest is wrapped, as a report's part or as
 * a document alone. */
#include "fuzz.h"

#include "mail/breakdown.h"
#include "mail/forms/xarf_rules.h"

#include <string.h>

static const char *const heads[] = {
	"From: a@b.example\nContent-Type: multipart/report; report-type=feedback-report; "
	"boundary=b\n\n--b\nContent-Type: message/feedback-report\n\n",
	"From: a@b.example\nContent-Type: multipart/report; report-type=xarf; boundary=b\n\n--b\n"
	"Content-Type: application/json\n\n",
	"From: a@b.example\nX-ARF: YES\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
	"Content-Type: text/plain\n\n",
	"",
};

static void check_alone(const uint8_t *octets, size_t size)
{
	g_autoptr(json_t) value = json_loadb((const char *)octets, size, 0, NULL);
	const char *generation;
	g_autofree char *problem = value ? xarf_check(value, &generation) : NULL;
	g_assert_true(!problem || *problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
	breakdown_init();
	if (size == 0)
		return 0;
	const char *head = heads[octets[0] % G_N_ELEMENTS(heads)];
	check_alone(octets + 1, size - 1);
	GByteArray *whole = g_byte_array_new();
	g_byte_array_append(whole, (const guint8 *)head, (guint)strlen(head));
	g_byte_array_append(whole, octets + 1, (guint)(size - 1));
	if (*head)
		g_byte_array_append(whole, (const guint8 *)"\n--b--\n", 7);
	g_autoptr(GBytes) message = g_byte_array_free_to_bytes(whole);
	g_autoptr(json_t) document = breakdown_new(message, NULL);
	g_autofree char *text = json_format(document);
	g_assert_true(text && g_utf8_validate(text, -1, NULL));
	return 0;
}
