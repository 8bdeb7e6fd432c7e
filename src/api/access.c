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

static void note_success(Access *access, const char *hash, gint64 key_id, gint64 now)
{
	gint64 until = now + GOOD_FOR, wall = clock_now();
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&access->lock);
	make_room(access->good, remove_passed, now);
	g_hash_table_insert(access->good, g_strdup(hash), g_memdup2(&until, sizeof until));
	g_hash_table_insert(access->used, g_memdup2(&key_id, sizeof key_id),
	                    g_memdup2(&wall, sizeof wall));
}

typedef struct {
	const char *text;
	ApiKey *key;
} Lookup;

static gboolean look_up(Db *db, gpointer data, GError **error)
{
	Lookup *lookup = data;
	g_clear_pointer(&lookup->key, api_key_free);
	lookup->key = api_key_authenticate(db, lookup->text, clock_now(), error);
	return lookup->key != NULL;
}

ApiKey *access_check(Access *access, DbPool *db, const char *authorization, const char *address,
                     GError **error)
{
	gint64 now = g_get_monotonic_time();
	const char *text = "";
	if (g_ascii_strncasecmp(authorization, "Bearer ", 7) == 0)
		text = authorization + 7 + strspn(authorization + 7, " ");
	g_autofree char *network = network_of(address);
	g_autofree char *hash = hash_text(access, text);
	if (!may_try(access, network, hash, now)) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_THROTTLED,
		                    "too many wrong API keys from this address");
		return NULL;
	}
	Lookup lookup = {.text = text};
	g_autoptr(GError) problem = NULL;
	if (!db_read(db, look_up, &lookup, &problem)) {
		api_key_free(lookup.key);
		if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION))
			note_failure(access, network, now);
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	note_success(access, hash, lookup.key->id, now);
	return lookup.key;
}

static gboolean write_used(Db *db, gpointer data, GError **error)
{
	GHashTableIter iter;
	gpointer id, at;
	g_hash_table_iter_init(&iter, data);
	while (g_hash_table_iter_next(&iter, &id, &at))
		if (!api_key_touch(db, *(gint64 *)id, *(gint64 *)at, error))
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
