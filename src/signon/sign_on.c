/* The worker's part of a log-in: it takes what was sealed, asks the provider, and says who it is.
 *
 * What was sealed is deleted as it is taken, before anything is asked: a job that dies leaves
 * nothing behind, and the person logs in again. */
#include "signon/sign_on.h"

#include "auth/secret.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "signon/directory.h"
#include "signon/lines.h"
#include "signon/oidc.h"
#include "signon/provider.h"
#include "store/job.h"

#include <sodium.h>
#include <string.h>

#define FRESH_FOR CLOCK_HOUR

typedef struct {
	const JobTools *tools;
	gint64 sign_on_id, provider_id;
	IdentityProvider *provider;
	json_t *config, *secret;
	GBytes *sealed; /* what the browser brought */
	char *subject;  /* whom a wrong passphrase was for, or NULL */
} Subject;

static void subject_clear(Subject *subject)
{
	g_clear_pointer(&subject->provider, identity_provider_free);
	g_clear_pointer(&subject->sealed, g_bytes_unref);
	g_clear_pointer(&subject->subject, g_free);
	json_decref(subject->config);
	json_decref(subject->secret);
	subject->config = subject->secret = NULL;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Subject, subject_clear)

static gboolean take(Db *db, gpointer data, GError **error)
{
	Subject *subject = data;
	subject_clear(subject);
	if (subject->sign_on_id) {
		g_autoptr(SignOn) sign_on = sign_on_load(db, subject->sign_on_id, error);
		if (!sign_on || !sign_on_take(db, sign_on->id, &subject->sealed, error))
			return FALSE;
		subject->provider_id = sign_on->provider_id;
	}
	subject->provider = identity_provider_load(db, subject->provider_id, error);
	return subject->provider != NULL;
}

static json_t *open_sealed(const JobTools *tools, GBytes *sealed, GError **error)
{
	if (tools->public_key)
		return secret_open(tools->public_key, tools->private_key, sealed, error);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	                    "this process opens no secrets");
	return NULL;
}

static gboolean open_provider(Subject *subject, GError **error)
{
	const IdentityProvider *provider = subject->provider;
	subject->config = json_parse(provider->config, -1, error);
	subject->secret = provider->secret ? open_sealed(subject->tools, provider->secret, error)
	                                   : json_object();
	return subject->config && subject->secret;
}

static gboolean is_directory(const Subject *subject)
{
	return strcmp(subject->provider->kind, "ldap") == 0;
}

/* --- what is learned of a provider --------------------------------------------------------------
 */

typedef struct {
	const IdentityProvider *provider;
	const json_t *metadata; /* or NULL */
	const char *problem;    /* or NULL: all is well */
} Learned;

static gboolean write_learned(Db *db, gpointer data, GError **error)
{
	const Learned *learned = data;
	const IdentityProvider *provider = learned->provider;
	g_autoptr(json_t) state = json_parse(provider->state, -1, NULL);
	if (!state)
		state = json_object();
	json_object_del(state, "last_error");
	json_object_del(state, "last_error_at");
	if (learned->problem) {
		json_object_set_new(state, "last_error", json_text_new(learned->problem));
		json_object_set_new(state, "last_error_at", json_time_new(clock_now()));
	} else {
		json_object_set_new(state, "last_ok_at", json_time_new(clock_now()));
	}
	g_autofree char *metadata = learned->metadata ? json_format(learned->metadata) : NULL;
	g_autofree char *text = json_format(state);
	return identity_provider_note(db, provider->id, provider->revision, metadata, text, error);
}

gboolean sign_on_is_fresh(const json_t *metadata, gint64 now)
{
	gint64 at = json_int(metadata, "fetched_at", 0);
	return at && at <= now && now < at + FRESH_FOR;
}

/* What the provider said within the last hour, or says now. */
static json_t *learn(const Subject *subject, gint64 deadline, GError **error)
{
	g_autoptr(json_t) metadata = json_parse(subject->provider->metadata, -1, NULL);
	if (sign_on_is_fresh(metadata, clock_now()))
		return g_steal_pointer(&metadata);
	json_t *fresh = oidc_discover(subject->config, deadline, error);
	const Learned learned = {subject->provider, fresh, NULL};
	g_autoptr(GError) problem = NULL;
	if (fresh && !db_write(subject->tools->db, write_learned, (gpointer)&learned, &problem))
		g_warning("identity provider '%s': what it says cannot be kept: %s",
		          subject->provider->name, problem->message);
	return fresh;
}

