#include "mail/testing.h"

#include "base/error.h"
#include "base/limits.h"
#include "mail/findings/limits.h"

#include <gio/gio.h>

/* ---- messages with so much of something ---- */

static GString *deep(guint count)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < count; i++)
		g_string_append_printf(
			text, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
	return g_string_append(text, "\nx\n");
}

/* The multipart is one of them. */
static GString *parts(guint count)
{
	GString *text = g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");
	for (guint i = 1; i < count; i++)
		g_string_append(text, "--b\n\nx\n");
	return g_string_append(text, "--b--\n");
}

static GString *header_block(guint count)
{
	GString *text = g_string_new("Subject: x\nX-Long: ");
	while (text->len + 1 < count)
		g_string_append_c(text, 'y');
	return g_string_append(text, "\n\nbody\n");
}

static GString *parameters(guint count)
{
	GString *text = g_string_new("Content-Type: text/plain");
	for (guint i = 0; i < count; i++)
		g_string_append_printf(text, "; p%u=x", i);
	return g_string_append(text, "\n\nbody\n");
}

static GString *disposition_parameters(guint count)
{
	GString *text = g_string_new("Content-Disposition: attachment");
	for (guint i = 0; i < count; i++)
		g_string_append_printf(text, "; p%u=x", i);
	return g_string_append(text, "\n\nbody\n");
}

static GString *links(guint count)
{
	GString *text = g_string_new("Subject: x\n\n");
	for (guint i = 0; i < count; i++)
		g_string_append_printf(text, "https://x.example/%u\n", i);
	return text;
}

/* In lines of twenty: see breakdown_test.c. */
static GString *addresses(guint count)
{
	GString *text = g_string_new("To: a0@x.example");
	for (guint i = 1; i < count; i++)
		g_string_append_printf(text, ",%s a%u@x.example", i % 20 ? "" : "\n", i);
	return g_string_append(text, "\n\nbody\n");
}

static GString *body_text(guint count)
{
	GString *text = g_string_new("Subject: x\n\n");
	for (guint i = 0; i < count; i++)
		g_string_append_c(text, 'x');
	return text;
}

static GString *html_text(guint count)
{
	GString *text = g_string_new("Content-Type: text/html\n\n");
	for (guint i = 0; i < count; i++)
		g_string_append_c(text, 'x');
	return text;
}

static GString *nested(guint count)
{
	GString *text = g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");
	for (guint i = 0; i < count; i++)
		g_string_append_printf(
			text, "--b\nContent-Type: message/rfc822\n\nSubject: %u\n\nx\n", i);
	return g_string_append(text, "--b--\n");
}

static void append_base64(GString *text, const void *octets, gsize size)
{
	g_autofree char *encoded = g_base64_encode(octets, size);
	g_string_append_printf(text,
	                       "Content-Type: application/octet-stream\n"
	                       "Content-Transfer-Encoding: base64\n\n%s\n",
	                       encoded);
}

/* A file of a tar archive (POSIX.1-1988). */
static void append_file(GByteArray *archive, guint number, gsize size)
{
	char block[512] = {0};
	guint sum = 0;
	g_snprintf(block, 100, "f%u", number);
	g_snprintf(block + 100, 8, "%07o", 0644);
	g_snprintf(block + 124, 12, "%011o", (guint)size);
	memset(block + 148, ' ', 8);
	block[156] = '0';
	memcpy(block + 257, "ustar\00000", 8);
	for (guint i = 0; i < sizeof block; i++)
		sum += (guchar)block[i];
	g_snprintf(block + 148, 8, "%06o", sum);
	g_byte_array_append(archive, (const guint8 *)block, sizeof block);
	gsize padded = (size + 511) / 512 * 512;
	g_autofree guint8 *content = g_malloc0(MAX(padded, 1));
	memset(content, 'x', size);
	g_byte_array_append(archive, content, (guint)padded);
}

