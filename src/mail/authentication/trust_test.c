#include "mail/testing.h"

#define OURS                                                                                       \
	"Received: from mx1.corp.example (mx1.corp.example [192.0.2.1]) by mail.corp.example "     \
	"with LMTP; x\n"
#define BORDER                                                                                     \
	"Received: from out.evil.example (out.evil.example [203.0.113.9]) by mx1.corp.example "    \
	"with ESMTPS; x\n"
#define GMAIL                                                                                      \
	"Received: from out.evil.example (out.evil.example. [203.0.113.9]) by mx.google.com with " \
	"ESMTPS id 1 for <u@corp.example>; x\n"
#define GMAIL_PASS                                                                                 \
	"Authentication-Results: mx.google.com; dmarc=pass (p=NONE) header.from=corp.example\n"
#define POSTFIX                                                                                    \
	"Received: from out.evil.example (out.evil.example [203.0.113.9]) by mx2.corp.example "    \
	"with ESMTPS; x\n"
#define POSTFIX_PASS                                                                               \
	"Authentication-Results: mx2.corp.example; dmarc=pass header.from=corp.example\n"
#define POSTFIX_FAIL                                                                               \
	"Authentication-Results: mx2.corp.example; dmarc=fail header.from=corp.example\n"
#define FROM "From: Ann <ann@corp.example>\nSubject: Fwd: x\n\n"
#define PASS "Authentication-Results: mx1.corp.example; dmarc=pass header.from=corp.example\n"
#define FAIL "Authentication-Results: mx1.corp.example; dmarc=fail header.from=corp.example\n"

static json_t *trusted(void)
{
	return json_pack("{s:[ssssssss]}", "trusted_hosts", "mx1.corp.example", "mail.corp.example",
	                 "mx2.corp.example/below", ".mx.example.net", "mx.google.com",
	                 ".outlook.com", "198.51.100.0/24", "2001:db8:1::/48");
}

