#include "../../../tests/support/attached.h"
#include "base/limits.h"
#include "mail/testing.h"

static const json_t *attachment(const json_t *document)
{
	return json_at(document, "message.attachments.0");
}

static void test_links_and_oddities_are_found_in_each_kind_of_document(void)
{
	gboolean all = TRUE;
	for (guint i = 0; i < attached_samples_count; i++) {
		g_autoptr(GBytes) content = attached_samples[i].make();
		g_autoptr(json_t) document =
			content ? attached_read(attached_samples[i].name, content) : NULL;
		if (!content)
			g_test_message("skipped: qrencode is not here");
		all &= !content || attached_sample_found(&attached_samples[i], document);
	}
	g_assert_true(all);
}

static json_t *read_sample(const char *name)
{
	for (guint i = 0; i < attached_samples_count; i++)
		if (strcmp(attached_samples[i].name, name) == 0) {
			g_autoptr(GBytes) content = attached_samples[i].make();
			return attached_read(name, content);
		}
	return NULL;
}

static void test_members_say_what_a_file_is(void)
{
	static const struct {
		const char *name, *path, *expected;
	} cases[] = {
		{"a.ics", "calendar.method", "REQUEST"},
		{"a.ics", "calendar.events.0.summary", "Pay, now"},
		{"a.ics", "calendar.events.0.organizer.name", "Boss: One"},
		{"a.ics", "calendar.events.0.organizer.address", "boss@evil.example"},
		{"a.ics", "calendar.events.0.attendees.0.address", "ann@corp.example"},
		{"a.vcf", "cards.0.name", "Eve"},
		{"a.vcf", "cards.0.addresses.0", "eve@evil.example"},
		{"a.lnk", "shortcut.target", "..\\cmd.exe"},
		{"a.lnk", "shortcut.arguments", "/c start https://link.example/"},
		{"a.docx", "parts.0.name", "word/vbaProject.bin"},
		{"a.docx", "parts.1.name", "word/embeddings/note.txt"},
		{"a.doc", "parts.0.name", "run.js"},
		{"a.rtf", "parts.0.name", "run.js"},
		{"a.pdf", "parts.0.name", "in.txt"},
		{"a.txt", "ssdeep", "(absent)"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) document = read_sample(cases[i].name);
		g_autofree char *value = value_at(attachment(document), cases[i].path);
		if (g_strcmp0(value, cases[i].expected) != 0)
			g_error("%s, %s: expected %s, is %s", cases[i].name, cases[i].path,
			        cases[i].expected, value);
	}
}

