/* Reporter add-ins: which one made a report, whom it names, and what it makes of the original.
 *
 * A field that names the reporter is only as good as the report's own origin: trust.c judges that,
 * and the pipeline heeds it. Some add-ins put the original into the text, between markers. */
#include "base/limits.h"
#include "base/text.h"
#include "mail/describe.h"
#include "mail/findings/findings.h"
#include "mail/forms/form.h"
#include "mail/forms/quoted.h"
#include "mail/links/links.h"
#include "mail/message/body.h"

#include <string.h>

/* One row an add-in: a field, a subject's beginning or a line of text gives it away. */
static const struct {
	const char *add_in, *field, *subject, *text;
} add_ins[] = {
	{"phishalarm", "X-PhishAlarm-Reporter", NULL, NULL},
	{"phishalarm", "X-PhishAlarm-Sender", NULL, NULL},
	{"phishalarm", NULL, "Potential Phish:", "Begin Email Headers"},
	{"cofense_reporter", NULL, NULL, "-----BEGIN REPORTER AGENT-----"},
	{"knowbe4", "X-KB4-PAB", NULL, NULL},
	{"knowbe4", "X-PhishAlertButton", NULL, NULL},
	{"knowbe4", NULL, "[Phish Alert]", NULL},
	{"knowbe4", NULL, NULL, "Phish Alert Button"},
	{"microsoft", NULL, "1|", NULL},
	{"microsoft", NULL, "2|", NULL},
	{"microsoft", NULL, "3|", NULL},
	{"microsoft", NULL, "Junk:", NULL},
	{"microsoft", NULL, "Not junk:", NULL},
	{"microsoft", NULL, "Phishing:", NULL},
};

static const struct {
	const char *subject, *verdict;
} verdicts[] = {
	{"1|", "junk"},    {"2|", "not_junk"},        {"3|", "phishing"},
	{"Junk:", "junk"}, {"Not junk:", "not_junk"}, {"Phishing:", "phishing"},
};

/* X-PhishAlarm-Sender and its like come with unclosed quotes: the last "<…>" counts. */
static char *address_in(const char *value)
{
	const char *open = value ? strrchr(value, '<') : NULL;
	g_autofree char *bare = NULL;
	if (open)
		bare = g_strndup(open + 1, strcspn(open + 1, ">"));
	return text_address(bare ? bare : value);
}

static gboolean matches(const Recognition *seen, guint row, const char *subject, const char *text)
{
	if (add_ins[row].field && !message_header_raw(seen->message, add_ins[row].field))
		return FALSE;
	if (add_ins[row].subject &&
	    (!subject ||
	     g_ascii_strncasecmp(subject, add_ins[row].subject, strlen(add_ins[row].subject)) != 0))
		return FALSE;
	return !add_ins[row].text || (text && strstr(text, add_ins[row].text));
}

/* ---- what PhishAlarm says in fields ---- */

/* Words of its Analyzer's judgement, in lower case; the first that stands in a value counts. */
static const struct {
	const char *words, *verdict;
} judgements[] = {
	{"not phish", "not_junk"},    {"unlikely", "not_junk"}, {"not a threat", "not_junk"},
	{"clean", "not_junk"},        {"safe", "not_junk"},     {"simulat", "simulation"},
	{"suspicious", "suspicious"}, {"phish", "phishing"},    {"malicious", "phishing"},
	{"likely", "phishing"},       {"spam", "junk"},         {"bulk", "junk"},
};

static const char *judgement(const char *value)
{
	g_autofree char *lower = g_utf8_strdown(value, -1);
	for (guint i = 0; i < G_N_ELEMENTS(judgements); i++)
		if (strstr(lower, judgements[i].words))
			return judgements[i].verdict;
	return NULL;
}

/* All X-PhishAlarm-* fields as members ("sender", "format"); those about people and form are no
 * judgement, what else there is may be the Analyzer's. */
static const char *read_phishalarm(Recognition *seen)
{
	static const char prefix[] = "X-PhishAlarm-";
	static const char *const plain[] = {"reporter", "sender", "format", "version", NULL};
	const char *verdict = NULL;
	json_t *fields = json_object();
	for (int i = 0; i < message_header_count(seen->message); i++) {
		const char *name = g_mime_header_get_name(message_header_at(seen->message, i));
		if (g_ascii_strncasecmp(name, prefix, strlen(prefix)) != 0)
			continue;
		g_autofree char *member = g_ascii_strdown(name + strlen(prefix), -1);
		g_autofree char *value = message_header(seen->message, name);
		g_strdelimit(member, "-", '_');
		describe_set(fields, member, value);
		if (value && !verdict && !g_strv_contains(plain, member))
			verdict = judgement(value);
	}
	if (json_object_size(fields))
		json_object_set(seen->report, "phishalarm", fields);
	json_decref(fields);
	return verdict;
}

