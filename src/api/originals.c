/* Originals: what a reported message is. What it says (its bodies) is shown only to keys that may
 * see content, and every such look is recorded before it is granted. */
#include "api/context.h"
#include "api/raw.h"
#include "api/resources.h"
#include "api/show.h"
#include "api/zip.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/report.h"
#include "store/vip.h"

/* clang-format off */
const Field original_query[] = {
	{"bodies", FIELD_BOOLEAN, 0, 0, 0, NULL, "bodies is true or false"},
	{NULL}
};

const Field attachments_query[] = {
	{"sha256",     FIELD_TEXT, 0, 64, 64, NULL,           "sha256 is the SHA-256 of a file, 64 hexadecimal digits"},
	{"encryption", FIELD_NAME, 0, 0,  0,  zip_lock_names, "encryption is aes256 or zipcrypto"},
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
	if (asked && !request_needs(request, SCOPE_CONTENT, error,
	                            "what messages say takes the permission \"content\""))
		return FALSE;
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

/* --- attachments --------------------------------------------------------------------------------
 */

static json_t *take_files(const json_t *taken, const char *sha256, GError **error)
{
	json_t *files = json_object_get(taken, "files");
	if (json_bool(taken, "cut", FALSE))
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
		            "%s more than %d MiB or %d files, which is the limit; %s",
		            sha256 ? "the attachment has" : "the attachments have together",
		            LIMIT_TAKEN_OUT / 1024 / 1024, LIMIT_TAKEN_FILES,
		            sha256 ? "the raw message has it" : "ask for them one by one");
	else if (json_array_size(files) == 0)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND, "this message has no %s%s",
		            sha256 ? "attachment with the SHA-256 " : "attachments",
		            sha256 ? sha256 : "");
	else
		return files;
	return NULL;
}

static void name_zip(Answer *answer, gint64 id, const char *sha256)
{
	answer_header(answer, "Content-Disposition",
	              "attachment; filename=\"original-%" G_GINT64_FORMAT "-%.16s.zip\"", id,
	              sha256 ? sha256 : "attachments");
	answer_header(answer, "Trawl-Zip-Password", ZIP_PASSWORD);
}

gboolean original_attachments(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autofree char *sha256 = query_text(request, "sha256")
	                                  ? g_ascii_strdown(query_text(request, "sha256"), -1)
	                                  : NULL;
	g_autoptr(json_t) options = json_pack("{s:{s:s*}}", "take", "sha256", sha256);
	RawLook look = {.id = request->id};
	g_autoptr(json_t) taken = raw_read_inside(request, answer, find_raw, options, &look, error);
	g_free(look.sha256);
	const json_t *files = taken ? take_files(taken, sha256, error) : NULL;
	if (!files ||
	    !raw_record_look(request, "original", "attachments", look.incident_id, look.vip, error))
		return FALSE;
	int lock = query_name(request, "encryption", zip_lock_names);
	answer->body = zip_new(files, MAX(lock, 0), error);
	if (!answer->body)
		return FALSE;
	answer->status = 200;
	answer->type = "application/zip";
	name_zip(answer, request->id, sha256);
	return TRUE;
}
