/* LDAP by libldap. A name that was typed reaches a directory escaped, or not at all; a passphrase
 * only over TLS to a server whose certificate was verified, whatever a machine's ldap.conf says.
 *
 * Who is not found is tried all the same, under a name that nobody has: how long an answer takes
 * does not tell who exists. */
#include "signon/directory.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "signon/lines.h"
#include "signon/provider.h"

#include <ldap.h>
#include <string.h>

#define SYSTEM_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

/* --- escaping -----------------------------------------------------------------------------------
 */

char *directory_escape_filter(const char *text)
{
	g_autoptr(GString) escaped = g_string_new(NULL);
	for (; *text; text++)
		if (strchr("*()\\", *text) || g_ascii_iscntrl(*text))
			g_string_append_printf(escaped, "\\%02x", (guint)(guchar)*text);
		else
			g_string_append_c(escaped, *text);
	return g_strdup(escaped->str);
}

char *directory_escape_dn(const char *text)
{
	g_autoptr(GString) escaped = g_string_new(NULL);
	const char *first = text, *last = text + strlen(text) - 1;
	for (; *text; text++)
		if (strchr("\"+,;<>\\=", *text) || (text == first && strchr("# ", *text)) ||
		    (text == last && *text == ' ') || g_ascii_iscntrl(*text))
			g_string_append_printf(escaped, "\\%02x", (guint)(guchar)*text);
		else
			g_string_append_c(escaped, *text);
	return g_strdup(escaped->str);
}

static char *fill(const char *pattern, const char *word, const char *value)
{
	g_autoptr(GString) text = g_string_new(pattern);
	g_string_replace(text, word, value, 0);
	return g_strdup(text->str);
}

/* --- a connection -------------------------------------------------------------------------------
 */

typedef struct {
	LDAP *handle;
	gint64 deadline;
} Directory;

static void directory_close(Directory *directory)
{
	if (directory->handle)
		ldap_unbind_ext_s(directory->handle, NULL, NULL);
	directory->handle = NULL;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Directory, directory_close)

/* What libldap's results mean for who has to do something. */
static TrawlError error_code(int result)
{
	switch (result) {
	case LDAP_INVALID_CREDENTIALS:
	case LDAP_INAPPROPRIATE_AUTH:
	case LDAP_NO_SUCH_OBJECT:
	case LDAP_INVALID_DN_SYNTAX:
	case LDAP_CONSTRAINT_VIOLATION: /* locked by a policy */
	case LDAP_UNWILLING_TO_PERFORM: /* switched off */
		return TRAWL_ERROR_AUTHENTICATION;
	case LDAP_TIMEOUT:
	case LDAP_TIMELIMIT_EXCEEDED:
		return TRAWL_ERROR_TIMEOUT;
	case LDAP_SERVER_DOWN:
	case LDAP_CONNECT_ERROR:
	case LDAP_UNAVAILABLE:
	case LDAP_BUSY:
		return TRAWL_ERROR_UNREACHABLE;
	default:
		return TRAWL_ERROR_REMOTE;
	}
}

static gboolean fail(const Directory *directory, TrawlError code, int result, const char *what,
                     GError **error)
{
	char *detail = NULL;
	if (directory->handle)
		ldap_get_option(directory->handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &detail);
	gboolean lost = result == LDAP_SERVER_DOWN || result == LDAP_CONNECT_ERROR;
	g_autofree char *clean = detail ? g_utf8_make_valid(detail, -1) : NULL;
	/* The library knows why TLS failed, and does not tell; that it has something to say, tells.
	 */
	if (lost && clean)
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE,
		                    "no encrypted connection: the certificate has to be for this "
		                    "very host, in its time, and of an authority that is known "
		                    "here; name that in \"ca_file\"");
	else if (lost)
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE,
		                    "nothing answers there");
	else
		g_set_error(error, TRAWL_ERROR, (int)code, "%s: %s%s%s", what,
		            ldap_err2string(result), clean && *clean ? ", " : "",
		            clean ? clean : "");
	ldap_memfree(detail);
	return FALSE;
}

