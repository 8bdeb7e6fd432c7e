/* Authentication of requests, with a brake on failures.
 *
 * An address that failed too often is turned away before the database is asked, unless its key was
 * good a short while ago: behind a reverse proxy everybody shares one address, and a stranger's
 * guesses must not shut out the people who work. */
#include "api/access.h"

#include "api/context.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <sodium.h>
#include <string.h>

#define FAILURES_WINDOW CLOCK_MINUTE
#define GOOD_FOR        (10 * CLOCK_MINUTE)

typedef struct {
	gint64 since; /* monotonic */
	guint failures;
} Failures;

struct Access {
	GMutex lock;
	GHashTable *failures; /* address -> Failures */
	GHashTable *good;     /* keyed hash of a key's text -> monotonic time until (gint64) */
	GHashTable *used;     /* id -> wall time (gint64), not yet written */
	guint8 hash_key[crypto_generichash_KEYBYTES];
};

Access *access_new(void)
{
	Access *access = g_new0(Access, 1);
	g_mutex_init(&access->lock);
	access->failures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	access->good = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	access->used = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	randombytes_buf(access->hash_key, sizeof access->hash_key);
	return access;
}

void access_free(Access *access)
{
	if (!access)
		return;
	g_hash_table_unref(access->failures);
	g_hash_table_unref(access->good);
	g_hash_table_unref(access->used);
	sodium_memzero(access->hash_key, sizeof access->hash_key);
	g_mutex_clear(&access->lock);
	g_free(access);
}

/* Who is one customer of an Internet provider: an IPv4 address, or the /64 of an IPv6 one. */
static char *network_of(const char *address)
{
	g_autoptr(GInetAddress) parsed = g_inet_address_new_from_string(address);
	if (!parsed || g_inet_address_get_family(parsed) != G_SOCKET_FAMILY_IPV6)
		return g_strdup(address);
	guint8 bytes[16] = {0};
	memcpy(bytes, g_inet_address_to_bytes(parsed), 8);
	g_autoptr(GInetAddress) network =
		g_inet_address_new_from_bytes(bytes, G_SOCKET_FAMILY_IPV6);
	return g_inet_address_to_string(network);
}

static char *hash_text(const Access *access, const char *text)
{
	guint8 hash[32];
	char hex[sizeof hash * 2 + 1];
	crypto_generichash(hash, sizeof hash, (const guint8 *)text, strlen(text), access->hash_key,
	                   sizeof access->hash_key);
	return g_strdup(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
}

static gboolean remove_passed(gpointer key, gpointer value, gpointer now)
{
	return *(gint64 *)value < *(gint64 *)now;
}

static gboolean remove_old_failures(gpointer key, gpointer value, gpointer now)
{
	return ((Failures *)value)->since + FAILURES_WINDOW < *(gint64 *)now;
}

/* The tables forget what is over; one that is still full then forgets all, which favours the
 * guesser for a minute and costs no memory. */
static void make_room(GHashTable *table, GHRFunc is_over, gint64 now)
{
	if (g_hash_table_size(table) < LIMIT_AUTH_ADDRESSES)
		return;
	g_hash_table_foreach_remove(table, is_over, &now);
	if (g_hash_table_size(table) >= LIMIT_AUTH_ADDRESSES)
		g_hash_table_remove_all(table);
}

static gboolean may_try(Access *access, const char *network, const char *hash, gint64 now)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&access->lock);
	const Failures *failures = g_hash_table_lookup(access->failures, network);
	if (!failures || failures->since + FAILURES_WINDOW < now ||
	    failures->failures < LIMIT_AUTH_FAILURES)
		return TRUE;
	const gint64 *until = g_hash_table_lookup(access->good, hash);
	return until && *until > now;
}