/* "SafetyAPIAction|NetworkMessageId|SenderIp|FromAddress|(Subject)"; NULL: it is no such subject.
 */
static json_t *read_microsoft(const char *subject)
{
	g_auto(GStrv) parts = g_strsplit(subject ? subject : "", "|", 5);
	if (g_strv_length(parts) != 5 || strspn(parts[0], "123") != 1 || strlen(parts[0]) != 1 ||
	    !g_uuid_string_is_valid(g_strstrip(parts[1])))
		return NULL;
	json_t *fields = json_object();
	char *title = g_strstrip(parts[4]);
	gsize length = strlen(title);
	if (length >= 2 && title[0] == '(' && title[length - 1] == ')') {
		title[length - 1] = '\0';
		title++;
	}
	g_autofree char *from = text_address(parts[3]);
	describe_set(fields, "network_message_id", parts[1]);
	describe_set(fields, "sender_ip",
	             g_hostname_is_ip_address(g_strstrip(parts[2])) ? parts[2] : NULL);
	describe_set(fields, "from", from);
	describe_set(fields, "subject", title);
	return fields;
}

const char *form_add_in(Recognition *seen, const char **verdict)
{
	const char *subject = json_text(seen->described, "subject");
	const char *text = form_shown_text(seen);
	g_autofree char *named = message_header(seen->message, "X-PhishAlarm-Reporter");
	if (named)
		form_name_reporter(seen, address_in(named), "X-PhishAlarm-Reporter");
	*verdict = NULL;
	for (guint i = 0; subject && i < G_N_ELEMENTS(verdicts) && !*verdict; i++)
		if (g_ascii_strncasecmp(subject, verdicts[i].subject,
		                        strlen(verdicts[i].subject)) == 0)
			*verdict = verdicts[i].verdict;
	const char *analyzer = read_phishalarm(seen);
	*verdict = *verdict ? *verdict : analyzer;
	json_t *microsoft = read_microsoft(subject);
	if (microsoft)
		json_object_set_new(seen->report, "microsoft", microsoft);
	for (guint i = 0; i < G_N_ELEMENTS(add_ins); i++)
		if (matches(seen, i, subject, text))
			return add_ins[i].add_in;
	return NULL;
}

/* The lines between which add-ins put the original's header block and its text. */
static const struct {
	const char *add_in, *begin, *end, *text_begin, *text_end;
} blocks[] = {
	{"PhishAlarm", "Begin Email Headers", "End Email Headers", "Begin Reported Email",
         "End Reported Email"},
	{"Cofense Reporter", "BEGIN EMAIL HEADERS", "END EMAIL HEADERS", NULL, NULL},
};

/* What stands after the line with @begin and before the line with @end; NULL: not there. */
static char *between(const char *text, const char *begin, const char *end)
{
	const char *start = begin ? strstr(text, begin) : NULL;
	start = start ? strchr(start, '\n') : NULL;
	const char *stop = start ? strstr(start, end) : NULL;
	if (!stop)
		return NULL;
	while (stop > start && stop[-1] != '\n')
		stop--;
	return stop > start ? g_strndup(start + 1, (gsize)(stop - start - 1)) : NULL;
}

/* ---- Cofense Reporter's lists ---- */

static const struct {
	const char *label, *member;
	gsize digits; /* of a hash */
} file_lines[] = {
	{"File Name:", "name", 0}, {"File Size:", "size", 0}, {"MD5:", "md5", 32},
	{"SHA1:", "sha1", 40},     {"SHA256:", "sha256", 64},
};

static void set_file_line(json_t *file, guint row, const char *value)
{
	gsize digits = file_lines[row].digits;
	g_autofree char *lower = g_ascii_strdown(value, -1);
	if (digits && (strlen(lower) != digits || strspn(lower, "0123456789abcdef") != digits))
		return;
	if (strcmp(file_lines[row].member, "size") == 0)
		json_object_set_new(file, "size", json_integer(g_ascii_strtoll(value, NULL, 10)));
	else
		describe_set(file, file_lines[row].member, digits ? lower : value);
}

