/* Who may be believed about where a message came from.
 *
 * Each host writes its trace fields above those that are already there, so what our own hosts wrote
 * stands on top, and everything from some point on was written by whoever sent the message, forged
 * fields with our names included. That point is found by walking the Received fields down from the
 * top: one by a host of ours which got the message from another host of ours leads on; the first
 * one by a host of ours which got it from outside is the border.
 *
 * Whatever stands above the border's Received is ours. Whatever stands below may be the sender's,
 * and a sender may know our names: an Authentication-Results there counts only when the border is a
 * host that is known to write it there, and then only the topmost one. */
#include "mail/authentication/trust.h"

#include "mail/authentication/authres.h"
#include "mail/url/domains.h"

#include <gio/gio.h>
#include <string.h>

#define BELOW "/below"

/* Hosts that write their results below their own Received, and let no foreign ones in their name
 * in. Of others the configuration says so. */
static const char *const known_below[] = {"mx.google.com", ".protection.outlook.com"};

/* Hosts that hand messages on inside one provider, and name themselves in no way that could be
 * compared: by the name of the taker, the networks of the giver. */
static const struct {
	const char *by, *network;
} inner_networks[] = {
	{".outlook.com", "2603:1096::/32"}, {".outlook.com", "2603:10a6::/32"},
	{".outlook.com", "2603:10b6::/32"}, {".outlook.com", "10.0.0.0/8"},
	{".google.com", "2002:a00::/24"},
};

static gboolean is_in_network(const char *network, const char *address)
{
	g_autoptr(GInetAddress) bare = g_inet_address_new_from_string(address);
	g_autoptr(GInetAddressMask) mask =
		bare ? g_inet_address_mask_new_from_string(network, NULL) : NULL;
	return mask && g_inet_address_mask_get_family(mask) == g_inet_address_get_family(bare) &&
	       g_inet_address_mask_matches(mask, bare);
}

static gboolean entry_matches(const char *entry, const char *host)
{
	gsize length = strlen(entry), host_length = strlen(host);
	if (length > strlen(BELOW) && g_str_has_suffix(entry, BELOW))
		length -= strlen(BELOW);
	else if (memchr(entry, '/', length) || strchr(entry, ':'))
		return is_in_network(entry, host);
	if (*entry == '*') {
		entry++;
		length--;
	}
	if (*entry != '.')
		return length == host_length && g_ascii_strncasecmp(entry, host, length) == 0;
	return host_length > length &&
	       g_ascii_strncasecmp(host + host_length - length, entry, length) == 0;
}

static json_t *entries(const Message *message)
{
	return json_object_get(message->reading->options, "trusted_hosts");
}

/* @below  only those of which the configuration says that they write below */
static gboolean is_listed(const Message *message, const char *host, gboolean below)
{
	size_t i;
	json_t *entry;
	if (!host)
		return FALSE;
	g_autofree char *bare = g_strdup(host);
	gsize length = strlen(bare);
	if (length && bare[length - 1] == '.')
		bare[length - 1] = '\0';
	json_array_foreach (entries(message), i, entry)
		if (json_is_string(entry) && entry_matches(json_string_value(entry), bare) &&
		    (!below || g_str_has_suffix(json_string_value(entry), BELOW)))
			return TRUE;
	return FALSE;
}

static gboolean is_ours(const Message *message, const char *host)
{
	return is_listed(message, host, FALSE);
}

static gboolean writes_below(const Message *message, const char *host)
{
	for (guint i = 0; i < G_N_ELEMENTS(known_below); i++)
		if (entry_matches(known_below[i], host))
			return TRUE;
	return is_listed(message, host, TRUE);
}

static gboolean is_inner(const char *by, const char *address)
{
	for (guint i = 0; address && i < G_N_ELEMENTS(inner_networks); i++)
		if (entry_matches(inner_networks[i].by, by) &&
		    is_in_network(inner_networks[i].network, address))
			return TRUE;
	return FALSE;
}

