/* Senders that do not fit together.
 *
 * Much of what looks odd is how bulk mail works: newsletters are sent by service providers whose
 * domains stand in Sender and Return-Path, mailing lists set Reply-To. So a difference that such
 * mail always has is told only of mail that is not bulk, and what no honest sender does (another's
 * address as a name, answers that go to a free mailbox) always. */
#include "mail/authentication/senders.h"

#include "mail/findings/findings.h"
#include "mail/message/addresses.h"
#include "mail/url/domains.h"

#include <string.h>

/* Where anybody gets a mailbox in a minute. */
static const char *const free_mailboxes[] = {
	"gmail.com",      "googlemail.com", "outlook.com",   "hotmail.com", "live.com",
	"msn.com",        "yahoo.com",      "ymail.com",     "aol.com",     "gmx.com",
	"gmx.de",         "gmx.net",        "web.de",        "mail.com",    "proton.me",
	"protonmail.com", "icloud.com",     "yandex.com",    "yandex.ru",   "mail.ru",
	"zoho.com",       "tutanota.com",   "qq.com",        "163.com",     "126.com",
	"inbox.lv",       "rediffmail.com", "hotmail.co.uk", "yahoo.co.uk"};

static const char *domain_of(const json_t *person)
{
	const char *address = json_text(person, "address");
	const char *at = address ? strrchr(address, '@') : NULL;
	return at && at[1] ? at + 1 : NULL;
}

static gboolean is_free(const char *domain)
{
	for (guint i = 0; i < G_N_ELEMENTS(free_mailboxes); i++)
		if (g_ascii_strcasecmp(free_mailboxes[i], domain) == 0)
			return TRUE;
	return FALSE;
}

/* What newsletters and mailing lists say of themselves (RFC 2369, 2919). */
static gboolean is_bulk(const Message *message)
{
	static const char *const marks[] = {"List-Id", "List-Unsubscribe", "List-Post"};
	static const char *const kinds[] = {"bulk", "list", "junk"};
	for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
		if (message_header_raw(message, marks[i]))
			return TRUE;
	g_autofree char *precedence = message_header(message, "Precedence");
	for (guint i = 0; precedence && i < G_N_ELEMENTS(kinds); i++)
		if (g_ascii_strcasecmp(g_strstrip(precedence), kinds[i]) == 0)
			return TRUE;
	return FALSE;
}

static gboolean is_elsewhere(const char *one, const char *from)
{
	return one && from && !domains_aligned(one, from);
}

static void check_reply_to(const Message *message, const json_t *described, const char *from,
                           gboolean bulk)
{
	size_t i;
	json_t *person;
	json_array_foreach (json_object_get(described, "reply_to"), i, person) {
		const char *domain = domain_of(person);
		if (!is_elsewhere(domain, from) || (bulk && (!is_free(domain) || is_free(from))))
			continue;
		findings_add(message->findings, "reply_to_elsewhere", "Reply-To",
		             "answers go to %.200s, not to where it says it comes from (%.200s)%s",
		             json_text(person, "address"), from,
		             is_free(domain) ? "; anybody can have a mailbox there" : "");
		return;
	}
}

static void check_sender(const Message *message, const json_t *described, const char *from)
{
	const json_t *sender = json_object_get(described, "sender");
	if (is_elsewhere(domain_of(sender), from))
		findings_add(message->findings, "sender_elsewhere", "Sender",
		             "%.200s sent it in the name of somebody at %.200s",
		             json_text(sender, "address"), from);
}

static gboolean is_signed_by(const json_t *described, const char *from)
{
	size_t i;
	json_t *signature;
	json_array_foreach (json_at(described, "authentication.dkim"), i, signature)
		if (domains_aligned(json_text(signature, "domain"), from))
			return TRUE;
	return FALSE;
}