static GString *tar(guint files, gsize size)
{
	static const guint8 end[1024] = {0};
	GString *text = g_string_new(NULL);
	g_autoptr(GByteArray) archive = g_byte_array_new();
	for (guint i = 0; i < files; i++)
		append_file(archive, i, size);
	g_byte_array_append(archive, end, sizeof end);
	append_base64(text, archive->data, archive->len);
	return text;
}

static GString *unpacked(guint count)
{
	return tar(1, count);
}

static GString *unpacked_files(guint count)
{
	return tar(count, 1);
}

static const struct {
	const char *limit;
	guint count;
	GString *(*make)(guint count);
} edges[] = {
	{"depth", 7, deep},
	{"depth", LIMIT_DEPTH, deep},
	{"parts", 9, parts},
	{"parts", LIMIT_PARTS, parts},
	{"header_block", 500, header_block},
	{"header_block", LIMIT_HEADER_BLOCK, header_block},
	{"parameters", 3, parameters},
	{"parameters", LIMIT_PARAMETERS, parameters},
	{"parameters", 3, disposition_parameters},
	{"links", 4, links},
	{"links", LIMIT_LINKS, links},
	{"addresses", 5, addresses},
	{"addresses", LIMIT_ADDRESSES, addresses},
	{"body_text", 100, body_text},
	{"body_text", LIMIT_BODY_TEXT, body_text},
	{"body_text", 100, html_text},
	{"nested", 3, nested},
	{"nested", LIMIT_NESTED, nested},
	{"unpacked", 3000, unpacked},
	{"unpacked_files", 12, unpacked_files},
	{"unpacked_files", LIMIT_UNPACKED_FILES, unpacked_files},
};

static const MailLimit *limit_named(const char *name)
{
	for (const MailLimit *limit = mail_limits; limit->name; limit++)
		if (strcmp(limit->name, name) == 0)
			return limit;
	return NULL;
}

static json_t *read_with(GString *text, const char *limit, guint most)
{
	g_autoptr(GBytes) bytes = g_string_free_to_bytes(text);
	g_autoptr(json_t) options = json_pack("{s:{s:i}}", "limits", limit, (int)most);
	g_autoptr(json_t) document = breakdown_new(bytes, options);
	return json_incref(json_object_get(document, "message"));
}

static void test_at_a_limit_there_is_no_finding_and_one_past_it_there_is(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(edges); i++)
		for (guint past = 0; past < 2; past++) {
			const MailLimit *limit = limit_named(edges[i].limit);
			g_autoptr(json_t) message = read_with(edges[i].make(edges[i].count + past),
			                                      edges[i].limit, edges[i].count);
			if (has_finding(message, limit->finding) != (gboolean)past)
				g_error("row %u: %s %u and %u past it: %s", i, edges[i].limit,
				        edges[i].count, past, past ? "no finding" : "a finding");
		}
}

/* Two MiB of which gzip makes a hundredth or so; the limit moves instead. */
static void test_the_ratio_is_a_limit_of_its_own(void)
{
	g_autoptr(GConverter) gzip =
		G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9));
	const gsize size = 2 * 1024 * 1024;
	g_autofree guint32 *plain = g_malloc0(size);
	g_autofree char *packed = g_malloc(size);
	for (guint32 i = 0; i < size / sizeof *plain; i += 64)
		plain[i] = i * 2654435761u;
	gsize used, written;
	GConverterResult result = g_converter_convert(
		gzip, plain, size, packed, size, G_CONVERTER_INPUT_AT_END, &used, &written, NULL);
	g_assert_cmpint(result, ==, G_CONVERTER_FINISHED);
	guint ratio = (guint)(size / (written + 1)) + 1; /* the least at which it passes */
	g_assert_cmpuint(ratio, <, limit_named("unpacked_ratio")->most);
	for (guint past = 0; past < 2; past++) {
		GString *text = g_string_new(NULL);
		append_base64(text, packed, written);
		g_autoptr(json_t) message = read_with(text, "unpacked_ratio", ratio - past);
		g_assert_cmpint(has_finding(message, "limit_unpacked_ratio"), ==, past);
	}
}

