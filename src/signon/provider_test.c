#include "signon/provider.h"

#include "base/error.h"

#include <string.h>

static json_t *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	json_t *value = json_parse(text, -1, &error);
	g_assert_no_error(error);
	return value;
}

#define OIDC "\"issuer\":\"https://login.corp.example\","
#define RULES                                                                                      \
	"\"roles\":[\"cn=soc,dc=corp=analyst\",\"leads=responder\"],\"refused_groups\":["          \
	"\"leavers\"]"

static void groups_give_a_role(void)
{
	static const struct {
		const char *config, *groups, *role;
		gboolean refused;
	} cases[] = {
		{"{" RULES "}", "[]", NULL, FALSE},
		{"{" RULES "}", "[\"x\",\"leads\"]", "responder", FALSE},
		{"{" RULES "}", "[\"leads\",\"cn=soc,dc=corp\"]", "analyst",
	         FALSE}, /* the first rule */
		{"{" RULES "}", "[\"CN=SOC,DC=Corp\"]", "analyst", FALSE},
		{"{" OIDC RULES "}", "[\"CN=SOC,DC=Corp\"]", NULL, FALSE}, /* other people there */
		{"{" OIDC RULES "}", "[\"cn=soc,dc=corp\"]", "analyst", FALSE},
		{"{" RULES "}", "[\"leads\",\"leavers\"]", "responder", TRUE},
		{"{" RULES ",\"default_role\":\"viewer\"}", "[]", "viewer", FALSE},
		{"{" RULES ",\"default_role\":\"viewer\"}", "[\"leavers\"]", "viewer", TRUE},
		{"{" RULES "}", "[7,null,\"soc\"]", NULL, FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		gboolean refused;
		g_autofree char *role = NULL;
		g_autoptr(json_t) config = parse(cases[i].config), groups = parse(cases[i].groups);
		provider_find_role(config, groups, &role, &refused);
		g_test_message("%u", i);
		g_assert_cmpstr(role, ==, cases[i].role);
		g_assert_cmpint(refused, ==, cases[i].refused);
	}
}

static void domains_let_addresses_in(void)
{
	static const struct {
		const char *domains, *address;
		gboolean good;
	} cases[] = {
		{"[]", NULL, TRUE},
		{"[\"corp.example\"]", NULL, FALSE},
		{"[\"corp.example\"]", "a@corp.example", TRUE},
		{"[\"Corp.Example\"]", "a@CORP.example", TRUE},
		{"[\"corp.example\"]", "a@evil-corp.example", FALSE},
		{"[\"corp.example\"]", "a@corp.example.evil.example", FALSE},
		{"[\"corp.example\"]", "a@corp.example@evil.example", FALSE},
		{"[\"corp.example\"]", "corp.example", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("{\"email_domains\":%s}", cases[i].domains);
		g_autoptr(json_t) config = parse(text);
		g_test_message("%u", i);
		g_assert_cmpint(provider_takes_address(config, cases[i].address), ==,
		                cases[i].good);
	}
}

static void the_way_back_is_one_address(void)
{
	static const char *const cases[] = {"https://trawl.corp.example",
	                                    "https://trawl.corp.example/"};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) config = json_pack("{s:s}", "console_url", cases[i]);
		g_autofree char *url = provider_redirect_url(config);
		g_assert_cmpstr(url, ==, "https://trawl.corp.example/sign-on/callback");
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/provider/groups give a role", groups_give_a_role);
	g_test_add_func("/provider/domains let addresses in", domains_let_addresses_in);
	g_test_add_func("/provider/the way back is one address", the_way_back_is_one_address);
	return g_test_run();
}
