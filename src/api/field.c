/* Checks what clients send against tables of fields. A refusal is the field's own sentence, so that
 * whoever reads it knows what to write instead; which of its rules was broken shows from that. */
#include "api/field.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/names.h"

#include <gio/gio.h>
#include <string.h>

char *field_domain(const char *text)
{
	gsize length = strlen(text);
	if (length == 0 || length > 255 || strpbrk(text, "@<> \t\"\\/:"))
		return NULL;
	g_autofree char *bare = g_strndup(text, text[length - 1] == '.' ? length - 1 : length);
	g_autofree char *whole = g_strconcat("x@", bare, NULL);
	g_autofree char *address = text_address(whole);
	return g_strdup(text_address_domain(address));
}

static gboolean address_fits(const char *text)
{
	g_autofree char *address = text_address(text);
	return address && strlen(address) <= 320 && !strpbrk(address, " \t\r\n<>,;");
}

char *field_relay(const char *text)
{
	const char *at = strrchr(text, '@');
	if (at && at > text)
		return address_fits(text) ? text_address(text) : NULL;
	if (g_hostname_is_ip_address(text))
		return g_ascii_strdown(text, -1);
	const char *bare = text + (at || *text == '.' ? 1 : 0);
	g_autofree char *domain = field_domain(bare);
	return domain && *bare != '.' ? g_strdup_printf("%.*s%s", (int)(bare - text), text, domain)
	                              : NULL;
}

static gboolean is_network(const char *text)
{
	g_autoptr(GInetAddressMask) mask = g_inet_address_mask_new_from_string(text, NULL);
	return mask != NULL;
}

char *field_host(const char *text)
{
	static const char below[] = "/below";
	if (is_network(text))
		return g_strdup(text);
	gboolean writes_below = g_str_has_suffix(text, below);
	g_autofree char *name = g_strndup(text, strlen(text) - (writes_below ? strlen(below) : 0));
	g_autofree char *host = field_domain(name);
	return host ? g_strconcat(host, writes_below ? below : "", NULL) : NULL;
}

static gboolean text_fits(const Field *field, const char *text)
{
	glong length = g_utf8_strlen(text, -1);
	if (length < field->min || length > field->max)
		return FALSE;
	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		gboolean line = c == '\n' || c == '\r' || c == '\t';
		if ((c < 0x20 || (c >= 0x7f && c < 0xa0)) && !(line && field->type == FIELD_PROSE))
			return FALSE;
	}
	/* A name of spaces is no name. */
	g_autofree char *trimmed = g_strstrip(g_strdup(text));
	return field->min == 0 || *trimmed;
}

static gboolean names_fit(const Field *field, const json_t *array)
{
	if (json_array_size(array) < (gsize)field->min)
		return FALSE;
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	for (gsize i = 0; i < json_array_size(array); i++) {
		const char *name = json_string_value(json_array_get(array, i));
		if (!name || names_find(field->names, name) < 0 ||
		    !g_hash_table_add(seen, (gpointer)name))
			return FALSE;
	}
	return TRUE;
}

static gboolean numbers_fit(const Field *field, const json_t *array)
{
	if (json_array_size(array) < (gsize)field->min ||
	    json_array_size(array) > (gsize)field->max)
		return FALSE;
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	for (gsize i = 0; i < json_array_size(array); i++) {
		gint64 id = json_integer_value(json_array_get(array, i));
		if (id < 1 || !g_hash_table_add(seen, g_memdup2(&id, sizeof id)))
			return FALSE;
	}
	return TRUE;
}

static gboolean domains_fit(const Field *field, const json_t *array)
{
	char *(*parse)(const char *) = field->type == FIELD_HOSTS ? field_host : field_domain;
	if (json_array_size(array) > (gsize)field->max)
		return FALSE;
	for (gsize i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));
		g_autofree char *domain = text ? parse(text) : NULL;
		if (!domain)
			return FALSE;
	}
	return TRUE;
}

static gboolean relays_fit(const Field *field, const json_t *array)
{
	if (json_array_size(array) > (gsize)field->max)
		return FALSE;
	for (gsize i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));
		g_autofree char *relay = text ? field_relay(text) : NULL;
		if (!relay)
			return FALSE;
	}
	return TRUE;
}