/* The files it lists, with their hashes, as attachments that are claimed. */
static json_t *listed_files(const char *section)
{
	json_t *files = json_array(), *file = NULL;
	g_auto(GStrv) lines = g_strsplit(section, "\n", LIMIT_ADD_IN_LINES);
	for (guint i = 0; lines[i]; i++) {
		const char *line = g_strstrip(lines[i]);
		for (guint row = 0; row < G_N_ELEMENTS(file_lines); row++) {
			gsize length = strlen(file_lines[row].label);
			if (g_ascii_strncasecmp(line, file_lines[row].label, length) != 0)
				continue;
			if (row == 0 || !file) {
				file = json_object();
				describe_set(file, "name", NULL);
				json_object_set_new(file, "size", json_null());
				json_array_append_new(files, file);
			}
			while (g_ascii_isspace(line[length]))
				length++;
			set_file_line(file, row, line + length);
		}
	}
	return files;
}

/* Links and files that stand in sections of their own; the original itself is not there. */
static void claim_lists(Recognition *seen, const char *text, json_t *message)
{
	g_autofree char *urls = between(text, "BEGIN URLS", "END URLS");
	g_autofree char *files = between(text, "BEGIN ATTACHMENTS", "END ATTACHMENTS");
	if (urls) {
		LinkTexts linking = {.text = urls, .delsp = body_is_delsp(seen->message)};
		g_autofree char *unused = NULL;
		json_object_set_new(message, "links",
		                    links_describe(&linking, seen->message->findings,
		                                   seen->message->reading->limits.links, NULL,
		                                   &unused));
	}
	if (files)
		json_object_set_new(message, "attachments", listed_files(files));
}

/* The original's subject, where the report's begins with what the add-in puts before it. */
static void claim_subject(Recognition *seen, json_t *message)
{
	const char *subject = json_text(seen->described, "subject");
	const char *bare = subject;
	static const char prefix[] = "Potential Phish:";
	if (subject && *subject == '[' && strchr(subject, ']'))
		bare = strchr(subject, ']') + 1;
	else if (subject && g_ascii_strncasecmp(subject, prefix, strlen(prefix)) == 0)
		bare = subject + strlen(prefix);
	g_autofree char *stripped = bare ? g_strstrip(g_strdup(bare)) : NULL;
	describe_set(message, "subject", stripped);
}

/* An original of which an add-in claims single things. Borrowed from the originals. */
static json_t *claimed_message(Recognition *seen)
{
	json_t *message = quoted_empty();
	form_add_original(seen, FALSE, message, NULL);
	return message;
}

/* What a Cofense report without header fields, or an old report of Microsoft's, still tells. */
static gboolean claims_little(Recognition *seen, const char *text)
{
	g_autoptr(json_t) microsoft = read_microsoft(json_text(seen->described, "subject"));
	if (microsoft) {
		json_t *message = claimed_message(seen), *from = json_array();
		json_array_append_new(from, json_pack("{s:n,s:O}", "name", "address",
		                                      json_object_get(microsoft, "from")));
		json_object_set_new(message, "from", from);
		json_object_set(message, "subject", json_object_get(microsoft, "subject"));
		json_object_set(json_array_get(seen->originals, 0), "network_message_id",
		                json_object_get(microsoft, "network_message_id"));
		form_because(seen, "its subject names the message in Microsoft's form");
		return TRUE;
	}
	g_autofree char *sender = message_header(seen->message, "X-PhishAlarm-Sender");
	gboolean cofense = text && strstr(text, "-----BEGIN REPORTER AGENT-----");
	if (!sender && !cofense)
		return FALSE;
	json_t *message = claimed_message(seen);
	if (sender) {
		json_t *from = json_array();
		g_autofree char *address = address_in(sender);
		json_array_append_new(
			from, json_pack("{s:n,s:o}", "name", "address", json_text_new(address)));
		json_object_set_new(message, "from", from);
		form_because(seen, "X-PhishAlarm-Sender names the original's sender");
	}
	if (cofense) {
		claim_lists(seen, text, message);
		form_because(seen, "its text is a report of Cofense Reporter");
	}
	claim_subject(seen, message);
	return TRUE;
}

gboolean form_has_marked_blocks(Recognition *seen)
{
	const char *text = form_shown_text(seen);
	for (guint i = 0; text && i < G_N_ELEMENTS(blocks); i++) {
		g_autofree char *block = between(text, blocks[i].begin, blocks[i].end);
		if (!block)
			continue;
		g_autofree char *body = between(text, blocks[i].text_begin, blocks[i].text_end);
		form_because(seen,
		             "its text has the original's header fields between markers of %s",
		             blocks[i].add_in);
		form_add_claimed_block(seen, block, body);
		claim_lists(seen, text, json_at(seen->originals, "0.message"));
		return TRUE;
	}
	return claims_little(seen, text);
}
