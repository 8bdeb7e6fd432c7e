/* The way a message took, as its Received fields tell it.
 *
 * The grammar of RFC 5321 is rarely followed to the letter, so this looks for the words "from",
 * "by", "with", "id" and "for" outside of comments, and for the client's own facts in the comment
 * that follows "from". Who is believed is trust.c's business. */
#include "mail/authentication/received.h"

#include "base/clock.h"
#include "mail/findings/findings.h"
#include "mail/message/headers.h"

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
	g_free(received->tls);
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

/* "[192.0.2.1]", "IPv6:2001:db8::1", "fe80::1%3" to the bare address, or NULL. */
static char *ip_address(const char *word)
{
	g_autofree char *bare = g_strdup(word);
	g_strdelimit(bare, "[](),;", ' ');
	g_strstrip(bare);
	const char *start = g_ascii_strncasecmp(bare, "IPv6:", 5) == 0 ? bare + 5 : bare;
	const char *at = strrchr(start, '@'); /* sendmail: "ident@[192.0.2.1]" */
	start = at ? at + 1 : start;
	while (*start == ' ')
		start++;
	bare[(gsize)(start - bare) + strcspn(start, "%")] = '\0';
	/* An IPv4 address as a socket for both kinds names it. */
	if (g_ascii_strncasecmp(start, "::ffff:", 7) == 0 && strchr(start, '.'))
		start += 7;
	return g_hostname_is_ip_address(start) ? g_strdup(start) : NULL;
}

/* Comments between the client and "by" that are not about its address, and in which it may choose
 * the words: a certificate's name, an account. */
static const char *const about_others[] = {"using ",        "No client", "Client ", "Authenticated",
                                           "authenticated", "envelope-", "version="};

static gboolean is_about_others(const char *inside)
{
	for (guint i = 0; i < G_N_ELEMENTS(about_others); i++)
		if (g_str_has_prefix(inside, about_others[i]))
			return TRUE;
	return FALSE;
}

static void replace(char **field, const char *text, gsize length)
{
	g_clear_pointer(field, g_free);
	set_once(field, text, length);
}

/* qmail: "unknown (HELO name) (192.0.2.1)"; Exim: "found-name ([192.0.2.1] helo=name)". */
static void read_helo(Received *received, char **words, gboolean exim)
{
	for (guint i = 0; words[i]; i++) {
		gboolean keyword = g_ascii_strcasecmp(words[i], "HELO") == 0 ||
		                   g_ascii_strcasecmp(words[i], "EHLO") == 0;
		if (i == 0 && keyword && words[1] && *words[1]) {
			replace(&received->from, words[1], strlen(words[1]));
			return;
		}
		if (exim && i > 0 && g_str_has_prefix(words[i], "helo=") && received->address) {
			if (received->from && is_name(received->from))
				replace(&received->client, received->from, strlen(received->from));
			replace(&received->from, words[i] + 5, strlen(words[i] + 5));
			return;
		}
	}
}

static void set_client(Received *received, const char *word)
{
	const char *at = strrchr(word, '@'); /* sendmail: "ident@host.example" */
	word = at ? at + 1 : word;
	gsize length = strcspn(word, ",");
	if (length && word[length - 1] == '.')
		length--;
	g_autofree char *name = g_strndup(word, length);
	if (is_name(name))
		set_once(&received->client, name, length);
}

/* What the server says of the client: "(host.example [192.0.2.1])", "([192.0.2.1] helo=x)",
 * "(192.0.2.1)". The client chooses what stands before, so the last comment counts. */
static void read_client(Received *received, const char *open, const char *end, gboolean exim)
{
	g_autofree char *inside = g_strndup(open + 1, MIN((gsize)(end - open - 1), 1000));
	if (is_about_others(inside))
		return;
	g_clear_pointer(&received->client, g_free);
	g_clear_pointer(&received->address, g_free);
	g_auto(GStrv) words = g_strsplit_set(inside, " \t\r\n()", 64);
	gboolean forged = strstr(inside, "forged") != NULL; /* sendmail: "(may be forged)" */
	for (guint i = 0; words[i]; i++) {
		g_autofree char *address = ip_address(words[i]);
		if (address)
			set_once(&received->address, address, strlen(address));
		else if (i == 0 && !forged)
			set_client(received, words[0]);
	}
	read_helo(received, words, exim);
}

