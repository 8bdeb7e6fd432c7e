#pragma once
#include "store/user.h"

/* Sessions of people: a random token of 256 bits in a cookie, of which only a BLAKE2b hash is
 * stored. A session ends by itself when it was not used for a while, and in any case after a day.
 */

#define SESSION_IDLE_SECONDS     (8 * 3600)
#define SESSION_ABSOLUTE_SECONDS (24 * 3600)

/** Makes a session of @user; @token (out) is for the cookie, shown once.
 * @provider_id  who said that it is this user; 0: a passphrase of ours */
UserSession *session_begin(Db *db, const User *user, gint64 provider_id, const char *address,
                           const char *agent, gint64 now, char **token, GError **error);

/** The session of @token while it may be used; TRAWL_ERROR_AUTHENTICATION otherwise, one message
 * for every reason. */
UserSession *session_authenticate(Db *db, const char *token, gint64 now, GError **error);

/** Whether it may still be used. */
gboolean session_is_good(const UserSession *session, gint64 now);

/** What a page of ours has to send along with each change, and a page of others cannot know: keyed
 * by the token, so nothing about it is stored. Newly allocated. */
char *session_csrf(const char *token);

/** A random token and its hash, as sessions and set-up links have; both newly allocated. */
char *token_new(char **hash);
char *token_hash(const char *token);
