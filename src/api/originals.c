/* Originals: what a reported message is. What it says (its bodies) is shown only to keys that may
 * see content, and every such look is recorded before it is granted. */
#include "api/context.h"
#include "api/raw.h"
#include "api/resources.h"
#include "api/show.h"
#include "base/error.h"
#include "store/report.h"
#include "store/vip.h"

/* clang-format off */
const Field original_query[] = {
	{"bodies", FIELD_BOOLEAN, 0, 0, 0, NULL, "bodies is true or false"},
	{NULL}
};
/* clang-format on */

typedef struct {
	gint64 id;
	Original *original;
	char *breakdown;
	gboolean vip;
} Load;

static void load_clear(Load *load)
{
	g_clear_pointer(&load->original, original_free);
	g_clear_pointer(&load->breakdown, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Load, load_clear)

static gboolean load_original(Db *db, gpointer data, GError **error)
{
	Load *load = data;
	load_clear(load);
	load->original = original_load(db, load->id, error);
	if (load->original)
		load->breakdown = original_load_breakdown(db, load->id, error);
	return load->breakdown && vip_is_original(db, load->id, &load->vip, error);
}

/* Takes the bodies out of a breakdown, at every depth. A message is an object with headers; its
 * bodies are its "text", its "html", and what of that is "shown". */
static void remove_bodies(json_t *value)
{
	const char *name;
	json_t *member;
	if (json_is_object(value) && json_object_get(value, "headers")) {
		json_object_del(value, "text");
		json_object_del(value, "html");
		json_object_del(value, "shown");
	}
	json_object_foreach (value, name, member)
		remove_bodies(member);
	for (gsize i = 0; i < json_array_size(value); i++)
		remove_bodies(json_array_get(value, i));
}

gboolean original_get(Request *request, Db *db, Answer *answer, GError **error)
{
	gboolean may = (request->scopes & SCOPE_CONTENT) != 0;
	gboolean asked = query_bool(request, "bodies", FALSE);
	if (asked && !may) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
		                    "this key lacks the scope \"content\"");
		return FALSE;
	}
	g_auto(Load) load = {.id = request->id};
	if (!db_read(request->context->db, load_original, &load, error) ||
	    (asked && !raw_check_vip(request, load.vip, error)))
		return FALSE;
	gboolean bodies =
		query_bool(request, "bodies", may && raw_check_vip(request, load.vip, NULL));
	g_autoptr(json_t) breakdown = json_parse(load.breakdown, -1, error);
	if (!breakdown)
		return FALSE;
	if (!bodies)
		remove_bodies(breakdown);
	else if (!raw_record_look(request, "original", "look", 0, load.vip, error))
		return FALSE;
	json_t *document = original_show(load.original);
	json_object_set_new(document, "bodies", json_boolean(bodies));
	json_object_set_new(document, "vip", json_boolean(load.vip));
	json_object_set(document, "breakdown", breakdown);
	answer_json(answer, 200, document);
	return TRUE;
}

static gboolean find_raw(Db *db, RawLook *look, GError **error)
{
	g_autoptr(Original) original = original_load(db, look->id, error);
	if (!original)
		return FALSE;
	look->sha256 = g_strdup(original->sha256);
	look->incident_id = 0;
	return vip_is_original(db, look->id, &look->vip, error);
}

gboolean original_raw(Request *request, Db *db, Answer *answer, GError **error)
{
	return raw_answer(request, answer, "original", find_raw, error);
}
