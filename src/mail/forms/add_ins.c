/* Reporter add-ins: which one made a report, whom it names, and what it makes of the original.
 *
 * A field that names the reporter is only as good as the report's own origin: trust.c judges that,
 * and the pipeline heeds it. Some add-ins put the original into the text, between markers. */
#include "base/text.h"
#include "mail/findings.h"
#include "mail/forms/form.h"

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
		return TRUE;
	}
	return FALSE;
}