/* The library's own patience, as long as ours. */
static gboolean set_patience(Directory *directory, GError **error)
{
	if (!deadline_check(directory->deadline, error))
		return FALSE;
	int left = deadline_left_ms(directory->deadline);
	const struct timeval patience = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
	ldap_set_option(directory->handle, LDAP_OPT_NETWORK_TIMEOUT, &patience);
	ldap_set_option(directory->handle, LDAP_OPT_TIMEOUT, &patience);
	return TRUE;
}

static gboolean set_tls(LDAP *handle, const json_t *config)
{
	const char *authorities = provider_text(config, "ca_file", SYSTEM_AUTHORITIES);
	const int demand = LDAP_OPT_X_TLS_DEMAND, oldest = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2,
		  client = 0;
	return ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == LDAP_SUCCESS &&
	       ldap_set_option(handle, LDAP_OPT_X_TLS_PROTOCOL_MIN, &oldest) == LDAP_SUCCESS &&
	       ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, authorities) == LDAP_SUCCESS &&
	       ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTDIR, NULL) == LDAP_SUCCESS &&
	       ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &client) == LDAP_SUCCESS;
}

/* ldaps connects at the first request; STARTTLS is that request. */
static gboolean connect_to(Directory *directory, const json_t *config, GError **error)
{
	const char *url = provider_text(config, "url", "");
	const int version = LDAP_VERSION3;
	int result = ldap_initialize(&directory->handle, url);
	if (result != LDAP_SUCCESS)
		return fail(directory, TRAWL_ERROR_INVALID, result, url, error);
	ldap_set_option(directory->handle, LDAP_OPT_PROTOCOL_VERSION, &version);
	ldap_set_option(directory->handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	ldap_set_option(directory->handle, LDAP_OPT_RESTART, LDAP_OPT_ON);
	if (!set_tls(directory->handle, config)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "TLS cannot be set up: is the file of authorities there? (%s)",
		            provider_text(config, "ca_file", SYSTEM_AUTHORITIES));
		return FALSE;
	}
	if (!set_patience(directory, error))
		return FALSE;
	if (g_ascii_strncasecmp(url, "ldaps:", 6) != 0) {
		result = ldap_start_tls_s(directory->handle, NULL, NULL);
		if (result != LDAP_SUCCESS)
			return fail(directory, TRAWL_ERROR_UNREACHABLE, result,
			            "no encrypted connection by STARTTLS", error);
	}
	return TRUE;
}

/* A simple bind. A name or a passphrase that is empty would be another thing, and a yes. */
static int bind_as(Directory *directory, const char *dn, const char *password)
{
	struct berval credentials = {strlen(password), (char *)password};
	if (!*dn || !*password)
		return LDAP_INVALID_CREDENTIALS;
	return ldap_sasl_bind_s(directory->handle, dn, LDAP_SASL_SIMPLE, &credentials, NULL, NULL,
	                        NULL);
}

static gboolean enter_service(Directory *directory, const json_t *config, const json_t *secret,
                              GError **error)
{
	int result = bind_as(directory, provider_text(config, "bind_dn", ""),
	                     provider_text(secret, "bind_password", ""));
	if (result == LDAP_SUCCESS)
		return TRUE;
	TrawlError code = error_code(result);
	return fail(directory, code == TRAWL_ERROR_AUTHENTICATION ? TRAWL_ERROR_REMOTE : code,
	            result, "the directory does not let the service account in", error);
}

/* --- asking --------------------------------------------------------------------------------------
 */

typedef LDAPMessage Entries;
static void entries_free(Entries *entries)
{
	ldap_msgfree(entries);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Entries, entries_free)