static void test_only_our_own_hosts_bear_a_sender_out(void)
{
	static const struct {
		const char *why, *message;
		gboolean believed;
	} cases[] = {
		{"above the border's Received", PASS BORDER FROM, TRUE},
		{"below it, where the sender could have put it", BORDER PASS FROM, FALSE},
		{"below the border's of a host that writes there", GMAIL GMAIL_PASS FROM, TRUE},
		{"below the border's of a host that is said to", POSTFIX POSTFIX_PASS FROM, TRUE},
		{"the second below it", POSTFIX POSTFIX_FAIL POSTFIX_PASS FROM, FALSE},
		{"below the border, and there is one above", POSTFIX_FAIL POSTFIX POSTFIX_PASS FROM,
	         FALSE},
		{"between two hops of ours", OURS PASS BORDER FROM, TRUE},
		{"two between hops of ours, each from a host of ours",
	         OURS "Authentication-Results: mail.corp.example; spf=fail "
	              "smtp.mailfrom=x.example\n" PASS BORDER FROM,
	         TRUE},
		{"through hops inside Google",
	         "Received: by 2002:a05:6402:1::1 with SMTP id x; x\n" GMAIL GMAIL_PASS FROM, TRUE},
		{"a hop that looks like Google's where nobody trusts Google's inside",
	         "Received: by 2002:b05:6402:1::1 with SMTP id x; x\n" GMAIL GMAIL_PASS FROM,
	         FALSE},
		{"through qmail's own steps",
	         "Received: (qmail 7 invoked by uid 89); x\n" PASS BORDER FROM, TRUE},
		{"through Exchange Online",
	         "Received: from A.prod.outlook.com (2603:10b6:5:1::1) by "
	         "B.namprd01.prod.outlook.com with HTTPS; x\n"
	         "Authentication-Results: spf=pass (sender IP is 203.0.113.9) "
	         "smtp.mailfrom=corp.example; dkim=none (message not signed) "
	         "header.d=none;dmarc=pass "
	         "action=none header.from=corp.example;compauth=pass reason=100\n"
	         "Received: from out.corp.example (203.0.113.9) by "
	         "C.mail.protection.outlook.com (10.1.1.1) with Microsoft SMTP Server; x\n" FROM,
	         TRUE},
		{"a stranger who calls himself an inner host of Exchange Online",
	         "Received: from A.prod.outlook.com (203.0.113.9) by "
	         "B.namprd01.prod.outlook.com with HTTPS; x\n"
	         "Authentication-Results: dmarc=pass header.from=corp.example\n"
	         "Received: from x by C.mail.protection.outlook.com; x\n" FROM,
	         FALSE},
		{"from a network of ours",
	         "Received: from a (unknown [198.51.100.200]) by mail.corp.example with ESMTP; "
	         "x\n" PASS BORDER FROM,
	         TRUE},
		{"from the network next to it",
	         "Received: from a (unknown [198.51.101.1]) by mail.corp.example with ESMTP; "
	         "x\n" PASS BORDER FROM,
	         FALSE},
		{"a certificate that names an address of ours",
	         "Received: from a (evil.example [203.0.113.9]) (using TLSv1.3 with cipher X) "
	         "(Client CN \"x 198.51.100.200 y\", Issuer \"z\" (verified OK)) by "
	         "mail.corp.example with ESMTPS; x\n" PASS BORDER FROM,
	         FALSE},
		{"our own hosts log in at each other",
	         "Received: from mx1.corp.example (mx1.corp.example [192.0.2.1]) by "
	         "mail.corp.example with ESMTPSA; x\n" BORDER FROM,
	         FALSE},
		{"a webmail on the machine itself",
	         "Received: from web (localhost [127.0.0.1]) by mail.corp.example with ESMTPA; "
	         "x\n" FROM,
	         TRUE},
		{"the machine itself, of what came from elsewhere",
	         "Received: from web (localhost [127.0.0.1]) by mail.corp.example with ESMTPA; x\n"
	         "Received: from a by b.example; x\n" FROM,
	         FALSE},
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
	g_autoptr(json_t) options = trusted();
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

static void test_where_it_entered_and_who_speaks_in_our_name(void)
{
	static const struct {
		const char *why, *message;
		gint64 hop;
		const char *address;
		gboolean misplaced;
	} cases[] = {
		{"at the border", BORDER FROM, 0, "203.0.113.9", FALSE},
		{"behind an inner host", OURS BORDER FROM, 1, "203.0.113.9", FALSE},
		{"behind qmail's steps", "Received: (qmail 7 invoked by uid 89); x\n" BORDER FROM,
	         1, "203.0.113.9", FALSE},
		{"nowhere that we know", "Received: from a by b.example; x\n" FROM, -1, NULL,
	         FALSE},
		{"from inside", OURS FROM, -1, NULL, FALSE},
		{"in our name at its place", PASS BORDER FROM, 0, "203.0.113.9", FALSE},
		{"in our name below the border", FAIL BORDER PASS FROM, 0, "203.0.113.9", TRUE},
		{"in our name in a message that never saw us", PASS FROM, -1, NULL, TRUE},
		{"in another's name below the border",
	         BORDER "Authentication-Results: mx.evil.example; dmarc=pass\n" FROM, 0,
	         "203.0.113.9", FALSE},
	};
	g_autoptr(json_t) options = trusted();
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].why);
		g_autoptr(GBytes) bytes = g_bytes_new(cases[i].message, strlen(cases[i].message));
		g_autoptr(json_t) document = breakdown_new(bytes, options);
		const json_t *message = json_object_get(document, "message");
		g_assert_cmpint(json_int(message, "authentication.entered.hop", -1), ==,
		                cases[i].hop);
		g_assert_cmpstr(json_text(message, "authentication.entered.address"), ==,
		                cases[i].address);
		g_assert_cmpint(has_finding(message, "results_misplaced"), ==, cases[i].misplaced);
	}
}

