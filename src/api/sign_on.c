/* Logging in through a provider: what is the same for those that are asked on the way
 * (sign_on_oidc.c) and directories (sign_on_directory.c).
 *
 * The worker does the asking; a request waits for it, a few at a time. Whatever the provider says,
 * who that is here is decided in the transaction that begins the session. */
#include "api/sign_on.h"

#include "api/context.h"
#include "api/resources.h"
#include "auth/password.h"
#include "auth/secret.h"
#include "base/clock.h"
#include "base/limits.h"
#include "jobs/jobs.h"
#include "signon/sign_on.h"
#include "store/job.h"

#include <string.h>

#define KEPT (2 * LIMIT_SIGN_ON_MINUTES * CLOCK_MINUTE) /* tokens that were used */

/* clang-format off */
const Field sign_on_fields[] = {
	{"provider", FIELD_INTEGER, FIELD_REQUIRED, 1, G_MAXINT64, NULL, "provider is the number of an identity provider"},
	{"name",     FIELD_TEXT, 0, 1, LIMIT_NAME,   NULL, "name is the user's name, as a directory has it"},
	{"password", FIELD_TEXT, 0, 1, PASSWORD_MAX, NULL, "password is the user's passphrase, as a directory has it"},
	{NULL}
};
/* clang-format on */

/* --- what is known about one log-in --- */

void attempt_clear(Attempt *attempt)
{
	login_clear(&attempt->login);
	g_clear_pointer(&attempt->provider, identity_provider_free);
	json_decref(attempt->config);
	json_decref(attempt->metadata);
	json_decref(attempt->identity);
	g_free(attempt->row.token_hash);
	g_clear_pointer(&attempt->row.sealed, g_bytes_unref);
	admission_clear(&attempt->admission);
}

DbPool *attempt_pool(const Attempt *attempt)
{
	return attempt->login.request->context->db;
}

static const char *address_of(const Attempt *attempt)
{
	const char *address = attempt->login.request->address;
	return address ? address : "";
}

gboolean attempt_load_provider(Db *db, gpointer data, GError **error)
{
	Attempt *attempt = data;
	g_clear_pointer(&attempt->provider, identity_provider_free);
	json_decref(attempt->config);
	json_decref(attempt->metadata);
	attempt->config = attempt->metadata = NULL;
	IdentityProvider *provider = attempt->provider =
		identity_provider_load(db, attempt->provider_id, error);
	if (!provider)
		return FALSE;
	if (!provider->enabled) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
		            "no identity provider %" G_GINT64_FORMAT, attempt->provider_id);
		return FALSE;
	}
	attempt->config = json_parse(provider->config, -1, error);
	attempt->metadata = attempt->config ? json_parse(provider->metadata, -1, error) : NULL;
	attempt->login.provider_id = provider->id;
	attempt->login.provider = provider->name;
	return attempt->metadata != NULL;
}

/* --- waiting for the worker ------------------------------------------------------------------- */

static gboolean take_place(const Attempt *attempt, GError **error)
{
	gint *waiting = &attempt->login.request->context->sign_ons;
	if (g_atomic_int_add(waiting, 1) < LIMIT_SIGN_ONS)
		return TRUE;
	g_atomic_int_add(waiting, -1);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
	                    "several people log in just now; try again in a moment");
	return FALSE;
}

static void leave_place(const Attempt *attempt)
{
	g_atomic_int_add(&attempt->login.request->context->sign_ons, -1);
}

typedef struct {
	gint64 job_id;
	Job *job;
} Look;

static gboolean look(Db *db, gpointer data, GError **error)
{
	Look *at = data;
	g_clear_pointer(&at->job, job_free);
	at->job = job_load(db, at->job_id, error);
	return at->job != NULL;
}

/* Until the job is over; its last words are for the log, not for strangers. */
static gboolean wait_for_job(const Attempt *attempt, GError **error)
{
	gint64 deadline = deadline_in(LIMIT_SIGN_ON_SECONDS + 2);
	Look at = {.job_id = attempt->job_id};
	gulong pause = 10 * 1000;
	gboolean over = FALSE, ok = TRUE;
	job_ring();
	while (ok && !over && deadline_left_ms(deadline) > 0) {
		g_usleep(pause);
		pause = MIN(pause * 3 / 2, 200 * 1000);
		ok = db_read(attempt_pool(attempt), look, &at, error);
		over = ok && (at.job->state == JOB_DONE || at.job->state == JOB_PARKED ||
		              at.job->state == JOB_CANCELLED);
	}
	g_clear_pointer(&at.job, job_free);
	if (ok && !over)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT,
		            "%s did not answer in time; try again later", attempt->provider->name);
	return ok && over;
}

gboolean attempt_wait(Attempt *attempt, DbWork begin, GError **error)
{
	if (!take_place(attempt, error))
		return FALSE;
	gboolean ok = db_write(attempt_pool(attempt), begin, attempt, error) &&
	              wait_for_job(attempt, error);
	leave_place(attempt);
	return ok;
}

/* --- who it is
 * ------------------------------------------------------------------------------------ */

static gboolean begin_asking(Db *db, gpointer data, GError **error)
{
	Attempt *attempt = data;
	return sign_on_prune(db, clock_now() - KEPT, error) &&
	       sign_on_insert(db, &attempt->row, error) &&
	       job_queue(db, "sign_on.run", NULL, NULL, PRIORITY_INTERACTIVE, 0,
	                 json_pack("{s:I}", "sign_on", (json_int_t)attempt->row.id),
	                 &attempt->job_id, error);
}

