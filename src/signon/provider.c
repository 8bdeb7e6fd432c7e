/* Kinds of identity provider: what of each is configured, and what it means for who logs in. */
#include "signon/provider.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/names.h"
#include "net/http.h"

#include <string.h>

static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const no_email[] = {"no", "email", NULL};
static const char *const no_email_name[] = {"no", "email", "name", NULL};
static const char *const verified_any[] = {"verified", "any", NULL};

/* clang-format off */
#define MEMBERS_OF_ALL(links) \
	{"create_accounts", "New Accounts", MEMBER_CHOICE, FALSE, NULL, no_yes, \
	 "yes: whoever gets a role here and has no account gets one at the first log-in; no (unless said): an " \
	 "administrator makes accounts"}, \
	{"link_accounts", "Known Accounts", MEMBER_CHOICE, FALSE, NULL, links, \
	 "how an account without a passphrase that is there already is found at the first log-in; no (unless said): not"}, \
	{"email_domains", "E-Mail Domains", MEMBER_TEXTS, FALSE, NULL, NULL, \
	 "whose addresses may log in, such as corp.example; all, unless said"}, \
	{"roles", "Roles by Group", MEMBER_TEXTS, FALSE, NULL, NULL, \
	 "group=role, such as soc-analysts=analyst; the first that fits counts"}, \
	{"default_role", "Role without a Group", MEMBER_TEXT, FALSE, NULL, NULL, \
	 "the role of who is in none of these groups; nobody without a group logs in, unless said"}, \
	{"refused_groups", "Refused Groups", MEMBER_TEXTS, FALSE, NULL, NULL, \
	 "whoever is in one of these does not log in"}, \
	{"ca_file", "CA File", MEMBER_TEXT, FALSE, NULL, NULL, \
	 "PEM file of an authority that the system does not know"}

static const ConfigMember oidc_members[] = {
	{"issuer",       "Issuer",           MEMBER_TEXT,   TRUE,  NULL, NULL,
	 "address of the provider, exactly as it calls itself, such as https://login.corp.example/realms/staff; needed"},
	{"client_id",    "Client ID",        MEMBER_TEXT,   TRUE,  NULL, NULL,
	 "as which Trawl is registered there; needed"},
	{"console_url",  "Console Address",  MEMBER_TEXT,   TRUE,  NULL, NULL,
	 "where people's browsers find this console, such as https://trawl.corp.example; register "
	 "<this>/sign-on/callback with the provider; needed"},
	{"scopes",       "Scopes",           MEMBER_TEXT,   FALSE, NULL, NULL,
	 "what is asked for; openid profile email unless said"},
	{"name_claim",   "Name Claim",       MEMBER_TEXT,   FALSE, NULL, NULL,
	 "which claim becomes the user name of a new account; preferred_username unless said"},
	{"role_claim",   "Group Claim",      MEMBER_TEXT,   FALSE, NULL, NULL,
	 "which claim holds the groups or roles; dots lead into objects, as in realm_access.roles; groups unless said"},
	{"email_trust",  "Believed E-Mail",  MEMBER_CHOICE, FALSE, NULL, verified_any,
	 "verified (unless said): only addresses that the provider calls verified count; any: it is known to verify all"},
	{"logout",       "Log Out There, Too", MEMBER_CHOICE, FALSE, NULL, no_yes,
	 "yes: who logs out of Trawl is sent to the provider to log out there; no, unless said"},
	MEMBERS_OF_ALL(no_email),
	{"client_secret", "Client Secret",   MEMBER_TEXT,   FALSE, NULL, NULL,
	 "that the provider gave Trawl; none for a public client"},
	{NULL},
};
static const ProviderKind oidc_kind = {"oidc", "OpenID Connect", oidc_members, 1};

