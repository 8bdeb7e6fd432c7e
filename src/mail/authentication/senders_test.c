#include "mail/testing.h"

/* Each odd thing beside an honest mail that looks much like it. */
static void test_senders_that_do_not_fit_together(void)
{
	static const struct {
		const char *why, *message, *finding;
		gboolean found;
	} cases[] = {
		{"answers go elsewhere", "From: a@bank.example\nReply-To: b@evil.example\n",
	         "reply_to_elsewhere", TRUE},
		{"answers go to the same house",
	         "From: a@news.bank.example\nReply-To: b@bank.example\n", "reply_to_elsewhere",
	         FALSE},
		{"a newsletter whose answers a service takes",
	         "From: news@shop.example\nReply-To: r1@esp.example\nList-Unsubscribe: <x:y>\n",
	         "reply_to_elsewhere", FALSE},
		{"a mailing list",
	         "From: a@bank.example\nReply-To: talk@lists.example\nList-Id: <t>\n",
	         "reply_to_elsewhere", FALSE},
		{"a newsletter whose answers go to a free mailbox",
	         "From: news@shop.example\nReply-To: shop1@gmail.com\nList-Unsubscribe: <x:y>\n",
	         "reply_to_elsewhere", TRUE},
		{"no answers", "From: a@bank.example\n", "reply_to_elsewhere", FALSE},
		{"sent for another", "From: a@bank.example\nSender: b@evil.example\n",
	         "sender_elsewhere", TRUE},
		{"sent by a list", "From: a@bank.example\nSender: t@lists.example\nList-Id: <t>\n",
	         "sender_elsewhere", FALSE},
		{"sent by the secretary", "From: boss@bank.example\nSender: pa@bank.example\n",
	         "sender_elsewhere", FALSE},
		{"sent from elsewhere, unsigned",
	         "Return-Path: <x@evil.example>\nFrom: a@bank.example\n", "return_path_elsewhere",
	         TRUE},
		{"sent from elsewhere, signed by the author's house",
	         "Return-Path: <x@esp.example>\nDKIM-Signature: v=1; a=rsa-sha256; d=bank.example; "
	         "s=s; h=from; bh=x; b=x\nFrom: a@bank.example\n",
	         "return_path_elsewhere", FALSE},
		{"sent by a newsletter's service",
	         "Return-Path: <x@esp.example>\nFrom: a@shop.example\nList-Unsubscribe: <x:y>\n",
	         "return_path_elsewhere", FALSE},
		{"a bounce", "Return-Path: <>\nFrom: a@bank.example\n", "return_path_elsewhere",
	         FALSE},
		{"a name that is another's address", "From: \"boss@bank.com\" <x@evil.example>\n",
	         "from_name_address", TRUE},
		{"a name with another's address in it",
	         "From: \"The Boss (boss@bank.com)\" <x@evil.example>\n", "from_name_address",
	         TRUE},
		{"a name that is his own address", "From: \"a@bank.com\" <a@bank.com>\n",
	         "from_name_address", FALSE},
		{"his own address at another host", "From: \"a@bank.com\" <a@mail.bank.com>\n",
	         "from_name_address", FALSE},
		{"a list that names the author",
	         "From: \"ann@bank.com via Talk\" <talk@lists.com>\nList-Id: <t>\n",
	         "from_name_address", FALSE},
		{"one that only says so", "From: \"ann@bank.com via Talk\" <talk@lists.com>\n",
	         "from_name_address", TRUE},
		{"an at-sign in a name", "From: \"Cafe @ Home\" <a@bank.com>\n",
	         "from_name_address", FALSE},
		{"a name that is another's domain", "From: \"paypal.com\" <x@evil.com>\n",
	         "from_name_domain", TRUE},
		{"a name that is his own domain", "From: \"Booking.com\" <x@mailer.booking.com>\n",
	         "from_name_domain", FALSE},
		{"a house with several suffixes", "From: \"Amazon.de\" <x@amazon.com>\n",
	         "from_name_domain", FALSE},
		{"a name with a dot", "From: \"St. Mary's\" <x@school.com>\n", "from_name_domain",
	         FALSE},
		{"initials", "From: \"J.R. Smith\" <x@school.com>\n", "from_name_domain", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *whole = g_strconcat(cases[i].message, "Subject: x\n\nx\n", NULL);
		g_autoptr(json_t) document = read_text(whole);
		if (has_finding(json_object_get(document, "message"), cases[i].finding) !=
		    cases[i].found)
			g_error("%s: %s", cases[i].why, cases[i].finding);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/senders/senders that do not fit together",
	                test_senders_that_do_not_fit_together);
	return g_test_run();
}
