#include "../../../tests/support/attached.h"
#include "mail/testing.h"

#include <gsf/gsf-utils.h>

static const AttachedFile note[] = {{"note.txt", "https://packed.example/", 0}};

static gboolean has_link(const json_t *document, const char *url)
{
	size_t i;
	json_t *link;
	json_array_foreach (json_at(document, "message.links"), i, link)
		if (g_strcmp0(json_text(link, "url"), url) == 0)
			return TRUE;
	return FALSE;
}

/* What is in one is read as an attachment is: here, the link in a text. */
static void assert_unpacked(const char *name, GBytes *archive)
{
	g_autoptr(json_t) document = attached_read(name, archive);
	g_autofree char *file = value_at(document, "message.attachments.0.parts.0.name");
	if (!has_link(document, "https://packed.example/"))
		g_error("%s is not read", name);
	if (!g_str_has_suffix(name, ".gz"))
		g_assert_cmpstr(file, ==, "note.txt");
	g_assert_false(has_finding(json_object_get(document, "message"), "archive_broken"));
}

static void test_files_in_archives_of_each_kind_are_read(void)
{
	static const struct {
		const char *name, *format, *filter;
	} cases[] = {
		{"a.zip", "zip", NULL},        {"a.7z", "7zip", NULL},
		{"a.tar", "ustar", NULL},      {"a.tar.gz", "ustar", "gzip"},
		{"a.tar.bz2", "pax", "bzip2"}, {"a.tar.xz", "gnutar", "xz"},
		{"a.gz", "raw", "gzip"},       {"a.cpio", "newc", NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) archive =
			attached_archive(cases[i].format, cases[i].filter, NULL, NULL, note, 1);
		assert_unpacked(cases[i].name, archive);
	}
	g_autoptr(GBytes) rar4 = attached_rar4(note[0].name, note[0].content);
	assert_unpacked("a.rar", rar4);
	g_autoptr(GBytes) rar5 = attached_rar5(note[0].name, note[0].content);
	assert_unpacked("a.rar", rar5);
	g_autoptr(GBytes) cab = attached_cab(note[0].name, note[0].content);
	assert_unpacked("a.cab", cab);
}

static void test_files_in_a_disk_image_are_read(void)
{
	static const AttachedFile files[] = {{"NOTE.TXT", "https://packed.example/", 0}};
	g_autoptr(GBytes) image = attached_archive("iso9660", NULL, NULL, NULL, files, 1);
	g_autoptr(json_t) document = attached_read("a.iso", image);
	g_assert_true(has_link(document, "https://packed.example/"));
	g_assert_true(has_finding(json_object_get(document, "message"), "attachment_runs"));
}

static void test_samples_are_opened_with_the_passwords_people_give_them(void)
{
	static const struct {
		const char *options, *password;
		gboolean opened;
	} cases[] = {
		{"zip:encryption=traditional", "infected", TRUE},
		{"zip:encryption=aes128", "virus", TRUE},
		{"zip:encryption=aes256", "malware", TRUE},
		{"zip:encryption=aes256", "abuse", TRUE},
		{"zip:encryption=traditional", "no such word", FALSE},
		{"zip:encryption=aes256", "no such word", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) archive =
			attached_archive("zip", NULL, cases[i].options, cases[i].password, note, 1);
		g_autoptr(json_t) document = attached_read("a.zip", archive);
		const json_t *message = json_object_get(document, "message");
		g_assert_cmpint(has_link(document, "https://packed.example/"), ==, cases[i].opened);
		g_assert_cmpint(has_finding(message, "archive_encrypted"), ==, !cases[i].opened);
		g_assert_cmpstr(json_text(message, "attachments.0.parts.0.name"), ==, "note.txt");
	}
}

/* ---- odd zips ---- */

/* A zip is one array of octets, in which these tests change what they need. */
static GByteArray *zip_of(const AttachedFile *files, guint n)
{
	g_autoptr(GBytes) zip =
		attached_archive("zip", NULL, "zip:compression=store", NULL, files, n);
	GByteArray *octets = g_byte_array_new();
	g_byte_array_append(octets, g_bytes_get_data(zip, NULL), (guint)g_bytes_get_size(zip));
	return octets;
}

/* Replaces the @which-th occurrence of a text by one as long. */
static void replace(GByteArray *octets, const char *from, const char *to, guint which)
{
	guint8 *at = octets->data;
	for (guint i = 0; i <= which; i++) {
		at = memmem(at + (i > 0), octets->len - (gsize)(at + (i > 0) - octets->data), from,
		            strlen(from));
		g_assert_nonnull(at);
	}
	memcpy(at, to, strlen(to));
}

/* The directory without its first entry. */
static void forget_first(GByteArray *octets)
{
	guint8 *start = memmem(octets->data, octets->len, "PK\001\002", 4);
	gsize size = 46u + GSF_LE_GET_GUINT16(start + 28) + GSF_LE_GET_GUINT16(start + 30) +
	             GSF_LE_GET_GUINT16(start + 32);
	g_byte_array_remove_range(octets, (guint)(start - octets->data), (guint)size);
	guint8 *end = memmem(octets->data, octets->len, "PK\005\006", 4);
	guint files = GSF_LE_GET_GUINT16(end + 8) - 1u;
	gsize left = GSF_LE_GET_GUINT32(end + 12) - size;
	GSF_LE_SET_GUINT16(end + 8, files);
	GSF_LE_SET_GUINT16(end + 10, files);
	GSF_LE_SET_GUINT32(end + 12, left);
}