static const ConfigMember ldap_members[] = {
	{"url",          "Address",          MEMBER_TEXT,   TRUE,  NULL, NULL,
	 "ldaps://ldap.corp.example, or ldap://… for STARTTLS; nothing is ever sent unencrypted; needed"},
	{"bind_dn",      "Service Account",  MEMBER_TEXT,   FALSE, NULL, NULL,
	 "DN that looks people up, such as cn=trawl,ou=services,dc=corp,dc=example; not with a DN template"},
	{"base",         "Search Base",      MEMBER_TEXT,   FALSE, NULL, NULL,
	 "below which people are looked for, such as ou=people,dc=corp,dc=example"},
	{"filter",       "Search Filter",    MEMBER_TEXT,   FALSE, NULL, NULL,
	 "finds exactly one person; {name} is what was typed; (uid={name}) unless said"},
	{"dn_template",  "DN Template",      MEMBER_TEXT,   FALSE, NULL, NULL,
	 "instead of a search: uid={name},ou=people,dc=corp,dc=example"},
	{"id_attribute", "ID Attribute",     MEMBER_TEXT,   FALSE, NULL, NULL,
	 "what never changes of a person; entryUUID unless said, objectGUID for Active Directory"},
	{"name_attribute",    "Name Attribute",    MEMBER_TEXT, FALSE, NULL, NULL,
	 "becomes the user name of a new account; uid unless said, sAMAccountName for Active Directory"},
	{"display_attribute", "Display Attribute", MEMBER_TEXT, FALSE, NULL, NULL,
	 "what a person is called; cn unless said"},
	{"email_attribute",   "E-Mail Attribute",  MEMBER_TEXT, FALSE, NULL, NULL,
	 "mail unless said"},
	{"group_attribute",   "Group Attribute",   MEMBER_TEXT, FALSE, NULL, NULL,
	 "of a person, names the groups; memberOf unless said"},
	{"group_base",   "Group Base",       MEMBER_TEXT,   FALSE, NULL, NULL,
	 "below which groups are searched, where people have no such attribute"},
	{"group_filter", "Group Filter",     MEMBER_TEXT,   FALSE, NULL, NULL,
	 "finds a person's groups; {dn} is the person; (member={dn}) unless said"},
	MEMBERS_OF_ALL(no_email_name),
	{"bind_password", "Its Password",    MEMBER_TEXT,   FALSE, NULL, NULL,
	 "of the service account"},
	{NULL},
};
static const ProviderKind ldap_kind = {"ldap", "LDAP Directory", ldap_members, 1};
/* clang-format on */

const ProviderKind *const provider_kinds[] = {&oidc_kind, &ldap_kind, NULL};

const ProviderKind *provider_kind_find(const char *name)
{
	for (guint i = 0; provider_kinds[i]; i++)
		if (g_strcmp0(provider_kinds[i]->name, name) == 0)
			return provider_kinds[i];
	return NULL;
}

static const ConfigMember *find_member(const ProviderKind *kind, const char *name)
{
	for (const ConfigMember *member = kind->members; member->name; member++)
		if (strcmp(member->name, name) == 0)
			return member;
	return NULL;
}

gboolean provider_member_is_secret(const ProviderKind *kind, const ConfigMember *member)
{
	guint count = 0;
	while (kind->members[count].name)
		count++;
	return (guint)(member - kind->members) >= count - kind->n_secret;
}

const char *provider_text(const json_t *config, const char *member, const char *fallback)
{
	const char *text = json_string_value(json_object_get(config, member));
	return text && *text ? text : fallback;
}

gboolean provider_is_on(const json_t *config, const char *member)
{
	return strcmp(provider_text(config, member, "no"), "yes") == 0;
}

/* --- checked ------------------------------------------------------------------------------------
 */

static gboolean has_control(const char *text)
{
	for (; *text; text++)
		if (g_ascii_iscntrl(*text))
			return TRUE;
	return FALSE;
}