/* Delivered by a process of the same machine, or by the machine to itself. */
static gboolean is_local(const Received *hop)
{
	static const char *const loopback[] = {"127.0.0.1", "::1"};
	if (!hop->from && !hop->address)
		return TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(loopback); i++)
		if (g_strcmp0(hop->address, loopback[i]) == 0)
			return TRUE;
	return FALSE;
}

/* The name in "from" is the client's own claim; what counts is what the server found out. */
static gboolean came_from_ours(const Message *message, const Received *hop)
{
	return is_local(hop) || is_ours(message, hop->client) || is_ours(message, hop->address) ||
	       is_inner(hop->by, hop->address);
}

/* A step that only says that something went on inside the machine that wrote it: qmail's "(qmail 1
 * invoked by uid 2)", Google's "by 2002:a05:…". Whoever wrote what stands above wrote this. */
static gboolean says_nothing(const Message *message, const Received *hop)
{
	if (hop->from || hop->address)
		return FALSE;
	return !hop->by ||
	       (is_in_network("2002:a00::/24", hop->by) && is_ours(message, "mx.google.com"));
}

static gboolean is_submission(const Received *hop)
{
	static const char *const protocols[] = {"ESMTPA",     "ESMTPSA", "UTF8SMTPA",
	                                        "UTF8SMTPSA", "LMTPA",   "LMTPSA"};
	for (guint i = 0; hop->with && i < G_N_ELEMENTS(protocols); i++)
		if (g_ascii_strcasecmp(hop->with, protocols[i]) == 0)
			return TRUE;
	return FALSE;
}

/* ---- the walk ---- */

typedef struct {
	const Message *message;
	Trust *trust;
	GPtrArray *waiting; /* json_t: results met since the last Received of ours */
	GArray *waiting_at; /* int */
	guint fields, hops; /* Received fields met, and those of ours */
	gboolean border;
} Walk;

/* A result in a name of ours, or, as Microsoft writes it, in none. */
static gboolean may_be_ours(const Walk *walk, const json_t *field)
{
	const char *host = json_text(field, "host");
	return host ? is_ours(walk->message, host) : walk->hops > 0;
}

static void believe(Walk *walk, guint i)
{
	json_t *field = walk->waiting->pdata[i];
	if (!may_be_ours(walk, field))
		return;
	g_ptr_array_add(walk->trust->believed_json, json_incref(field));
	g_array_append_val(walk->trust->believed, g_array_index(walk->waiting_at, int, i));
}

static void clear_waiting(Walk *walk)
{
	g_ptr_array_set_size(walk->waiting, 0);
	g_array_set_size(walk->waiting_at, 0);
}

/* A Received of ours: so what stands above it is ours, too. */
static void take_hop(Walk *walk, int index, const Received *hop)
{
	Trust *trust = walk->trust;
	for (guint i = 0; i < walk->waiting->len; i++)
		believe(walk, i);
	clear_waiting(walk);
	walk->hops++;
	trust->ours = index;
	trust->writes_below = writes_below(walk->message, hop->by);
	/* Only where it came in: our hosts may log in at each other, too. */
	g_free(trust->submitted_to);
	trust->submitted_to = is_submission(hop) ? g_strdup(hop->by) : NULL;
	walk->border = !came_from_ours(walk->message, hop);
	if (walk->border) {
		trust->entered = (int)walk->fields;
		trust->entered_address = g_strdup(hop->address);
		trust->entered_client = g_strdup(hop->client);
	}
}

