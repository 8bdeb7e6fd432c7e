#include "mail/authentication/received.h"

#include "mail/testing.h"

static void test_fields_of_many_servers(void)
{
	static const struct {
		const char *value, *from, *client, *address, *by, *with, *date;
	} cases[] = {
		{"from a.example (b.example [192.0.2.1])\r\n\tby mx.example (Postfix) with ESMTPS "
	         "id 1\r\n"
	         "\tfor <u@x.example>; Mon, 23 Nov 2026 09:00:00 +0000 (UTC)",
	         "a.example", "b.example", "192.0.2.1", "mx.example", "ESMTPS",
	         "2026-11-23T09:00:00+00:00"},
		{"from A.corp (10.0.0.1) by B.corp (10.0.0.2) with Microsoft SMTP Server id 15.1; "
	         "Mon, "
	         "23 Nov 2026 09:00:00 +0000",
	         "A.corp", NULL, "10.0.0.1", "B.corp", "Microsoft SMTP Server",
	         "2026-11-23T09:00:00+00:00"},
		{"from [192.0.2.7] (helo=pc) by mx.example with esmtpa (Exim 4)", "[192.0.2.7]",
	         NULL, "192.0.2.7", "mx.example", "esmtpa", NULL},
		{"by 2002:a05:6000:1 with SMTP id x; Mon, 23 Nov 2026 09:00:00 +0000", NULL, NULL,
	         NULL, "2002:a05:6000:1", "SMTP", "2026-11-23T09:00:00+00:00"},
		{"from h (unknown [IPv6:2001:db8::1]) by mx.example", "h", NULL, "2001:db8::1",
	         "mx.example", NULL, NULL},
		{"from out.x (mail.x [192.0.2.1])\r\n\t(using TLSv1.3 with cipher A (256/256 "
	         "bits)\r\n"
	         "\t key-exchange X25519)\r\n\t(Client CN \"10.0.0.1\", Issuer \"b\" (not "
	         "verified))"
	         "\r\n\tby mx.example (Postfix) with ESMTPS id 1; Mon, 23 Nov 2026 09:00:00 +0000",
	         "out.x", "mail.x", "192.0.2.1", "mx.example", "ESMTPS",
	         "2026-11-23T09:00:00+00:00"},
		{"from unknown (HELO out.x) (192.0.2.1)\n  by mx.example with SMTP; 23 Nov 2026 "
	         "09:00:00 -0000",
	         "out.x", NULL, "192.0.2.1", "mx.example", "SMTP", "2026-11-23T09:00:00+00:00"},
		{"(qmail 4711 invoked by uid 89); 23 Nov 2026 09:00:00 -0000", NULL, NULL, NULL,
	         NULL, NULL, "2026-11-23T09:00:00+00:00"},
		{"from mail.x ([192.0.2.1] helo=out.x)\n\tby mx.example with esmtps  (TLS1.3) tls "
	         "TLS_AES_256\n\t(Exim 4.96)\n\t(envelope-from <a@x>)\n\tid 1r-2; Mon, 23 Nov 2026 "
	         "09:00:00 +0000",
	         "out.x", "mail.x", "192.0.2.1", "mx.example", "esmtps",
	         "2026-11-23T09:00:00+00:00"},
		{"from out.x (root@mail.x [192.0.2.1] (may be forged)) by mx.example "
	         "(8.17.1/8.17.1) with ESMTP id 1",
	         "out.x", NULL, "192.0.2.1", "mx.example", "ESMTP", NULL},
		{"from out.x (root@mail.x [192.0.2.1]) by mx.example (8.17.1/8.17.1) with ESMTP id "
	         "1",
	         "out.x", "mail.x", "192.0.2.1", "mx.example", "ESMTP", NULL},
		{"from out.x ([192.0.2.1])\n          by mail.corp (Lotus Domino Release 8.5.3)\n"
	         "          with ESMTP id 2026112309000000-123 ;\n          Mon, 23 Nov 2026 "
	         "10:00:00 +0100",
	         "out.x", NULL, "192.0.2.1", "mail.corp", "ESMTP", "2026-11-23T10:00:00+01:00"},
		{"from mail-x.example (mail-x.example. [2001:db8::7]) by mx.google.com with ESMTPS "
	         "id "
	         "a for <u@x.example> (version=TLS1_3 cipher=A bits=128/128); Mon, 23 Nov 2026 "
	         "01:00:00 -0800 (PST)",
	         "mail-x.example", "mail-x.example", "2001:db8::7", "mx.google.com", "ESMTPS",
	         "2026-11-23T01:00:00-08:00"},
		{"from out.x ([192.0.2.1]) by mx.example with Microsoft SMTPSVC(10.0.14393.0);\n\t "
	         "Mon, "
	         "23 Nov 2026 09:00:00 +0000",
	         "out.x", NULL, "192.0.2.1", "mx.example", "Microsoft SMTPSVC",
	         "2026-11-23T09:00:00+00:00"},
		{"from out.x (out.x [::ffff:192.0.2.1]) by mx.example with ESMTP, Mon, 23 Nov 2026 "
	         "09:00:00 +0000",
	         "out.x", "out.x", "192.0.2.1", "mx.example", "ESMTP", "2026-11-23T09:00:00+00:00"},
		{"from A.corp (fe80::1%3) by B.corp (fe80::2%3) with mapi id 15.2.1", "A.corp",
	         NULL, "fe80::1", "B.corp", "mapi", NULL},
		{"", NULL, NULL, NULL, NULL, NULL, NULL},
		{"((((", NULL, NULL, NULL, NULL, NULL, NULL},
		{"from", NULL, NULL, NULL, NULL, NULL, NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Received) hop = received_parse(cases[i].value);
		g_assert_cmpstr(hop->from, ==, cases[i].from);
		g_assert_cmpstr(hop->client, ==, cases[i].client);
		g_assert_cmpstr(hop->address, ==, cases[i].address);
		g_assert_cmpstr(hop->by, ==, cases[i].by);
		g_assert_cmpstr(hop->with, ==, cases[i].with);
		g_assert_cmpstr(hop->date, ==, cases[i].date);
	}
}

