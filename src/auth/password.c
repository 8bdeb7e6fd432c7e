/* Passphrases.
 *
 * Length is what makes one hard to guess, so that is what is asked for; and it is none of the few
 * that everybody tries first. Hashing is made dear for those who guess, which would let a stranger
 * keep this machine busy: so few do it at once. */
#include "auth/password.h"

#include "base/error.h"
#include "base/limits.h"

#include <sodium.h>
#include <string.h>

static GMutex lock;
static GCond ended;
static guint at_work;

static void begin_work(void)
{
	g_mutex_lock(&lock);
	while (at_work >= LIMIT_PASSWORD_HASHES)
		g_cond_wait(&ended, &lock);
	at_work++;
	g_mutex_unlock(&lock);
}

static void end_work(void)
{
	g_mutex_lock(&lock);
	at_work--;
	g_cond_signal(&ended);
	g_mutex_unlock(&lock);
}

static gboolean repeats_itself(const char *password)
{
	gsize length = strlen(password);
	for (gsize period = 1; period <= MIN(length / 3, 4); period++)
		if (strncmp(password, password + period, length - period) == 0)
			return TRUE;
	return FALSE;
}

static gboolean is_common(const char *folded)
{
	static const char *const common[] = {"password",   "passwort", "qwerty",  "123456",
	                                     "abcdefghij", "letmein",  "welcome", "administrator"};
	/* One of them with digits around it is no better. */
	g_autofree char *bare = g_strdup(folded);
	g_strdelimit(bare, "0123456789!.-_ ", ' ');
	g_strstrip(bare);
	for (guint i = 0; i < G_N_ELEMENTS(common); i++)
		if (strcmp(bare, common[i]) == 0 || g_str_has_prefix(folded, "1234567890"))
			return TRUE;
	return FALSE;
}

gboolean password_check(const char *password, const char *name, GError **error)
{
	g_autofree char *folded = g_utf8_strdown(password, -1);
	g_autofree char *who = g_utf8_strdown(name, -1);
	const char *wrong = NULL;
	if (g_utf8_strlen(password, -1) < PASSWORD_MIN)
		wrong = "a passphrase has at least 12 characters; a few words are easy to keep";
	else if (strlen(password) > PASSWORD_MAX)
		wrong = "a passphrase has at most 1024 bytes";
	else if (strlen(who) >= 3 && strstr(folded, who))
		wrong = "a passphrase does not contain the user's name";
	else if (repeats_itself(folded))
		wrong = "this passphrase repeats itself";
	else if (is_common(folded))
		wrong = "this passphrase is one of those that are tried first";
	if (!wrong)
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, wrong);
	return FALSE;
}

char *password_hash(const char *password, GError **error)
{
	char hash[crypto_pwhash_STRBYTES];
	gboolean ok = sodium_init() >= 0;
	begin_work();
	ok = ok &&
	     crypto_pwhash_str(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
	                       crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
	end_work();
	if (ok)
		return g_strdup(hash);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL,
	                    "no memory to hash a passphrase");
	return NULL;
}

/* A hash that no passphrase has, made with the parameters of all others. */
static const char *nobody(void)
{
	static gsize once;
	static char hash[crypto_pwhash_STRBYTES];
	if (g_once_init_enter(&once)) {
		char random[32];
		randombytes_buf(random, sizeof random);
		if (crypto_pwhash_str(hash, random, sizeof random,
		                      crypto_pwhash_OPSLIMIT_INTERACTIVE,
		                      crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
			hash[0] = '\0';
		g_once_init_leave(&once, 1);
	}
	return hash;
}

gboolean password_matches(const char *hash, const char *password)
{
	if (sodium_init() < 0 || strlen(password) > PASSWORD_MAX)
		return FALSE;
	begin_work();
	const char *against = hash ? hash : nobody();
	gboolean same = crypto_pwhash_str_verify(against, password, strlen(password)) == 0;
	end_work();
	return same && hash;
}