gboolean provider_refresh_run(const JobTools *tools, const Job *job, gint64 deadline,
                              JobOutcome *outcome, GError **error)
{
	g_autoptr(json_t) payload = json_parse(job->payload, -1, error);
	g_auto(Subject) subject = {.tools = tools, .provider_id = json_int(payload, "provider", 0)};
	if (!payload || !db_write(tools->db, take, &subject, error) ||
	    !open_provider(&subject, error))
		return FALSE;
	g_autoptr(GError) problem = NULL;
	g_autoptr(json_t) metadata = learn(&subject, deadline, &problem);
	if (metadata)
		return TRUE;
	const Learned learned = {subject.provider, NULL, problem->message};
	db_write(tools->db, write_learned, (gpointer)&learned, NULL);
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean provider_check_run(const JobTools *tools, const Job *job, gint64 deadline,
                            JobOutcome *outcome, GError **error)
{
	g_autoptr(json_t) payload = json_parse(job->payload, -1, error);
	g_auto(Subject) subject = {.tools = tools, .provider_id = json_int(payload, "provider", 0)};
	if (!payload || !db_write(tools->db, take, &subject, error) ||
	    !open_provider(&subject, error))
		return FALSE;
	g_autoptr(json_t) metadata = NULL;
	json_t *lines = is_directory(&subject)
	                        ? directory_check(subject.config, subject.secret, deadline)
	                        : oidc_check(subject.config, subject.secret, deadline, &metadata);
	outcome->result = json_pack("{s:o}", "lines", lines);
	Learned learned = {subject.provider, metadata, lines_problem(lines)};
	return db_write(tools->db, write_learned, &learned, error);
}

/* --- one log-in ---------------------------------------------------------------------------------
 */

/* No copy of a passphrase is left in memory for longer than it is needed. */
static json_t *ask_directory(Subject *subject, json_t *brought, gint64 deadline, GError **error)
{
	char *password = (char *)json_text(brought, "password");
	json_t *identity = directory_identify(subject->config, subject->secret,
	                                      subject->provider->id, json_text(brought, "name"),
	                                      password, deadline, &subject->subject, error);
	if (password)
		sodium_memzero(password, strlen(password));
	return identity;
}

static json_t *identify(Subject *subject, gint64 deadline, GError **error)
{
	if (!open_provider(subject, error))
		return NULL;
	g_autoptr(json_t) brought = open_sealed(subject->tools, subject->sealed, error);
	if (brought && is_directory(subject))
		return ask_directory(subject, brought, deadline, error);
	g_autoptr(json_t) metadata = brought ? learn(subject, deadline, error) : NULL;
	return metadata ? oidc_redeem(subject->config, subject->secret, metadata,
	                              json_text(brought, "code"), json_text(brought, "verifier"),
	                              json_text(brought, "nonce"), deadline, error)
	                : NULL;
}

typedef struct {
	const Job *job;
	gint64 sign_on_id;
	const json_t *result;
} Answered;

static gboolean write_answer(Db *db, gpointer data, GError **error)
{
	const Answered *answered = data;
	g_autofree char *text = json_format(answered->result);
	return job_check_fence(db, answered->job->id, answered->job->fence, error) &&
	       sign_on_answer(db, answered->sign_on_id, text, error);
}

/* Whoever waits hears why, whatever went wrong; an administrator finds it at the provider. */
gboolean sign_on_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                     GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(json_t) payload = json_parse(job->payload, -1, error);
	g_auto(Subject) subject = {.tools = tools, .sign_on_id = json_int(payload, "sign_on", 0)};
	if (!payload || !db_write(tools->db, take, &subject, error))
		return FALSE;
	if (!subject.sealed) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		                    "what was sealed for this log-in is taken already");
		return FALSE;
	}
	g_autoptr(json_t) identity = identify(&subject, deadline, &problem);
	g_autoptr(json_t) result =
		identity ? json_pack("{s:O}", "identity", identity)
			 : json_pack("{s:s, s:o, s:s*}", "code", error_remedy(problem)->name,
	                             "refused", json_text_new(problem->message), "subject",
	                             subject.subject);
	Answered answered = {job, subject.sign_on_id, result};
	if (!db_write(tools->db, write_answer, &answered, error))
		return FALSE;
	gboolean persons = g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_DENIED) ||
	                   g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION);
	const Learned learned = {subject.provider, NULL,
	                         problem && !persons ? problem->message : NULL};
	return persons || db_write(tools->db, write_learned, (gpointer)&learned, error);
}