/* FALSE at the end of what our hosts wrote. */
static gboolean step(Walk *walk, int index)
{
	GMimeHeader *header = message_header_at(walk->message, index);
	const char *name = g_mime_header_get_name(header);
	const char *value = g_mime_header_get_raw_value(header);
	if (g_ascii_strcasecmp(name, "Authentication-Results") == 0) {
		g_ptr_array_add(walk->waiting, authres_parse(value));
		g_array_append_val(walk->waiting_at, index);
		return TRUE;
	}
	if (g_ascii_strcasecmp(name, "Received") != 0)
		return TRUE;
	g_autoptr(Received) hop = received_parse(value);
	gboolean ours = !walk->border && hop->by && is_ours(walk->message, hop->by);
	if (!ours && (walk->border || !says_nothing(walk->message, hop)))
		return FALSE;
	if (ours)
		take_hop(walk, index, hop);
	walk->fields++;
	return TRUE;
}

/* Below the last Received of ours. */
static void judge_below(Walk *walk)
{
	Trust *trust = walk->trust;
	if (!walk->border && trust->outside < message_header_count(walk->message))
		g_clear_pointer(&trust->submitted_to, g_free);
	if (walk->hops > 0 && trust->writes_below && walk->waiting->len > 0 &&
	    trust->believed->len == 0)
		believe(walk, 0);
}

/* A result in a name of ours that does not count: where it stands, the sender could have put it. */
static void find_misplaced(const Message *message, Trust *trust)
{
	for (int i = 0; i < message_header_count(message) && !trust->misplaced; i++) {
		GMimeHeader *header = message_header_at(message, i);
		if (g_ascii_strcasecmp(g_mime_header_get_name(header), "Authentication-Results") !=
		            0 ||
		    trust_believes(trust, i))
			continue;
		g_autoptr(json_t) field = authres_parse(g_mime_header_get_raw_value(header));
		if (is_ours(message, json_text(field, "host")))
			trust->misplaced = g_strdup(json_text(field, "host"));
	}
}

Trust *trust_new(const Message *message)
{
	Trust *trust = g_new0(Trust, 1);
	int count = message_header_count(message), index = 0;
	trust->ours = trust->entered = -1;
	trust->outside = 0;
	trust->believed = g_array_new(FALSE, FALSE, sizeof(int));
	trust->believed_json = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
	if (json_array_size(entries(message)) == 0)
		return trust;
	Walk walk = {.message = message,
	             .trust = trust,
	             .waiting = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref),
	             .waiting_at = g_array_new(FALSE, FALSE, sizeof(int))};
	while (index < count && step(&walk, index))
		index++;
	trust->outside = index;
	judge_below(&walk);
	g_ptr_array_unref(walk.waiting);
	g_array_unref(walk.waiting_at);
	find_misplaced(message, trust);
	return trust;
}

void trust_free(Trust *trust)
{
	if (!trust)
		return;
	g_array_unref(trust->believed);
	g_ptr_array_unref(trust->believed_json);
	g_free(trust->entered_address);
	g_free(trust->entered_client);
	g_free(trust->submitted_to);
	g_free(trust->misplaced);
	g_free(trust);
}

gboolean trust_believes(const Trust *trust, int index)
{
	for (guint i = 0; i < trust->believed->len; i++)
		if (g_array_index(trust->believed, int, i) == index)
			return TRUE;
	return FALSE;
}

gboolean trust_is_ours(const Trust *trust, int index)
{
	return index < trust->ours;
}

/* ---- what it says of From ---- */

static const char *domain_in(const char *value)
{
	const char *at = value ? strrchr(value, '@') : NULL;
	return at ? at + 1 : value;
}

/* Which results bear From out: the method, and the property that names the domain it vouches for.
 */
static const struct {
	const char *method, *property;
	gboolean needed; /* without the property the result says nothing */
} vouchers[] = {
	{"dmarc", "header.from", FALSE},
	{"dkim", "header.d", TRUE},
	{"dkim", "header.i", TRUE},
	{"spf", "smtp.mailfrom", TRUE},
};