static void test_options_switch_reading_off_and_say_so(void)
{
	static const struct {
		const char *name, *option, *finding;
		gboolean links;
	} cases[] = {
		{"a.docx", "documents", "documents_unread", FALSE},
		{"a.docx", "qr", NULL, TRUE},
		{"a.png", "qr", NULL, FALSE},
		{"a.png", "documents", "documents_unread", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint j = 0; j < attached_samples_count; j++) {
			if (strcmp(attached_samples[j].name, cases[i].name) != 0)
				continue;
			g_autoptr(GBytes) content = attached_samples[j].make();
			if (!content)
				break; /* qrencode is not here */
			g_autofree char *fields =
				g_strdup_printf("Content-Type: x/y; name=\"%s\"\n", cases[i].name);
			g_autoptr(GBytes) mail = attached_mail(fields, content);
			g_autoptr(json_t) options = json_pack("{s:b}", cases[i].option, 0);
			g_autoptr(json_t) document = breakdown_new(mail, options);
			const json_t *message = json_object_get(document, "message");
			g_assert_cmpint(json_array_size(json_object_get(message, "links")) > 0, ==,
			                cases[i].links);
			g_assert_true(!cases[i].finding || has_finding(message, cases[i].finding));
			g_assert_false(has_finding(message, "qr_code"));
			break;
		}
}

/* ---- drawn codes ---- */

static json_t *read_body(const char *type, const char *text)
{
	g_autofree char *mail =
		g_strdup_printf("Content-Type: %s; charset=utf-8\n\n%s", type, text);
	return read_text(mail);
}

static char *text_of_code(const char *format)
{
	g_autoptr(GBytes) code = attached_qr(format, "https://drawn.example/x");
	return code ? g_strndup(g_bytes_get_data(code, NULL), g_bytes_get_size(code)) : NULL;
}

static void assert_drawn(const json_t *document)
{
	const json_t *message = json_object_get(document, "message");
	g_assert_true(has_finding(message, "qr_code"));
	const json_t *links = json_object_get(message, "links");
	const json_t *last = json_array_get(links, json_array_size(links) - 1);
	g_assert_cmpstr(json_text(last, "url"), ==, "https://drawn.example/x");
	g_assert_cmpstr(json_text(last, "where"), ==, "qr");
}

static void test_codes_of_block_characters_are_read(void)
{
	static const char *const formats[] = {"UTF8", "UTF8i", "ASCII", "ASCIIi"};
	for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
		g_autofree char *code = text_of_code(formats[i]);
		if (!code) {
			g_test_skip("skipped: qrencode is not here");
			return;
		}
		g_auto(GStrv) lines = g_strsplit(code, "\n", -1);
		g_autofree char *quoted = g_strjoinv("\n> ", lines);
		g_autofree char *text = g_strconcat("Scan this:\n> ", quoted, "\nthanks\n", NULL);
		g_autofree char *html = g_strconcat("<p>Scan</p><pre>", code, "</pre>", NULL);
		g_autoptr(json_t) in_text = read_body("text/plain", text);
		g_autoptr(json_t) in_html = read_body("text/html", html);
		assert_drawn(in_text);
		assert_drawn(in_html);
	}
}

/* A row's modules as cells; @cell gets a run's length and whether it is black. */
typedef void (*DrawRun)(GString *html, guint modules, gboolean black);

static void draw_single(GString *html, guint modules, gboolean black)
{
	for (guint i = 0; i < modules; i++)
		g_string_append_printf(html, "<td width=4 height=4 bgcolor=%s>",
		                       black ? "'#000000'" : "white");
}

static void draw_span(GString *html, guint modules, gboolean black)
{
	g_string_append_printf(html, "<td colspan=%u style='background-color: rgb(%s)'></td>",
	                       modules, black ? "10,10,10" : "255,255,255");
}

static void draw_width(GString *html, guint modules, gboolean black)
{
	g_string_append_printf(html, "<td style='width: %upx;height:5px;background:%s'></td>",
	                       5 * modules, black ? "black" : "#fff");
}

static char *draw_table(const char *code, DrawRun draw)
{
	GString *html = g_string_new("<div>Scan:</div><table><tbody>");
	g_auto(GStrv) lines = g_strsplit(code, "\n", -1);
	for (guint i = 0; lines[i] && *lines[i]; i++) {
		g_string_append(html, "<tr>");
		for (const char *at = lines[i]; *at;) {
			gsize run = *at == '#' ? strspn(at, "#") : strspn(at, " ");
			draw(html, (guint)run / 2, *at == '#');
			at += run;
		}
		g_string_append(html, "</tr>");
	}
	g_string_append(html, "</tbody></table>");
	return g_string_free(html, FALSE);
}

static void test_codes_of_coloured_cells_are_read(void)
{
	static const DrawRun ways[] = {draw_single, draw_span, draw_width};
	g_autofree char *code = text_of_code("ASCII");
	for (guint i = 0; code && i < G_N_ELEMENTS(ways); i++) {
		g_autofree char *html = draw_table(code, ways[i]);
		g_autoptr(json_t) document = read_body("text/html", html);
		g_test_message("way %u", i);
		assert_drawn(document);
	}
}

