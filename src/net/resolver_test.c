#include "net/resolver.h"

#include "../../tests/support/dns.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <string.h>

static Resolver *resolver_of(const DnsServer *server)
{
	g_autoptr(GError) error = NULL;
	Resolver *resolver = resolver_new(dns_server_address(server), &error);
	g_assert_no_error(error);
	return resolver;
}

static char *repeat(char c, gsize times)
{
	char *text = g_malloc(times + 1);
	memset(text, c, times);
	text[times] = '\0';
	return text;
}

/* What one name gives, as "unreachable", "none" or its records with "|" between. */
static char *look_up(Resolver *resolver, const char *name)
{
	ResolverText wanted = {.name = name};
	resolver_texts(resolver, &wanted, 1, deadline_in(20));
	GString *text = g_string_new(wanted.resolved == RESOLVED_NONE          ? "none"
	                             : wanted.resolved == RESOLVED_UNREACHABLE ? "unreachable"
	                                                                       : NULL);
	for (guint i = 0; wanted.texts && i < wanted.texts->len; i++)
		g_string_append_printf(text, "%s%s", i ? "|" : "", (char *)wanted.texts->pdata[i]);
	resolver_texts_clear(&wanted, 1);
	return g_string_free(text, FALSE);
}

static void assert_looked_up(Resolver *resolver, const char *name, const char *expected)
{
	g_autofree char *found = look_up(resolver, name);
	g_assert_cmpstr(found, ==, expected);
}

static void test_records_are_found(void)
{
	g_autoptr(DnsServer) server = dns_server_start();
	g_autoptr(Resolver) resolver = resolver_of(server);
	g_autofree char *long_ = repeat('k', 3000), *longest = repeat('k', LIMIT_DNS_TEXT);
	g_autofree char *longer = repeat('k', LIMIT_DNS_TEXT + 1);
	const struct {
		const char *name, *texts[3], *expected;
	} cases[] = {
		{"one.example", {"v=DKIM1; p=x"}, "v=DKIM1; p=x"},
		{"two.example", {"a", "b"}, "a|b"},
		{"empty.example", {""}, ""},
		{"no-text.example", {"\xff"}, "\xef\xbf\xbd"},
		{"of-several-strings-by-tcp.example", {long_}, long_},
		{"longest.example", {longest}, longest},
		{"longer.example", {longer}, "none"},
		{"longer-and-good.example", {longer, "b"}, "b"},
		{"nothing.example", {NULL}, "none"},
		{"..", {NULL}, "unreachable"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (guint j = 0; j < 3 && cases[i].texts[j]; j++)
			dns_server_add(server, cases[i].name, cases[i].texts[j]);
		g_test_message("%s", cases[i].name);
		assert_looked_up(resolver, cases[i].name, cases[i].expected);
	}
	g_assert_cmpuint(dns_server_questions(server, TRUE), ==, 4);
}

static void test_only_so_many_records_count(void)
{
	g_autoptr(DnsServer) server = dns_server_start();
	g_autoptr(Resolver) resolver = resolver_of(server);
	for (guint i = 0; i <= LIMIT_DNS_RECORDS; i++)
		dns_server_add(server, "a.example", "x");
	assert_looked_up(resolver, "a.example", "x|x|x|x|x|x|x|x");
}

static void test_answers_are_remembered(void)
{
	g_autoptr(DnsServer) server = dns_server_start();
	g_autoptr(Resolver) resolver = resolver_of(server);
	dns_server_add(server, "a.example", "x");
	for (guint i = 0; i < 3; i++) {
		assert_looked_up(resolver, "a.example", "x");
		assert_looked_up(resolver, "b.example", "none");
	}
	g_assert_cmpuint(dns_server_questions(server, FALSE), ==, 2);
}

static void test_no_more_is_asked_than_a_message_may(void)
{
	g_autoptr(DnsServer) server = dns_server_start();
	g_autoptr(Resolver) resolver = resolver_of(server);
	ResolverText wanted[LIMIT_DNS_LOOKUPS + 5] = {{NULL}};
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
		g_ptr_array_add(names, g_strdup_printf("n%u.example", i));
		wanted[i].name = names->pdata[i];
	}
	resolver_texts(resolver, wanted, G_N_ELEMENTS(wanted), deadline_in(20));
	g_assert_cmpuint(dns_server_questions(server, FALSE), ==, LIMIT_DNS_LOOKUPS);
	for (guint i = 0; i < G_N_ELEMENTS(wanted); i++)
		g_assert_cmpint(wanted[i].resolved, ==,
		                i < LIMIT_DNS_LOOKUPS ? RESOLVED_NONE : RESOLVED_UNREACHABLE);
}