/* What was found, at most @at_most; NULL with an error. One more than that is not an error here. */
static Entries *search(Directory *directory, const char *base, int scope, const char *filter,
                       const char *const *attributes, int at_most, GError **error)
{
	Entries *entries = NULL;
	if (!set_patience(directory, error))
		return NULL;
	int left = deadline_left_ms(directory->deadline);
	struct timeval patience = {.tv_sec = left / 1000 + 1};
	int result = ldap_search_ext_s(directory->handle, base, scope, filter, (char **)attributes,
	                               0, NULL, NULL, &patience, at_most, &entries);
	if (result == LDAP_SUCCESS || result == LDAP_SIZELIMIT_EXCEEDED)
		return entries;
	ldap_msgfree(entries);
	TrawlError code = error_code(result);
	fail(directory, code == TRAWL_ERROR_AUTHENTICATION ? TRAWL_ERROR_REMOTE : code, result,
	     "the directory does not answer a search", error);
	return NULL;
}

/* Text as it is, octets that are none in hexadecimal. */
static char *read_value(const struct berval *value)
{
	g_autoptr(GString) text = g_string_new(NULL);
	if (g_utf8_validate(value->bv_val, (gssize)value->bv_len, NULL) &&
	    !memchr(value->bv_val, 0, value->bv_len))
		return g_strndup(value->bv_val, value->bv_len);
	for (gsize i = 0; i < value->bv_len; i++)
		g_string_append_printf(text, "%02x", (guint)(guchar)value->bv_val[i]);
	return g_strdup(text->str);
}

static json_t *read_values(LDAP *handle, LDAPMessage *entry, const char *attribute)
{
	json_t *all = json_array();
	struct berval **values = ldap_get_values_len(handle, entry, attribute);
	for (int i = 0; values && values[i] && i < LIMIT_GROUPS; i++) {
		g_autofree char *text = read_value(values[i]);
		json_array_append_new(all, json_text_new(text));
	}
	ldap_value_free_len(values);
	return all;
}

static json_t *first_value(LDAP *handle, LDAPMessage *entry, const char *attribute)
{
	g_autoptr(json_t) all = read_values(handle, entry, attribute);
	return json_array_size(all) ? json_incref(json_array_get(all, 0)) : json_null();
}

/* Groups that name their members, where people do not name their groups. */
static gboolean add_groups(Directory *directory, const json_t *config, const char *dn,
                           json_t *groups, GError **error)
{
	static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
	const char *base = provider_text(config, "group_base", NULL);
	if (!base)
		return TRUE;
	g_autofree char *escaped = directory_escape_filter(dn);
	g_autofree char *filter =
		fill(provider_text(config, "group_filter", "(member={dn})"), "{dn}", escaped);
	g_autoptr(Entries) found =
		search(directory, base, LDAP_SCOPE_SUBTREE, filter, nothing, LIMIT_GROUPS, error);
	if (!found)
		return FALSE;
	for (LDAPMessage *entry = ldap_first_entry(directory->handle, found); entry;
	     entry = ldap_next_entry(directory->handle, entry)) {
		char *name = ldap_get_dn(directory->handle, entry);
		if (name)
			json_array_append_new(groups, json_text_new(name));
		ldap_memfree(name);
	}
	return TRUE;
}

char *directory_issuer(gint64 provider)
{
	return g_strdup_printf("ldap:%" G_GINT64_FORMAT, provider);
}

