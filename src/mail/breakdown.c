/* The whole document: parse, describe, recognise. */
#include "mail/breakdown.h"

#include "base/text.h"
#include "mail/attachments/detect.h"
#include "mail/attachments/taking.h"
#include "mail/authentication/authentication.h"
#include "mail/describe.h"
#include "mail/documents/documents.h"
#include "mail/fingerprint/banners.h"
#include "mail/forms/report.h"
#include "mail/outlook/outlook.h"
#include "mail/text/charset.h"
#include "mail/url/domains.h"
#include "mail/url/url.h"

/* There where the program is built with a leak detector. */
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));

/* Once in a process libraries lose a little: GMime rows of its own, because message_init()
 * registers types anew, and fontconfig, which poppler starts, what it read. */
static void init_libraries(void)
{
	if (__lsan_disable)
		__lsan_disable();
	g_mime_init();
	message_init();
	documents_init();
	if (__lsan_enable)
		__lsan_enable();
}

void breakdown_init(void)
{
	static gsize once;
	if (!g_once_init_enter(&once))
		return;
	json_object_seed(0); /* else jansson reads /dev/urandom at its first object */
	init_libraries();
	msg_init();
	charset_init();
	domains_init();
	url_init();
	detect_init();
	banners_init();
	g_once_init_leave(&once, 1);
}

/* What a report says itself is of no interest to who asks for what it reports. */
static json_t *only_names(json_t *described)
{
	static const char *const members[] = {"message_id", "subject", "from"};
	json_t *names = json_object();
	for (guint i = 0; i < G_N_ELEMENTS(members); i++)
		json_object_set(names, members[i], json_object_get(described, members[i]));
	json_decref(described);
	return names;
}

json_t *breakdown_new(GBytes *bytes, const json_t *options)
{
	const json_t *verify = json_object_get(options, "verify");
	if (verify)
		return authentication_verify(verify);
	if (json_object_get(options, "take"))
		return taking_run(bytes, options);
	gboolean documents = json_bool(options, "documents", TRUE);
	Reading reading = {.options = options,
	                   .documents = documents,
	                   .qr = documents && json_bool(options, "qr", TRUE)};
	mail_limits_load(&reading.limits, options);
	g_autoptr(Message) message = message_parse(&reading, bytes, 0);
	json_t *described = describe_message(message);
	json_t *originals;
	json_t *report = report_recognise(message, described, &originals);
	g_autofree char *sha256 = text_sha256(bytes);
	if (json_bool(options, "originals_only", FALSE) && json_array_size(originals) > 0 &&
	    report_form_is_by_people(json_text(report, "form")))
		described = only_names(described);
	json_t *document = json_object();
	json_object_set_new(document, "schema", json_string("trawl.breakdown/1"));
	json_object_set_new(document, "sha256", json_string(sha256));
	json_object_set_new(document, "size", json_integer((json_int_t)g_bytes_get_size(bytes)));
	json_object_set_new(document, "report", report);
	json_object_set_new(document, "originals", originals);
	json_object_set_new(document, "message", described);
	return document;
}
