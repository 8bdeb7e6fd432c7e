/* The way a message took, as its Received fields tell it.
 *
 * The grammar of RFC 5321 is rarely followed to the letter, so this looks for the words "from",
 * "by", "with", "id" and "for" outside of comments, and for the client's own facts in the comment
 * that follows "from". Who is believed is trust.c's business. */
#include "mail/received.h"

#include "base/clock.h"
#include "mail/headers.h"

#include <gio/gio.h>
#include <string.h>

void received_free(Received *received)
{
	if (!received)
		return;
	g_free(received->from);
	g_free(received->client);
	g_free(received->address);
	g_free(received->by);
	g_free(received->with);
	g_free(received->id);
	g_free(received->for_);
	g_free(received->date);
	g_free(received);
}

static const char *comment_end(const char *open)
{
	guint depth = 0;
	for (const char *c = open; *c; c++) {
		if (*c == '(')
			depth++;
		else if (*c == ')' && --depth == 0)
			return c + 1;
		else if (*c == '\\' && c[1])
			c++;
	}
	return open + strlen(open);
}

static void set_once(char **field, const char *text, gsize length)
{
	if (!*field && length > 0) {
		g_autofree char *copy = g_strndup(text, MIN(length, 1000));
		*field = g_utf8_make_valid(copy, -1);
	}
}

static gboolean is_name(const char *word)
{
	return strchr(word, '.') && !strchr(word, '=') && !strchr(word, '@') &&
	       !strpbrk(word, "<>:");
}

/* "[192.0.2.1]", "IPv6:2001:db8::1", "192.0.2.1:25" to the bare address, or NULL. */
static char *ip_address(const char *word)
{
	g_autofree char *bare = g_strdup(word);
	g_strdelimit(bare, "[](),;", ' ');
	g_strstrip(bare);
	const char *start = g_ascii_strncasecmp(bare, "IPv6:", 5) == 0 ? bare + 5 : bare;
	if (g_hostname_is_ip_address(start))
		return g_strdup(start);
	return NULL;
}

/* What the server says of the client: "(host.example [192.0.2.1])", "([192.0.2.1] helo=x)",
 * "(192.0.2.1)". The client chooses what stands before, so the last comment counts. */
static void read_client(Received *received, const char *open, const char *end)
{
	g_clear_pointer(&received->client, g_free);
	g_clear_pointer(&received->address, g_free);
	g_autofree char *inside = g_strndup(open + 1, MIN((gsize)(end - open - 1), 1000));
	g_auto(GStrv) words = g_strsplit_set(inside, " \t\r\n()", 64);
	gboolean forged = strstr(inside, "forged") != NULL; /* sendmail: "(may be forged)" */
	for (guint i = 0; words[i]; i++) {
		g_autofree char *address = ip_address(words[i]);
		if (address)
			set_once(&received->address, address, strlen(address));
		else if (i == 0 && !forged && is_name(words[i]))
			set_once(&received->client, words[i], strcspn(words[i], ","));
	}
}

static char **field_for(Received *received, const char *word, gsize length)
{
	const struct {
		const char *word;
		char **field;
	} fields[] = {
		{"from", &received->from}, {"by", &received->by},    {"with", &received->with},
		{"id", &received->id},     {"for", &received->for_},
	};
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		if (strlen(fields[i].word) == length &&
		    g_ascii_strncasecmp(fields[i].word, word, length) == 0)
			return fields[i].field;
	return NULL;
}

Received *received_parse(const char *value)
{
	Received *received = g_new0(Received, 1);
	const char *stamp = strrchr(value, ';');
	const char *end = stamp ? stamp : value + strlen(value);
	received->date = stamp ? headers_date(stamp + 1) : NULL;
	char **field = NULL; /* whose value comes next */
	char **last = NULL;  /* whose value was last: a comment tells of it */
	const char *at = value;
	while (at < end) {
		if (g_ascii_isspace(*at)) {
			at++;
		} else if (*at == '(') {
			const char *past = MIN(comment_end(at), end);
			if (last == &received->from)
				read_client(received, at, past);
			at = past;
		} else {
			gsize length = strcspn(at, " \t\r\n(;");
			length = MIN(MAX(length, 1), (gsize)(end - at));
			if (field) {
				set_once(field, at, length);
				last = field;
				field = NULL;
			} else {
				field = field_for(received, at, length);
			}
			at += length;
		}
	}
	g_autofree char *literal = received->from ? ip_address(received->from) : NULL;
	if (literal)
		set_once(&received->address, literal, strlen(literal));
	return received;
}

static json_t *describe(const Received *hop)
{
	json_t *entry = json_object();
	json_object_set_new(entry, "from", json_text_new(hop->from));
	json_object_set_new(entry, "client", json_text_new(hop->client));
	json_object_set_new(entry, "address", json_text_new(hop->address));
	json_object_set_new(entry, "by", json_text_new(hop->by));
	json_object_set_new(entry, "with", json_text_new(hop->with));
	json_object_set_new(entry, "id", json_text_new(hop->id));
	json_object_set_new(entry, "for", json_text_new(hop->for_));
	json_object_set_new(entry, "date", json_text_new(hop->date));
	return entry;
}

static void add_delays(json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		gint64 now, before;
		json_t *hop = json_array_get(list, i);
		gboolean known =
			clock_parse(json_text(hop, "date"), &now) &&
			clock_parse(json_text(json_array_get(list, i + 1), "date"), &before);
		json_object_set_new(hop, "delay",
		                    known ? json_integer((now - before) / CLOCK_SECOND)
		                          : json_null());
	}
}

json_t *received_describe(const Message *message)
{
	json_t *list = json_array();
	for (int i = 0; i < message_header_count(message); i++) {
		GMimeHeader *header = message_header_at(message, i);
		if (g_ascii_strcasecmp(g_mime_header_get_name(header), "Received") != 0)
			continue;
		g_autoptr(Received) hop = received_parse(g_mime_header_get_raw_value(header));
		json_array_append_new(list, describe(hop));
	}
	add_delays(list);
	return list;
}
