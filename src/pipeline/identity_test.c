/* What counts as the same message, and how places and errors are written. */
#include "pipeline/identity.h"

#include "base/error.h"
#include "pipeline/place.h"
#include "pipeline/words.h"

#include <string.h>

static json_t *message(const char *id, const char *subject, const char *from)
{
	json_t *found = json_object();
	json_object_set_new(found, "message_id", json_text_new(id));
	json_object_set_new(found, "subject", json_text_new(subject));
	json_object_set_new(found, "from",
	                    from ? json_pack("[{s:s}]", "address", from) : json_array());
	return found;
}

static void test_every_claim_has_to_hold(void)
{
	static const struct {
		const char *id, *subject, *from; /* claimed */
		gboolean same; /* as <a@b>, "Re: Your  Invoice", bank@evil.example */
	} cases[] = {
		{"a@b", NULL, NULL, TRUE},
		{"a@b", "Your invoice", NULL, TRUE},
		{"a@b", "FW: AW: YOUR INVOICE", "Bank@Evil.Example", TRUE},
		{NULL, "Your invoice", "bank@evil.example", TRUE},
		{"a@B", "Your invoice", NULL, FALSE},
		{"a@b", "Your invoices", NULL, FALSE},
		{"a@b", "Your invoice", "bank@good.example", FALSE},
		{NULL, "Your invoice", NULL, FALSE}, /* too little */
		{NULL, NULL, "bank@evil.example", FALSE},
		{"", "", NULL, FALSE},
		{NULL, NULL, NULL, FALSE},
	};
	g_autoptr(json_t) found = message("a@b", "Re: Your  Invoice", "bank@evil.example");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) claim = message(cases[i].id, cases[i].subject, cases[i].from);
		g_test_message("%u", i);
		g_assert_cmpint(identity_bears_out(claim, found), ==, cases[i].same);
	}
	/* a claim that what was found cannot answer does not hold */
	g_autoptr(json_t) bare = message("a@b", NULL, NULL);
	g_autoptr(json_t) claim = message("a@b", "Your invoice", NULL);
	g_autoptr(json_t) sender = message("a@b", NULL, "bank@evil.example");
	g_assert_false(identity_bears_out(claim, bare));
	g_assert_false(identity_bears_out(sender, bare));
}

static void test_line_ends_and_empty_ends_make_no_other_message(void)
{
	static const struct {
		const char *one, *other;
		gboolean same;
	} cases[] = {
		{"Subject: x\n\nbody\n", "Subject: x\r\n\r\nbody\r\n", TRUE},
		{"Subject: x\n\nbody", "Subject: x\r\n\r\nbody\r\n\n", TRUE},
		{"", "\r\n", TRUE},
		{"Subject: x\n\nbody\n", "Subject: x\n\nBody\n", FALSE},
		{"Subject: x\n\nbody\n", "Subject: x\n\nbody\n.", FALSE},
		{"Subject: x\n\nbody\n", "Subject: x\nbody\n", FALSE},
		{"a", "", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) one = g_bytes_new_static(cases[i].one, strlen(cases[i].one));
		g_autoptr(GBytes) other =
			g_bytes_new_static(cases[i].other, strlen(cases[i].other));
		g_assert_cmpint(identity_same_octets(one, other), ==, cases[i].same);
		g_assert_cmpint(identity_same_octets(other, one), ==, cases[i].same);
	}
}

#define CORE       "fp2:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER_CORE "fp2:1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PARTS      ":a.b.c.d.e.f.g.h.i:"

static void test_what_is_attached_is_compared_by_content(void)
{
	static const struct {
		const char *reported, *found;
		FingerprintVerdict verdict;
	} cases[] = {
		{"fp1:a", "fp1:a", FINGERPRINT_SAME},
		{CORE PARTS "-.-.-.-:0", CORE PARTS "-.-.-.-:0", FINGERPRINT_SAME},
		{CORE PARTS "-.-.-.-:0", CORE PARTS "-.x.-.-:0", FINGERPRINT_CHANGED},
		{CORE PARTS "-.-.-.-:0", OTHER_CORE PARTS "-.-.-.-:0", FINGERPRINT_DIFFERENT},
		/* of another making: an old store's row, or no row of ours at all */
		{"fp1:a", "fp1:b", FINGERPRINT_UNPROVED},
		{"fp1:a", CORE PARTS "-.-.-.-:0", FINGERPRINT_UNPROVED},
		{CORE PARTS "-.-.-.-:0", CORE ":", FINGERPRINT_UNPROVED},
		{"fp2:", "fp2", FINGERPRINT_UNPROVED},
		{"", "", FINGERPRINT_UNPROVED},
		{NULL, NULL, FINGERPRINT_UNPROVED},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) reported = message("a@b", NULL, NULL);
		g_autoptr(json_t) found = message("a@b", NULL, NULL);
		json_object_set_new(reported, "fingerprint", json_text_new(cases[i].reported));
		json_object_set_new(found, "fingerprint", json_text_new(cases[i].found));
		g_test_message("%u", i);
		g_assert_cmpint(identity_compare(reported, found, NULL), ==, cases[i].verdict);
		g_assert_cmpint(identity_compare(found, reported, NULL), ==, cases[i].verdict);
	}
}

