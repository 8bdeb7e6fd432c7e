#include "mail/received.h"

#include "mail/breakdown.h"

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
	         "A.corp", NULL, "10.0.0.1", "B.corp", "Microsoft", "2026-11-23T09:00:00+00:00"},
		{"from [192.0.2.7] (helo=pc) by mx.example with esmtpa (Exim 4)", "[192.0.2.7]",
	         NULL, "192.0.2.7", "mx.example", "esmtpa", NULL},
		{"by 2002:a05:6000:1 with SMTP id x; Mon, 23 Nov 2026 09:00:00 +0000", NULL, NULL,
	         NULL, "2002:a05:6000:1", "SMTP", "2026-11-23T09:00:00+00:00"},
		{"from h (unknown [IPv6:2001:db8::1]) by mx.example", "h", NULL, "2001:db8::1",
	         "mx.example", NULL, NULL},
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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/received/fields of many servers", test_fields_of_many_servers);
	return g_test_run();
}
