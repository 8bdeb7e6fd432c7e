#pragma once
#include "store/user.h"

/* What has to hold whenever the accounts of people change, whoever changes them. */

/** What a person typed as a name, in the form in which names are kept; newly allocated. */
char *account_name(const char *typed);

/** Takes the lock that changes of users, roles and teams hold, so that two cannot each remove the
 * other administrator; @had (nullable) gets whether there is one who can log in now. */
gboolean account_lock(Db *db, gboolean *had, GError **error);

/** After the change: TRAWL_ERROR_CONFLICT when there was an enabled administrator and there is none
 * any more. */
gboolean account_keep_administrator(Db *db, gboolean had, GError **error);

/** What a user's sealed secrets are for; newly allocated. */
char *account_purpose(gint64 user_id);

/**
 * Takes a code of the user's authenticator, or one of the recovery codes; each counts once.
 *
 * @key    opens the user's secret
 * @taken  (out) FALSE: it is wrong, too old, or was taken before
 */
gboolean account_take_code(Db *db, const User *user, const guint8 key[32], const char *code,
                           gint64 now, gboolean *taken, GError **error);

/** Gives @user this role. TRAWL_ERROR_INVALID when there is none of that name. */
gboolean account_take_role(Db *db, User *user, const char *role, GError **error);
