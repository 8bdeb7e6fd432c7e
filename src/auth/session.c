/* Sessions: begun, proved, ended. */
#include "auth/session.h"

#include "base/clock.h"
#include "base/error.h"

#include <sodium.h>
#include <string.h>

#define TOKEN_BYTES  32
#define TOKEN_LENGTH 43 /* base64url of 32 octets, unpadded */
#define AGENT_MAX    200

static char *hash_hex(const char *text, const char *key)
{
	guint8 hash[32];
	char hex[2 * sizeof hash + 1];
	crypto_generichash(hash, sizeof hash, (const guint8 *)text, strlen(text),
	                   (const guint8 *)key, key ? strlen(key) : 0);
	return g_strdup(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
}

char *token_hash(const char *token)
{
	return hash_hex(token, NULL);
}

char *token_new(char **hash)
{
	guint8 octets[TOKEN_BYTES];
	char text[TOKEN_LENGTH + 1];
	randombytes_buf(octets, sizeof octets);
	sodium_bin2base64(text, sizeof text, octets, sizeof octets,
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(octets, sizeof octets);
	*hash = token_hash(text);
	return g_strdup(text);
}

char *session_csrf(const char *token)
{
	return hash_hex("csrf", token);
}

UserSession *session_begin(Db *db, const User *user, gint64 provider_id, const char *address,
                           const char *agent, gint64 now, char **token, GError **error)
{
	g_autoptr(UserSession) session = g_new0(UserSession, 1);
	g_autofree char *fresh = token_new(&session->token_hash);
	session->user_id = user->id;
	session->provider_id = provider_id;
	session->created_at = session->seen_at = now;
	session->expires_at = now + SESSION_ABSOLUTE_SECONDS * CLOCK_SECOND;
	session->address = g_strdup(address);
	session->agent = g_utf8_make_valid(agent, (gssize)strnlen(agent, AGENT_MAX));
	if (!user_session_insert(db, session, error))
		return NULL;
	*token = g_steal_pointer(&fresh);
	return g_steal_pointer(&session);
}

gboolean session_is_good(const UserSession *session, gint64 now)
{
	return !session->ended_at && now < session->expires_at &&
	       now < session->seen_at + SESSION_IDLE_SECONDS * CLOCK_SECOND;
}

UserSession *session_authenticate(Db *db, const char *token, gint64 now, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *hash = token_hash(token);
	g_autoptr(UserSession) session =
		strlen(token) == TOKEN_LENGTH ? user_session_find(db, hash, &problem) : NULL;
	if (session && session_is_good(session, now))
		return g_steal_pointer(&session);
	if (!problem)
		g_set_error_literal(&problem, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
		                    "this session has ended; log in again");
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}
