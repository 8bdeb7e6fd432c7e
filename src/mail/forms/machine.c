/* What machines send to an abuse mailbox: our own notices, bounces, automatic answers. They come
 * first, because bounces carry the attached message too, and answering a machine makes a loop. */
#include "mail/forms/form.h"
#include "mail/text/subject.h"

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
	                                    "mail delivery service", "mailer-daemon"};
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

/* Subjects of bounces, by mail systems in the languages of their people. In lower case. */
static const char *const bounce_subjects[] = {
	"returned mail: ",
	"undelivered mail returned",
	"delivery status notification",
	"undeliverable: ",
	"undeliverable mail",
	"failure notice",
	"mail delivery failed",
	"mail delivery failure",
	"delivery failure",
	"mail system error",
	"unzustellbar: ",
	"unzustellbare nachricht",
	"zustellung fehlgeschlagen",
	"non remis : ",
	"non remis: ",
	"échec de la remise",
	"message non distribuable",
	"no se puede entregar: ",
	"mensaje no entregado",
	"non recapitabile: ",
	"mancata consegna",
	"onbestelbaar: ",
	"não é possível entregar: ",
	"não entregue: ",
	"kan ikke leveres: ",
	"uleverbar: ",
	"går inte att leverera: ",
	"olevererbart: ",
	"perille toimittamaton: ",
	"toimitus epäonnistui",
	"nedoručitelné: ",
	"nedoručiteľné: ",
	"kézbesíthetetlen: ",
	"niedostarczalne: ",
	"nie można dostarczyć: ",
	"nelivrabil: ",
	"neisporučivo: ",
	"не удается доставить: ",
	"недоставлено: ",
	"не вдалося доставити: ",
	"teslim edilemedi: ",
	"iletilemedi: ",
	"δεν είναι δυνατή η παράδοση: ",
	"配信不能: ",
	"無法傳遞: ",
	"未传递: ",
	"无法送达: ",
	"배달되지 않음: ",
	"לא ניתן למסירה: ",
	"تعذر التسليم: ",
};

/* A forward of a bounce is a report by a person, because fake bounces are a favourite lure; but not
 * when the fields of a real one (RFC 3464) are in it. */
static gboolean has_bounce_subject(const Recognition *seen)
{
	const char *subject = json_text(seen->described, "subject");
	const char *text = json_text(seen->described, "text");
	g_autofree char *bare = subject_without_prefixes(subject);
	g_autofree char *lower = bare ? g_utf8_strdown(bare, -1) : NULL;
	const char *at = lower ? lower : "";
	gboolean real = text && strstr(text, "Final-Recipient:") && strstr(text, "Status:");
	if (subject_is_forward(subject) && !real)
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(bounce_subjects); i++)
		if (g_str_has_prefix(at, bounce_subjects[i]))
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
	else if (has_bounce_subject(seen))
		form_because(seen, "its subject is that of a bounce");
	else
		return FALSE;
	return TRUE;
}

/* An answer to an invitation (RFC 5546): a calendar wrote it. */
static gboolean is_calendar_answer(const Recognition *seen)
{
	static const char *const methods[] = {"reply", "counter", "declinecounter", "refresh"};
	for (guint i = 0; i < seen->message->leaves->len; i++) {
		const Part *part = seen->message->leaves->pdata[i];
		const char *method = strcmp(part->type, "text/calendar") == 0
		                             ? part_parameter(part, "method")
		                             : NULL;
		for (guint j = 0; method && j < G_N_ELEMENTS(methods); j++)
			if (g_ascii_strcasecmp(method, methods[j]) == 0)
				return TRUE;
	}
	return FALSE;
}

/* A mailing list's messages of the day, each of them attached (RFC 2046 §5.1.5). */
static gboolean has_digest(GMimeObject *object, guint depth)
{
	GMimeContentType *type = object ? g_mime_object_get_content_type(object) : NULL;
	if (type && g_mime_content_type_is_type(type, "multipart", "digest"))
		return TRUE;
	if (depth > 2 || !object || !GMIME_IS_MULTIPART(object))
		return FALSE;
	int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
	for (int i = 0; i < MIN(count, 10); i++)
		if (has_digest(g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1))
			return TRUE;
	return FALSE;
}

gboolean form_is_list_digest(Recognition *seen)
{
	static const char *const fields[] = {"List-Id", "List-Post", "List-Unsubscribe",
	                                     "X-Mailman-Version"};
	const char *subject = json_text(seen->described, "subject");
	gboolean of_list = FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		of_list = of_list || message_header_raw(seen->message, fields[i]);
	gboolean volume = subject && strstr(subject, "Digest, Vol ");
	if (!volume && !(of_list && has_digest(seen->message->root, 0)))
		return FALSE;
	form_because(seen, "it is a digest of a mailing list");
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
	if (is_calendar_answer(seen)) {
		form_because(seen, "it is a calendar's answer to an invitation (RFC 5546)");
		return TRUE;
	}
	if (!subject_is_auto_reply(json_text(seen->described, "subject")))
		return FALSE;
	form_because(seen, "its subject is that of an automatic answer");
	return TRUE;
}
