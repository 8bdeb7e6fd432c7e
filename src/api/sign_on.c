/* Logging in through a provider: away to it, and back.
 *
 * What the way back has to prove lies in the browser alone, in a cookie that only we can read: a
 * try that nobody finishes leaves nothing behind here. The token in it makes state, nonce and
 * verifier, and counts once. The worker does the asking; a request waits for it, a few at a time.
 */
#include "signon/sign_on.h"
#include "api/context.h"
#include "api/login.h"
#include "api/resources.h"
#include "audit/audit.h"
#include "auth/account.h"
#include "auth/password.h"
#include "auth/secret.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "jobs/jobs.h"
#include "signon/directory.h"
#include "signon/id_token.h"
#include "signon/oidc.h"
#include "signon/provider.h"
#include "store/job.h"

#include <sodium.h>
#include <string.h>

#define COOKIE  "__Host-trawl-sign-on"
#define PURPOSE "sign-on"
#define KEPT    (2 * LIMIT_SIGN_ON_MINUTES * CLOCK_MINUTE) /* tokens that were used */

/* clang-format off */
const Field sign_on_fields[] = {
	{"provider", FIELD_INTEGER, FIELD_REQUIRED, 1, G_MAXINT64, NULL, "provider is the number of an identity provider"},
	{"name",     FIELD_TEXT, 0, 1, LIMIT_NAME,   NULL, "name is the user's name, as a directory has it"},
	{"password", FIELD_TEXT, 0, 1, PASSWORD_MAX, NULL, "password is the user's passphrase, as a directory has it"},
	{NULL}
};
const Field sign_on_finish_fields[] = {
	{"state", FIELD_TEXT, FIELD_REQUIRED, 1, LIMIT_SIGN_ON_CODE, NULL, "state is what the provider sent the browser back with"},
	{"code",  FIELD_TEXT, 0, 1, LIMIT_SIGN_ON_CODE, NULL, "code is what the provider sent the browser back with"},
	{"iss",   FIELD_TEXT, 0, 1, LIMIT_SIGN_ON_CODE, NULL, "iss is what the provider sent the browser back with"},
	{"error", FIELD_TEXT, 0, 1, LIMIT_SIGN_ON_CODE, NULL, "error is what the provider sent the browser back with"},
	{"error_description", FIELD_TEXT, 0, 1, LIMIT_SIGN_ON_CODE, NULL, "error_description is what the provider sent the browser back with"},
	{NULL}
};
/* clang-format on */

/* --- what is known about one log-in --------------------------------------------------------------
 */

typedef struct {
	Login login;
	IdentityProvider *provider;
	json_t *config, *metadata;
	gint64 provider_id, job_id;
	SignOn row;
	json_t *identity;
	Admission admission;
	const char *reason; /* of a refusal that is to be written down */
} Attempt;

static void attempt_clear(Attempt *attempt)
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
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Attempt, attempt_clear)

static DbPool *pool(const Attempt *attempt)
{
	return attempt->login.request->context->db;
}

static const char *address_of(const Attempt *attempt)
{
	const char *address = attempt->login.request->address;
	return address ? address : "";
}

static gboolean load_provider(Db *db, gpointer data, GError **error)
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
		ok = db_read(pool(attempt), look, &at, error);
		over = ok && (at.job->state == JOB_DONE || at.job->state == JOB_PARKED ||
		              at.job->state == JOB_CANCELLED);
	}
	g_clear_pointer(&at.job, job_free);
	if (ok && !over)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT,
		            "%s did not answer in time; try again later", attempt->provider->name);
	return ok && over;
}

static gboolean wait_in_place(const Attempt *attempt, DbWork begin, GError **error)
{
	if (!take_place(attempt, error))
		return FALSE;
	gboolean ok = db_write(pool(attempt), begin, (gpointer)attempt, error) &&
	              wait_for_job(attempt, error);
	leave_place(attempt);
	return ok;
}

/* --- away ----------------------------------------------------------------------------------------
 */