static void check_return_path(const Message *message, const json_t *described, const char *from)
{
	const char *raw = message_header_raw(message, "Return-Path");
	g_autoptr(json_t) path = addresses_parse(message->findings, "Return-Path", raw);
	const char *domain = domain_of(json_array_get(path, 0));
	if (is_elsewhere(domain, from) && !is_signed_by(described, from) &&
	    !json_bool(described, "authentication.alignment.aligned", FALSE))
		findings_add(message->findings, "return_path_elsewhere", "Return-Path",
		             "it was sent by %.200s, and nothing of it is signed by %.200s",
		             json_text(json_array_get(path, 0), "address"), from);
}

/* ---- the display name ---- */

static gboolean is_host_character(char c)
{
	return g_ascii_isalnum(c) || c == '.' || c == '-' || (guchar)c >= 0x80;
}

static gboolean is_local_character(char c)
{
	return g_ascii_isalnum(c) || strchr(".!#$%&'*+-/=?^_`{|}~", c) || (guchar)c >= 0x80;
}

/* The host that begins at @at, newly allocated, or NULL when none does. */
static char *host_at(const char *at)
{
	gsize length = 0;
	while (at[length] && is_host_character(at[length]))
		length++;
	while (length && !g_ascii_isalnum(at[length - 1]))
		length--;
	g_autofree char *host = g_strndup(at, length);
	return strchr(host, '.') && domains_is_public(host) && g_utf8_validate(host, -1, NULL)
	               ? g_steal_pointer(&host)
	               : NULL;
}

/* "ann@corp.example via Talk" is how a list that From's own policy would refuse names the author;
 * it says that it is a list. */
static gboolean is_list_of_author(const Message *message, const char *name)
{
	return (message_header_raw(message, "List-Id") ||
	        message_header_raw(message, "List-Post")) &&
	       strstr(name, " via ");
}

/* TRUE when an address is in it. */
static gboolean check_name_address(const Message *message, const char *name, const char *from,
                                   const char *address)
{
	gboolean any = FALSE;
	for (const char *at = strchr(name, '@'); at; at = strchr(at + 1, '@')) {
		g_autofree char *host =
			at > name && is_local_character(at[-1]) ? host_at(at + 1) : NULL;
		any = any || host;
		if (!is_elsewhere(host, from) || is_list_of_author(message, name))
			continue;
		findings_add(message->findings, "from_name_address", "From",
		             "its name shows an address at %.200s, but it comes from %.200s", host,
		             address);
		return TRUE;
	}
	return any;
}

/* "amazon" of "amazon.co.uk": an organisation under several suffixes is one. */
static char *label_of(const char *domain)
{
	g_autofree char *registrable = domains_registrable(domain);
	return g_strndup(registrable, strcspn(registrable, "."));
}

static gboolean is_same_label(const char *one, const char *other)
{
	g_autofree char *left = label_of(one), *right = label_of(other);
	return strcmp(left, right) == 0;
}

/* A name that is a domain and nothing else, such as "paypal.com". */
static void check_name_domain(const Message *message, const char *name, const char *from,
                              const char *address)
{
	g_autofree char *bare = g_strstrip(g_strdup(name));
	g_autofree char *host = host_at(bare);
	if (!host || strcmp(host, bare) != 0 || !is_elsewhere(host, from) ||
	    is_same_label(host, from))
		return;
	findings_add(message->findings, "from_name_domain", "From",
	             "its name is the domain %.200s, but it comes from %.200s", host, address);
}

void senders_find(const Message *message, const json_t *described)
{
	const json_t *author = json_at(described, "from.0");
	const char *from = domain_of(author);
	const char *name = json_text(author, "name"), *address = json_text(author, "address");
	gboolean bulk = is_bulk(message);
	if (!from)
		return;
	check_reply_to(message, described, from, bulk);
	if (!bulk) {
		check_sender(message, described, from);
		check_return_path(message, described, from);
	}
	if (name && !check_name_address(message, name, from, address))
		check_name_domain(message, name, from, address);
}
