/* Calendar invitations (RFC 5545) and address cards (RFC 6350): one syntax, lines of
 * "NAME;PARAMETER=VALUE:value" that may be folded.
 *
 * An invitation is put into the calendar before anybody has read it, so who invites and what it
 * links to is shown as the message's own people and links are. */
#include "base/limits.h"
#include "mail/describe.h"
#include "mail/documents/document.h"

#include <string.h>

typedef struct {
	char *name, *parameters, *value; /* upper case, as it stands, unescaped */
} ContentLine;

static char *unescape(const char *value)
{
	GString *text = g_string_new(NULL);
	for (const char *c = value; *c; c++)
		if (*c == '\\' && c[1])
			g_string_append_c(text, *++c == 'n' || *c == 'N' ? '\n' : *c);
		else
			g_string_append_c(text, *c);
	return g_string_free(text, FALSE);
}

/* The colon that ends name and parameters: one outside quotes. */
static char *find_colon(char *line)
{
	gboolean quoted = FALSE;
	for (char *c = line; *c; c++) {
		quoted ^= *c == '"';
		if (*c == ':' && !quoted)
			return c;
	}
	return NULL;
}

static gboolean parse_line(char *text, ContentLine *line)
{
	char *colon = find_colon(text);
	if (!colon)
		return FALSE;
	*colon = '\0';
	char *semicolon = strchr(text, ';'), *dot;
	line->parameters = g_strdup(semicolon ? semicolon + 1 : "");
	if (semicolon)
		*semicolon = '\0';
	dot = strrchr(text, '.'); /* "item1.URL": a group */
	line->name = g_ascii_strup(dot ? dot + 1 : text, -1);
	line->value = unescape(colon + 1);
	return TRUE;
}

static void clear_line(ContentLine *line)
{
	g_free(line->name);
	g_free(line->parameters);
	g_free(line->value);
}

static char **unfolded_lines(const char *text)
{
	g_auto(GStrv) crlf = g_strsplit(text, "\r\n", -1);
	g_autofree char *with_lf = g_strjoinv("\n", crlf);
	g_auto(GStrv) by_blank = g_strsplit(with_lf, "\n ", -1);
	g_autofree char *once = g_strjoinv("", by_blank);
	g_auto(GStrv) by_tab = g_strsplit(once, "\n\t", -1);
	g_autofree char *whole = g_strjoinv("", by_tab);
	return g_strsplit(whole, "\n", LIMIT_CALENDAR_LINES);
}

static char *parameter(const ContentLine *line, const char *name)
{
	g_auto(GStrv) all = g_strsplit(line->parameters, ";", 64);
	gsize length = strlen(name);
	for (guint i = 0; all[i]; i++)
		if (g_ascii_strncasecmp(all[i], name, length) == 0 && all[i][length] == '=') {
			char *value = g_strdup(all[i] + length + 1);
			gsize end = strlen(value);
			if (end > 1 && *value == '"' && value[end - 1] == '"') {
				value[end - 1] = '\0';
				memmove(value, value + 1, end - 1);
			}
			return value;
		}
	return NULL;
}

static json_t *person_of(const ContentLine *line)
{
	g_autofree char *name = parameter(line, "CN");
	const char *address = line->value;
	if (g_ascii_strncasecmp(address, "mailto:", 7) == 0)
		address += 7;
	g_autofree char *lower = g_utf8_strdown(address, -1);
	json_t *person = json_object();
	describe_set(person, "name", name);
	describe_set(person, "address", strchr(lower, '@') ? lower : NULL);
	return person;
}

/* ---- invitations ---- */

static const struct {
	const char *name, *key;
} event_texts[] = {
	{"SUMMARY", "summary"}, {"LOCATION", "location"}, {"DTSTART", "start"},
	{"DTEND", "end"},       {"UID", "uid"},
};

static json_t *event_new(void)
{
	json_t *event = json_object();
	for (guint i = 0; i < G_N_ELEMENTS(event_texts); i++)
		json_object_set_new(event, event_texts[i].key, json_null());
	json_object_set_new(event, "organizer", json_null());
	json_object_set_new(event, "attendees", json_array());
	return event;
}

static void add_attendee(Document *document, json_t *event, const ContentLine *line)
{
	json_t *attendees = json_object_get(event, "attendees");
	if (json_array_size(attendees) < LIMIT_CALENDAR_PEOPLE)
		json_array_append_new(attendees, person_of(line));
	else
		document_finding(document, "limit_calendar_people",
		                 "an event has more than %d attendees; the others are not listed",
		                 LIMIT_CALENDAR_PEOPLE);
}