static json_t *read_octets(const char *name, GByteArray *octets)
{
	g_autoptr(GBytes) content = g_bytes_new(octets->data, octets->len);
	return attached_read(name, content);
}

static void test_a_file_that_the_directory_leaves_out_is_read_and_said(void)
{
	static const AttachedFile files[] = {{"hidden.txt", "https://packed.example/", 0},
	                                     {"shown.txt", "nothing", 0}};
	g_autoptr(GByteArray) zip = zip_of(files, 2);
	forget_first(zip);
	g_autoptr(json_t) document = read_octets("a.zip", zip);
	g_assert_true(has_finding(json_object_get(document, "message"), "zip_hidden_file"));
	g_assert_true(has_link(document, "https://packed.example/"));
	const json_t *parts = json_at(document, "message.attachments.0.parts");
	g_assert_cmpuint(json_array_size(parts), ==, 2);
}

static void test_a_file_with_two_names_is_said(void)
{
	static const AttachedFile files[] = {{"note.txt", "nothing", 0}};
	g_autoptr(GByteArray) zip = zip_of(files, 1);
	replace(zip, "note.txt", "note.exe", 0);
	g_autoptr(json_t) document = read_octets("a.zip", zip);
	g_assert_true(has_finding(json_object_get(document, "message"), "zip_names_differ"));
}

static void test_a_usual_zip_has_no_findings(void)
{
	static const AttachedFile files[] = {{"one.txt", "nothing", 0},
	                                     {"Größe.txt", "nothing", 0},
	                                     {"a/b/two.txt", "data PK\003\004 data", 0}};
	g_autoptr(GBytes) zip = attached_archive("zip", NULL, NULL, NULL, files, 3);
	g_autoptr(json_t) document = attached_read("a.zip", zip);
	g_autofree char *findings = value_at(document, "message.findings");
	g_test_message("%s", findings);
	g_assert_cmpuint(json_array_size(json_at(document, "message.findings")), ==,
	                 1); /* no date */
	g_assert_cmpstr(json_text(document, "message.attachments.0.parts.1.name"), ==, "Größe.txt");
}

static void test_names_that_lead_out_are_said(void)
{
	static const struct {
		const char *name;
		gboolean climbs;
	} cases[] = {
		{"../evil.txt", TRUE},       {"a/../../evil.txt", TRUE}, {"a\\..\\..\\evil", TRUE},
		{"C:\\Windows\\evil", TRUE}, {"a/..b/c.txt", FALSE},     {"a...txt", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const AttachedFile files[] = {{cases[i].name, "nothing", 0}};
		g_autoptr(GBytes) zip = attached_archive("zip", NULL, NULL, NULL, files, 1);
		g_autoptr(json_t) document = attached_read("a.zip", zip);
		const json_t *message = json_object_get(document, "message");
		g_assert_cmpint(has_finding(message, "archive_name_climbs"), ==, cases[i].climbs);
	}
}

static void test_a_zip_behind_something_else_is_read(void)
{
	static const struct {
		const char *name, *front, *finding;
	} cases[] = {
		{"a.exe", "MZ and the rest of a program", "self_extracting"},
		{"a.gif", "GIF89a and the rest of a picture", "zip_appended"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) zip = zip_of(note, 1);
		g_byte_array_prepend(zip, (const guint8 *)cases[i].front,
		                     (guint)strlen(cases[i].front));
		g_autoptr(json_t) document = read_octets(cases[i].name, zip);
		g_assert_true(has_finding(json_object_get(document, "message"), cases[i].finding));
		g_assert_true(has_link(document, "https://packed.example/"));
	}
}

static void test_any_octets_give_a_document(void)
{
	static const AttachedFile files[] = {{"one.txt", "nothing", 0}, {"two.txt", "nothing", 0}};
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	for (guint i = 0; i < 400; i++) {
		g_autoptr(GByteArray) zip = zip_of(files, 2);
		for (guint j = 0; j < 1 + i / 50; j++)
			zip->data[g_rand_int_range(random, 0, (gint32)zip->len)] =
				(guint8)g_rand_int_range(random, 0, 256);
		g_autoptr(json_t) document = read_octets("a.zip", zip);
		g_autofree char *json = json_format(document);
		g_assert_true(g_utf8_validate(json, -1, NULL));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/archive/files in archives of each kind are read",
	                test_files_in_archives_of_each_kind_are_read);
	g_test_add_func("/archive/files in a disk image are read",
	                test_files_in_a_disk_image_are_read);
	g_test_add_func("/archive/samples are opened with the passwords people give them",
	                test_samples_are_opened_with_the_passwords_people_give_them);
	g_test_add_func("/archive/a file that the directory leaves out is read and said",
	                test_a_file_that_the_directory_leaves_out_is_read_and_said);
	g_test_add_func("/archive/a file with two names is said",
	                test_a_file_with_two_names_is_said);
	g_test_add_func("/archive/a usual zip has no findings", test_a_usual_zip_has_no_findings);
	g_test_add_func("/archive/names that lead out are said", test_names_that_lead_out_are_said);
	g_test_add_func("/archive/a zip behind something else is read",
	                test_a_zip_behind_something_else_is_read);
	g_test_add_func("/archive/any octets give a document", test_any_octets_give_a_document);
	return g_test_run();
}
