/* What a file says it is: by its name, by its declared type, and by its octets. */
#include "mail/attachments/file_names.h"

#include "mail/findings/findings.h"
#include "mail/text/charset.h"
#include "mail/text/words.h"

#include <string.h>

static gboolean has_ending(const char *name, const char *ending)
{
	gsize length = name ? strlen(name) : 0, ends = strlen(ending);
	return length > ends && g_ascii_strcasecmp(name + length - ends, ending) == 0;
}

/* ---- names ---- */

/* Endings of files that run when they are opened. */
static const char *const running[] = {".exe", ".scr", ".com",  ".bat",  ".cmd", ".pif", ".js",
                                      ".jse", ".vbs", ".vbe",  ".wsf",  ".hta", ".lnk", ".ps1",
                                      ".msi", ".jar", ".cpl",  ".iso",  ".img", ".one", ".url",
                                      ".chm", ".xll", ".appx", ".msix", ".vhd", ".reg"};

static const char *running_ending(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(running); i++)
		if (has_ending(name, running[i]))
			return running[i];
	return NULL;
}

/* "invoice.pdf.exe": an ending that people trust, hidden behind one that runs. */
static gboolean has_double_ending(const char *name)
{
	static const char *const trusted[] = {".pdf",  ".doc", ".docx", ".xls", ".xlsx", ".ppt",
	                                      ".pptx", ".jpg", ".jpeg", ".png", ".txt",  ".htm",
	                                      ".html", ".mp3", ".mp4",  ".zip", ".rtf",  ".csv"};
	g_autofree char *lower = g_utf8_strdown(name, -1);
	for (guint i = 0; i < G_N_ELEMENTS(trusted); i++)
		for (const char *at = strstr(lower, trusted[i]); at;
		     at = strstr(at + 1, trusted[i]))
			if (strchr(". _\xc2", at[strlen(trusted[i])]) && at[strlen(trusted[i])])
				return TRUE;
	return FALSE;
}

/* Characters that turn or hide what comes after them. */
static gboolean has_turning(const char *name)
{
	static const gunichar turning[] = {0x202a, 0x202b, 0x202d, 0x202e, 0x2066,
	                                   0x2067, 0x2068, 0x200e, 0x200f, 0x061c};
	for (const char *c = name; *c; c = g_utf8_next_char(c))
		for (guint i = 0; i < G_N_ELEMENTS(turning); i++)
			if (g_utf8_get_char(c) == turning[i])
				return TRUE;
	return FALSE;
}

/* So many blanks that a list shows what is before them alone, or blanks at the end, which hide the
 * ending from who compares it. */
static gboolean has_blanks(const char *name)
{
	guint run = 0;
	for (const char *c = name; *c; c = g_utf8_next_char(c)) {
		run = g_unichar_isspace(g_utf8_get_char(c)) ? run + 1 : 0;
		if (run >= 5)
			return TRUE;
	}
	return run > 0 || (*name && name[strlen(name) - 1] == '.');
}

/* Without what Windows takes off a name, so that "a.exe ." is seen to run. */
static char *trimmed(const char *name)
{
	char *bare = g_strdup(name);
	for (gsize length = strlen(bare); length > 0; length--) {
		char last = bare[length - 1];
		if (!g_ascii_isspace(last) && last != '.')
			break;
		bare[length - 1] = '\0';
	}
	return bare;
}

void file_names_note(const Message *message, const char *name, const char *where)
{
	if (!name)
		return;
	g_autofree char *bare = trimmed(name);
	const char *runs = running_ending(bare);
	if (runs)
		findings_add(message->findings, "attachment_runs", where,
		             "an attachment runs when it is opened: %.200s", name);
	if (runs && has_double_ending(bare))
		findings_add(message->findings, "double_ending", where,
		             "an attachment hides what it is behind another ending: %.200s", name);
	if (has_turning(name))
		findings_add(message->findings, "name_bidi", where,
		             "an attachment's name has characters that turn its direction");
	if (has_blanks(name))
		findings_add(message->findings, "name_blanks", where,
		             "an attachment's name has blanks that hide its ending: %.200s", name);
}

/* ---- types ---- */

/* Families between which no honest sender errs. */
static const char *family(const char *type)
{
	static const struct {
		const char *prefix, *family;
	} families[] = {
		{"image/svg", "page"}, /* an element of HTML */
		{"image/", "picture"},
		{"audio/", "sound"},
		{"video/", "film"},
		{"application/pdf", "pdf"},
		{"application/x-dosexec", "program"},
		{"application/x-msdownload", "program"},
		{"application/zip", "archive"},
		{"application/x-rar", "archive"},
		{"application/x-7z", "archive"},
		{"text/html", "page"},
		{"application/vnd.openxmlformats", "office"},
		{"application/vnd.oasis", "office"},
		{"application/x-ms-shortcut", "shortcut"},
	};
	for (guint i = 0; type && i < G_N_ELEMENTS(families); i++)
		if (g_str_has_prefix(type, families[i].prefix))
			return families[i].family;
	return NULL;
}