static gboolean take_result(Db *db, gpointer data, GError **error)
{
	Attempt *attempt = data;
	g_autoptr(SignOn) row = sign_on_load(db, attempt->row.id, error);
	json_decref(attempt->identity);
	attempt->identity = NULL;
	if (!row || !sign_on_close(db, row->id, error))
		return FALSE;
	attempt->identity = row->result ? json_parse(row->result, -1, error) : json_object();
	return attempt->identity != NULL;
}

static gboolean write_refusal(Db *db, gpointer data, GError **error)
{
	const Attempt *attempt = data;
	return sign_on_note_refusal(db, attempt->provider,
	                            sent_text(attempt->login.request, "name"), attempt->reason,
	                            address_of(attempt), error);
}

/* What failed at the provider's is no try of the person's. */
gboolean attempt_refuse(Attempt *attempt, TrawlError code, const char *reason, GError **error)
{
	if (code == TRAWL_ERROR_DENIED || code == TRAWL_ERROR_AUTHENTICATION)
		login_note_failed(attempt->login.request);
	attempt->reason = reason;
	if (code == TRAWL_ERROR_AUTHENTICATION && attempt->login.user &&
	    !db_write(attempt_pool(attempt), login_note_failure, &attempt->login, error))
		return FALSE;
	if (attempt->provider && !db_write(attempt_pool(attempt), write_refusal, attempt, error))
		return FALSE;
	if (code == TRAWL_ERROR_AUTHENTICATION)
		return login_refuse(error);
	g_set_error_literal(error, TRAWL_ERROR, (int)code, reason);
	return FALSE;
}

gboolean attempt_ask(Attempt *attempt, json_t *take_brought, DbWork find, GError **error)
{
	g_autoptr(GError) problem = NULL;
	attempt->row.provider_id = attempt->provider_id;
	attempt->row.created_at = clock_now();
	attempt->row.sealed =
		secret_seal(attempt->login.request->context->public_key, take_brought, error);
	json_decref(take_brought);
	if (!attempt->row.sealed)
		return FALSE;
	if (!attempt_wait(attempt, begin_asking, &problem)) {
		if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_CONFLICT))
			return attempt_refuse(attempt, TRAWL_ERROR_DENIED,
			                      "this log-in was finished before; begin again",
			                      error);
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (!db_write(attempt_pool(attempt), take_result, attempt, error))
		return FALSE;
	if (json_object_get(attempt->identity, "identity"))
		return TRUE;
	if (find && !db_read(attempt_pool(attempt), find, attempt, error))
		return FALSE;
	const ErrorRemedy *remedy = error_remedy_by_name(json_text(attempt->identity, "code"));
	g_autofree char *reason = g_strdup(json_text(attempt->identity, "refused"));
	if (remedy &&
	    (remedy->code == TRAWL_ERROR_DENIED || remedy->code == TRAWL_ERROR_AUTHENTICATION))
		return attempt_refuse(attempt, remedy->code, reason, error);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE,
	            "%s could not be asked; an administrator finds the reason at System "
	            "Settings, Sign-on",
	            attempt->provider->name);
	return FALSE;
}

static gboolean write_login(Db *db, gpointer data, GError **error)
{
	Attempt *attempt = data;
	g_autoptr(IdentityProvider) now = identity_provider_load(db, attempt->provider_id, error);
	if (!now)
		return FALSE;
	if (!now->enabled || now->revision != attempt->provider->revision) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
		                    "the provider's settings were changed just now; log in again");
		return FALSE;
	}
	g_clear_pointer(&attempt->login.user, user_free);
	if (!sign_on_admit(db, now, json_object_get(attempt->identity, "identity"),
	                   address_of(attempt), clock_now(), &attempt->admission, error))
		return FALSE;
	attempt->login.user = g_steal_pointer(&attempt->admission.user);
	return attempt->admission.refusal || login_begin(db, &attempt->login, error);
}

gboolean attempt_enter(Attempt *attempt, Answer *answer, GError **error)
{
	if (!db_write(attempt_pool(attempt), write_login, attempt, error))
		return FALSE;
	if (attempt->admission.refusal) { /* on record already */
		login_note_failed(attempt->login.request);
		if (attempt->admission.locked && sent_has(attempt->login.request, "name"))
			return login_refuse(
				error); /* also the right passphrase tells nothing now */
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
		                    attempt->admission.refusal);
		return FALSE;
	}
	return login_answer(&attempt->login, answer);
}

gboolean sign_on_begin(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(Attempt) attempt = {
		.login = {.request = request},
		.provider_id = json_int(request->body, "provider", 0),
	};
	if (!login_check_site(request, error) || !login_may_try(request, error) ||
	    !db_read(request->context->db, attempt_load_provider, &attempt, error))
		return FALSE;
	if (strcmp(attempt.provider->kind, "ldap") == 0)
		return attempt_ask_directory(&attempt, answer, error);
	if (sent_has(request, "name") || sent_has(request, "password")) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "%s asks for name and passphrase itself", attempt.provider->name);
		return FALSE;
	}
	return attempt_send_away(&attempt, answer, error);
}
