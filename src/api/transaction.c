/* Transactions of requests, and requests that are sent twice.
 *
 * The answer to a POST with an Idempotency-Key is kept in the transaction that has its effect: the
 * effect happened if, and only if, a repetition gets the answer. A refusal rolls back and is not
 * kept; asked again, it is decided again. How long answers are kept is store/retention.h's. */
#include "api/transaction.h"

#include "api/context.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/error.h"
#include "jobs/jobs.h"

#include <string.h>

typedef struct {
	Request *request;
	Answer *answer;
} Call;

/* What makes two requests the same. Keyed with the caller's secret, which nobody can get from the
 * database: a body may hold a password, and a plain hash of it could be guessed from. */
static char *request_hash(const Request *request)
{
	const char *secret = request->secret;
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)secret, strlen(secret));
	g_hmac_update(hmac, (const guchar *)request->method, (gssize)strlen(request->method) + 1);
	g_hmac_update(hmac, (const guchar *)request->target, (gssize)strlen(request->target) + 1);
	g_hmac_update(hmac, request->body_bytes->data, (gssize)request->body_bytes->len);
	char *hash = g_strdup(g_hmac_get_string(hmac));
	g_hmac_unref(hmac);
	return hash;
}

static void answer_restore(Answer *answer, const StoredAnswer *stored)
{
	g_autoptr(json_t) headers = json_parse(stored->headers, -1, NULL);
	const char *name;
	json_t *value;
	answer_reset(answer);
	json_object_foreach (headers, name, value)
		answer_header(answer, name, "%s", json_string_value(value));
	answer_header(answer, "Idempotency-Replayed", "true");
	answer->status = stored->status;
	if (*stored->body) {
		answer->body = g_bytes_new(stored->body, strlen(stored->body));
		answer->type = "application/json";
	}
}

static const char *location_of(const Answer *answer)
{
	for (guint i = 0; i < answer->headers->len; i += 2)
		if (strcmp(answer->headers->pdata[i], "Location") == 0)
			return answer->headers->pdata[i + 1];
	return NULL;
}

static gboolean answer_keep(Db *db, const Request *request, const char *key, const char *hash,
                            const Answer *answer, GError **error)
{
	g_autoptr(json_t) headers = json_object();
	for (guint i = 0; i < answer->headers->len; i += 2)
		json_object_set_new(headers, answer->headers->pdata[i],
		                    json_text_new(answer->headers->pdata[i + 1]));
	gsize size = 0;
	GBytes *bytes = answer->kept ? answer->kept : answer->body;
	const char *body = bytes ? g_bytes_get_data(bytes, &size) : NULL;
	g_autofree char *header_text = json_format(headers);
	g_autofree char *body_text = g_strndup(body ? body : "", size);
	StoredAnswer stored = {(char *)hash, answer->status, header_text, body_text,
	                       (char *)location_of(answer)};
	return stored_answer_insert(db, request->caller->id, key, &stored, clock_now(), error);
}

/* Of what is not seen nobody learns that it is there, not even by an answer that was kept. */
static gboolean check_sight(Db *db, gpointer data, GError **error)
{
	const Request *request = ((Call *)data)->request;
	guint sight = request->route->sight;
	return sight < SIGHT_ONE ||
	       sight_check(db, request->sight, (SeenKind)(sight - SIGHT_ONE), request->id, error);
}

static gboolean run_once(Db *db, Call *call, const char *key, GError **error)
{
	Request *request = call->request;
	g_autofree char *lock =
		g_strdup_printf("idempotency:%" G_GINT64_FORMAT ":%s", request->caller->id, key);
	g_autofree char *hash = request_hash(request);
	if (!db_lock_key(db, lock, error))
		return FALSE;
	g_autoptr(GError) problem = NULL;
	g_autoptr(StoredAnswer) stored = stored_answer_find(db, request->caller->id, key, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (stored && strcmp(stored->request, hash) != 0) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		                    "this Idempotency-Key was used for another request");
		return FALSE;
	}
	if (stored) {
		answer_restore(call->answer, stored);
		return TRUE;
	}
	return request->route->run(request, db, call->answer, error) &&
	       answer_keep(db, request, key, hash, call->answer, error);
}

static gboolean run_in_transaction(Db *db, gpointer data, GError **error)
{
	Call *call = data;
	const char *key = request_header(call->request, "idempotency-key");
	answer_reset(call->answer);
	if (!check_sight(db, call, error))
		return FALSE;
	if (key && strcmp(call->request->method, "POST") == 0)
		return run_once(db, call, key, error);
	return call->request->route->run(call->request, db, call->answer, error);
}

static gboolean check_idempotency_key(const Request *request, GError **error)
{
	const char *key = request_header(request, "idempotency-key");
	gsize length = key ? strlen(key) : 1;
	if (length >= 1 && length <= 255 && (!key || g_str_is_ascii(key)))
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	                    "Idempotency-Key is 1 to 255 characters of ASCII");
	return FALSE;
}

gboolean transaction_run(Request *request, Answer *answer, GError **error)
{
	Call call = {request, answer};
	if (!check_idempotency_key(request, error))
		return FALSE;
	switch (request->route->mode) {
	case ROUTE_READ:
		return db_read(request->context->db, run_in_transaction, &call, error);
	case ROUTE_ALONE:
		return (request->sight->everything || request->route->sight < SIGHT_ONE ||
		        db_read(request->context->db, check_sight, &call, error)) &&
		       request->route->run(request, NULL, answer, error);
	case ROUTE_WRITE:
		break;
	}
	if (!db_write(request->context->db, run_in_transaction, &call, error))
		return FALSE;
	job_ring();
	return TRUE;
}