/* How a code is painted: @module pixels a module, turned by the angle of this cosine and sine. */
typedef struct {
	const char *what;
	double module, cosine, sine;
	guint8 dark, light;
} Painting;

static guint8 grey_at(const Painting *how, char **lines, double right, double down)
{
	int modules = (int)strlen(lines[0]) / 2; /* two characters each */
	double x = (how->cosine * right + how->sine * down) / how->module + modules / 2.0;
	double y = (how->cosine * down - how->sine * right) / how->module + modules / 2.0;
	gboolean inside = x >= 0 && y >= 0 && x < modules && y < modules;
	return inside && lines[(int)y][2 * (int)x] == '#' ? how->dark : how->light;
}

/* A BMP of 24 bits a pixel. */
static GBytes *painted(const Painting *how, char **lines)
{
	int side = (int)(1.5 * how->module * (double)strlen(lines[0]) / 2) / 4 * 4;
	const guint32 numbers[] = {GUINT32_TO_LE(54), GUINT32_TO_LE(40),
	                           GUINT32_TO_LE((guint32)side), GUINT32_TO_LE((guint32)side),
	                           GUINT32_TO_LE(1 | 24 << 16)};
	static const guint8 none[24];
	GByteArray *bmp = g_byte_array_new();
	g_byte_array_append(bmp, (const guint8 *)"BM\0\0\0\0\0\0\0", 10);
	g_byte_array_append(bmp, (const guint8 *)numbers, sizeof numbers);
	g_byte_array_append(bmp, none, sizeof none);
	for (int y = side; y > 0; y--)
		for (int x = 0; x < side; x++) {
			guint8 grey =
				grey_at(how, lines, x + 0.5 - side / 2.0, y - 0.5 - side / 2.0);
			const guint8 pixel[] = {grey, grey, grey};
			g_byte_array_append(bmp, pixel, sizeof pixel);
		}
	return g_byte_array_free_to_bytes(bmp);
}

static void test_codes_in_pictures_are_read_as_telephones_do(void)
{
	static const Painting paintings[] = {
		{"black on white", 4, 1, 0, 0, 255},
		{"white on black", 4, 1, 0, 255, 0},
		{"small", 2, 1, 0, 0, 255},
		{"small, white on black", 2, 1, 0, 255, 0},
		{"large", 12, 1, 0, 0, 255},
		{"aslant", 5, 0.866, 0.5, 0, 255},
		{"aslant, white on black", 5, 0.7071, 0.7071, 255, 0},
		{"upside down", 3, -1, 0, 0, 255},
		{"pale", 4, 0.985, 0.174, 150, 220},
		{"pale, light on dark", 4, 0.985, 0.174, 220, 150},
	};
	g_autofree char *code = text_of_code("ASCII");
	if (!code) {
		g_test_skip("skipped: qrencode is not here");
		return;
	}
	g_auto(GStrv) lines = g_strsplit(code, "\n", -1);
	for (guint i = 0; i < G_N_ELEMENTS(paintings); i++) {
		g_test_message("%s", paintings[i].what);
		g_autoptr(GBytes) picture = painted(&paintings[i], lines);
		g_autoptr(json_t) document = attached_read("a.bmp", picture);
		assert_drawn(document);
	}
}

static void test_pictures_in_the_page_itself_are_read(void)
{
	g_autoptr(GBytes) code = attached_qr("PNG", "https://drawn.example/x");
	if (!code)
		return;
	gsize size;
	const guchar *octets = g_bytes_get_data(code, &size);
	g_autofree char *encoded = g_base64_encode(octets, size);
	g_autofree char *html =
		g_strconcat("<img src='data:image/png;base64,", encoded, "'>", NULL);
	g_autoptr(json_t) document = read_body("text/html", html);
	assert_drawn(document);
}

/* ---- limits ---- */

