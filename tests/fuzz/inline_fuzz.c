/* Forwards in a text: whatever stands there, a claim is a whole message object, its text valid, its
 * date none or one of RFC 3339. */
#include "fuzz.h"

#include "mail/forms/quoted.h"
#include "mail/text/dates.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
	const char *marker;
	g_autofree char *raw = g_strndup((const char *)octets, size);
	g_autofree char *text = g_utf8_make_valid(raw, -1);
	g_autoptr(json_t) claim = quoted_find(text, &marker);
	if (claim) {
		g_autofree char *shown = json_format(claim);
		g_assert_true(shown && g_utf8_validate(shown, -1, NULL));
		g_assert_true(json_is_array(json_object_get(claim, "from")));
	}
	g_autofree char *date = dates_read(text);
	g_autoptr(GDateTime) time = date ? g_date_time_new_from_iso8601(date, NULL) : NULL;
	g_assert_true(!date || time);
	return 0;
}
