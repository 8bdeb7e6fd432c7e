/* What machines send to an abuse mailbox: our own notices, bounces, automatic answers. They come
 * first, because bounces carry the attached message too, and answering a machine makes a loop. */
#include "mail/forms/form.h"
#include "mail/subject.h"

#include <string.h>

gboolean form_is_notice(Recognition *seen)
{
	if (!message_header_raw(seen->message, "X-Trawl-Notice"))
		return FALSE;
	form_because(seen, "it has an X-Trawl-Notice field: Trawl wrote it");
	return TRUE;
}

static gboolean from_mail_system(const Recognition *seen)
{
	static const char *const senders[] = {"mailer-daemon@", "postmaster@", "mail-daemon@",
	                                      "mailerdaemon@"};
	static const char *const names[] = {"mail delivery system", "mail delivery subsystem",
	                                    "mail delivery service"};
	const char *from = json_text(seen->described, "from.0.address");
	const char *name = json_text(seen->described, "from.0.name");
	for (guint i = 0; from && i < G_N_ELEMENTS(senders); i++)
		if (g_str_has_prefix(from, senders[i]))
			return TRUE;
	for (guint i = 0; name && i < G_N_ELEMENTS(names); i++)
		if (g_ascii_strcasecmp(name, names[i]) == 0)
			return TRUE;
	return FALSE;
}

static gboolean is_bounce_forward(const Recognition *seen)
{
	static const char *const subjects[] = {"Returned mail: ", "Undelivered Mail Returned",
	                                       "Delivery Status Notification",
	                                       "Undeliverable: ", "failure notice"};
	g_autofree char *bare = subject_without_prefixes(json_text(seen->described, "subject"));
	for (guint i = 0; bare && i < G_N_ELEMENTS(subjects); i++)
		if (g_ascii_strncasecmp(bare, subjects[i], strlen(subjects[i])) == 0)
			return TRUE;
	return FALSE;
}

gboolean form_is_bounce(Recognition *seen)
{
	const char *of = form_report_type(seen->message);
	const char *path = message_header_raw(seen->message, "Return-Path");
	if (form_has_part(seen->message, "message/feedback-report"))
		return FALSE;
	if (form_has_part(seen->message, "message/delivery-status") ||
	    form_has_part(seen->message, "message/global-delivery-status") ||
	    (of && g_ascii_strcasecmp(of, "delivery-status") == 0))
		form_because(seen, "it is a delivery status notification (RFC 3464)");
	else if (form_has_part(seen->message, "message/disposition-notification") ||
	         (of && g_ascii_strcasecmp(of, "disposition-notification") == 0))
		form_because(seen, "it is a disposition notification (RFC 8098)");
	else if (path && strstr(path, "<>"))
		form_because(seen, "its return path is empty: it is from a mail system");
	else if (message_header_raw(seen->message, "X-Failed-Recipients"))
		form_because(seen, "it names recipients it could not be delivered to");
	else if (from_mail_system(seen))
		form_because(seen, "it is from %s", json_text(seen->described, "from.0.address"));
	else if (is_bounce_forward(seen))
		form_because(seen, "its subject is that of a bounce");
	else
		return FALSE;
	return TRUE;
}

/* Fields that only automatic answers have; @part: lower case text that must be in it, or NULL. */
static const struct {
	const char *field, *part;
} auto_reply_fields[] = {
	{"X-Autoreply", NULL},
	{"X-Autorespond", NULL},
	{"X-Autoresponder", NULL},
	{"X-Mail-Autoreply", NULL},
	{"X-Vacation", NULL},
	{"Precedence", "auto_reply"},
	{"X-Precedence", "auto_reply"},
	{"Preference", "auto_reply"},
	{"Delivered-By-The-Graces-Of", "vacation"},
};

gboolean form_is_auto_reply(Recognition *seen)
{
	g_autofree char *submitted = message_header(seen->message, "Auto-Submitted");
	g_autofree char *how = submitted ? g_strstrip(g_ascii_strdown(submitted, -1)) : NULL;
	if (how && *how && !g_str_has_prefix(how, "no")) {
		form_because(seen, "it says \"Auto-Submitted: %.40s\" (RFC 3834)", how);
		return TRUE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(auto_reply_fields); i++) {
		const char *field = auto_reply_fields[i].field, *part = auto_reply_fields[i].part;
		if (!message_header_raw(seen->message, field) ||
		    (part && !form_header_contains(seen->message, field, part)))
			continue;
		form_because(seen, "it has a field of automatic answers: %s", field);
		return TRUE;
	}
	if (!subject_is_auto_reply(json_text(seen->described, "subject")))
		return FALSE;
	form_because(seen, "its subject is that of an automatic answer");
	return TRUE;
}
