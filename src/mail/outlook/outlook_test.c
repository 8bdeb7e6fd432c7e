#include "mail/outlook/outlook.h"

#include "base/text.h"
#include "mail/testing.h"

/* The samples of the fuzz targets, which we made. */
static GBytes *sample(const char *name)
{
	char *octets;
	gsize size;
	g_autofree char *path = g_build_filename(g_getenv("TRAWL_SOURCE_ROOT"), "tests", "fuzz",
	                                         "seeds", name, NULL);
	g_assert_true(g_file_get_contents(path, &octets, &size, NULL));
	return g_bytes_new_take(octets, size);
}

/* A report with a sample attached. */
static json_t *read_attached(GBytes *content, const char *type)
{
	gsize size;
	const guchar *octets = g_bytes_get_data(content, &size);
	g_autofree char *encoded = g_base64_encode(octets, size);
	g_autofree char *message =
		g_strdup_printf("From: a@corp.example\nSubject: x\nContent-Type: %s; name=file\n"
	                        "Content-Transfer-Encoding: base64\n\n%s\n",
	                        type, encoded);
	return read_text(message);
}

static void test_outlook_items_are_read_whatever_they_are_called(void)
{
	static const struct {
		const char *sample, *type, *path, *expected;
	} cases[] = {
		{"outlook/plain.msg", "application/vnd.ms-outlook",
	         "originals.0.message.message_id", "out@bad.example"},
		{"outlook/plain.msg", "application/octet-stream", "originals.0.message.subject",
	         "Outer"},
		{"outlook/plain.msg", "text/html; x=1", "message.text", "null"},
		{"outlook/plain.msg", "image/png", "originals.0.message.from.0.address",
	         "e@bad.example"},
		{"outlook/plain.msg", "image/png", "originals.0.message.to.0.address",
	         "ann@corp.example"},
		{"outlook/plain.msg", "image/png", "originals.0.message.text", "hello"},
		{"outlook/plain.msg", "image/png", "originals.0.message.attachments.0.name",
	         "bill.txt"},
		{"outlook/plain.msg", "image/png", "originals.0.message.headers.1.name", "X-A"},
		{"outlook/plain.msg", "image/png", "originals.0.first_hand", "false"},
		{"outlook/nested.msg", "application/vnd.ms-outlook",
	         "originals.0.message.attachments.0.message.message_id", "in@bad.example"},
		{"tnef/simple.dat", "application/ms-tnef", "message.attachments.0.holds", "tnef"},
		{"tnef/simple.dat", "application/ms-tnef",
	         "message.attachments.0.message.attachments.0.name", "bill.txt"},
		{"tnef/simple.dat", "application/octet-stream",
	         "message.attachments.0.message.from.0.address", "e@bad.example"},
		{"tnef/simple.dat", "application/ms-tnef", "message.attachments.0.message.date",
	         "2026-11-23T09:05:00+00:00"},
		{"tnef/rtf.dat", "application/ms-tnef", "message.attachments.0.message.html",
	         "<p>hi</p>"},
		{"tnef/embedded.dat", "application/ms-tnef", "originals.0.message.message_id",
	         "in@bad.example"},
		{"tnef/embedded.dat", "application/ms-tnef",
	         "message.attachments.0.message.attachments.1.name", "Object"},
		{"tnef/embedded.dat", "application/ms-tnef",
	         "message.attachments.0.message.attachments.1.size", "10"},
		{"tnef/embedded.dat", "application/ms-tnef",
	         "message.attachments.0.message.attachments.2.name", "Object.object"},
		{"tnef/embedded.dat", "application/ms-tnef",
	         "message.attachments.0.message.attachments.2.size", "26"},
		{"tnef/short.dat", "application/ms-tnef", "message.findings.2.id", "outlook_cut"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) content = sample(cases[i].sample);
		g_autoptr(json_t) document = read_attached(content, cases[i].type);
		g_autofree char *value = value_at(document, cases[i].path);
		if (g_strcmp0(value, cases[i].expected) != 0)
			g_error("case %u, %s: expected %s, is %s", i, cases[i].path,
			        cases[i].expected, value);
	}
}

static void test_a_file_that_breaks_off_anywhere_is_read_as_far_as_it_goes(void)
{
	static const char *const samples[] = {"outlook/nested.msg", "tnef/embedded.dat",
	                                      "tnef/simple.dat", "tnef/rtf.dat"};
	/* libgsf's own complaints about broken files; see msg_init() */
	GLogLevelFlags fatal = g_log_set_always_fatal(G_LOG_FATAL_MASK);
	for (guint i = 0; i < G_N_ELEMENTS(samples); i++) {
		g_autoptr(GBytes) whole = sample(samples[i]);
		gsize size = g_bytes_get_size(whole);
		for (gsize length = 0; length < size; length += 1 + length / 200) {
			g_autoptr(GBytes) part = g_bytes_new_from_bytes(whole, 0, length);
			g_autoptr(json_t) document =
				read_attached(part, "application/octet-stream");
			g_assert_nonnull(json_at(document, "message.attachments"));
		}
	}
	g_log_set_always_fatal(fatal);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/outlook/items", test_outlook_items_are_read_whatever_they_are_called);
	g_test_add_func("/outlook/broken off",
	                test_a_file_that_breaks_off_anywhere_is_read_as_far_as_it_goes);
	return g_test_run();
}