static void note_failure(Access *access, const char *network, gint64 now)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&access->lock);
	Failures *failures = g_hash_table_lookup(access->failures, network);
	if (!failures) {
		make_room(access->failures, remove_old_failures, now);
		failures = g_new0(Failures, 1);
		g_hash_table_insert(access->failures, g_strdup(network), failures);
	}
	if (failures->failures == 0 || failures->since + FAILURES_WINDOW < now)
		*failures = (Failures){.since = now};
	failures->failures++;
}

/* Keys by their id, sessions by minus theirs. */
static void note_success(Access *access, const char *hash, const Caller *caller, gint64 now)
{
	gint64 until = now + GOOD_FOR, wall = clock_now();
	gint64 used = caller->key ? caller->key->id : -caller->session->id;
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&access->lock);
	make_room(access->good, remove_passed, now);
	g_hash_table_insert(access->good, g_strdup(hash), g_memdup2(&until, sizeof until));
	g_hash_table_insert(access->used, g_memdup2(&used, sizeof used),
	                    g_memdup2(&wall, sizeof wall));
}

typedef struct {
	const char *key, *token; /* one of them */
	Caller *caller;
} Lookup;

static gboolean look_up(Db *db, gpointer data, GError **error)
{
	Lookup *lookup = data;
	g_clear_pointer(&lookup->caller, caller_free);
	lookup->caller = lookup->key ? caller_of_key(db, lookup->key, clock_now(), error)
	                             : caller_of_token(db, lookup->token, clock_now(), error);
	return lookup->caller != NULL;
}

static const char *key_in(const char *authorization)
{
	const char *text = "";
	if (g_ascii_strncasecmp(authorization, "Bearer ", 7) == 0)
		text = authorization + 7 + strspn(authorization + 7, " ");
	return text;
}

Caller *access_check(Access *access, DbPool *db, const char *authorization, const char *token,
                     const char *address, GError **error)
{
	gint64 now = g_get_monotonic_time();
	Lookup lookup = {.key = authorization ? key_in(authorization) : NULL, .token = token};
	g_autofree char *network = network_of(address);
	g_autofree char *hash = hash_text(access, lookup.key ? lookup.key : token);
	if (lookup.key && !may_try(access, network, hash, now)) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_THROTTLED,
		                    "too many wrong API keys from this address");
		return NULL;
	}
	g_autoptr(GError) problem = NULL;
	if (!db_read(db, look_up, &lookup, &problem)) {
		caller_free(lookup.caller);
		/* A browser goes on sending a cookie that has expired; nobody guesses one. */
		if (lookup.key && g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION))
			note_failure(access, network, now);
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	note_success(access, hash, lookup.caller, now);
	return lookup.caller;
}

gboolean access_may_log_in(Access *access, const char *address, GError **error)
{
	g_autofree char *network = network_of(address);
	if (may_try(access, network, "", g_get_monotonic_time()))
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_THROTTLED,
	                    "too many wrong passphrases from this address");
	return FALSE;
}

void access_note_failed_login(Access *access, const char *address)
{
	g_autofree char *network = network_of(address);
	note_failure(access, network, g_get_monotonic_time());
}

static gboolean touch(Db *db, gint64 id, gint64 at, GError **error)
{
	return id > 0 ? api_key_touch(db, id, at, error) : user_session_touch(db, -id, at, error);
}

static gboolean write_used(Db *db, gpointer data, GError **error)
{
	GHashTableIter iter;
	gpointer id, at;
	g_hash_table_iter_init(&iter, data);
	while (g_hash_table_iter_next(&iter, &id, &at))
		if (!touch(db, *(gint64 *)id, *(gint64 *)at, error))
			return FALSE;
	return TRUE;
}

gboolean access_save_used(Access *access, DbPool *db, GError **error)
{
	g_mutex_lock(&access->lock);
	g_autoptr(GHashTable) used = access->used;
	access->used = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	g_mutex_unlock(&access->lock);
	return g_hash_table_size(used) == 0 || db_write(db, write_used, used, error);
}
