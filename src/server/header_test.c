#include "server/header.h"

#include <string.h>

static void test_a_header_block_ends_at_the_empty_line(void)
{
	static const struct {
		const char *octets;
		gsize expected;
	} cases[] = {
		{"A: b\r\n\r\nbody", 8}, {"A: b\n\nbody", 6}, {"\nbody", 1},
		{"\r\nbody", 2},         {"A: b\n", 0},       {"", 0},
		{"A: b\r\n", 0},         {"A: b\n c\n\n", 9},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpuint(header_block_length(cases[i].octets, strlen(cases[i].octets)), ==,
		                 cases[i].expected);
}

static void test_message_ids_are_found_exactly(void)
{
	static const struct {
		const char *header;
		gboolean has;
	} cases[] = {
		{"Message-ID: <a@b>\n\n", TRUE},
		{"message-id:<a@b>\r\n\r\n", TRUE},
		{"MESSAGE-ID : \r\n <a@b>\r\n\r\n", TRUE},
		{"X: y\nMessage-ID: <c@d>\nMessage-ID: <a@b>\n", TRUE},
		{"Message-ID: a@b\n", TRUE},
		{"Message-ID: <a@\n b>\n", TRUE},
		{"Message-ID: <xa@b>\n\n", FALSE},
		{"Message-ID: <a@bx>\n\n", FALSE},
		{"Message-ID: <A@b>\n\n", FALSE},
		{"X-Message-ID: <a@b>\n\n", FALSE},
		{"Message-IDs: <a@b>\n\n", FALSE},
		{"Subject: x\n Message-ID: <a@b>\n\n", FALSE},
		{"Subject: x\n\nMessage-ID: <a@b>\n", FALSE},
		{"Message-ID", FALSE},
		{"", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(
			header_has_message_id(cases[i].header, strlen(cases[i].header), "a@b"), ==,
			cases[i].has);
}

static void test_sender_and_subject_are_compared_as_people_see_them(void)
{
	static const struct {
		const char *header, *sender, *subject;
		gboolean similar;
	} cases[] = {
		{"From: a@b.example\nSubject: Hi\n\n", "a@b.example", "Hi", TRUE},
		{"From: \"B, A\" <A@B.Example>\nSubject:  hi\n\n", "a@b.example", "Hi", TRUE},
		{"From: x@y.example\nSender: a@b.example\nSubject: Hi\n\n", "a@b.example", "Hi",
	         TRUE},
		{"From: a@b.example\nSubject: =?utf-8?q?f=C3=BCr?=\n you\n\n", NULL, "für you",
	         TRUE},
		{"From: a@b.example\n\n", "a@b.example", "", TRUE},
		{"From: a@b.example\nSubject: Hi there\n\n", "a@b.example", "Hi", FALSE},
		{"From: x@y.example\nSubject: Hi\n\n", "a@b.example", "Hi", FALSE},
		{"From: \"a@b.example\" <x@y.example>\nSubject: Hi\n\n", "a@b.example", "Hi",
	         FALSE},
		{"From: a@b.example.org\nSubject: Hi\n\n", "a@b.example", "Hi", FALSE},
		{"Subject: Hi\n\n", "a@b.example", "Hi", FALSE},
		{"From: a@b.example\nSubject: Hi\n\n", "no address", "Hi", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(header_is_similar(cases[i].header, strlen(cases[i].header),
		                                  cases[i].sender, cases[i].subject),
		                ==, cases[i].similar);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/header/a header block ends at the empty line",
	                test_a_header_block_ends_at_the_empty_line);
	g_test_add_func("/header/Message-IDs are found exactly",
	                test_message_ids_are_found_exactly);
	g_test_add_func("/header/sender and subject are compared as people see them",
	                test_sender_and_subject_are_compared_as_people_see_them);
	return g_test_run();
}
