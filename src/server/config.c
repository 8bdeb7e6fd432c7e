/* Checks of configuration that all kinds of mail server share. */
#include "server/config.h"

#include "base/error.h"
#include "base/text.h"
#include "model/names.h"
#include "server/imap_connection.h"

#include <string.h>

/* A member that is null counts as absent. */
static const json_t *member_of(const json_t *document, const char *member)
{
	const json_t *value = json_object_get(document, member);
	return json_is_null(value) ? NULL : value;
}

gboolean config_invalid(GError **error, const char *member, const char *expected)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, "\"%s\": expected %s", member,
	            expected);
	return FALSE;
}

gboolean config_require_text(const json_t *document, const char *member, const char *expected,
                             GError **error)
{
	const char *text = json_string_value(json_object_get(document, member));
	return (text && *text) || config_invalid(error, member, expected);
}

gboolean config_check_int(const json_t *document, const char *member, gint64 min, gint64 max,
                          GError **error)
{
	const json_t *value = member_of(document, member);
	if (!value || (json_is_integer(value) && json_integer_value(value) >= min &&
	               json_integer_value(value) <= max))
		return TRUE;
	g_autofree char *expected = g_strdup_printf(
		"a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
	return config_invalid(error, member, expected);
}

static gboolean check_names(const json_t *document, const char *const *known, GError **error)
{
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)document, name, value) {
		if (g_strv_contains(known, name))
			continue;
		g_autofree char *all = g_strjoinv(", ", (char **)known);
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "\"%s\": there is no such member; known are: %s", name, all);
		return FALSE;
	}
	return TRUE;
}

static gboolean check_domains(const json_t *config, GError **error)
{
	const char *expected = "an array of mail domains, such as [\"corp.example\"]";
	const json_t *domains = member_of(config, "domains");
	if (!domains)
		return TRUE;
	if (!json_is_array(domains))
		return config_invalid(error, "domains", expected);
	for (size_t i = 0; i < json_array_size(domains); i++) {
		const char *domain = json_string_value(json_array_get(domains, i));
		if (!domain || !*domain || strpbrk(domain, "@/ "))
			return config_invalid(error, "domains", expected);
	}
	return TRUE;
}

static gboolean check_quarantine(const json_t *config, GError **error)
{
	const json_t *mailbox = member_of(config, "quarantine_mailbox");
	const json_t *folder = member_of(config, "quarantine_folder");
	g_autofree char *address = text_address(json_string_value(mailbox));
	if (mailbox && !address)
		return config_invalid(error, "quarantine_mailbox", "an SMTP address");
	if (folder && (!json_is_string(folder) || !*json_string_value(folder)))
		return config_invalid(error, "quarantine_folder", "the name of a folder");
	return TRUE;
}

char *config_quarantine_folder(const json_t *config)
{
	const json_t *folder = member_of(config, "quarantine_folder");
	if (!member_of(config, "quarantine_mailbox"))
		return NULL;
	return g_strdup(folder ? json_string_value(folder) : "INBOX");
}

/* What is a choice is one of the choices. */
static gboolean check_choices(const json_t *config, GError **error)
{
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)config, name, value) {
		const ConfigMember *member = config_member(name);
		if (!member || !member->choices || json_is_null(value) ||
		    (json_is_string(value) &&
		     names_find(member->choices, json_string_value(value)) >= 0))
			continue;
		g_autofree char *all = g_strjoinv(" or ", (char **)member->choices);
		return config_invalid(error, name, all);
	}
	return TRUE;
}

gboolean config_check(const MailServerKind *kind, const json_t *config, const json_t *secret,
                      GError **error)
{
	if (!json_is_object(config)) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "the configuration is not a JSON object");
		return FALSE;
	}
	return check_names(config, kind->config, error) &&
	       check_names(secret, kind->secret, error) && check_choices(config, error) &&
	       check_domains(config, error) && check_quarantine(config, error);
}