static json_t *describe(Directory *directory, const json_t *config, gint64 provider,
                        LDAPMessage *entry, const char *dn, GError **error)
{
	LDAP *handle = directory->handle;
	const char *id = provider_text(config, "id_attribute", "entryUUID");
	g_autoptr(json_t) subject = first_value(handle, entry, id);
	if (!json_is_string(subject) || !*json_string_value(subject) ||
	    strlen(json_string_value(subject)) > LIMIT_SUBJECT) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		            "the directory does not show the attribute \"%s\", by which people "
		            "are told apart",
		            id);
		return NULL;
	}
	g_autoptr(json_t) email =
		first_value(handle, entry, provider_text(config, "email_attribute", "mail"));
	g_autofree char *issuer = directory_issuer(provider);
	g_autoptr(json_t) identity = json_pack(
		"{s:s, s:O, s:o, s:o, s:O, s:b, s:o}", "issuer", issuer, "subject", subject, "name",
		first_value(handle, entry, provider_text(config, "name_attribute", "uid")),
		"display_name",
		first_value(handle, entry, provider_text(config, "display_attribute", "cn")),
		"email", email, "email_verified", json_is_string(email), "groups",
		read_values(handle, entry, provider_text(config, "group_attribute", "memberOf")));
	return add_groups(directory, config, dn, json_object_get(identity, "groups"), error)
	               ? g_steal_pointer(&identity)
	               : NULL;
}

/* What is asked of a person's entry; ends with NULL. */
static void list_attributes(const json_t *config, const char *attributes[6])
{
	attributes[0] = provider_text(config, "id_attribute", "entryUUID");
	attributes[1] = provider_text(config, "name_attribute", "uid");
	attributes[2] = provider_text(config, "display_attribute", "cn");
	attributes[3] = provider_text(config, "email_attribute", "mail");
	attributes[4] = provider_text(config, "group_attribute", "memberOf");
	attributes[5] = NULL;
}

static gboolean refuse(GError **error, const char *reason)
{
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION, reason);
	return FALSE;
}

/* Is it the passphrase of @dn? By a connection of its own, which is nobody's before and after. */
static gboolean try_passphrase(const json_t *config, const char *dn, const char *password,
                               gint64 deadline, GError **error)
{
	g_auto(Directory) directory = {.deadline = deadline};
	if (!connect_to(&directory, config, error))
		return FALSE;
	int result = bind_as(&directory, dn, password);
	return result == LDAP_SUCCESS ||
	       fail(&directory, error_code(result), result, "the directory says no", error);
}

static json_t *identify_by_search(const json_t *config, const json_t *secret, gint64 provider,
                                  const char *name, const char *password, gint64 deadline,
                                  char **subject, GError **error)
{
	const char *attributes[6];
	g_auto(Directory) directory = {.deadline = deadline};
	const char *base = provider_text(config, "base", "");
	g_autofree char *escaped = directory_escape_filter(name);
	g_autofree char *filter =
		fill(provider_text(config, "filter", "(uid={name})"), "{name}", escaped);
	list_attributes(config, attributes);
	if (!connect_to(&directory, config, error) ||
	    !enter_service(&directory, config, secret, error))
		return NULL;
	g_autoptr(Entries) found =
		search(&directory, base, LDAP_SCOPE_SUBTREE, filter, attributes, 2, error);
	if (!found)
		return NULL;
	LDAPMessage *entry = ldap_first_entry(directory.handle, found);
	gboolean several = entry && ldap_next_entry(directory.handle, entry);
	char *raw = entry && !several ? ldap_get_dn(directory.handle, entry) : NULL;
	g_autofree char *dn = raw ? g_strdup(raw) : g_strconcat("cn=trawl-nobody,", base, NULL);
	ldap_memfree(raw);
	if (entry && !several) {
		g_autoptr(json_t) id = first_value(directory.handle, entry, attributes[0]);
		*subject = g_strdup(json_string_value(id));
	}
	gboolean right = try_passphrase(config, dn, password, deadline, error);
	if (!entry || several) {
		g_clear_error(error);
		refuse(error, several ? "the directory has several people for this name"
		                      : "the directory has nobody for this name");
		return NULL;
	}
	return right ? describe(&directory, config, provider, entry, dn, error) : NULL;
}