static void read_event_line(Document *document, json_t *event, const ContentLine *line)
{
	for (guint i = 0; i < G_N_ELEMENTS(event_texts); i++)
		if (strcmp(line->name, event_texts[i].name) == 0)
			describe_set(event, event_texts[i].key, line->value);
	if (strcmp(line->name, "ORGANIZER") == 0)
		json_object_set_new(event, "organizer", person_of(line));
	else if (strcmp(line->name, "ATTENDEE") == 0)
		add_attendee(document, event, line);
}

/* URLs, and texts with URLs; a description in HTML is one, too. */
static void read_links(Document *document, const ContentLine *line, const char *where)
{
	static const char *const urls[] = {"URL", "CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL"};
	static const char *const texts[] = {"DESCRIPTION", "SUMMARY",    "LOCATION", "COMMENT",
	                                    "ATTACH",      "X-ALT-DESC", "NOTE",     "PHOTO",
	                                    "LOGO",        "SOUND",      "SOURCE",   "ADR"};
	for (guint i = 0; i < G_N_ELEMENTS(urls); i++)
		if (strcmp(line->name, urls[i]) == 0)
			document_link(document, where, line->value, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		if (strcmp(line->name, texts[i]) == 0)
			document_text(document, where, line->value);
}

static void note_lines(Document *document, char **lines)
{
	if (g_strv_length(lines) >= LIMIT_CALENDAR_LINES)
		document_finding(document, "limit_calendar_lines",
		                 "only its first %d lines are read", LIMIT_CALENDAR_LINES);
}

void calendar_read(Document *document)
{
	g_autofree char *text = document_decode(document);
	g_auto(GStrv) lines = unfolded_lines(text);
	json_t *calendar = json_object(), *events = json_array(), *event = NULL;
	json_object_set_new(calendar, "method", json_null());
	json_object_set_new(calendar, "events", events);
	for (guint i = 0; lines[i]; i++) {
		ContentLine line;
		if (!parse_line(lines[i], &line))
			continue;
		gboolean begins = strcmp(line.name, "BEGIN") == 0;
		if (begins && g_ascii_strcasecmp(line.value, "VEVENT") == 0)
			json_array_append_new(events, event = event_new());
		else if (strcmp(line.name, "END") == 0 &&
		         g_ascii_strcasecmp(line.value, "VEVENT") == 0)
			event = NULL;
		else if (strcmp(line.name, "METHOD") == 0 && !event)
			describe_set(calendar, "method", line.value);
		else if (event)
			read_event_line(document, event, &line);
		read_links(document, &line, "calendar");
		clear_line(&line);
	}
	note_lines(document, lines);
	json_object_set_new(document->file->entry, "calendar", calendar);
}

/* ---- cards ---- */

static json_t *card_new(void)
{
	json_t *card = json_object();
	json_object_set_new(card, "name", json_null());
	json_object_set_new(card, "organization", json_null());
	json_object_set_new(card, "addresses", json_array());
	json_object_set_new(card, "telephones", json_array());
	return card;
}

static void read_card_line(json_t *card, const ContentLine *line)
{
	static const struct {
		const char *name, *key;
		gboolean list;
	} fields[] = {
		{"FN", "name", FALSE},
		{"ORG", "organization", FALSE},
		{"EMAIL", "addresses", TRUE},
		{"TEL", "telephones", TRUE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (strcmp(line->name, fields[i].name) != 0)
			continue;
		json_t *list = json_object_get(card, fields[i].key);
		if (!fields[i].list)
			describe_set(card, fields[i].key, line->value);
		else if (json_array_size(list) < LIMIT_CALENDAR_PEOPLE)
			json_array_append_new(list, json_text_new(line->value));
	}
}

void card_read(Document *document)
{
	g_autofree char *text = document_decode(document);
	g_auto(GStrv) lines = unfolded_lines(text);
	json_t *cards = json_array(), *card = NULL;
	for (guint i = 0; lines[i]; i++) {
		ContentLine line;
		if (!parse_line(lines[i], &line))
			continue;
		if (strcmp(line.name, "BEGIN") == 0)
			json_array_append_new(cards, card = card_new());
		else if (card)
			read_card_line(card, &line);
		read_links(document, &line, "card");
		clear_line(&line);
	}
	note_lines(document, lines);
	json_object_set_new(document->file->entry, "cards", cards);
}
