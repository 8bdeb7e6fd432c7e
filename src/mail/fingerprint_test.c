#include "mail/testing.h"

#define HEAD                                                                                       \
	"Message-ID: <a@x.example>\nFrom: A <a@x.example>\nSubject: Hello there\n"                 \
	"Date: Mon, 23 Nov 2026 09:00:00 +0000\n"
#define MIME "Content-Type: multipart/mixed; boundary=b\n\n"
#define TEXT "--b\nContent-Type: text/plain\n\nPay now.\n"
#define FILE_PART                                                                                  \
	"--b\nContent-Type: text/csv\nContent-Disposition: attachment; "                           \
	"filename=a.csv\n\n1,2\n3,4\n--b--\n"
#define MESSAGE HEAD MIME TEXT FILE_PART

static char *fingerprint(const char *text)
{
	g_autoptr(json_t) document = read_text(text);
	return g_strdup(json_text(document, "message.fingerprint"));
}

static char *with_crlf(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	return g_strjoinv("\r\n", lines);
}

static void test_copies_have_one_fingerprint(void)
{
	static const char *const copies[] = {
		"Received: from a by b; Mon, 23 Nov 2026 09:00:01 +0000\nDelivered-To: "
		"b@x\n" MESSAGE,
		"Return-Path: <a@x>\nX-Spam: no\nAuthentication-Results: mx; spf=pass\n" MESSAGE,
		"Message-ID:\n <a@x.example>\nFrom: A <A@X.EXAMPLE>\nSubject: Hello\n there\n"
		"Date: Mon, 23 Nov 2026 09:00:00 +0000\n" MIME TEXT FILE_PART,
		HEAD MIME "--b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"
			  "UGF5IG5vdy4=\n" FILE_PART,
	};
	g_autofree char *first = fingerprint(MESSAGE);
	g_autofree char *crlf = with_crlf(MESSAGE);
	g_autofree char *of_crlf = fingerprint(crlf);
	g_assert_true(g_str_has_prefix(first, "fp1:"));
	g_assert_cmpstr(of_crlf, ==, first);
	for (guint i = 0; i < G_N_ELEMENTS(copies); i++) {
		g_autofree char *other = fingerprint(copies[i]);
		g_assert_cmpstr(other, ==, first);
	}
}

static void test_other_messages_have_another(void)
{
	static const char *const others[] = {
		"Message-ID: <b@x.example>\nFrom: A <a@x.example>\nSubject: Hello there\n"
		"Date: Mon, 23 Nov 2026 09:00:00 +0000\n" MIME TEXT FILE_PART,
		"Message-ID: <a@x.example>\nFrom: A <c@x.example>\nSubject: Hello there\n"
		"Date: Mon, 23 Nov 2026 09:00:00 +0000\n" MIME TEXT FILE_PART,
		"Message-ID: <a@x.example>\nFrom: A <a@x.example>\nSubject: Hello\n"
		"Date: Mon, 23 Nov 2026 09:00:00 +0000\n" MIME TEXT FILE_PART,
		"Message-ID: <a@x.example>\nFrom: A <a@x.example>\nSubject: Hello there\n"
		"Date: Mon, 23 Nov 2026 09:00:01 +0000\n" MIME TEXT FILE_PART,
		HEAD MIME "--b\nContent-Type: text/plain\n\nPay later.\n" FILE_PART,
		HEAD MIME TEXT
		"--b\nContent-Type: text/csv\n"
		"Content-Disposition: attachment; filename=b.csv\n\n1,2\n3,4\n--b--\n",
		HEAD MIME TEXT
		"--b\nContent-Type: text/csv\n"
		"Content-Disposition: attachment; filename=a.csv\n\n1,2\n3,5\n--b--\n",
		HEAD MIME TEXT "--b--\n",
	};
	g_autofree char *first = fingerprint(MESSAGE);
	for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *other = fingerprint(others[i]);
		g_assert_cmpstr(other, !=, first);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/fingerprint/copies have one fingerprint",
	                test_copies_have_one_fingerprint);
	g_test_add_func("/fingerprint/other messages have another",
	                test_other_messages_have_another);
	return g_test_run();
}