static json_t *identify_by_template(const json_t *config, gint64 provider, const char *name,
                                    const char *password, gint64 deadline, GError **error)
{
	const char *attributes[6];
	g_auto(Directory) directory = {.deadline = deadline};
	g_autofree char *escaped = directory_escape_dn(name);
	g_autofree char *dn = fill(provider_text(config, "dn_template", ""), "{name}", escaped);
	list_attributes(config, attributes);
	if (!connect_to(&directory, config, error))
		return NULL;
	int result = bind_as(&directory, dn, password);
	if (result != LDAP_SUCCESS) {
		fail(&directory, error_code(result), result, "the directory says no", error);
		return NULL;
	}
	g_autoptr(Entries) found =
		search(&directory, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, error);
	LDAPMessage *entry = found ? ldap_first_entry(directory.handle, found) : NULL;
	if (found && !entry)
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		                    "the directory does not show people their own entries");
	return entry ? describe(&directory, config, provider, entry, dn, error) : NULL;
}

json_t *directory_identify(const json_t *config, const json_t *secret, gint64 provider,
                           const char *name, const char *password, gint64 deadline, char **subject,
                           GError **error)
{
	*subject = NULL;
	if (!name || !*name || !password || !*password) {
		refuse(error, "name or passphrase is empty");
		return NULL;
	}
	return provider_text(config, "dn_template", NULL)
	               ? identify_by_template(config, provider, name, password, deadline, error)
	               : identify_by_search(config, secret, provider, name, password, deadline,
	                                    subject, error);
}

/* --- does it work? ------------------------------------------------------------------------------
 */

/* The root entry may be read by anybody (RFC 4512 §5.1); over ldaps, asking is what connects. */
static gboolean check_connection(Directory *directory, const json_t *config, json_t *lines)
{
	g_autoptr(GError) problem = NULL;
	const char *url = provider_text(config, "url", "");
	g_autoptr(Entries) root = NULL;
	if (connect_to(directory, config, &problem))
		root = search(directory, "", LDAP_SCOPE_BASE, "(objectClass=*)", NULL, 1, &problem);
	gboolean refused = g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_REMOTE);
	if (root || refused) { /* not to anybody here, but it was asked, over TLS */
		lines_add(lines, CHECK_OK, "encrypted connection", "%s, certificate verified", url);
		return TRUE;
	}
	lines_add_error(lines, "encrypted connection", problem);
	return FALSE;
}

static void check_search(Directory *directory, const json_t *config, json_t *lines)
{
	static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
	g_autoptr(GError) problem = NULL;
	const char *base = provider_text(config, "base", "");
	g_autofree char *filter =
		fill(provider_text(config, "filter", "(uid={name})"), "{name}", "*");
	g_autoptr(Entries) found =
		search(directory, base, LDAP_SCOPE_SUBTREE, filter, nothing, 100, &problem);
	int count = found ? ldap_count_entries(directory->handle, found) : 0;
	if (!found)
		lines_add_error(lines, "people", problem);
	else
		lines_add(lines, count ? CHECK_OK : CHECK_WARNING, "people",
		          "%d%s are found below %s by %s", count, count >= 100 ? " or more" : "",
		          base, filter);
}

json_t *directory_check(const json_t *config, const json_t *secret, gint64 deadline)
{
	json_t *lines = json_array();
	g_auto(Directory) directory = {.deadline = deadline};
	g_autoptr(GError) problem = NULL;
	if (!check_connection(&directory, config, lines))
		return lines;
	if (provider_text(config, "dn_template", NULL)) {
		lines_add(lines, CHECK_OK, "people",
		          "are tried by their own names and passphrases; log in once to see");
		return lines;
	}
	if (!enter_service(&directory, config, secret, &problem)) {
		lines_add_error(lines, "service account", problem);
		return lines;
	}
	lines_add(lines, CHECK_OK, "service account", "%s is let in",
	          provider_text(config, "bind_dn", ""));
	check_search(&directory, config, lines);
	return lines;
}