/* "(using TLSv1.3 with cipher …)", "(version=TLS1_2, cipher=…)", "(TLS1.3)" to "TLSv1.3". */
static void read_tls(Received *received, const char *open, const char *end)
{
	g_autofree char *inside = g_strndup(open + 1, MIN((gsize)(end - open - 1), 200));
	const char *at = strstr(inside, "TLS");
	if (!at)
		return;
	at += 3 + (at[3] == 'v');
	if (!g_ascii_isdigit(*at))
		return;
	gboolean minor = (at[1] == '.' || at[1] == '_') && g_ascii_isdigit(at[2]);
	g_autofree char *version = g_strdup_printf("TLSv%c.%c", at[0], minor ? at[2] : '0');
	set_once(&received->tls, version, strlen(version));
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

/* Microsoft's protocol has a name of three words. */
static void extend(char **with, const char *word, gsize length)
{
	if (strlen(*with) + length > 60 ||
	    (length == 3 && (g_ascii_strncasecmp(word, "via", 3) == 0 ||
	                     g_ascii_strncasecmp(word, "tls", 3) == 0)))
		return;
	g_autofree char *more = g_strndup(word, length);
	g_autofree char *whole = g_strconcat(*with, " ", more, NULL);
	g_free(*with);
	*with = g_utf8_make_valid(whole, -1);
}

/* Where the time stamp begins: past the last ";", or, without one, at a day's name and a comma. */
static const char *find_stamp(const char *value, const char **end)
{
	static const char *const days[] = {"Mon,", "Tue,", "Wed,", "Thu,", "Fri,", "Sat,", "Sun,"};
	const char *stamp = strrchr(value, ';');
	*end = stamp ? stamp : value + strlen(value);
	if (stamp)
		return stamp + 1;
	for (guint i = 0; i < G_N_ELEMENTS(days); i++) {
		const char *day = strstr(value, days[i]);
		if (day && day > value && g_ascii_isspace(day[-1])) {
			*end = day;
			return day;
		}
	}
	return NULL;
}

static void take_comment(Received *received, const char *at, const char *past, char **last,
                         gboolean exim)
{
	if (last == &received->from)
		read_client(received, at, past, exim);
	read_tls(received, at, past);
}

Received *received_parse(const char *value)
{
	Received *received = g_new0(Received, 1);
	const char *end, *stamp = find_stamp(value, &end);
	gboolean exim = strstr(value, "(Exim ") != NULL;
	received->date = stamp ? headers_date(stamp) : NULL;
	char **field = NULL; /* whose value comes next */
	char **last = NULL;  /* whose value was last: a comment tells of it */
	const char *at = value;
	while (at < end) {
		if (g_ascii_isspace(*at)) {
			at++;
		} else if (*at == '(') {
			const char *past = MIN(comment_end(at), end);
			take_comment(received, at, past, last, exim);
			if (last == &received->with)
				last = NULL;
			at = past;
		} else {
			gsize length = strcspn(at, " \t\r\n(;");
			length = MIN(MAX(length, 1), (gsize)(end - at));
			if (field) {
				set_once(field, at, length - (length > 1 && at[length - 1] == ','));
				last = field;
				field = NULL;
			} else {
				field = field_for(received, at, length);
				if (!field && last == &received->with)
					extend(last, at, length);
			}
			at += length;
		}
	}
	g_autofree char *literal = received->from ? ip_address(received->from) : NULL;
	if (literal)
		set_once(&received->address, literal, strlen(literal));
	return received;
}

/* "<u@x.example>" without its brackets. */
static char *bare_recipient(const char *text)
{
	g_autofree char *bare = g_strdup(text);
	return bare ? g_strdup(g_strstrip(g_strdelimit(bare, "<>,;", ' '))) : NULL;
}

static json_t *describe(const Received *hop)
{
	g_autofree char *recipient = bare_recipient(hop->for_);
	json_t *entry = json_object();
	json_object_set_new(entry, "from", json_text_new(hop->from));
	json_object_set_new(entry, "client", json_text_new(hop->client));
	json_object_set_new(entry, "address", json_text_new(hop->address));
	json_object_set_new(entry, "by", json_text_new(hop->by));
	json_object_set_new(entry, "with", json_text_new(hop->with));
	json_object_set_new(entry, "id", json_text_new(hop->id));
	json_object_set_new(entry, "for", json_text_new(recipient));
	json_object_set_new(entry, "tls", json_text_new(hop->tls));
	json_object_set_new(entry, "date", json_text_new(hop->date));
	return entry;
}

/* Clocks differ by seconds everywhere; what goes back by more than this was made up, or a clock is
 * wrong. */
#define BACKWARDS_SECONDS 600

static void add_delays(json_t *list, json_t *findings)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		gint64 now, before;
		json_t *hop = json_array_get(list, i);
		gboolean known =
			clock_parse(json_text(hop, "date"), &now) &&
			clock_parse(json_text(json_array_get(list, i + 1), "date"), &before);
		gint64 delay = known ? (now - before) / CLOCK_SECOND : 0;
		json_object_set_new(hop, "delay", known ? json_integer(delay) : json_null());
		json_object_set_new(hop, "backwards", json_boolean(delay < 0));
		if (delay < -BACKWARDS_SECONDS)
			findings_add(findings, "received_backwards", "Received",
			             "hop %" G_GSIZE_FORMAT
			             " says that it took the message %" G_GINT64_FORMAT
			             " s before the hop that sent it there",
			             i, -delay);
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
	add_delays(list, message->findings);
	return list;
}