static GBytes *too_many_pages(void)
{
	GString *pdf = g_string_new("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
	                            "2 0 obj<</Type/Pages/Count 60/Kids[");
	for (guint i = 0; i < 60; i++)
		g_string_append(pdf, "3 0 R ");
	g_string_append(pdf, "]>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
	                     "endobj\ntrailer<</Root 1 0 R>>\n");
	return g_string_free_to_bytes(pdf);
}

static GBytes *too_much_text(void)
{
	return g_bytes_new_take(g_strnfill(LIMIT_DOCUMENT_TEXT + 10, 'x'),
	                        LIMIT_DOCUMENT_TEXT + 10);
}

static GBytes *office_bomb(void)
{
	gsize size = 64 * 1024 * 1024;
	g_autofree char *nothing = g_strnfill(size, ' ');
	const AttachedFile files[] = {{"[Content_Types].xml", "<Types/>", 0},
	                              {"word/document.xml", nothing, size}};
	return attached_archive("zip", NULL, NULL, NULL, files, 2);
}

/* Less than a hundredfold, and still too much for an XML part. */
static GBytes *large_part(void)
{
	gsize size = LIMIT_DOCUMENT_XML + 1024;
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	g_autofree char *noise = g_malloc(size);
	for (gsize i = 0; i < size; i++)
		noise[i] = (char)g_rand_int_range(random, 'a', 'h');
	const AttachedFile files[] = {{"[Content_Types].xml", "<Types/>", 0},
	                              {"word/document.xml", noise, size}};
	return attached_archive("zip", NULL, NULL, NULL, files, 2);
}

static GBytes *huge_picture(void)
{
	/* a BMP of 30000 x 30000 pixels, of which none is there */
	static const char bmp[] =
		"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x30\x75\0\0\x30\x75\0\0\1\0"
		"\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	return g_bytes_new_static(bmp, sizeof bmp - 1);
}

static GBytes *deep_groups(void)
{
	GString *text = g_string_new("{\\rtf1");
	for (guint i = 0; i < 2 * LIMIT_RTF_DEPTH; i++)
		g_string_append_c(text, '{');
	return g_string_free_to_bytes(text);
}

static GBytes *many_attendees(void)
{
	GString *text = g_string_new("BEGIN:VCALENDAR\nBEGIN:VEVENT\n");
	for (guint i = 0; i < LIMIT_CALENDAR_LINES; i++)
		g_string_append(text, "ATTENDEE:mailto:a@x.example\n");
	return g_string_free_to_bytes(text);
}

static GBytes *many_objects(void)
{
	GString *pdf = g_string_new("%PDF-1.4\n");
	while (pdf->len < LIMIT_PDF_OBJECTS + 1000)
		g_string_append(pdf,
		                "1 0 obj<</A(it is long and it says nothing at all)>>endobj\n");
	return g_string_free_to_bytes(pdf);
}

static void test_limits_end_in_findings(void)
{
	static const struct {
		const char *name;
		GBytes *(*make)(void);
		const char *finding;
	} cases[] = {
		{"a.pdf", too_many_pages, "limit_pdf_pages"},
		{"a.pdf", many_objects, "limit_pdf_objects"},
		{"a.txt", too_much_text, "limit_document_text"},
		{"a.html", too_much_text, "limit_document_text"},
		{"a.docx", office_bomb, "limit_unpacked_ratio"},
		{"a.docx", large_part, "limit_document_xml"},
		{"a.bmp", huge_picture, "limit_picture"},
		{"a.rtf", deep_groups, "limit_rtf_depth"},
		{"a.ics", many_attendees, "limit_calendar_lines"},
		{"a.ics", many_attendees, "limit_calendar_people"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) content = cases[i].make();
		g_autoptr(json_t) document = attached_read(cases[i].name, content);
		if (!has_finding(json_object_get(document, "message"), cases[i].finding))
			g_error("no %s", cases[i].finding);
	}
}

