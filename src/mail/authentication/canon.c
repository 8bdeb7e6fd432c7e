/* Canonical forms and their digests.
 *
 * The body may be large and signatures several, so the body is walked once for each pair of form
 * and algorithm that is wanted; a signature that covers only so many octets takes a copy of the
 * running digest where its octets end. */
#include "mail/authentication/canon.h"

#include "mail/authentication/tags.h"

#include <string.h>

/* ---- fields ---- */

static void index_field(RawMessage *raw, const RawField *field)
{
	g_autofree char *name = g_ascii_strdown(field->text + field->name, field->name_length);
	GArray *indexes = g_hash_table_lookup(raw->by_name, name);
	if (!indexes) {
		indexes = g_array_new(FALSE, FALSE, sizeof(guint));
		g_hash_table_insert(raw->by_name, g_steal_pointer(&name), indexes);
	}
	g_array_append_val(indexes, raw->fields->len);
	g_array_append_val(raw->fields, *field);
}

static void add_field(RawMessage *raw, const char *text, gsize length)
{
	RawField field = {.text = text, .length = length};
	const char *colon = memchr(text, ':', length);
	if (!colon)
		return;
	field.name_length = (gsize)(colon - text);
	while (field.name_length &&
	       (text[field.name_length - 1] == ' ' || text[field.name_length - 1] == '\t'))
		field.name_length--;
	if (field.name_length)
		index_field(raw, &field);
}

/* Past the line end of the line that begins at @at. */
static const char *next_line(const char *at, const char *end)
{
	const char *feed = memchr(at, '\n', (gsize)(end - at));
	return feed ? feed + 1 : end;
}

static gsize without_line_end(const char *text, gsize length)
{
	if (length && text[length - 1] == '\n')
		length--;
	if (length && text[length - 1] == '\r')
		length--;
	return length;
}

static gboolean is_blank_line(const char *at, const char *end)
{
	return *at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n');
}

RawMessage *raw_message_new(GBytes *bytes, gsize begin)
{
	gsize size;
	const char *text = g_bytes_get_data(bytes, &size);
	RawMessage *raw = g_new0(RawMessage, 1);
	raw->bytes = g_bytes_ref(bytes);
	raw->fields = g_array_new(FALSE, FALSE, sizeof(RawField));
	raw->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	                                     (GDestroyNotify)g_array_unref);
	raw->body = "";
	if (!text || begin >= size)
		return raw;
	const char *at = text + begin, *end = text + size;
	while (at < end && !is_blank_line(at, end)) {
		const char *start = at;
		do
			at = next_line(at, end);
		while (at < end && (*at == ' ' || *at == '\t'));
		add_field(raw, start, without_line_end(start, (gsize)(at - start)));
	}
	if (at < end) {
		raw->body = next_line(at, end);
		raw->body_size = (gsize)(end - raw->body);
	}
	return raw;
}

void raw_message_free(RawMessage *raw)
{
	if (!raw)
		return;
	g_array_unref(raw->fields);
	g_hash_table_unref(raw->by_name);
	g_bytes_unref(raw->bytes);
	g_free(raw);
}

const char *raw_field_value(const RawField *field, gsize *length)
{
	const char *colon = memchr(field->text, ':', field->length);
	*length = field->length - (gsize)(colon + 1 - field->text);
	return colon + 1;
}

static void append_simple(GString *to, const char *text, gsize length)
{
	for (const char *at = text, *end = text + length; at < end;) {
		const char *past = next_line(at, end);
		gsize line = without_line_end(at, (gsize)(past - at));
		/* Only what ends in a line feed is a line; the last one has none. */
		if (past[-1] != '\n')
			line = (gsize)(past - at);
		g_string_append_len(to, at, (gssize)line);
		if (past[-1] == '\n')
			g_string_append(to, "\r\n");
		at = past;
	}
}

/* Unfolded, each run of blanks one, none at the ends. */
static void append_relaxed(GString *to, const char *text, gsize length)
{
	gsize start = to->len;
	gboolean blank = FALSE;
	for (gsize i = 0; i < length; i++) {
		char c = text[i];
		if (c == '\n' || (c == '\r' && i + 1 < length && text[i + 1] == '\n'))
			continue;
		if (c == ' ' || c == '\t') {
			blank = TRUE;
			continue;
		}
		if (blank && to->len > start)
			g_string_append_c(to, ' ');
		blank = FALSE;
		g_string_append_c(to, c);
	}
}

static void append_name(GString *to, const RawField *field)
{
	for (gsize i = 0; i < field->name_length; i++)
		g_string_append_c(to, g_ascii_tolower(field->text[field->name + i]));
	g_string_append_c(to, ':');
}

void canon_field(GString *to, const RawField *field, Canon canon, gboolean line_end)
{
	if (canon == CANON_SIMPLE) {
		append_simple(to, field->text, field->length);
	} else {
		gsize length;
		const char *value = raw_field_value(field, &length);
		append_name(to, field);
		append_relaxed(to, value, length);
	}
	if (line_end)
		g_string_append(to, "\r\n");
}

void canon_field_unsigned(GString *to, const RawField *field, Canon canon)
{
	gsize length, from, past;
	const char *value = raw_field_value(field, &length);
	if (!tags_find(value, length, "b", &from, &past)) {
		canon_field(to, field, canon, FALSE);
		return;
	}
	g_autoptr(GString) text =
		g_string_new_len(field->text, (gssize)(value + from - field->text));
	g_string_append_len(text, value + past, (gssize)(length - past));
	RawField without = *field;
	without.text = text->str;
	without.length = text->len;
	canon_field(to, &without, canon, FALSE);
}

/* ---- the body ---- */

