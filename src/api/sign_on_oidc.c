/* Logging in through an OpenID Connect provider: away to it, and back.
 *
 * What the way back has to prove lies in the browser alone, in a cookie that only we can read: a
 * try that nobody finishes leaves nothing behind here. The token in it makes state, nonce and
 * verifier, and counts once. */
#include "api/sign_on.h"

#include "api/context.h"
#include "api/resources.h"
#include "auth/secret.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "jobs/jobs.h"
#include "signon/id_token.h"
#include "signon/oidc.h"
#include "signon/provider.h"
#include "signon/sign_on.h"

#include <sodium.h>
#include <string.h>

#define COOKIE  "__Host-trawl-sign-on"
#define PURPOSE "sign-on"

/* clang-format off */
const Field sign_on_finish_fields[] = {
	{"state", FIELD_TEXT, FIELD_REQUIRED, 1, LIMIT_SIGN_ON_CODE, NULL, "state is what the provider sent the browser back with"},
	{"code",  FIELD_TEXT, 0, 1, LIMIT_SIGN_ON_CODE, NULL, "code is what the provider sent the browser back with"},
	{"iss",   FIELD_TEXT, 0, 1, LIMIT_SIGN_ON_CODE, NULL, "iss is what the provider sent the browser back with"},
	{"error", FIELD_TEXT, 0, 1, LIMIT_SIGN_ON_CODE, NULL, "error is what the provider sent the browser back with"},
	{"error_description", FIELD_TEXT, 0, 1, LIMIT_SIGN_ON_CODE, NULL, "error_description is what the provider sent the browser back with"},
	{NULL}
};
/* clang-format on */

/* --- away --- */

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
	if (!attempt_wait(attempt, queue_refresh, error) ||
	    !db_read(attempt_pool(attempt), attempt_load_provider, attempt, error))
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

gboolean attempt_send_away(Attempt *attempt, Answer *answer, GError **error)
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
		return attempt_refuse(
			attempt, TRAWL_ERROR_DENIED,
			"this is the end of another log-in than the one that was begun in "
			"this browser; begin again",
			error);
	if (named ? strcmp(named, issuer) != 0
	          : json_bool(attempt->metadata, "names_issuer", FALSE))
		return attempt_refuse(attempt, TRAWL_ERROR_DENIED,
		                      "another provider answered than the one that was asked",
		                      error);
	if (problem) {
		g_autofree char *reason =
			g_strdup_printf("%s let nobody in: %s%s%s", attempt->provider->name,
		                        problem, words ? ", " : "", words ? words : "");
		return attempt_refuse(attempt, TRAWL_ERROR_DENIED, reason, error);
	}
	if (!sent_has(request, "code"))
		return attempt_refuse(attempt, TRAWL_ERROR_DENIED,
		                      "the provider sent no code along", error);
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
	if (!db_read(request->context->db, attempt_load_provider, &attempt, error) ||
	    !judge_return(&attempt, &proofs, error) ||
	    !attempt_ask(&attempt,
	                 json_pack("{s:s, s:s, s:s}", "code", sent_text(request, "code"),
	                           "verifier", proofs.verifier, "nonce", proofs.nonce),
	                 NULL, error) ||
	    !attempt_enter(&attempt, answer, error))
		return FALSE;
	set_cookie(answer, "", 0);
	return TRUE;
}
