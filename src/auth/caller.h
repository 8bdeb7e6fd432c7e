#pragma once
#include "auth/api_key_auth.h"
#include "auth/session.h"

/* Who sends a request: a program with an API key, or a person with a session. */
typedef struct {
	gint64 id;        /* the key's, or minus the user's: one number a caller */
	guint scopes;     /* what it may do, as bits of Scope */
	Sight sight;      /* what it sees */
	char *actor;      /* as the audit log has it: "key:NAME", "user:NAME" */
	char *credential; /* "key:PREFIX" or "session:ID", for credential_holds() */
	ApiKey *key;      /* or NULL */
	User *user;       /* or NULL */
	UserSession *session;
} Caller;
void caller_free(Caller *caller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Caller, caller_free)

/** The caller of a key's text. TRAWL_ERROR_AUTHENTICATION as api_key_authenticate() has it. */
Caller *caller_of_key(Db *db, const char *text, gint64 now, GError **error);
/** The caller of a cookie's token. TRAWL_ERROR_AUTHENTICATION too for a user who may not log in
 * any more. */
Caller *caller_of_token(Db *db, const char *token, gint64 now, GError **error);

/** Whether what a caller came with is good still, and what it sees by now: a stream that is open
 * for long asks. @sight (out) is of one that holds. */
gboolean credential_holds(Db *db, const char *credential, gint64 now, gboolean *holds, Sight *sight,
                          GError **error);
