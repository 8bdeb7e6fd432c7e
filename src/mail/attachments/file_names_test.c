#include "../../../tests/support/attached.h"
#include "mail/testing.h"

static json_t *read_fields(const char *fields, const char *content)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(content, strlen(content));
	g_autoptr(GBytes) mail = attached_mail(fields, bytes);
	return breakdown_new(mail, NULL);
}

static void test_what_is_odd_about_a_name_is_said(void)
{
	static const struct {
		const char *name, *finding;
		gboolean said;
	} cases[] = {
		{"invoice.pdf.exe", "double_ending", TRUE},
		{"invoice.pdf.exe", "attachment_runs", TRUE},
		{"invoice.pdf   .scr", "double_ending", TRUE},
		{"setup.2.0.exe", "double_ending", FALSE},
		{"invoice.exe .", "attachment_runs", TRUE},
		{"invoice.pdf", "attachment_runs", FALSE},
		{"invoice\xe2\x80\xae"
	         "fdp.exe",
	         "name_bidi", TRUE},
		{"invoice\xe2\x81\xa6"
	         "fdp.exe",
	         "name_bidi", TRUE},
		{"r\xc3\xa9sum\xc3\xa9.pdf", "name_bidi", FALSE},
		{"invoice.pdf                      .exe", "name_blanks", TRUE},
		{"invoice.pdf ", "name_blanks", TRUE},
		{"my invoice of may.pdf", "name_blanks", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *packed =
			g_base64_encode((const guchar *)cases[i].name, strlen(cases[i].name));
		g_autofree char *fields =
			g_strdup_printf("Content-Type: x/y\nContent-Disposition: attachment; "
		                        "filename=\"=?utf-8?b?%s?=\"\n",
		                        packed);
		g_autoptr(json_t) document = read_fields(fields, "content");
		const json_t *message = json_object_get(document, "message");
		if (has_finding(message, cases[i].finding) != cases[i].said)
			g_error("%s: %s is %ssaid", cases[i].name, cases[i].finding,
			        cases[i].said ? "not " : "");
	}
}

static void test_names_and_types_that_do_not_fit_are_said(void)
{
	static const struct {
		const char *fields, *content, *finding;
		gboolean said;
	} cases[] = {
		{"Content-Type: application/pdf; name=a.pdf\n", "MZ...", "type_mismatch", TRUE},
		{"Content-Type: x/y; name=a.pdf\n", "MZ...", "name_mismatch", TRUE},
		{"Content-Type: x/y; name=a.pdf\n", "MZ...", "attachment_program", TRUE},
		{"Content-Type: x/y; name=a.exe\n", "MZ...", "name_mismatch", FALSE},
		{"Content-Type: application/pdf; name=a.pdf\n", "%PDF-1.4", "name_mismatch", FALSE},
		{"Content-Type: image/png; name=a.png\n", "%PDF-1.4", "name_mismatch", TRUE},
		{"Content-Type: x/y; name=a.docx\n", "PK\003\004", "name_mismatch", TRUE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) document = read_fields(cases[i].fields, cases[i].content);
		const json_t *message = json_object_get(document, "message");
		if (has_finding(message, cases[i].finding) != cases[i].said)
			g_error("case %u: %s is %ssaid", i, cases[i].finding,
			        cases[i].said ? "not " : "");
	}
}

static void test_all_names_of_a_part_are_shown(void)
{
#define DISPOSITION "Content-Disposition: attachment; filename"
	static const struct {
		const char *fields, *first, *second; /* NULL: only one name, so none are listed */
	} cases[] = {
		{"Content-Type: x/y; name=\"a.txt\"\n" DISPOSITION "=\"b.exe\"\n", "b.exe",
	         "a.txt"},
		{"Content-Type: x/y\n" DISPOSITION "=\"a.txt\"; filename*=utf-8''b.exe\n", NULL,
	         NULL},
		{"Content-Type: x/y; name=\"=?utf-8?q?caf=C3=A9?=\"\n" DISPOSITION
	         "*=utf-8''caf%C3%A9\n",
	         NULL, NULL},
		{"Content-Type: x/y; name=a.txt\n" DISPOSITION "=\"a.txt\"\n", NULL, NULL},
		{"Content-Type: x/y\n", NULL, NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) document = read_fields(cases[i].fields, "content");
		const json_t *message = json_object_get(document, "message");
		const json_t *names = json_at(message, "attachments.0.names");
		if (i == 1) { /* which comes first is the MIME parser's choice */
			g_assert_cmpuint(json_array_size(names), ==, 2);
		} else {
			g_assert_cmpstr(json_text(names, "0"), ==, cases[i].first);
			g_assert_cmpstr(json_text(names, "1"), ==, cases[i].second);
		}
		g_assert_cmpint(has_finding(message, "name_ambiguous"), ==, names != NULL);
	}
}

static void test_larger_files_have_a_fuzzy_hash(void)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < 2000; i++)
		g_string_append_printf(text, "%u ", i * i);
	g_autoptr(json_t) large = read_fields("Content-Type: x/y\n", text->str);
	g_autoptr(json_t) small = read_fields("Content-Type: x/y\n", "few octets");
	const char *hash = json_text(large, "message.attachments.0.ssdeep");
	g_assert_nonnull(hash);
	g_assert_true(g_ascii_isdigit(*hash) && strchr(hash, ':'));
	g_assert_null(json_text(small, "message.attachments.0.ssdeep"));
	g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/file_names/what is odd about a name is said",
	                test_what_is_odd_about_a_name_is_said);
	g_test_add_func("/file_names/names and types that do not fit are said",
	                test_names_and_types_that_do_not_fit_are_said);
	g_test_add_func("/file_names/all names of a part are shown",
	                test_all_names_of_a_part_are_shown);
	g_test_add_func("/file_names/larger files have a fuzzy hash",
	                test_larger_files_have_a_fuzzy_hash);
	return g_test_run();
}
