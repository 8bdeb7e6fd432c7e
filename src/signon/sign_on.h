#pragma once
#include "jobs/jobs.h"
#include "store/identity.h"
#include "store/user.h"

/* Logging in through a provider.
 *
 * The web role neither opens secrets nor connects out: it seals what a browser brought, and the
 * worker takes it, asks the provider, and writes who it is. Who that is among our accounts is then
 * decided in the transaction that begins the session.
 *
 * An identity is a JSON object: "issuer", "subject", "name", "display_name", "email",
 * "email_verified", "groups". */

/** Jobs: "sign_on.run" (payload {"sign_on": id}), "provider.refresh" and "provider.check"
 * ({"provider": id}). */
gboolean sign_on_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                     GError **error);
gboolean provider_refresh_run(const JobTools *tools, const Job *job, gint64 deadline,
                              JobOutcome *outcome, GError **error);
gboolean provider_check_run(const JobTools *tools, const Job *job, gint64 deadline,
                            JobOutcome *outcome, GError **error);

/** Whether what a provider said of itself may still be used. */
gboolean sign_on_is_fresh(const json_t *metadata, gint64 now);

/** What sealed octets are about; newly allocated. */
char *sign_on_actor(const IdentityProvider *provider);

typedef struct {
	User *user;           /* who logs in, or NULL */
	UserIdentity *linked; /* by which */
	gboolean locked;      /* refused because wrong passphrases were many */
	char *refusal; /* why nobody does: one sentence for the person; NULL: somebody does */
} Admission;
void admission_clear(Admission *admission);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Admission, admission_clear)

/**
 * Finds, or, where the provider is set up so, links or makes the account of somebody, and gives it
 * the role of its groups; in the caller's transaction, with an audit record of each of these and of
 * a refusal. An account that has a passphrase keeps its role, whatever a provider says: there is
 * always an administrator who can log in without one.
 *
 * @address  where the browser is, for the record
 */
gboolean sign_on_admit(Db *db, const IdentityProvider *provider, const json_t *identity,
                       const char *address, gint64 now, Admission *admission, GError **error);

/** The record of a refusal. */
gboolean sign_on_note_refusal(Db *db, const IdentityProvider *provider, const char *who,
                              const char *reason, const char *address, GError **error);

/** Whether passphrases of ours count only for administrators. */
gboolean sign_on_is_only_way(Db *db, gboolean *only_way, GError **error);
