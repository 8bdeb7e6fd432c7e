/* Keys from the DNS. Only names and texts are handled here: whatever takes an attacker's key apart
 * is the reader's work. */
#include "pipeline/keys.h"

#include "base/limits.h"
#include "mail/authentication/authentication.h"

/* Names as a set, each once, in the order in which they are met. */
typedef struct {
	GPtrArray *names;
	GHashTable *met;
} Names;

static void add_name(const char *name, gpointer data)
{
	Names *names = data;
	if (names->names->len < LIMIT_DNS_LOOKUPS && g_hash_table_add(names->met, (gpointer)name))
		g_ptr_array_add(names->names, (gpointer)name);
}

static json_t *key_of(const ResolverText *answer)
{
	if (answer->resolved == RESOLVED_UNREACHABLE)
		return json_false();
	json_t *texts = json_array();
	for (guint i = 0; answer->texts && i < answer->texts->len; i++)
		json_array_append_new(texts, json_text_new(answer->texts->pdata[i]));
	return texts;
}

static json_t *look_up(const GPtrArray *names, Resolver *resolver, gint64 deadline)
{
	json_t *keys = json_object();
	g_autofree ResolverText *wanted = g_new0(ResolverText, names->len);
	for (guint i = 0; i < names->len; i++)
		wanted[i].name = names->pdata[i];
	resolver_texts(resolver, wanted, names->len, deadline);
	for (guint i = 0; i < names->len; i++)
		json_object_set_new_nocheck(keys, wanted[i].name, key_of(&wanted[i]));
	resolver_texts_clear(wanted, names->len);
	return keys;
}

json_t *keys_look_up(const GPtrArray *messages, Resolver *resolver, gint64 deadline)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	g_autoptr(GHashTable) met = g_hash_table_new(g_str_hash, g_str_equal);
	Names names = {list, met};
	for (guint i = 0; i < messages->len; i++)
		authentication_each_key(json_object_get(messages->pdata[i], "authentication"),
		                        add_name, &names);
	if (list->len == 0)
		return NULL;
	json_t *request = json_object(), *all = json_array();
	for (guint i = 0; i < messages->len; i++) {
		json_t *one = json_object_get(messages->pdata[i], "authentication");
		json_array_append_new(all, one ? json_incref(one) : json_null());
	}
	json_object_set_new(request, "authentication", all);
	json_object_set_new(request, "keys", look_up(list, resolver, deadline));
	json_t *options = json_object();
	json_object_set_new(options, "verify", request);
	return options;
}

void keys_apply(const GPtrArray *messages, const json_t *answer)
{
	const json_t *judged = json_object_get(answer, "authentication");
	if (json_array_size(judged) != messages->len)
		return;
	for (guint i = 0; i < messages->len; i++)
		if (json_is_object(json_array_get(judged, i)))
			json_object_set(messages->pdata[i], "authentication",
			                json_array_get(judged, i));
}
