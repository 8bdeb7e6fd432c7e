#include "mail/testing.h"

#define OURS                                                                                       \
	"Received: from mx1.corp.example (mx1.corp.example [192.0.2.1]) by mail.corp.example "     \
	"with LMTP; x\n"
#define BORDER                                                                                     \
	"Received: from out.evil.example (out.evil.example [203.0.113.9]) by mx1.corp.example "    \
	"with ESMTPS; x\n"
#define FROM "From: Ann <ann@corp.example>\nSubject: Fwd: x\n\n"
#define PASS "Authentication-Results: mx1.corp.example; dmarc=pass header.from=corp.example\n"
#define FAIL "Authentication-Results: mx1.corp.example; dmarc=fail header.from=corp.example\n"

static void test_only_our_own_hosts_bear_a_sender_out(void)
{
	static const struct {
		const char *why, *message;
		gboolean believed;
	} cases[] = {
		{"above the border's Received", PASS BORDER FROM, TRUE},
		{"below it, as Exchange writes it", BORDER PASS FROM, TRUE},
		{"through an inner host", OURS PASS BORDER FROM, TRUE},
		{"no result at all", OURS BORDER FROM, FALSE},
		{"a fail", FAIL BORDER FROM, FALSE},
		{"no Received of ours", PASS FROM, FALSE},
		{"a stranger's Received on top",
	         "Received: from a by b.example with SMTP; x\n" PASS BORDER FROM, FALSE},
		{"a forged pass below the real fail", FAIL BORDER PASS FROM, FALSE},
		{"two below the border: the upper one counts", BORDER FAIL PASS FROM, FALSE},
		{"a forged pass below a forged hop of ours", BORDER FAIL OURS PASS FROM, FALSE},
		{"nothing below the border but a forged hop", BORDER OURS PASS FROM, FALSE},
		{"a stranger's result",
	         "Authentication-Results: evil.example; dmarc=pass "
	         "header.from=corp.example\n" BORDER FROM,
	         FALSE},
		{"a comment that looks like a host",
	         "Authentication-Results: (mx1.corp.example;) evil.example; dmarc=pass\n" BORDER
	                 FROM,
	         FALSE},
		{"dkim for the sender's organisation",
	         "Authentication-Results: mx1.corp.example; dkim=pass "
	         "header.d=mail.corp.example\n" BORDER FROM,
	         TRUE},
		{"dkim for another",
	         "Authentication-Results: mx1.corp.example; dkim=pass "
	         "header.d=evil.example\n" BORDER FROM,
	         FALSE},
		{"dkim for nobody in particular",
	         "Authentication-Results: mx1.corp.example; dkim=pass\n" BORDER FROM, FALSE},
		{"spf for the sender's organisation",
	         "Authentication-Results: mx1.corp.example; spf=pass "
	         "smtp.mailfrom=ann@corp.example\n" BORDER FROM,
	         TRUE},
		{"spf for another",
	         "Authentication-Results: mx1.corp.example; spf=pass "
	         "smtp.mailfrom=evil.example\n" BORDER FROM,
	         FALSE},
		{"a pass inside a quoted reason",
	         "Authentication-Results: mx1.corp.example; dkim=fail reason=\"; "
	         "dmarc=pass\"\n" BORDER FROM,
	         FALSE},
		{"submitted with authentication",
	         "Received: from laptop ([198.51.100.7]) by mx1.corp.example with ESMTPSA; "
	         "x\n" FROM,
	         TRUE},
		{"submitted, then handed on",
	         OURS "Received: from laptop ([198.51.100.7]) by mx1.corp.example with ESMTPSA; "
	              "x\n" FROM,
	         TRUE},
		{"a forged submission below the border",
	         BORDER "Received: from laptop ([198.51.100.7]) by mx1.corp.example with ESMTPSA; "
	                "x\n" FROM,
	         FALSE},
		{"a client that calls itself ours",
	         "Received: from mx1.corp.example (evil.example [203.0.113.9]) by "
	         "mail.corp.example "
	         "with ESMTP; x\n"
	         "Received: from laptop by mx1.corp.example with ESMTPSA; x\n" FROM,
	         FALSE},
		{"a client that hides facts in its name",
	         "Received: from x(mx1.corp.example) (evil.example [203.0.113.9]) by "
	         "mail.corp.example with ESMTP; x\n"
	         "Received: from laptop by mx1.corp.example with ESMTPSA; x\n" FROM,
	         FALSE},
		{"a client whose name may be forged",
	         "Received: from x (mx1.corp.example [203.0.113.9] (may be forged)) by "
	         "mail.corp.example with ESMTP; x\n"
	         "Received: from laptop by mx1.corp.example with ESMTPSA; x\n" FROM,
	         FALSE},
		{"two senders",
	         PASS BORDER "From: ann@corp.example, bob@corp.example\nSubject: Fwd: x\n\n",
	         FALSE},
		{"any host below a suffix",
	         "Authentication-Results: a.mx.example.net; dmarc=pass\n"
	         "Received: from x (x [203.0.113.9]) by b.mx.example.net with ESMTP; x\n" FROM,
	         TRUE},
	};
	g_autoptr(json_t) options = json_pack("{s:[sss]}", "trusted_hosts", "mx1.corp.example",
	                                      "mail.corp.example", ".mx.example.net");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) bytes = g_bytes_new(cases[i].message, strlen(cases[i].message));
		g_autoptr(json_t) document = breakdown_new(bytes, options);
		gboolean believed =
			json_bool(document, "report.trust.believed", !cases[i].believed);
		if (believed != cases[i].believed)
			g_error("%s: %s", cases[i].why, json_text(document, "report.trust.reason"));
	}
}

static void test_without_trusted_hosts_nobody_is_believed(void)
{
	g_autoptr(json_t) document = read_text(PASS BORDER FROM);
	g_assert_false(json_bool(document, "report.trust.believed", TRUE));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/trust/only our own hosts bear a sender out",
	                test_only_our_own_hosts_bear_a_sender_out);
	g_test_add_func("/trust/without trusted hosts nobody is believed",
	                test_without_trusted_hosts_nobody_is_believed);
	return g_test_run();
}
