/* Who may be believed about where a message came from.
 *
 * Each host writes its trace fields above those that are already there, so what our own hosts wrote
 * stands on top, and everything from some point on was written by whoever sent the message, forged
 * fields with our names included. That point is found by walking the Received fields down from the
 * top: one by a host of ours which got the message from another host of ours leads on; the first
 * one by a host of ours which got it from outside is the border. The border's Received is still
 * ours; the next Received is not. Between the two stand fields of the border host (Exchange and
 * Gmail write Authentication-Results below Received) and after them the sender's, so there only the
 * topmost Authentication-Results counts, and none when some stand above the first Received. */
#include "mail/trust.h"

#include "mail/authres.h"
#include "mail/domains.h"
#include "mail/received.h"

#include <string.h>

static gboolean entry_matches(const char *entry, const char *host)
{
	if (*entry == '*')
		entry++;
	if (*entry == '.')
		return strlen(host) > strlen(entry) &&
		       g_ascii_strcasecmp(host + strlen(host) - strlen(entry), entry) == 0;
	return g_ascii_strcasecmp(entry, host) == 0;
}

static gboolean is_ours(const Message *message, const char *host)
{
	size_t i;
	json_t *entry;
	if (!host)
		return FALSE;
	g_autofree char *bare = g_strdup(host);
	gsize length = strlen(bare);
	if (length && bare[length - 1] == '.')
		bare[length - 1] = '\0';
	json_array_foreach (json_object_get(message->reading->options, "trusted_hosts"), i, entry)
		if (json_is_string(entry) && entry_matches(json_string_value(entry), bare))
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
	return is_local(hop) || is_ours(message, hop->client) || is_ours(message, hop->address);
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

/* The walk down the header block. */
typedef struct {
	GPtrArray *results; /* json_t of authres_parse(), believed */
	GArray *indexes;    /* int: where in the header block they stand */
	char *submitted_to; /* our host that took it from an authenticated user, or NULL */
	guint received;     /* Received fields of ours so far */
} Walk;

static gboolean is_believable(const Message *message, const Walk *walk, const json_t *field)
{
	const char *host = json_text(field, "host");
	if (walk->received > 0 && walk->results->len > 0)
		return FALSE;
	return host ? is_ours(message, host) : walk->received > 0;
}

/* FALSE at the end of what our hosts wrote. */
static gboolean step(const Message *message, Walk *walk, int index, gboolean *border)
{
	GMimeHeader *header = message_header_at(message, index);
	const char *name = g_mime_header_get_name(header);
	const char *value = g_mime_header_get_raw_value(header);
	if (g_ascii_strcasecmp(name, "Authentication-Results") == 0) {
		json_t *field = authres_parse(value);
		if (is_believable(message, walk, field)) {
			g_ptr_array_add(walk->results, field);
			g_array_append_val(walk->indexes, index);
		} else {
			json_decref(field);
		}
		return TRUE;
	}
	if (g_ascii_strcasecmp(name, "Received") != 0)
		return TRUE;
	g_autoptr(Received) hop = received_parse(value);
	if (*border || !is_ours(message, hop->by))
		return FALSE;
	walk->received++;
	if (is_submission(hop) && !walk->submitted_to)
		walk->submitted_to = g_strdup(hop->by);
	*border = !came_from_ours(message, hop);
	return TRUE;
}

static void walk_down(const Message *message, Walk *walk)
{
	gboolean border = FALSE;
	walk->results = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
	walk->indexes = g_array_new(FALSE, FALSE, sizeof(int));
	for (int i = 0; i < message_header_count(message); i++)
		if (!step(message, walk, i, &border))
			break;
	/* No Received of ours at all: nobody of ours wrote anything that can be told apart. */
	if (walk->received == 0) {
		g_ptr_array_set_size(walk->results, 0);
		g_array_set_size(walk->indexes, 0);
	}
}

static void walk_clear(Walk *walk)
{
	g_ptr_array_unref(walk->results);
	g_array_unref(walk->indexes);
	g_free(walk->submitted_to);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Walk, walk_clear)

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

static const char *voucher_for(const json_t *result, const char *domain)
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

json_t *trust_of(const Message *message, const json_t *from)
{
	if (json_array_size(json_object_get(message->reading->options, "trusted_hosts")) == 0)
		return verdict(FALSE, "no trusted hosts are configured");
	if (json_array_size(from) != 1)
		return verdict(FALSE, "it does not have exactly one sender");
	const char *domain = domain_in(json_text(json_array_get(from, 0), "address"));
	g_auto(Walk) walk = {0};
	walk_down(message, &walk);
	if (walk.submitted_to)
		return verdict(TRUE, "submitted to %s with authentication", walk.submitted_to);
	for (guint i = 0; i < walk.results->len; i++) {
		size_t j;
		json_t *result, *field = walk.results->pdata[i];
		json_array_foreach (json_object_get(field, "results"), j, result) {
			const char *method = voucher_for(result, domain);
			if (method)
				return verdict(TRUE, "%s=pass for %s, says %s", method, domain,
				               json_text(field, "host") ? json_text(field, "host")
				                                        : "the receiving host");
		}
	}
	if (walk.received == 0)
		return verdict(FALSE, "it did not pass a trusted host");
	return verdict(FALSE,
	               walk.results->len ? "the trusted hosts' own results do not bear out %s"
	                                 : "no trusted host says that it verified %s",
	               domain ? domain : "the sender");
}

static json_t *describe_signature(const char *value)
{
	json_t *signature = json_object();
	g_autofree char *valid = g_utf8_make_valid(value, -1);
	g_auto(GStrv) tags = g_strsplit(valid, ";", 64);
	for (guint i = 0; tags[i]; i++) {
		char *tag = g_strstrip(tags[i]);
		if ((tag[0] == 'd' || tag[0] == 's' || tag[0] == 'i' || tag[0] == 'a') &&
		    tag[1] == '=')
			json_object_set_new(signature, (const char[]){tag[0], '\0'},
			                    json_text_new(g_strstrip(tag + 2)));
	}
	return signature;
}

static gboolean is_trusted(const Walk *walk, int index)
{
	for (guint i = 0; i < walk->indexes->len; i++)
		if (g_array_index(walk->indexes, int, i) == index)
			return TRUE;
	return FALSE;
}

json_t *trust_describe(const Message *message)
{
	json_t *results = json_array(), *signatures = json_array(), *spf = json_array();
	g_auto(Walk) walk = {0};
	walk_down(message, &walk);
	for (int i = 0; i < message_header_count(message); i++) {
		GMimeHeader *header = message_header_at(message, i);
		const char *name = g_mime_header_get_name(header);
		const char *value = g_mime_header_get_raw_value(header);
		if (g_ascii_strcasecmp(name, "Authentication-Results") == 0) {
			json_t *field = authres_parse(value);
			json_object_set_new(field, "trusted", json_boolean(is_trusted(&walk, i)));
			json_array_append_new(results, field);
		} else if (g_ascii_strcasecmp(name, "DKIM-Signature") == 0) {
			json_array_append_new(signatures, describe_signature(value));
		} else if (g_ascii_strcasecmp(name, "Received-SPF") == 0) {
			json_array_append_new(spf, json_text_new(value));
		}
	}
	json_t *authentication = json_object();
	json_object_set_new(authentication, "results", results);
	json_object_set_new(authentication, "signatures", signatures);
	json_object_set_new(authentication, "received_spf", spf);
	return authentication;
}