static gboolean check_value(const ConfigMember *member, const json_t *value, GError **error)
{
	const char *text = json_string_value(value);
	if (member->type == MEMBER_TEXTS) {
		gboolean good = json_is_array(value) && json_array_size(value) <= LIMIT_ROLE_RULES;
		for (gsize i = 0; good && i < json_array_size(value); i++) {
			const char *one = json_string_value(json_array_get(value, i));
			good = one && *one && strlen(one) <= LIMIT_DESCRIPTION && !has_control(one);
		}
		return good || config_invalid(error, member->name, "an array of at most 200 texts");
	}
	if (!text || strlen(text) > LIMIT_DESCRIPTION || has_control(text))
		return config_invalid(error, member->name, "a text of one line");
	if (member->choices && names_find(member->choices, text) < 0) {
		g_autofree char *all = g_strjoinv(" or ", (char **)member->choices);
		return config_invalid(error, member->name, all);
	}
	return TRUE;
}

static gboolean check_members(const ProviderKind *kind, const json_t *document, gboolean secret,
                              GError **error)
{
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)document, name, value) {
		const ConfigMember *member = find_member(kind, name);
		if (!member || provider_member_is_secret(kind, member) != secret)
			return config_invalid(error, name, "a member that this kind has");
		if (!check_value(member, value, error))
			return FALSE;
	}
	for (const ConfigMember *member = kind->members; member->name; member++)
		if (member->needed && provider_member_is_secret(kind, member) == secret &&
		    !provider_text(document, member->name, NULL))
			return config_invalid(error, member->name, "to be there: it is needed");
	return TRUE;
}

/* https, or http to this very machine, and no more than what @member is about. */
static gboolean check_url(const json_t *config, const char *member, gboolean origin_only,
                          GError **error)
{
	const char *text = provider_text(config, member, "");
	g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri ? g_uri_get_scheme(uri) : "",
		   *host = uri ? g_uri_get_host(uri) : "";
	gboolean safe = g_strcmp0(scheme, "https") == 0 ||
	                (g_strcmp0(scheme, "http") == 0 && host && http_is_loopback(host));
	if (!uri || !host || !*host || !safe || g_uri_get_userinfo(uri) || g_uri_get_query(uri) ||
	    g_uri_get_fragment(uri))
		return config_invalid(error, member, "an https address without a query");
	if (origin_only && *g_uri_get_path(uri) && strcmp(g_uri_get_path(uri), "/") != 0)
		return config_invalid(error, member, "https and a host, without a path");
	return TRUE;
}

static gboolean check_roles(const json_t *config, GError **error)
{
	const json_t *rules = json_object_get(config, "roles");
	for (gsize i = 0; i < json_array_size(rules); i++) {
		const char *rule = json_string_value(json_array_get(rules, i));
		const char *equals = strrchr(rule, '=');
		if (!equals || equals == rule || !equals[1])
			return config_invalid(error, "roles", "lines of the form group=role");
	}
	if (json_array_size(rules) || provider_text(config, "default_role", NULL))
		return TRUE;
	return config_invalid(
		error, "roles",
		"at least one group=role, or a \"default_role\": nobody could log in");
}

static gboolean has_scope(const char *scopes, const char *scope)
{
	g_auto(GStrv) all = g_strsplit(scopes, " ", -1);
	return g_strv_contains((const char *const *)all, scope);
}

static gboolean check_oidc(const json_t *config, GError **error)
{
	if (!has_scope(provider_text(config, "scopes", "openid"), "openid"))
		return config_invalid(error, "scopes", "\"openid\" among the scopes");
	return check_url(config, "issuer", FALSE, error) &&
	       check_url(config, "console_url", TRUE, error);
}

static gboolean check_template(const json_t *config, const char *member, const char *word,
                               GError **error)
{
	const char *text = provider_text(config, member, NULL);
	g_autofree char *expected = g_strdup_printf("%s in it", word);
	return !text || strstr(text, word) || config_invalid(error, member, expected);
}