static gboolean value_fits(const Field *field, const json_t *value)
{
	const char *text = json_string_value(value);
	gint64 number = json_integer_value(value), wall;
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_PROSE:
		return text && text_fits(field, text);
	case FIELD_INTEGER:
		return json_is_integer(value) && number >= field->min && number <= field->max;
	case FIELD_BOOLEAN:
		return json_is_boolean(value);
	case FIELD_NAME:
		return text && names_find(field->names, text) >= 0;
	case FIELD_NUMBERS:
		return json_is_array(value) && numbers_fit(field, value);
	case FIELD_NAMES:
		return json_is_array(value) && names_fit(field, value);
	case FIELD_ADDRESS:
		return text && address_fits(text);
	case FIELD_DOMAINS:
	case FIELD_HOSTS:
		return json_is_array(value) && domains_fit(field, value);
	case FIELD_RELAYS:
		return json_is_array(value) && relays_fit(field, value);
	case FIELD_TIME:
		return text && clock_parse(text, &wall);
	case FIELD_OBJECT:
		return json_is_object(value);
	}
	return FALSE;
}

static const Field *field_find(const Field *fields, const char *name)
{
	for (const Field *field = fields; field && field->name; field++)
		if (strcmp(field->name, name) == 0)
			return field;
	return NULL;
}

static gboolean refuse(const Field *field, GError **error)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, "%s", field->sentence);
	return FALSE;
}

static gboolean refuse_unknown(const char *what, const char *name, GError **error)
{
	g_autofree char *shown = text_for_terminal(name);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, "there is no %s \"%.100s\" here", what,
	            shown);
	return FALSE;
}

gboolean fields_check(const Field *fields, const json_t *object, gboolean partial, GError **error)
{
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)object, name, value) {
		const Field *field = field_find(fields, name);
		if (!field)
			return refuse_unknown("member", name, error);
		gboolean cleared = json_is_null(value) && (field->flags & FIELD_NULLABLE);
		if (!cleared && !value_fits(field, value))
			return refuse(field, error);
	}
	for (const Field *field = fields; !partial && field && field->name; field++)
		if ((field->flags & FIELD_REQUIRED) && !json_object_get(object, field->name)) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
			            "\"%s\" is missing: %s", field->name, field->sentence);
			return FALSE;
		}
	return TRUE;
}

char *field_unescape(const char *text, gssize length, gboolean plus)
{
	gsize size = length < 0 ? strlen(text) : (gsize)length;
	g_autoptr(GString) plain = g_string_sized_new(size);
	for (gsize i = 0; i < size; i++) {
		char c = text[i];
		if (c == '%') {
			int high = i + 2 < size ? g_ascii_xdigit_value(text[i + 1]) : -1;
			int low = i + 2 < size ? g_ascii_xdigit_value(text[i + 2]) : -1;
			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return NULL;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		g_string_append_c(plain, c);
	}
	if (!g_utf8_validate(plain->str, (gssize)plain->len, NULL))
		return NULL;
	return g_string_free(g_steal_pointer(&plain), FALSE);
}

/* What a query's text stands for, as the field's type; NULL when it cannot stand for any. */
static json_t *value_parse(const Field *field, const char *text)
{
	gint64 number;
	switch (field->type) {
	case FIELD_INTEGER:
		return g_ascii_string_to_signed(text, 10, field->min, field->max, &number, NULL)
		               ? json_integer(number)
		               : NULL;
	case FIELD_BOOLEAN:
		return strcmp(text, "true") == 0    ? json_true()
		       : strcmp(text, "false") == 0 ? json_false()
		                                    : NULL;
	default:
		return json_string(text);
	}
}

static gboolean parse_parameter(const Field *fields, const char *written, json_t *query,
                                GError **error)
{
	const char *equals = strchrnul(written, '=');
	g_autofree char *name = field_unescape(written, equals - written, TRUE);
	g_autofree char *text = field_unescape(*equals ? equals + 1 : equals, -1, TRUE);
	if (!name || !text) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "the query is not percent-encoded UTF-8");
		return FALSE;
	}
	const Field *field = field_find(fields, name);
	if (!field)
		return refuse_unknown("parameter", name, error);
	if (json_object_get(query, name)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "the parameter \"%s\" is given twice", name);
		return FALSE;
	}
	g_autoptr(json_t) value = value_parse(field, text);
	if (!value || !value_fits(field, value))
		return refuse(field, error);
	json_object_set(query, name, value);
	return TRUE;
}

json_t *fields_parse_query(const Field *fields, const char *query, GError **error)
{
	g_autoptr(json_t) object = json_object();
	g_auto(GStrv) parts = g_strsplit(query ? query : "", "&", -1);
	for (char **part = parts; *part; part++)
		if (**part && !parse_parameter(fields, *part, object, error))
			return NULL;
	return g_steal_pointer(&object);
}