static void test_a_field_names_the_reporter_only_for_an_accepted_relay(void)
{
#define NAMED "X-PhishAlarm-Reporter: boss@corp.example\n"
#define ROBOT "From: Robot <robot@vendor.example>\nSubject: Fwd: x\n\n"
#define FROM_VENDOR                                                                                \
	"Received: from out.vendor.example (out.vendor.example [203.0.113.7]) by mx1.corp."        \
	"example with ESMTPS; x\n"
#define VENDOR                                                                                     \
	"Authentication-Results: mx1.corp.example; dkim=pass "                                     \
	"header.d=vendor.example\n" FROM_VENDOR
	static const struct {
		const char *why, *relay, *message, *reporter;
		gboolean believed;
	} cases[] = {
		{"no relay", NULL, VENDOR NAMED ROBOT, "robot@vendor.example", TRUE},
		{"the sender", "robot@vendor.example", VENDOR NAMED ROBOT, "boss@corp.example",
	         TRUE},
		{"its domain", "@vendor.example", VENDOR NAMED ROBOT, "boss@corp.example", TRUE},
		{"a sender nobody bears out", "robot@vendor.example", BORDER NAMED ROBOT,
	         "robot@vendor.example", FALSE},
		{"a domain that only ends so", "@dor.example", VENDOR NAMED ROBOT,
	         "robot@vendor.example", TRUE},
		{"the host", "out.vendor.example", VENDOR NAMED ROBOT, "boss@corp.example", TRUE},
		{"hosts below a suffix", ".vendor.example", VENDOR NAMED ROBOT, "boss@corp.example",
	         TRUE},
		{"the address", "203.0.113.7", VENDOR NAMED ROBOT, "boss@corp.example", TRUE},
		{"a host that only a forged Received names", "out.vendor.example",
	         BORDER FROM_VENDOR NAMED ROBOT, "robot@vendor.example", FALSE},
		{"named as From", "robot@vendor.example",
	         BORDER NAMED "From: boss@corp.example\nSubject: Fwd: x\n\n", "boss@corp.example",
	         FALSE},
		{"an unclosed quote", "@vendor.example",
	         VENDOR "X-PhishAlarm-Reporter: \"Boss, the <boss@corp.example>\n" ROBOT,
	         "boss@corp.example", TRUE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) options =
			json_pack("{s:[s],s:[s*]}", "trusted_hosts", "mx1.corp.example",
		                  "accepted_relays", cases[i].relay);
		g_autoptr(GBytes) bytes = g_bytes_new(cases[i].message, strlen(cases[i].message));
		g_autoptr(json_t) document = breakdown_new(bytes, options);
		const char *reporter = json_text(document, "report.reporter.address");
		gboolean proven =
			!has_finding(json_object_get(document, "message"), "reporter_unproven");
		if (g_strcmp0(reporter, cases[i].reporter) != 0 ||
		    json_bool(document, "report.trust.believed", !cases[i].believed) !=
		            cases[i].believed)
			g_error("%s: %s, %s", cases[i].why, reporter,
			        json_text(document, "report.trust.reason"));
		g_assert_true(
			proven ==
			(g_strcmp0(reporter, json_text(document, "report.reporter_named")) == 0));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/trust/only our own hosts bear a sender out",
	                test_only_our_own_hosts_bear_a_sender_out);
	g_test_add_func("/trust/where it entered, and who speaks in our name",
	                test_where_it_entered_and_who_speaks_in_our_name);
	g_test_add_func("/trust/without trusted hosts nobody is believed",
	                test_without_trusted_hosts_nobody_is_believed);
	g_test_add_func("/trust/a field names the reporter only for an accepted relay",
	                test_a_field_names_the_reporter_only_for_an_accepted_relay);
	return g_test_run();
}