static void test_every_limit_is_tried_and_told_of(void)
{
	for (const MailLimit *limit = mail_limits; limit->name; limit++) {
		gboolean tried = strcmp(limit->name, "unpacked_ratio") == 0 ||
		                 strcmp(limit->name, "seconds") == 0; /* reader_test.c */
		for (guint i = 0; i < G_N_ELEMENTS(edges); i++)
			tried |= strcmp(edges[i].limit, limit->name) == 0;
		g_assert_true(tried);
		g_assert_cmpuint(limit->usual, <=, limit->most);
	}
}

static void test_the_documents_have_every_limit(void)
{
	const char *root = g_getenv("TRAWL_SOURCE_ROOT");
	if (!root) {
		g_test_skip("TRAWL_SOURCE_ROOT is not set");
		return;
	}
	g_autofree char *path = g_build_filename(root, "docs", "limits.md", NULL), *text = NULL;
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	for (const MailLimit *limit = mail_limits; limit->name; limit++) {
		g_autofree char *row = g_strdup_printf(
			"| `%s` | %u | %u | %s%s%s| %s |\n", limit->name, limit->usual, limit->most,
			limit->finding ? "`" : "", limit->finding ? limit->finding : "",
			limit->finding ? "` " : "", limit->meaning);
		if (!strstr(text, row))
			g_error("docs/limits.md has no row %s", row);
	}
}

static void test_limits_are_parsed(void)
{
	static const struct {
		const char *text, *result; /* NULL: refused */
	} cases[] = {
		{"", "{}"},
		{"links=5", "{\"links\":5}"},
		{"links=5, depth=7", "{\"links\":5,\"depth\":7}"},
		{"links=1 links=2", "{\"links\":2}"},
		{"links", NULL},
		{"links=", NULL},
		{"links=0", NULL},
		{"links=-1", NULL},
		{"links=5x", NULL},
		{"links=100001", NULL},
		{"link=5", NULL},
		{"=5", NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(json_t) limits = json_object();
		gboolean good = mail_limits_parse(limits, cases[i].text, &error);
		g_autofree char *text = json_format(limits);
		g_assert_cmpint(good, ==, cases[i].result != NULL);
		if (good)
			g_assert_cmpstr(text, ==, cases[i].result);
		else
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
	}
}

/* Whoever asks for more than the maximum, past the checks of the command line, gets the maximum. */
static void test_nothing_passes_a_hard_maximum(void)
{
	MailLimits limits;
	g_autoptr(json_t) options = json_pack("{s:{s:I,s:i,s:s}}", "limits", "depth",
	                                      (json_int_t)1 << 40, "parts", -1, "links", "many");
	mail_limits_load(&limits, options);
	g_assert_cmpuint(limits.depth, ==, limit_named("depth")->most);
	g_assert_cmpuint(limits.parts, ==, LIMIT_PARTS);
	g_assert_cmpuint(limits.links, ==, LIMIT_LINKS);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/limits/at a limit there is no finding and one past it there is",
	                test_at_a_limit_there_is_no_finding_and_one_past_it_there_is);
	g_test_add_func("/limits/the ratio is a limit of its own",
	                test_the_ratio_is_a_limit_of_its_own);
	g_test_add_func("/limits/every limit is tried and told of",
	                test_every_limit_is_tried_and_told_of);
	g_test_add_func("/limits/the documents have every limit",
	                test_the_documents_have_every_limit);
	g_test_add_func("/limits/limits are parsed", test_limits_are_parsed);
	g_test_add_func("/limits/nothing passes a hard maximum",
	                test_nothing_passes_a_hard_maximum);
	return g_test_run();
}
