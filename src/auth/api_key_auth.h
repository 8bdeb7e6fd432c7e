#pragma once
#include "store/api_key.h"

/* API keys: "trawl_" + 8 characters that find the row + "_" + 43 characters of secret (256 bits,
 * base64url). Only a BLAKE2b hash is stored; the key is shown once, when it is made. */

/* What a key may do. The names are the scopes. */
typedef enum {
	SCOPE_READ = 1 << 0,      /* "read": see everything but bodies and raw messages          */
	SCOPE_CONTENT = 1 << 1,   /* "content": breakdowns with bodies, raw downloads            */
	SCOPE_TRIAGE = 1 << 2,    /* "triage": severity, disposition, assign, close              */
	SCOPE_RESPOND = 1 << 3,   /* "respond": quarantine and restore                           */
	SCOPE_CONFIGURE = 1 << 4, /* "configure": mail servers, sources                        */
	SCOPE_ADMIN = 1 << 5,     /* "admin": people, API keys, jobs, and all the others         */
	SCOPE_APPROVE = 1 << 6,   /* "approve": reserved for approvals of what others ask for    */
	SCOPE_AUDIT = 1 << 7,     /* "audit": the whole audit log, not only that of incidents    */
	SCOPE_VIP = 1 << 8,       /* "vip": with content, what VIPs' messages say, too        */
	SCOPE_HOLD = 1 << 9,      /* "hold": legal holds: nothing of an incident is removed       */
	SCOPE_ALL = (1 << 10) - 1
} Scope;
extern const char *const scope_names[]; /* by bit number, NULL-terminated */

/** Makes a key and its row; @text (out) is the whole key, to be shown once. TRAWL_ERROR_INVALID for
 * an unknown scope. */
ApiKey *api_key_make(const char *name, const char *const *scopes, const char *created_by,
                     gint64 expires_at, char **text, GError **error);
/** The key's row if @text is a valid key that is neither revoked nor expired;
 * TRAWL_ERROR_AUTHENTICATION otherwise, one and the same message for every reason. Constant time in
 * the secret. */
ApiKey *api_key_authenticate(Db *db, const char *text, gint64 now, GError **error);
/** Says what api_key_authenticate() says for every reason; FALSE. */
gboolean api_key_refuse(GError **error);
/** Names of scopes as bits; admin includes all, and what is no scope counts for nothing. */
guint scopes_of(const char *const *names);
guint api_key_scopes(const ApiKey *key);