static gboolean queue_refresh(Db *db, gpointer data, GError **error)
{
	Attempt *attempt = data;
	g_autofree char *key =
		g_strdup_printf("provider.refresh:%" G_GINT64_FORMAT, attempt->provider_id);
	return job_queue(db, "provider.refresh", key, NULL, PRIORITY_INTERACTIVE, 0,
	                 json_pack("{s:I}", "provider", (json_int_t)attempt->provider_id),
	                 &attempt->job_id, error);
}

/* What the provider said of itself within the last hour; the worker asks when that is too long ago.
 */
static gboolean learn(Attempt *attempt, GError **error)
{
	if (sign_on_is_fresh(attempt->metadata, clock_now()))
		return TRUE;
	if (!wait_in_place(attempt, queue_refresh, error) ||
	    !db_read(pool(attempt), load_provider, attempt, error))
		return FALSE;
	if (sign_on_is_fresh(attempt->metadata, clock_now()))
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE,
	            "%s cannot be asked at present; an administrator finds the reason at "
	            "System Settings, Sign-on",
	            attempt->provider->name);
	return FALSE;
}

static void set_cookie(Answer *answer, const char *value, int minutes)
{
	answer_header(answer, "Set-Cookie",
	              COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=%d", value,
	              minutes * 60);
}