static void test_a_place_is_found_again_in_its_text(void)
{
	static const char *const names[] = {"INBOX", "a/b", "Ü %/ 1", "", "/"};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		gint64 server = 0;
		g_autoptr(GError) error = NULL;
		g_autofree char *epoch = place_format(3, "a/b@c.example", names[i], names[i]);
		Report report = {.epoch = epoch, .server_uid = (char *)"7"};
		g_autoptr(MailRef) ref = place_parse(&report, &server, &error);
		g_assert_no_error(error);
		g_assert_cmpint(server, ==, 3);
		g_assert_cmpstr(ref->mailbox, ==, "a/b@c.example");
		g_assert_cmpstr(ref->folder, ==, names[i]);
		g_assert_cmpstr(ref->epoch, ==, names[i]);
		g_assert_cmpstr(ref->uid, ==, "7");
	}
	gint64 server;
	g_autoptr(GError) error = NULL;
	Report report = {.epoch = (char *)"17", .server_uid = (char *)"7"};
	g_assert_null(place_parse(&report, &server, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL);
}

static void test_a_cursor_counts_for_its_own_folder_alone(void)
{
	g_autofree char *kept = place_cursor_format(3, "a@c.example", "In/box", "17:42");
	g_assert_cmpstr(place_cursor_find(kept, 3, "a@c.example", "In/box"), ==, "17:42");
	g_assert_null(place_cursor_find(kept, 4, "a@c.example", "In/box"));
	g_assert_null(place_cursor_find(kept, 3, "b@c.example", "In/box"));
	g_assert_null(place_cursor_find(kept, 3, "a@c.example", "In"));
	g_assert_null(place_cursor_find(NULL, 3, "a@c.example", "In/box"));
}

static void test_an_error_names_the_setting_behind_it(void)
{
	static const struct {
		TrawlError code;
		const char *part;
	} cases[] = {
		{TRAWL_ERROR_AUTHENTICATION, "check user name and password"},
		{TRAWL_ERROR_DENIED, "abuse@c.example on mail server 'Main' is"},
		{TRAWL_ERROR_UNREACHABLE, "check host, port"},
		{TRAWL_ERROR_STORAGE, "disk space"},
	};
	const MailServerRow server = {.name = (char *)"Main"};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error =
			g_error_new(TRAWL_ERROR, (int)cases[i].code, "the peer said no");
		g_autofree char *words =
			words_for_error(error, &server, "abuse@c.example", "INBOX");
		g_test_message("%s", words);
		g_assert_nonnull(strstr(words, cases[i].part));
		g_assert_nonnull(strstr(words, "the peer said no"));
	}
	g_autoptr(GError) missing = NULL;
	mail_server_set_missing(&missing, MISSING_MAILBOX, "abuse@c.example");
	g_autofree char *words = words_for_error(missing, &server, "abuse@c.example", "INBOX");
	g_assert_nonnull(strstr(words, "check Mailbox Name"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/identity/every claim has to hold", test_every_claim_has_to_hold);
	g_test_add_func("/identity/line ends and empty ends make no other message",
	                test_line_ends_and_empty_ends_make_no_other_message);
	g_test_add_func("/identity/what is attached is compared by content",
	                test_what_is_attached_is_compared_by_content);
	g_test_add_func("/place/a place is found again in its text",
	                test_a_place_is_found_again_in_its_text);
	g_test_add_func("/place/a cursor counts for its own folder alone",
	                test_a_cursor_counts_for_its_own_folder_alone);
	g_test_add_func("/words/an error names the setting behind it",
	                test_an_error_names_the_setting_behind_it);
	return g_test_run();
}
