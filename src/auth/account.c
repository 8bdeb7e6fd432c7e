/* Accounts: their names, and the administrator who stays. */
#include "auth/account.h"

#include "auth/api_key_auth.h"
#include "auth/secret.h"
#include "auth/totp.h"
#include "base/error.h"

#include <string.h>

char *account_name(const char *typed)
{
	g_autofree char *folded = g_utf8_casefold(typed, -1);
	g_autofree char *normal = g_utf8_normalize(folded, -1, G_NORMALIZE_NFKC);
	return g_strstrip(g_steal_pointer(&normal));
}

static gboolean find_administrator(Db *db, gboolean *found, GError **error)
{
	g_autoptr(GPtrArray) users = user_list(db, error);
	*found = FALSE;
	for (guint i = 0; users && i < users->len; i++) {
		const User *user = users->pdata[i];
		guint scopes = scopes_of((const char *const *)user->permissions);
		*found |= user->enabled && user->password && (scopes & SCOPE_ADMIN) &&
		          user->sees_everything;
	}
	return users != NULL;
}

gboolean account_lock(Db *db, gboolean *had, GError **error)
{
	return db_lock_key(db, "user_account", error) &&
	       (!had || find_administrator(db, had, error));
}

gboolean account_keep_administrator(Db *db, gboolean had, GError **error)
{
	gboolean has;
	if (!find_administrator(db, &has, error))
		return FALSE;
	if (has || !had)
		return TRUE;
	g_set_error_literal(
		error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		"this is the last administrator who can log in; make another one first");
	return FALSE;
}

char *account_purpose(gint64 user_id)
{
	return g_strdup_printf("totp:%" G_GINT64_FORMAT, user_id);
}

gboolean account_take_code(Db *db, const User *user, const guint8 key[32], const char *code,
                           gint64 now, gboolean *taken, GError **error)
{
	*taken = FALSE;
	if (strlen(code) != TOTP_DIGITS) {
		g_autofree char *hash = totp_recovery_hash(code);
		return user_take_recovery_code(db, user->id, hash, now, taken, error);
	}
	g_autofree char *purpose = account_purpose(user->id);
	g_autoptr(GBytes) secret = secret_unwrap(key, purpose, user->totp_secret, error);
	if (!secret)
		return FALSE;
	gint64 step = totp_find_step(secret, code, now);
	return !step || user_take_totp_step(db, user->id, step, taken, error);
}

gboolean account_take_role(Db *db, User *user, const char *name, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(UserRole) role = user_role_find(db, name, &problem);
	if (!role) {
		if (!problem)
			g_set_error(&problem, TRAWL_ERROR, TRAWL_ERROR_INVALID,
			            "role is the name of a role; there is none called \"%s\"",
			            name);
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	user->role_id = role->id;
	g_free(user->role);
	user->role = g_strdup(role->name);
	g_strfreev(user->permissions);
	user->permissions = g_strdupv(role->permissions);
	return TRUE;
}