/* A running digest that stops to hand out what is wanted of it on the way. */
typedef struct {
	gnutls_hash_hd_t hash;
	GPtrArray *waiting; /* BodyDigest by length, the next one last; those that want all first */
	gint64 at;          /* octets so far */
	gsize used;
	char buffer[16384];
} Sink;

static void hand_out(Sink *sink)
{
	BodyDigest *next = sink->waiting->pdata[sink->waiting->len - 1];
	gnutls_hash_hd_t copy = gnutls_hash_copy(sink->hash);
	if (copy) {
		gnutls_hash_deinit(copy, next->digest);
		next->done = TRUE;
	}
	g_ptr_array_set_size(sink->waiting, (gint)sink->waiting->len - 1);
}

static void digest(Sink *sink, const char *octets, gsize length)
{
	while (sink->waiting->len > 0) {
		const BodyDigest *next = sink->waiting->pdata[sink->waiting->len - 1];
		if (next->length < 0 || next->length > sink->at + (gint64)length)
			break;
		gsize before = (gsize)(next->length - sink->at);
		gnutls_hash(sink->hash, octets, before);
		octets += before;
		length -= before;
		sink->at += (gint64)before;
		hand_out(sink);
	}
	if (sink->waiting->len > 0)
		gnutls_hash(sink->hash, octets, length);
	sink->at += (gint64)length;
}

static void flush(Sink *sink)
{
	digest(sink, sink->buffer, sink->used);
	sink->used = 0;
}

static void append(Sink *sink, const char *octets, gsize length)
{
	if (sink->used + length > sizeof sink->buffer)
		flush(sink);
	if (length > sizeof sink->buffer) {
		digest(sink, octets, length);
		return;
	}
	memcpy(sink->buffer + sink->used, octets, length);
	sink->used += length;
}

static void append_relaxed_line(Sink *sink, const char *line, gsize length)
{
	gsize i = 0;
	while (i < length) {
		gsize start = i;
		while (i < length && line[i] != ' ' && line[i] != '\t')
			i++;
		append(sink, line + start, i - start);
		gsize blanks = i;
		while (i < length && (line[i] == ' ' || line[i] == '\t'))
			i++;
		if (i > blanks && i < length)
			append(sink, " ", 1);
	}
}

static gsize without_trailing_blanks(const char *line, gsize length)
{
	while (length && (line[length - 1] == ' ' || line[length - 1] == '\t'))
		length--;
	return length;
}

/* Empty lines count only when something follows. */
static void walk_body(const RawMessage *raw, Canon canon, Sink *sink)
{
	gsize empty = 0;
	gboolean any = FALSE;
	for (const char *at = raw->body, *end = raw->body + raw->body_size; at < end;) {
		const char *past = next_line(at, end);
		gsize length = (gsize)(past - at);
		if (past[-1] == '\n')
			length = without_line_end(at, length);
		if (canon == CANON_RELAXED)
			length = without_trailing_blanks(at, length);
		if (length == 0) {
			empty++;
			at = past;
			continue;
		}
		for (; empty; empty--)
			append(sink, "\r\n", 2);
		if (canon == CANON_RELAXED)
			append_relaxed_line(sink, at, length);
		else
			append(sink, at, length);
		append(sink, "\r\n", 2);
		any = TRUE;
		at = past;
	}
	if (!any && canon == CANON_SIMPLE)
		append(sink, "\r\n", 2);
	flush(sink);
}

static int longest_first(gconstpointer a, gconstpointer b)
{
	const BodyDigest *one = *(BodyDigest *const *)a, *other = *(BodyDigest *const *)b;
	guint64 left = (guint64)one->length, right = (guint64)other->length; /* -1 is the longest */
	return (left < right) - (left > right);
}

static void compute(const RawMessage *raw, Canon canon, gnutls_digest_algorithm_t algorithm,
                    GPtrArray *wanted)
{
	g_autofree Sink *sink = g_new(Sink, 1);
	sink->at = 0;
	sink->used = 0;
	if (gnutls_hash_init(&sink->hash, algorithm) < 0)
		return;
	g_ptr_array_sort(wanted, longest_first);
	sink->waiting = g_ptr_array_copy(wanted, NULL, NULL);
	walk_body(raw, canon, sink);
	while (sink->waiting->len > 0 &&
	       ((BodyDigest *)sink->waiting->pdata[sink->waiting->len - 1])->length > sink->at)
		g_ptr_array_set_size(sink->waiting, (gint)sink->waiting->len - 1);
	while (sink->waiting->len > 0)
		hand_out(sink);
	for (guint i = 0; i < wanted->len; i++) {
		BodyDigest *one = wanted->pdata[i];
		one->appended = one->length < 0 ? 0 : MAX(sink->at - one->length, 0);
	}
	g_ptr_array_unref(sink->waiting);
	gnutls_hash_deinit(sink->hash, NULL);
}

void canon_body(const RawMessage *raw, BodyDigest *wanted, guint count)
{
	static const gnutls_digest_algorithm_t algorithms[] = {GNUTLS_DIG_SHA256, GNUTLS_DIG_SHA1};
	for (guint pair = 0; pair < 2 * G_N_ELEMENTS(algorithms); pair++) {
		Canon canon = pair % 2 ? CANON_SIMPLE : CANON_RELAXED;
		g_autoptr(GPtrArray) same = g_ptr_array_new();
		for (guint i = 0; i < count; i++)
			if (wanted[i].canon == canon && wanted[i].algorithm == algorithms[pair / 2])
				g_ptr_array_add(same, &wanted[i]);
		if (same->len > 0)
			compute(raw, canon, algorithms[pair / 2], same);
	}
}
