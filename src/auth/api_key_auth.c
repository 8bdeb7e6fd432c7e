/* Makes API keys and proves them.
 *
 * A key is a random secret of 256 bits, so a fast hash is enough to store it. Whoever asks learns
 * only that a key is not valid, and learns it after the same work for every reason. */
#include "auth/api_key_auth.h"

#include "base/clock.h"
#include "base/error.h"
#include "model/names.h"

#include <sodium.h>
#include <string.h>

#define LEAD          "trawl_"
#define PREFIX_LENGTH 8
#define SECRET_BYTES  32
#define SECRET_LENGTH 43 /* base64url of 32 octets, unpadded */
#define KEY_LENGTH    (sizeof LEAD - 1 + PREFIX_LENGTH + 1 + SECRET_LENGTH)
#define HASH_BYTES    32

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789"; /* of prefixes */

const char *const scope_names[] = {"read",    "content", "triage", "respond", "configure", "admin",
                                   "approve", "audit",   "vip",    "hold",    NULL};

static char *hash_key(const char *text)
{
	guint8 hash[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];
	crypto_generichash(hash, sizeof hash, (const guint8 *)text, strlen(text), NULL, 0);
	return g_strdup(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
}

static char *random_prefix(void)
{
	char prefix[PREFIX_LENGTH + 1] = {0};
	for (guint i = 0; i < PREFIX_LENGTH; i++)
		prefix[i] = alphabet[randombytes_uniform(sizeof alphabet - 1)];
	return g_strdup(prefix);
}

static char *random_secret(void)
{
	guint8 octets[SECRET_BYTES];
	char text[SECRET_LENGTH + 1];
	randombytes_buf(octets, sizeof octets);
	sodium_bin2base64(text, sizeof text, octets, sizeof octets,
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(octets, sizeof octets);
	return g_strdup(text);
}

static gboolean check_scopes(const char *const *scopes, GError **error)
{
	if (!scopes || !*scopes) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "an API key needs a scope");
		return FALSE;
	}
	for (; *scopes; scopes++)
		if (names_find(scope_names, *scopes) < 0) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
			            "there is no scope '%s'", *scopes);
			return FALSE;
		}
	return TRUE;
}

ApiKey *api_key_make(const char *name, const char *const *scopes, const char *created_by,
                     gint64 expires_at, char **text, GError **error)
{
	if (!check_scopes(scopes, error))
		return NULL;
	if (sodium_init() < 0) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL,
		                    "libsodium does not start");
		return NULL;
	}
	g_autofree char *secret = random_secret();
	ApiKey *key = g_new0(ApiKey, 1);
	key->name = g_strdup(name);
	key->prefix = random_prefix();
	key->scopes = g_strdupv((char **)scopes);
	key->created_by = g_strdup(created_by);
	key->created_at = clock_now();
	key->expires_at = expires_at;
	key->sees_everything = TRUE;
	*text = g_strconcat(LEAD, key->prefix, "_", secret, NULL);
	key->hash = hash_key(*text);
	sodium_memzero(secret, SECRET_LENGTH);
	return key;
}

gboolean api_key_refuse(GError **error)
{
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
	                    "this API key is not valid");
	return FALSE;
}

static gboolean is_key(const char *text)
{
	return text && strlen(text) == KEY_LENGTH && g_str_has_prefix(text, LEAD) &&
	       strspn(text + sizeof LEAD - 1, alphabet) == PREFIX_LENGTH &&
	       text[sizeof LEAD - 1 + PREFIX_LENGTH] == '_';
}

/* Compares also when there is no such key, with a hash that nothing has. */
static gboolean is_right(const ApiKey *key, const char *text)
{
	static const char nothing[2 * HASH_BYTES + 1] = {0};
	g_autofree char *hash = hash_key(text);
	const char *expected = key && strlen(key->hash) == strlen(hash) ? key->hash : nothing;
	return sodium_memcmp(hash, expected, 2 * HASH_BYTES) == 0;
}

ApiKey *api_key_authenticate(Db *db, const char *text, gint64 now, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(ApiKey) key = NULL;
	gboolean ok = is_key(text) && sodium_init() >= 0;
	if (ok) {
		g_autofree char *prefix = g_strndup(text + sizeof LEAD - 1, PREFIX_LENGTH);
		key = api_key_find(db, prefix, &problem);
		ok = is_right(key, text) && !key->revoked_at &&
		     (!key->expires_at || now < key->expires_at);
	}
	if (ok)
		return g_steal_pointer(&key);
	if (!problem)
		api_key_refuse(&problem);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

guint scopes_of(const char *const *names)
{
	guint bits = 0;
	for (const char *const *scope = names; scope && *scope; scope++) {
		int bit = names_find(scope_names, *scope);
		if (bit >= 0)
			bits |= 1U << bit;
	}
	return bits & SCOPE_ADMIN ? SCOPE_ALL : bits;
}

guint api_key_scopes(const ApiKey *key)
{
	return scopes_of((const char *const *)key->scopes);
}
