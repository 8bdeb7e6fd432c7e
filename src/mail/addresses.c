/* People in header fields.
 *
 * Most readers take the first of several From fields, some the last; all of them are shown, and the
 * ambiguity is a finding. */
#include "mail/addresses.h"

#include "base/limits.h"
#include "base/text.h"
#include "mail/findings.h"

#include <string.h>

static gboolean is_plain(const char *address)
{
	for (const char *c = address; *c; c++)
		if (!g_ascii_isgraph(*c) || strchr("<>\"\\()", *c))
			return FALSE;
	return TRUE;
}

/* The form in which addresses are compared; an address without a domain is kept as it is written.
 */
static char *compare_form(const char *address)
{
	if (is_plain(address) && strchr(address, '@') && !strstr(address, "xn--"))
		return g_ascii_strdown(address, -1);
	char *form = text_address(address);
	return form ? form : g_utf8_strdown(address, -1);
}

static void add(json_t *list, InternetAddress *who, const char *group)
{
	const char *address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(who));
	g_autofree char *valid = g_utf8_make_valid(address ? address : "", -1);
	g_autofree char *form = compare_form(valid);
	json_t *entry = json_object();
	json_object_set_new(entry, "name", json_text_new(internet_address_get_name(who)));
	json_object_set_new(entry, "address", json_text_new(form));
	if (group)
		json_object_set_new(entry, "group", json_text_new(group));
	json_array_append_new(list, entry);
}

static void add_all(json_t *list, InternetAddressList *from, const char *group, guint depth)
{
	int count = internet_address_list_length(from);
	for (int i = 0; i < count && json_array_size(list) <= LIMIT_ADDRESSES; i++) {
		InternetAddress *who = internet_address_list_get_address(from, i);
		if (INTERNET_ADDRESS_IS_MAILBOX(who))
			add(list, who, group);
		else if (depth < 4)
			add_all(list,
			        internet_address_group_get_members(INTERNET_ADDRESS_GROUP(who)),
			        internet_address_get_name(who), depth + 1);
	}
}

static void parse_into(json_t *list, json_t *findings, const char *field, const char *value)
{
	GMimeParserOptions *options = g_mime_parser_options_get_default();
	g_autoptr(InternetAddressList) parsed = internet_address_list_parse(options, value);
	if (parsed)
		add_all(list, parsed, NULL, 0);
	if (json_array_size(list) > LIMIT_ADDRESSES) {
		json_array_remove(list, json_array_size(list) - 1);
		findings_add(findings, "limit_addresses", field,
		             "there are more than %d addresses; the others are not read",
		             LIMIT_ADDRESSES);
	}
}

json_t *addresses_parse(json_t *findings, const char *field, const char *value)
{
	json_t *list = json_array();
	if (value)
		parse_into(list, findings, field, value);
	return list;
}

json_t *addresses_of(const Message *message, const char *field, gboolean once)
{
	json_t *list = json_array();
	guint fields = 0;
	for (int i = 0; i < message_header_count(message); i++) {
		GMimeHeader *header = message_header_at(message, i);
		if (g_ascii_strcasecmp(g_mime_header_get_name(header), field) != 0)
			continue;
		if (++fields == 2 && once)
			findings_add(message->findings, "header_duplicate", field,
			             "there is more than one %s; readers differ on which counts",
			             field);
		if (json_array_size(list) < LIMIT_ADDRESSES)
			parse_into(list, message->findings, field,
			           g_mime_header_get_raw_value(header));
	}
	return list;
}