void check_add(GPtrArray *lines, CheckLevel level, const char *what, const char *detail, ...)
{
	va_list arguments;
	va_start(arguments, detail);
	g_autofree char *text = g_strdup_vprintf(detail, arguments);
	va_end(arguments);
	g_ptr_array_add(lines, check_line_new(level, what, text));
}

void check_add_error(GPtrArray *lines, const char *what, const GError *error)
{
	g_autofree char *message = g_strdup(error->message);
	const char *remedy = error_remedy(error)->remedy;
	while (g_str_has_suffix(message, "."))
		message[strlen(message) - 1] = '\0';
	if (strstr(message, "; "))
		check_add(lines, CHECK_FAILED, what, "%s", message);
	else
		check_add(lines, CHECK_FAILED, what, "%s. %s", message, remedy);
}

static const char *const tls_choices[] = {"implicit", "starttls", NULL};
static const char *const user_name_choices[] = {"address", "local_part", NULL};

/* clang-format off */
static const ConfigMember members[] = {
	{"host",                "Host",                MEMBER_TEXT,    TRUE,  NULL, NULL,
	                        "name of the IMAP server; needed"},
	{"port",                "Port",                MEMBER_INTEGER, FALSE, NULL, NULL,
	                        "993, or 143 with tls=starttls, unless said"},
	{"tls",                 "TLS",                 MEMBER_CHOICE,  FALSE, NULL, tls_choices,
	                        "implicit (unless said) or starttls; nothing is ever sent unencrypted"},
	{"ca_file",             "CA File",             MEMBER_TEXT,    FALSE, NULL, NULL,
	                        "PEM file of an authority that the system does not know"},
	{"login",               "Login",               MEMBER_CHOICE,  TRUE,  NULL, imap_login_names,
	                        "how any mailbox is reached: master (user*master, as in Dovecot), authzid (SASL PLAIN "
	                        "for another user, as in Cyrus), user (one mailbox, with its own password); needed"},
	{"master_user",         "Master User",         MEMBER_TEXT,    FALSE, "login=user", NULL,
	                        "the user who may open every mailbox; needed but for login=user"},
	{"master_separator",    "Master Separator",    MEMBER_TEXT,    FALSE, NULL, NULL,
	                        "what stands between user and master user; * unless said"},
	{"user_name",           "User Name",           MEMBER_CHOICE,  FALSE, NULL, user_name_choices,
	                        "what the server calls a user: address (unless said) or local_part"},
	{"connections",         "Connections",         MEMBER_INTEGER, FALSE, NULL, NULL,
	                        "at most so many at once"},
	{"commands_per_minute", "Commands per Minute", MEMBER_INTEGER, FALSE, NULL, NULL,
	                        "at most so many; 0: no limit"},
	{"domains",             "Domains",             MEMBER_TEXTS,   FALSE, NULL, NULL,
	                        "whose mailboxes are here, such as corp.example,corp.test; all, unless said"},
	{"quarantine_mailbox",  "Quarantine Mailbox",  MEMBER_ADDRESS, FALSE, NULL, NULL,
	                        "address of the mailbox on this server into which copies are pulled; without it nothing can be pulled"},
	{"quarantine_folder",   "Quarantine Folder",   MEMBER_TEXT,    FALSE, NULL, NULL,
	                        "the folder in it; made when missing; INBOX unless said"},
	{"path",                "Path",                MEMBER_TEXT,    TRUE,  NULL, NULL,
	                        "pattern of a user's Maildir, such as /srv/mail/%d/%n/Maildir: %u is the address, %n what "
	                        "is before the @, %d the domain; needed"},
	{"password",            "Password",            MEMBER_TEXT,    TRUE,  NULL, NULL,
	                        "of the master user, or with login=user of the mailbox"},
};
/* clang-format on */

const char *const config_member_type_names[] = {
	[MEMBER_TEXT] = "text",   [MEMBER_INTEGER] = "integer", [MEMBER_CHOICE] = "choice",
	[MEMBER_TEXTS] = "texts", [MEMBER_ADDRESS] = "address",
};

const ConfigMember *config_member(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(members); i++)
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}