static void test_versions_of_tls(void)
{
	static const struct {
		const char *value, *tls;
	} cases[] = {
		{"from a (a [192.0.2.1]) (using TLSv1.2 with cipher X) by b with ESMTPS",
	         "TLSv1.2"},
		{"from a (192.0.2.1) by b with Microsoft SMTP Server (version=TLS1_2, cipher=X)",
	         "TLSv1.2"},
		{"from a ([192.0.2.1]) by b with esmtps (TLS1.3) tls TLS_AES (Exim 4)", "TLSv1.3"},
		{"from a by b with ESMTP id 1 (version=TLSv1/SSLv3 cipher=X)", "TLSv1.0"},
		{"from tlsv1.3.example by b with ESMTP", NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Received) hop = received_parse(cases[i].value);
		g_assert_cmpstr(hop->tls, ==, cases[i].tls);
	}
}

#define AT(time) "Received: from a by b.example; Mon, 23 Nov 2026 " time " +0000\n"

static void test_clocks_that_go_backwards(void)
{
	static const struct {
		const char *message;
		gint64 delay;
		gboolean backwards, found;
	} cases[] = {
		{AT("10:00:05") AT("10:00:00") "\n", 5, FALSE, FALSE},
		{AT("10:00:00") AT("10:00:02") "\n", -2, TRUE, FALSE}, /* as clocks are */
		{AT("10:00:00") AT("11:00:00") "\n", -3600, TRUE, TRUE},
		{AT("10:00:00") "Received: from a by b.example\n\n", 77, FALSE, FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) document = read_text(cases[i].message);
		const json_t *message = json_object_get(document, "message");
		g_assert_cmpint(json_int(message, "received.0.delay", 77), ==, cases[i].delay);
		g_assert_cmpint(json_bool(message, "received.0.backwards", !cases[i].backwards), ==,
		                cases[i].backwards);
		g_assert_cmpint(has_finding(message, "received_backwards"), ==, cases[i].found);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/received/fields of many servers", test_fields_of_many_servers);
	g_test_add_func("/received/versions of TLS", test_versions_of_tls);
	g_test_add_func("/received/clocks that go backwards", test_clocks_that_go_backwards);
	return g_test_run();
}