static gboolean check_ldap(const json_t *config, const json_t *secret, GError **error)
{
	g_autoptr(GUri) uri = g_uri_parse(provider_text(config, "url", ""), G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri ? g_uri_get_scheme(uri) : "",
		   *host = uri ? g_uri_get_host(uri) : "";
	gboolean by_template = provider_text(config, "dn_template", NULL) != NULL;
	gboolean by_search = provider_text(config, "bind_dn", NULL) != NULL;
	if ((strcmp(scheme, "ldaps") != 0 && strcmp(scheme, "ldap") != 0) || !host || !*host ||
	    *g_uri_get_path(uri) || g_uri_get_query(uri) || g_uri_get_userinfo(uri))
		return config_invalid(error, "url", "ldaps://host or ldap://host");
	if (by_template == by_search)
		return config_invalid(error, "bind_dn",
		                      "either a service account or a \"dn_template\"");
	if (by_search && !provider_text(config, "base", NULL))
		return config_invalid(error, "base", "where people are looked for");
	if (by_search && !provider_text(secret, "bind_password", NULL))
		return config_invalid(error, "bind_password", "the service account's password");
	return check_template(config, "filter", "{name}", error) &&
	       check_template(config, "dn_template", "{name}", error) &&
	       check_template(config, "group_filter", "{dn}", error);
}

gboolean provider_config_check(const ProviderKind *kind, const json_t *config, const json_t *secret,
                               GError **error)
{
	return check_members(kind, config, FALSE, error) &&
	       check_members(kind, secret, TRUE, error) && check_roles(config, error) &&
	       (kind == &oidc_kind ? check_oidc(config, error) : check_ldap(config, secret, error));
}

char *provider_redirect_url(const json_t *config)
{
	g_autofree char *origin = g_strdup(provider_text(config, "console_url", ""));
	while (g_str_has_suffix(origin, "/"))
		origin[strlen(origin) - 1] = '\0';
	return g_strconcat(origin, "/sign-on/callback", NULL);
}

/* --- meant --------------------------------------------------------------------------------------
 */

/* Directories compare names without case; elsewhere "Admins" may be other people than "admins". */
static gboolean same_group(const json_t *config, const char *a, const char *b)
{
	if (json_object_get(config, "issuer"))
		return strcmp(a, b) == 0;
	g_autofree char *left = g_utf8_casefold(a, -1);
	g_autofree char *right = g_utf8_casefold(b, -1);
	return strcmp(left, right) == 0;
}

static gboolean is_in(const json_t *config, const json_t *groups, const char *name, gsize length)
{
	g_autofree char *wanted = g_strstrip(g_strndup(name, length));
	for (gsize i = 0; i < json_array_size(groups); i++) {
		const char *group = json_string_value(json_array_get(groups, i));
		if (group && same_group(config, wanted, group))
			return TRUE;
	}
	return FALSE;
}

void provider_find_role(const json_t *config, const json_t *groups, char **role, gboolean *refused)
{
	const json_t *rules = json_object_get(config, "roles");
	const json_t *shut = json_object_get(config, "refused_groups");
	*refused = FALSE;
	*role = NULL;
	for (gsize i = 0; i < json_array_size(shut) && !*refused; i++) {
		const char *name = json_string_value(json_array_get(shut, i));
		*refused = is_in(config, groups, name, strlen(name));
	}
	for (gsize i = 0; i < json_array_size(rules) && !*role; i++) {
		const char *rule = json_string_value(json_array_get(rules, i));
		const char *equals = strrchr(rule, '='); /* a DN has some, too */
		if (is_in(config, groups, rule, (gsize)(equals - rule)))
			*role = g_strstrip(g_strdup(equals + 1));
	}
	if (!*role)
		*role = g_strdup(provider_text(config, "default_role", NULL));
}

gboolean provider_takes_address(const json_t *config, const char *address)
{
	const json_t *domains = json_object_get(config, "email_domains");
	g_autofree char *form = address ? text_address(address) : NULL;
	const char *domain = form ? text_address_domain(form) : NULL;
	if (!json_array_size(domains))
		return TRUE;
	for (gsize i = 0; domain && i < json_array_size(domains); i++)
		if (g_ascii_strcasecmp(json_string_value(json_array_get(domains, i)), domain) == 0)
			return TRUE;
	return FALSE;
}