static char *seal_cookie(const Attempt *attempt, const char *token, GError **error)
{
	g_autoptr(json_t) document =
		json_pack("{s:I, s:s, s:I}", "provider", (json_int_t)attempt->provider_id, "token",
	                  token, "at", (json_int_t)clock_now());
	char *text = json_format(document);
	g_autoptr(GBytes) plain = g_bytes_new_take(text, strlen(text));
	g_autoptr(GBytes) sealed =
		secret_wrap(attempt->login.request->context->totp_key, PURPOSE, plain, error);
	if (!sealed)
		return NULL;
	gsize size = sodium_base64_encoded_len(g_bytes_get_size(sealed),
	                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *cookie = g_malloc(size);
	return sodium_bin2base64(cookie, size, g_bytes_get_data(sealed, NULL),
	                         g_bytes_get_size(sealed),
	                         sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static gboolean send_away(Attempt *attempt, Answer *answer, GError **error)
{
	if (!learn(attempt, error))
		return FALSE;
	g_autofree char *hash = NULL, *token = token_new(&hash);
	g_autofree char *cookie = seal_cookie(attempt, token, error);
	if (!cookie)
		return FALSE;
	g_auto(OidcProofs) proofs = {0};
	oidc_proofs_init(&proofs, token);
	g_autofree char *url = oidc_authorization_url(attempt->config, attempt->metadata, &proofs);
	answer_json(answer, 200, json_pack("{s:s}", "url", url));
	set_cookie(answer, cookie, LIMIT_SIGN_ON_MINUTES);
	return TRUE;
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

/* Whom the directory took the name for. It knows more ways to write it than we do. */
static gboolean find_subject(Db *db, gpointer data, GError **error)
{
	Attempt *attempt = data;
	const char *subject = json_text(attempt->identity, "subject");
	g_autoptr(GError) problem = NULL;
	g_autofree char *issuer = directory_issuer(attempt->provider_id);
	g_autoptr(UserIdentity) known =
		subject ? user_identity_find(db, issuer, subject, &problem) : NULL;
	if (known) {
		g_clear_pointer(&attempt->login.user, user_free);
		attempt->login.user = user_load(db, known->user_id, &problem);
	}
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

/* Whoever of this provider has the name that was typed: wrong passphrases count, and lock. */
static gboolean find_person(Db *db, gpointer data, GError **error)
{
	Attempt *attempt = data;
	g_autoptr(GError) problem = NULL;
	g_autofree char *name = account_name(sent_text(attempt->login.request, "name"));
	g_clear_pointer(&attempt->login.user, user_free);
	g_autoptr(User) user = user_find(db, name, &problem);
	g_autoptr(GPtrArray) known =
		user ? user_identity_list(db, user->id, &problem) : g_ptr_array_new();
	for (guint i = 0; known && i < known->len && user; i++)
		if (((UserIdentity *)known->pdata[i])->provider_id == attempt->provider_id)
			attempt->login.user = g_steal_pointer(&user);
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static gboolean write_refusal(Db *db, gpointer data, GError **error)
{
	const Attempt *attempt = data;
	return sign_on_note_refusal(db, attempt->provider,
	                            sent_text(attempt->login.request, "name"), attempt->reason,
	                            address_of(attempt), error);
}

/* What failed at the provider's is no try of the person's. */
static gboolean refuse(Attempt *attempt, TrawlError code, const char *reason, GError **error)
{
	if (code == TRAWL_ERROR_DENIED || code == TRAWL_ERROR_AUTHENTICATION)
		login_note_failed(attempt->login.request);
	attempt->reason = reason;
	if (code == TRAWL_ERROR_AUTHENTICATION && attempt->login.user &&
	    !db_write(pool(attempt), login_note_failure, &attempt->login, error))
		return FALSE;
	if (attempt->provider && !db_write(pool(attempt), write_refusal, attempt, error))
		return FALSE;
	if (code == TRAWL_ERROR_AUTHENTICATION)
		return login_refuse(error);
	g_set_error_literal(error, TRAWL_ERROR, (int)code, reason);
	return FALSE;
}

/* The worker's answer, or why there is none. */
static gboolean ask(Attempt *attempt, json_t *brought, GError **error)
{
	g_autoptr(GError) problem = NULL;
	attempt->row.provider_id = attempt->provider_id;
	attempt->row.created_at = clock_now();
	attempt->row.sealed =
		secret_seal(attempt->login.request->context->public_key, brought, error);
	json_decref(brought);
	if (!attempt->row.sealed)
		return FALSE;
	if (!wait_in_place(attempt, begin_asking, &problem)) {
		if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_CONFLICT))
			return refuse(attempt, TRAWL_ERROR_DENIED,
			              "this log-in was finished before; begin again", error);
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (!db_write(pool(attempt), take_result, attempt, error))
		return FALSE;
	if (json_object_get(attempt->identity, "identity"))
		return TRUE;
	if (!db_read(pool(attempt), find_subject, attempt, error))
		return FALSE;
	const ErrorRemedy *remedy = error_remedy_by_name(json_text(attempt->identity, "code"));
	g_autofree char *reason = g_strdup(json_text(attempt->identity, "refused"));
	if (remedy &&
	    (remedy->code == TRAWL_ERROR_DENIED || remedy->code == TRAWL_ERROR_AUTHENTICATION))
		return refuse(attempt, remedy->code, reason, error);
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

static gboolean enter(Attempt *attempt, Answer *answer, GError **error)
{
	if (!db_write(pool(attempt), write_login, attempt, error))
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
	login_answer(&attempt->login, answer);
	if (strcmp(attempt->provider->kind, "ldap") != 0)
		set_cookie(answer, "", 0);
	return TRUE;
}

/* --- back
 * ------------------------------------------------------------------------------------------ */

/* The token of this browser's log-in, newly allocated; NULL: it has none, or no longer. */
static char *open_cookie(Attempt *attempt)
{
	const Request *request = attempt->login.request;
	g_autofree char *cookie = request_cookie(request, COOKIE);
	g_autoptr(GBytes) sealed = cookie ? id_token_decode(cookie, -1) : NULL;
	g_autoptr(GBytes) plain =
		sealed ? secret_unwrap(request->context->totp_key, PURPOSE, sealed, NULL) : NULL;
	g_autoptr(json_t) document = plain ? json_parse(g_bytes_get_data(plain, NULL),
	                                                (gssize)g_bytes_get_size(plain), NULL)
	                                   : NULL;
	gint64 at = json_int(document, "at", 0), now = clock_now();
	attempt->provider_id = json_int(document, "provider", 0);
	return at && at <= now && now < at + LIMIT_SIGN_ON_MINUTES * CLOCK_MINUTE
	               ? g_strdup(json_text(document, "token"))
	               : NULL;
}

static gboolean same(const char *a, const char *b)
{
	gsize length = strlen(b);
	return a && strlen(a) == length && sodium_memcmp(a, b, length) == 0;
}

/* What the browser was sent back with, as far as it can be judged without the provider (RFC 6749
 * §4.1.2, RFC 9207 §2.4). */
static gboolean judge_return(Attempt *attempt, const OidcProofs *proofs, GError **error)
{
	const Request *request = attempt->login.request;
	const char *issuer = provider_text(attempt->config, "issuer", "");
	const char *named = sent_text(request, "iss"), *problem = sent_text(request, "error");
	const char *words = sent_text(request, "error_description");
	if (!same(sent_text(request, "state"), proofs->state))
		return refuse(attempt, TRAWL_ERROR_DENIED,
		              "this is the end of another log-in than the one that was begun in "
		              "this browser; begin again",
		              error);
	if (named ? strcmp(named, issuer) != 0
	          : json_bool(attempt->metadata, "names_issuer", FALSE))
		return refuse(attempt, TRAWL_ERROR_DENIED,
		              "another provider answered than the one that was asked", error);
	if (problem) {
		g_autofree char *reason =
			g_strdup_printf("%s let nobody in: %s%s%s", attempt->provider->name,
		                        problem, words ? ", " : "", words ? words : "");
		return refuse(attempt, TRAWL_ERROR_DENIED, reason, error);
	}
	if (!sent_has(request, "code"))
		return refuse(attempt, TRAWL_ERROR_DENIED, "the provider sent no code along",
		              error);
	return TRUE;
}

gboolean sign_on_finish(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(Attempt) attempt = {.login = {.request = request}};
	if (!login_check_site(request, error) || !login_may_try(request, error))
		return FALSE;
	g_autofree char *token = open_cookie(&attempt);
	if (!token) {
		login_note_failed(request);
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
		                    "this log-in was not begun in this browser and at this "
		                    "address, or too long ago; begin again");
		return FALSE;
	}
	g_auto(OidcProofs) proofs = {0};
	oidc_proofs_init(&proofs, token);
	attempt.row.token_hash = token_hash(token);
	return db_read(request->context->db, load_provider, &attempt, error) &&
	       judge_return(&attempt, &proofs, error) &&
	       ask(&attempt,
	           json_pack("{s:s, s:s, s:s}", "code", sent_text(request, "code"), "verifier",
	                     proofs.verifier, "nonce", proofs.nonce),
	           error) &&
	       enter(&attempt, answer, error);
}

/* A directory is asked at once: name and passphrase are here. */
static gboolean ask_directory(Attempt *attempt, Answer *answer, GError **error)
{
	const Request *request = attempt->login.request;
	g_autofree char *token = NULL;
	if (!sent_has(request, "name") || !sent_has(request, "password")) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "%s is asked by name and password", attempt->provider->name);
		return FALSE;
	}
	if (!db_read(pool(attempt), find_person, attempt, error))
		return FALSE;
	const User *user = attempt->login.user;
	if (user && user->locked_until > clock_now())
		return refuse(attempt, TRAWL_ERROR_AUTHENTICATION, "the account is locked", error);
	token = token_new(&attempt->row.token_hash);
	return ask(attempt,
	           json_pack("{s:s, s:s}", "name", sent_text(request, "name"), "password",
	                     sent_text(request, "password")),
	           error) &&
	       enter(attempt, answer, error);
}

gboolean sign_on_begin(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(Attempt) attempt = {
		.login = {.request = request},
		.provider_id = json_int(request->body, "provider", 0),
	};
	if (!login_check_site(request, error) || !login_may_try(request, error) ||
	    !db_read(request->context->db, load_provider, &attempt, error))
		return FALSE;
	if (strcmp(attempt.provider->kind, "ldap") == 0)
		return ask_directory(&attempt, answer, error);
	if (sent_has(request, "name") || sent_has(request, "password")) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "%s asks for name and passphrase itself", attempt.provider->name);
		return FALSE;
	}
	return send_away(&attempt, answer, error);
}
