/* The first day: a token, kept as "HASH UNTIL" in one setting. */
#include "auth/setup.h"

#include "auth/session.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/setting.h"

#include <sodium.h>
#include <string.h>

#define SETTING "setup_token"

char *setup_token_make(Db *db, gint64 now, GError **error)
{
	gint64 users;
	if (!user_count(db, &users, error))
		return NULL;
	if (users) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		                    "there are users already; an administrator makes others");
		return NULL;
	}
	g_autofree char *hash = NULL;
	g_autofree char *token = token_new(&hash);
	g_autofree char *value =
		g_strdup_printf("%s %" G_GINT64_FORMAT, hash, now + SETUP_SECONDS * CLOCK_SECOND);
	return setting_save(db, SETTING, value, error) ? g_steal_pointer(&token) : NULL;
}

static gboolean is_the_one(const char *value, const char *token, gint64 now)
{
	g_autofree char *hash = token_hash(token);
	const char *blank = value ? strchr(value, ' ') : NULL;
	return blank && (gsize)(blank - value) == strlen(hash) &&
	       sodium_memcmp(value, hash, strlen(hash)) == 0 &&
	       now < g_ascii_strtoll(blank + 1, NULL, 10);
}

gboolean setup_token_use(Db *db, const char *token, gint64 now, GError **error)
{
	gint64 users;
	g_autoptr(GError) problem = NULL;
	if (!db_lock_key(db, SETTING, error) || !user_count(db, &users, error))
		return FALSE;
	g_autofree char *value = setting_load(db, SETTING, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (!users && is_the_one(value, token, now))
		return setting_save(db, SETTING, "", error);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
	                    "this set-up link has been used or has expired");
	return FALSE;
}
