/* Raw messages on their way out.
 *
 * The bytes are hostile: they are offered as a file to save, never as something a browser shows.
 * They are held in memory while they are sent, so only a few go out at once. */
#include "api/raw.h"

#include "api/context.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

typedef struct {
	Request *request;
	const char *kind, *verb;
	gint64 incident_id;
	gboolean vip;
} Look;

static gboolean write_look(Db *db, gpointer data, GError **error)
{
	const Look *look = data;
	g_autofree char *action = g_strconcat(look->kind, ".", look->verb, NULL);
	return audit_append(db, look->request->actor, action, look->kind, look->request->id,
	                    look->incident_id, look->vip ? json_pack("{s:b}", "vip", TRUE) : NULL,
	                    NULL, error);
}

gboolean raw_check_vip(Request *request, gboolean vip, GError **error)
{
	return !vip ||
	       request_needs(request, SCOPE_VIP, error,
	                     "this is a VIP's mail: what it says takes the permission \"vip\"");
}

gboolean raw_record_look(Request *request, const char *kind, const char *verb, gint64 incident_id,
                         gboolean vip, GError **error)
{
	Look look = {request, kind, verb, incident_id, vip};
	return db_write(request->context->db, write_look, &look, error);
}

typedef struct {
	Request *request;
	RawStore *raw;
	RawFind find;
	RawLook look;
	GBytes *bytes;
} Load;

static gboolean load(Db *db, gpointer data, GError **error)
{
	Load *job = data;
	g_clear_pointer(&job->look.sha256, g_free);
	g_clear_pointer(&job->bytes, g_bytes_unref);
	if (!job->find(db, &job->look, error) || !raw_check_vip(job->request, job->look.vip, error))
		return FALSE;
	if (!job->look.sha256) {
		g_set_error_literal(
			error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
			"Trawl does not have the bytes of this message; it never got them, or "
			"they are past the period for which it keeps them");
		return FALSE;
	}
	job->bytes = raw_store_load(job->raw, db, job->look.sha256, error);
	return job->bytes != NULL;
}

static gboolean take_place(Answer *answer, gint *taken, gint places, const char *what,
                           GError **error)
{
	if (g_atomic_int_add(taken, 1) < places) {
		answer->place = taken;
		return TRUE;
	}
	(void)g_atomic_int_dec_and_test(taken);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
	            "%d raw messages are being %s, which is the limit", places, what);
	return FALSE;
}

gboolean raw_answer(Request *request, Answer *answer, const char *kind, RawFind find,
                    GError **error)
{
	if (!take_place(answer, &request->context->downloads, LIMIT_DOWNLOADS, "sent", error))
		return FALSE;
	Load job = {.request = request,
	            .raw = request->context->raw,
	            .find = find,
	            .look = {.id = request->id}};
	gboolean ok = db_read(request->context->db, load, &job, error) &&
	              raw_record_look(request, kind, "download", job.look.incident_id, job.look.vip,
	                              error);
	g_autofree char *sha256 = job.look.sha256;
	if (!ok) {
		g_clear_pointer(&job.bytes, g_bytes_unref);
		return FALSE;
	}
	answer->status = 200;
	answer->type = "message/rfc822";
	answer->body = job.bytes;
	answer_header(answer, "Content-Disposition",
	              "attachment; filename=\"%s-%" G_GINT64_FORMAT ".eml\"", kind, request->id);
	answer_header(answer, "ETag", "\"%s\"", sha256);
	return TRUE;
}

/* A copy that no other thread counts the references of, with the limits of this daemon. */
static json_t *within_limits(const ApiContext *context, const json_t *options)
{
	json_t *all = options ? json_copy((json_t *)options) : json_object();
	if (context->limits)
		json_object_set_new(all, "limits", json_deep_copy(context->limits));
	return all;
}

json_t *raw_read_inside(Request *request, Answer *answer, RawFind find, const json_t *options,
                        RawLook *look, GError **error)
{
	ApiContext *context = request->context;
	if (!context->readers) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE,
		                    "no reader is running");
		return NULL;
	}
	if (!take_place(answer, &context->looks_inside, LIMIT_LOOKS_INSIDE, "looked into", error))
		return NULL;
	Load job = {
		.request = request, .raw = context->raw, .find = find, .look = {.id = look->id}};
	gboolean ok = db_read(context->db, load, &job, error);
	*look = job.look;
	g_autoptr(GBytes) bytes = job.bytes;
	g_autoptr(json_t) limited = within_limits(context, options);
	return ok ? reader_read(context->readers, bytes, limited, deadline_in(LIMIT_LOOK_SECONDS),
	                        error)
	          : NULL;
}