const char *trust_voucher(const json_t *result, const char *domain)
{
	if (g_strcmp0(json_text(result, "result"), "pass") != 0)
		return NULL;
	const json_t *properties = json_object_get(result, "properties");
	for (guint i = 0; i < G_N_ELEMENTS(vouchers); i++) {
		if (g_strcmp0(json_text(result, "method"), vouchers[i].method) != 0)
			continue;
		const char *value =
			json_string_value(json_object_get(properties, vouchers[i].property));
		if (!value && vouchers[i].needed)
			continue;
		if (!value || domains_aligned(domain_in(value), domain))
			return vouchers[i].method;
	}
	return NULL;
}

static json_t *verdict(gboolean believed, const char *format, ...) G_GNUC_PRINTF(2, 3);
static json_t *verdict(gboolean believed, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	json_t *trust = json_object();
	json_object_set_new(trust, "believed", json_boolean(believed));
	json_object_set_new(trust, "reason", json_text_new(reason));
	return trust;
}

static const char *why_not(const Trust *trust)
{
	if (trust->believed->len > 0)
		return "the trusted hosts' own results do not bear out";
	if (trust->misplaced)
		return "results in a trusted host's name stand where the sender could have put "
		       "them, so nothing bears out";
	return "no trusted host says that it verified";
}

json_t *trust_of(const Message *message, const json_t *from)
{
	if (json_array_size(entries(message)) == 0)
		return verdict(FALSE, "no trusted hosts are configured");
	if (json_array_size(from) != 1)
		return verdict(FALSE, "it does not have exactly one sender");
	const char *domain = domain_in(json_text(json_array_get(from, 0), "address"));
	g_autoptr(Trust) trust = trust_new(message);
	if (trust->submitted_to)
		return verdict(TRUE, "submitted to %s with authentication", trust->submitted_to);
	for (guint i = 0; i < trust->believed_json->len; i++) {
		size_t j;
		json_t *result, *field = trust->believed_json->pdata[i];
		const char *host = json_text(field, "host");
		json_array_foreach (json_object_get(field, "results"), j, result) {
			const char *method = trust_voucher(result, domain);
			if (method)
				return verdict(TRUE, "%s=pass for %s, says %s", method, domain,
				               host ? host : "the receiving host");
		}
	}
	if (trust->ours < 0)
		return verdict(FALSE, "it did not pass a trusted host");
	return verdict(FALSE, "%s %s", why_not(trust), domain ? domain : "the sender");
}

/* A relay in the list by what From says; a bare "@domain" stands for all of its addresses. */
static gboolean relay_is_sender(const char *entry, const char *address)
{
	const char *at = address ? strrchr(address, '@') : NULL;
	return at && strchr(entry, '@') &&
	       g_ascii_strcasecmp(*entry == '@' ? at : address, entry) == 0;
}

/* A relay in the list by the host that handed the message to the outermost of ours. */
static const char *relay_as_host(const char *entry, const Trust *trust)
{
	const char *const hosts[] = {trust->entered_client, trust->entered_address};
	for (guint i = 0; i < G_N_ELEMENTS(hosts); i++)
		if (hosts[i] && entry_matches(entry, hosts[i]))
			return hosts[i];
	return NULL;
}

json_t *trust_of_relay(const Message *message, const json_t *from, const char *by)
{
	size_t i;
	json_t *entry;
	const json_t *relays = json_object_get(message->reading->options, "accepted_relays");
	const char *sender = json_text(json_array_get(from, 0), "address");
	g_autoptr(json_t) judged = trust_of(message, from);
	g_autoptr(Trust) trust = trust_new(message);
	json_array_foreach ((json_t *)relays, i, entry) {
		const char *relay = json_string_value(entry);
		const char *host = relay ? relay_as_host(relay, trust) : NULL;
		if (host)
			return verdict(
				TRUE,
				"%s names the reporter, and it came from %s, an accepted relay", by,
				host);
		if (relay && relay_is_sender(relay, sender) && json_bool(judged, "believed", FALSE))
			return verdict(TRUE,
			               "%s names the reporter, and %s, an accepted relay, sent it",
			               by, sender);
	}
	return verdict(FALSE, "it did not come from an accepted relay");
}
