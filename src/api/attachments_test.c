/* Attachments as files to save, over HTTP and a real reader. */
#include "api/testing.h"

#include "api/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

#define PATH "/v1/originals/1/attachments"

/* "name sha256\n" for each file of a zip, read with the password. */
static char *list_zip(GBytes *zip, const char *password)
{
	g_autoptr(GString) list = g_string_new(NULL);
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	gsize size;
	const void *octets = g_bytes_get_data(zip, &size);
	archive_read_support_format_zip(archive);
	archive_read_add_passphrase(archive, password);
	g_assert_cmpint(archive_read_open_memory(archive, octets, size), ==, ARCHIVE_OK);
	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
		char content[4096];
		la_ssize_t got = archive_read_data(archive, content, sizeof content);
		g_assert_true(archive_entry_is_data_encrypted(entry));
		g_autofree char *sha256 =
			got < 0 ? g_strdup("locked")
				: g_compute_checksum_for_data(G_CHECKSUM_SHA256,
		                                              (const guchar *)content, (gsize)got);
		g_string_append_printf(list, "%s %s\n", archive_entry_pathname(entry), sha256);
	}
	archive_read_free(archive);
	return g_string_free(g_steal_pointer(&list), FALSE);
}

static char *sha256_of(const char *text)
{
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

static void attachments_come_locked_as_they_were(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autofree char *program = sha256_of("MZ");
	for (guint i = 0; zip_lock_names[i]; i++) {
		g_autofree char *path = g_strconcat(PATH "?encryption=", zip_lock_names[i], NULL);
		g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_CONTENT, "GET", path, NULL, NULL);
		g_test_message("%s", reply->head);
		g_assert_cmpint(reply->status, ==, 200);
		g_autofree char *type = reply_header(reply, "Content-Type");
		g_autofree char *saved = reply_header(reply, "Content-Disposition");
		g_autofree char *sniff = reply_header(reply, "X-Content-Type-Options");
		g_autofree char *password = reply_header(reply, "Trawl-Zip-Password");
		g_assert_cmpstr(type, ==, "application/zip");
		g_assert_cmpstr(saved, ==, "attachment; filename=\"original-1-attachments.zip\"");
		g_assert_cmpstr(sniff, ==, "nosniff");
		g_assert_cmpstr(password, ==, "infected");
		g_autofree char *list = list_zip(reply->body, password);
		g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
		g_autofree char *first = g_strconcat("Rechnung März.exe ", program, NULL);
		g_assert_cmpstr(lines[0], ==, first);
		g_assert_true(g_str_has_prefix(lines[1], "attachment "));
		g_assert_cmpstr(lines[2], ==, "");
		g_autofree char *locked = list_zip(reply->body, "wrong");
		g_assert_nonnull(strstr(locked, "locked"));
	}
}

static void one_is_asked_for_by_its_hash_however_deep_it_is(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autofree char *deep = sha256_of("DEEP");
	g_autofree char *upper = g_ascii_strup(deep, -1);
	g_autofree char *path = g_strconcat(PATH "?sha256=", upper, NULL);
	g_autofree char *none = sha256_of("nothing");
	g_autofree char *nowhere = g_strconcat(PATH "?sha256=", none, NULL);
	g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_CONTENT, "GET", path, NULL, NULL);
	g_assert_cmpint(reply->status, ==, 200);
	g_autofree char *list = list_zip(reply->body, ZIP_PASSWORD);
	g_autofree char *wanted = g_strconcat("deep.bin ", deep, "\n", NULL);
	g_assert_cmpstr(list, ==, wanted);
	static const struct {
		const char *query;
		int status;
	} cases[] = {
		{"?sha256=abc", 400},
		{"?encryption=rot13", 400},
		{"?other=1", 400},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *bad = g_strconcat(PATH, cases[i].query, NULL);
		g_autoptr(Reply) refused = api_rig_call(rig, SCOPE_CONTENT, "GET", bad, NULL, NULL);
		g_assert_cmpint(refused->status, ==, cases[i].status);
	}
	g_autoptr(Reply) missing = api_rig_call(rig, SCOPE_CONTENT, "GET", nowhere, NULL, NULL);
	g_assert_cmpint(missing->status, ==, 404);
}

static void an_operators_limits_hold_for_a_look_too(void)
{
	g_autoptr(ApiRig) rig = api_rig_new_limited("parts=3");
	g_autofree char *deep = sha256_of("DEEP");
	g_autofree char *path = g_strconcat(PATH "?sha256=", deep, NULL);
	g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_CONTENT, "GET", path, NULL, NULL);
	g_assert_cmpint(reply->status, ==, 404);
}