static void test_pictures_of_a_message_have_a_limit_together(void)
{
	GString *html = g_string_new("Content-Type: text/html\n\n");
	/* 5000 x 5000 pixels of which none is there */
	static const guchar bmp[] =
		"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x88\x13\0\0\x88\x13\0\0\1\0"
		"\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	g_autofree char *encoded = g_base64_encode(bmp, sizeof bmp - 1);
	for (guint i = 0; i < 4; i++)
		g_string_append_printf(html, "<img src='data:image/bmp;base64,%s'>", encoded);
	g_autoptr(json_t) document = read_text(html->str);
	g_assert_true(has_finding(json_object_get(document, "message"), "limit_qr"));
	g_string_free(html, TRUE);
}

static void test_an_empty_file_of_any_name_is_read(void)
{
	static const char *const names[] = {"a.txt", "a.html", "a.svg", "a.ics", "a.vcf",   "a.url",
	                                    "a.rtf", "a.pdf",  "a.doc", "a.lnk", "a.webloc"};
	g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(json_t) document = attached_read(names[i], nothing);
		g_assert_cmpint(json_int(document, "message.attachments.0.size", -1), ==, 0);
	}
}

/* libgsf complains of broken files as if they were mistakes of its caller. */
static gboolean is_fatal(const char *domain, GLogLevelFlags level, const char *message,
                         gpointer data)
{
	return !domain || !g_str_has_prefix(domain, "libgsf");
}

/* Every sample with octets changed and cut: a document still comes back. */
static void test_any_octets_give_a_document(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	g_test_log_set_fatal_handler(is_fatal, NULL);
	for (guint i = 0; i < 6 * attached_samples_count; i++) {
		const AttachedSample *sample = &attached_samples[i % attached_samples_count];
		g_autoptr(GBytes) content = sample->make();
		gsize size = content ? g_bytes_get_size(content) : 0;
		if (size == 0)
			continue;
		guint8 *octets = g_memdup2(g_bytes_get_data(content, NULL), size);
		for (guint j = 0; j < 1 + i / attached_samples_count * 4; j++)
			octets[g_rand_int_range(random, 0, (gint32)size)] =
				(guint8)g_rand_int_range(random, 0, 256);
		g_autoptr(GBytes) changed = g_bytes_new_take(octets, size);
		g_autoptr(GBytes) part = g_bytes_new_from_bytes(
			changed, 0, (gsize)g_rand_int_range(random, 1, (gint32)size + 1));
		g_autoptr(json_t) document = attached_read(sample->name, part);
		g_autofree char *json = json_format(document);
		g_assert_true(g_utf8_validate(json, -1, NULL));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/documents/links and oddities are found in each kind of document",
	                test_links_and_oddities_are_found_in_each_kind_of_document);
	g_test_add_func("/documents/members say what a file is", test_members_say_what_a_file_is);
	g_test_add_func("/documents/options switch reading off and say so",
	                test_options_switch_reading_off_and_say_so);
	g_test_add_func("/documents/codes of block characters are read",
	                test_codes_of_block_characters_are_read);
	g_test_add_func("/documents/codes of coloured cells are read",
	                test_codes_of_coloured_cells_are_read);
	g_test_add_func("/documents/codes in pictures are read as telephones do",
	                test_codes_in_pictures_are_read_as_telephones_do);
	g_test_add_func("/documents/pictures in the page itself are read",
	                test_pictures_in_the_page_itself_are_read);
	g_test_add_func("/documents/limits end in findings", test_limits_end_in_findings);
	g_test_add_func("/documents/pictures of a message have a limit together",
	                test_pictures_of_a_message_have_a_limit_together);
	g_test_add_func("/documents/an empty file of any name is read",
	                test_an_empty_file_of_any_name_is_read);
	g_test_add_func("/documents/any octets give a document", test_any_octets_give_a_document);
	return g_test_run();
}