static void test_a_server_that_fails_is_no_answer(void)
{
	static const DnsManner manners[] = {DNS_FAILS, DNS_GARBLED};
	for (guint i = 0; i < G_N_ELEMENTS(manners); i++) {
		g_autoptr(DnsServer) server = dns_server_start();
		g_autoptr(Resolver) resolver = resolver_of(server);
		dns_server_add(server, "a.example", "x");
		dns_server_set_manner(server, manners[i]);
		assert_looked_up(resolver, "a.example", "unreachable");
		dns_server_set_manner(server, DNS_ANSWERS);
		assert_looked_up(resolver, "a.example", "unreachable"); /* not yet asked again */
		assert_looked_up(resolver, "b.example", "none");        /* of others it is */
	}
}

static void test_a_dead_server_is_left_alone(void)
{
	g_autoptr(DnsServer) server = dns_server_start();
	g_autoptr(Resolver) resolver = resolver_of(server);
	ResolverText wanted = {.name = "a.example"};
	dns_server_add(server, "a.example", "x");
	dns_server_set_manner(server, DNS_SILENT);
	resolver_texts(resolver, &wanted, 1, deadline_in(0.2));
	g_assert_cmpint(wanted.resolved, ==, RESOLVED_UNREACHABLE);
	guint asked = dns_server_questions(server, FALSE);
	dns_server_set_manner(server, DNS_ANSWERS);
	assert_looked_up(resolver, "a.example", "unreachable");
	g_assert_cmpuint(dns_server_questions(server, FALSE), ==, asked);
}

static void test_a_name_that_never_comes_leaves_the_others_alone(void)
{
	g_autoptr(DnsServer) server = dns_server_start();
	g_autoptr(Resolver) resolver = resolver_of(server);
	ResolverText wanted = {.name = "slow.example"};
	dns_server_add(server, "a.example", "x");
	dns_server_set_manner(server, DNS_WAITS);
	resolver_texts(resolver, &wanted, 1, deadline_in(0.2));
	g_assert_cmpint(wanted.resolved, ==, RESOLVED_UNREACHABLE);
	dns_server_set_manner(server, DNS_ANSWERS);
	assert_looked_up(resolver, "a.example", "x");
}

static void test_nobody_there(void)
{
	g_autoptr(DnsServer) server = dns_server_start();
	g_autofree char *address = g_strdup(dns_server_address(server));
	g_clear_pointer(&server, dns_server_stop);
	g_autoptr(Resolver) resolver = resolver_new(address, NULL);
	assert_looked_up(resolver, "a.example", "unreachable");
}

static void test_servers_are_addresses(void)
{
	static const struct {
		const char *servers;
		gboolean good;
	} cases[] = {
		{"system", TRUE},
		{"192.0.2.53", TRUE},
		{"192.0.2.53:5353", TRUE},
		{"[::1]:53", TRUE},
		{"192.0.2.53,192.0.2.54", TRUE},
		{"", FALSE},
		{"a.example", FALSE},
		{"192.0.2.53:x", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Resolver) resolver = resolver_new(cases[i].servers, &error);
		g_test_message("%s", cases[i].servers);
		g_assert_cmpint(resolver != NULL, ==, cases[i].good);
		g_assert_cmpint(g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_INVALID), ==,
		                !cases[i].good);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func("/resolver/" name, function)
	ADD("records are found", test_records_are_found);
	ADD("only so many records count", test_only_so_many_records_count);
	ADD("answers are remembered", test_answers_are_remembered);
	ADD("no more is asked than a message may", test_no_more_is_asked_than_a_message_may);
	ADD("a server that fails is no answer", test_a_server_that_fails_is_no_answer);
	ADD("a dead server is left alone", test_a_dead_server_is_left_alone);
	ADD("a name that never comes leaves the others alone",
	    test_a_name_that_never_comes_leaves_the_others_alone);
	ADD("nobody there", test_nobody_there);
	ADD("servers are addresses", test_servers_are_addresses);
	return g_test_run();
}