static guint count_records(const ApiRig *rig, const char *action)
{
	guint count = 0;
	size_t i;
	json_t *record;
	g_autoptr(Reply) log =
		api_rig_call(rig, SCOPE_ADMIN, "GET", "/v1/activity?limit=500", NULL, NULL);
	json_array_foreach (json_object_get(log->json, "items"), i, record)
		count += g_strcmp0(json_text(record, "action"), action) == 0;
	return count;
}

static int status_of(const ApiRig *rig, guint scope, const char *path)
{
	g_autoptr(Reply) reply = api_rig_call(rig, scope, "GET", path, NULL, NULL);
	return reply->status;
}

static void who_may_not_read_it_gets_none_and_each_look_is_on_record(void)
{
	static const struct {
		const char *path, *action;
	} routes[] = {{PATH, "original.attachments"}, {"/v1/reports/1/originals", "report.look"}};
	g_autoptr(ApiRig) rig = api_rig_new();
	for (guint i = 0; i < G_N_ELEMENTS(routes); i++) {
		g_assert_cmpint(status_of(rig, SCOPE_READ, routes[i].path), ==, 403);
		g_assert_cmpuint(count_records(rig, routes[i].action), ==, 0);
		g_assert_cmpint(status_of(rig, SCOPE_CONTENT, routes[i].path), ==, 200);
		g_assert_cmpuint(count_records(rig, routes[i].action), ==, 1);
	}
	g_autoptr(Reply) named = api_rig_call(rig, SCOPE_ADMIN, "PATCH", "/v1/vips",
	                                      "{\"addresses\":[\"ann@corp.example\"]}", NULL);
	g_assert_cmpint(named->status, ==, 200);
	for (guint i = 0; i < G_N_ELEMENTS(routes); i++) {
		g_assert_cmpint(status_of(rig, SCOPE_CONTENT, routes[i].path), ==, 403);
		g_assert_cmpuint(count_records(rig, routes[i].action), ==, 1);
	}
}

static void names_are_made_harmless(void)
{
	static const struct {
		const char *name, *safe;
	} cases[] = {
		{"invoice.pdf", "invoice.pdf"},
		{"../../etc/passwd", "passwd"},
		{"C:\\Windows\\evil.exe", "evil.exe"},
		{"a<b>:c|d?.txt", "a_b__c_d_.txt"},
		{"Rechnung \xe2\x80\xae"
	         "fdp.exe",
	         "Rechnung _fdp.exe"},
		{"line\nbreak.txt", "line_break.txt"},
		{".bashrc", "_.bashrc"},
		{"-rf", "_-rf"},
		{"evil.exe. . ", "evil.exe"},
		{"..", "attachment"},
		{"dir/", "attachment"},
		{"\xff.bin", "\xef\xbf\xbd.bin"},
		{NULL, "attachment"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *safe = zip_safe_name(cases[i].name);
		g_assert_cmpstr(safe, ==, cases[i].safe);
	}
	g_autofree char *many = g_strnfill(998, 'a');
	g_autofree char *with_ending = g_strconcat("\xc3\xa4", many, ".pdf", NULL);
	g_autofree char *cut = zip_safe_name(with_ending);
	g_assert_cmpuint(strlen(cut), <=, 150);
	g_assert_true(g_str_has_suffix(cut, "a.pdf"));
}

static void names_that_are_alike_are_told_apart(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) files = json_pack("[{s:s,s:s},{s:s,s:s},{s:n,s:s},{s:n,s:s}]", "name",
	                                    "a.txt", "content_base64", "YQ==", "name", "A.TXT",
	                                    "content_base64", "Yg==", "name", "content_base64",
	                                    "YQ==", "name", "content_base64", "Yw==");
	g_autoptr(GBytes) zip = zip_new(files, 0, &error);
	g_assert_no_error(error);
	g_autofree char *list = list_zip(zip, ZIP_PASSWORD);
	static const char *const names[] = {"a.txt ", "A (2).TXT ", "attachment ",
	                                    "attachment (2) "};
	g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		g_assert_true(g_str_has_prefix(lines[i], names[i]));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	setlocale(LC_CTYPE, "C.UTF-8"); /* for libarchive's reader */
#define TEST(name, function) g_test_add_func("/attachments/" name, function)
	TEST("attachments come locked, as they were", attachments_come_locked_as_they_were);
	TEST("one is asked for by its hash, however deep it is",
	     one_is_asked_for_by_its_hash_however_deep_it_is);
	TEST("an operator's limits hold for a look, too", an_operators_limits_hold_for_a_look_too);
	TEST("who may not read it gets none, and each look is on record",
	     who_may_not_read_it_gets_none_and_each_look_is_on_record);
	TEST("names are made harmless", names_are_made_harmless);
	TEST("names that are alike are told apart", names_that_are_alike_are_told_apart);
	return g_test_run();
}