static const char *family_of_name(const char *name)
{
	static const struct {
		const char *ending, *family;
	} endings[] = {
		{".png", "picture"},  {".jpg", "picture"}, {".jpeg", "picture"},
		{".gif", "picture"},  {".bmp", "picture"}, {".webp", "picture"},
		{".tif", "picture"},  {".pdf", "pdf"},     {".mp3", "sound"},
		{".wav", "sound"},    {".mp4", "film"},    {".avi", "film"},
		{".zip", "archive"},  {".rar", "archive"}, {".7z", "archive"},
		{".htm", "page"},     {".html", "page"},   {".docx", "office"},
		{".xlsx", "office"},  {".pptx", "office"}, {".docm", "office"},
		{".xlsm", "office"},  {".pptm", "office"}, {".odt", "office"},
		{".exe", "program"},  {".scr", "program"}, {".dll", "program"},
		{".lnk", "shortcut"}, {".svg", "page"},
	};
	for (guint i = 0; name && i < G_N_ELEMENTS(endings); i++)
		if (has_ending(name, endings[i].ending))
			return endings[i].family;
	return NULL;
}

void file_names_note_type(const Message *message, const char *name, const char *declared,
                          const char *detected, const char *where)
{
	const char *says = family(declared), *is = family(detected), *named = family_of_name(name);
	if (is && strcmp(is, "program") == 0)
		findings_add(message->findings, "attachment_program", where,
		             "an attachment is a program");
	if (says && is && strcmp(says, is) != 0)
		findings_add(message->findings, "type_mismatch", where,
		             "an attachment is declared as %s and is %s", declared, detected);
	if (named && is && strcmp(named, is) != 0)
		findings_add(message->findings, "name_mismatch", where,
		             "an attachment is named %.200s and is %s", name, detected);
}

/* ---- several names ---- */

/* charset'language'%41%42 (RFC 2231, RFC 8187). */
static char *decode_extended(const char *value)
{
	const char *language = strchr(value, '\'');
	const char *text = language ? strchr(language + 1, '\'') : NULL;
	if (!text)
		return NULL;
	g_autofree char *charset = g_strndup(value, (gsize)(language - value));
	g_autoptr(GString) octets = g_string_new(NULL);
	for (text++; *text; text++) {
		int high = *text == '%' ? g_ascii_xdigit_value(text[1]) : -1;
		int low = high >= 0 ? g_ascii_xdigit_value(text[2]) : -1;
		g_string_append_c(octets, low >= 0 ? (char)(high << 4 | low) : *text);
		text += low >= 0 ? 2 : 0;
	}
	return charset_decode(charset, octets->str, octets->len, NULL);
}

static void add_name(json_t *names, const char *name)
{
	size_t i;
	json_t *known;
	g_autofree char *valid = g_utf8_make_valid(name, -1);
	g_strstrip(valid);
	json_array_foreach (names, i, known)
		if (strcmp(json_string_value(known), valid) == 0)
			return;
	if (*valid)
		json_array_append_new(names, json_text_new(valid));
}

/* Up to the semicolon that ends a parameter; those in quotes do not. */
static gsize parameter_length(const char *text)
{
	gboolean quoted = FALSE;
	gsize length = 0;
	for (; text[length] && (quoted || text[length] != ';'); length++) {
		if (quoted && text[length] == '\\' && text[length + 1])
			length++;
		else
			quoted ^= text[length] == '"';
	}
	return length;
}

static char *unquoted(const char *value)
{
	if (*value != '"')
		return g_strdup(value);
	g_autoptr(GString) bare = g_string_new(NULL);
	for (value++; *value && *value != '"'; value++) {
		value += *value == '\\' && value[1];
		g_string_append_c(bare, *value);
	}
	return g_strdup(bare->str);
}

/* A field's plain and extended parameters of that name, as they stand. */
static void add_from_field(json_t *names, const Part *part, const char *field,
                           const char *parameter)
{
	GMimeHeader *header =
		g_mime_header_list_get_header(g_mime_object_get_header_list(part->object), field);
	const char *at = header ? g_mime_header_get_raw_value(header) : NULL;
	gsize length = strlen(parameter);
	for (guint i = 0; at && *at && i < 64; i++) {
		gsize size = parameter_length(at);
		g_autofree char *one = g_strndup(at, size);
		at += size + (at[size] == ';');
		g_strstrip(one);
		if (g_ascii_strncasecmp(one, parameter, length) != 0)
			continue;
		const char *rest = one + length;
		gboolean extended = *rest == '*';
		rest += extended;
		rest += strspn(rest, " \t\r\n");
		if (*rest != '=')
			continue; /* a piece of a long one, or another parameter */
		g_autofree char *value = unquoted(rest + 1 + strspn(rest + 1, " \t\r\n"));
		g_autofree char *name = extended ? decode_extended(value) : words_decode(value);
		if (name)
			add_name(names, name);
	}
}

json_t *file_names_of(const Message *message, const Part *part)
{
	g_autoptr(json_t) names = json_array();
	g_autofree char *shown = part_name((Part *)part);
	const char *other = part_parameter(part, "name");
	if (!shown)
		return NULL;
	add_name(names, shown);
	if (other && *other)
		add_name(names, other);
	add_from_field(names, part, "Content-Disposition", "filename");
	add_from_field(names, part, "Content-Type", "name");
	if (json_array_size(names) < 2)
		return NULL;
	findings_add(message->findings, "name_ambiguous", part->path,
	             "an attachment has several names, of which readers show one: %.200s, %.200s",
	             json_string_value(json_array_get(names, 0)),
	             json_string_value(json_array_get(names, 1)));
	return g_steal_pointer(&names);
}
