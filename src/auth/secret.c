/* The installation's key pair, and what is sealed with it.
 *
 * The secret key is made first: a crash between the two files leaves a pair that can be completed,
 * never a public key to which things are sealed that nobody can open. */
#include "auth/secret.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES crypto_box_SECRETKEYBYTES
G_STATIC_ASSERT(KEY_BYTES == 32 && crypto_box_PUBLICKEYBYTES == 32);

#define SECRET_NAME "secret.key"
#define PUBLIC_NAME "public.key"
#define TOTP_NAME   "totp.key"

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES   crypto_aead_xchacha20poly1305_ietf_ABYTES
G_STATIC_ASSERT(KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

static gboolean io_error(const char *path, GError **error)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "%s: %s", path, g_strerror(errno));
	return FALSE;
}

static gboolean start_sodium(GError **error)
{
	if (sodium_init() >= 0)
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL, "libsodium does not start");
	return FALSE;
}

static char *key_path(const char *data_dir, const char *name)
{
	return g_build_filename(data_dir, "keys", name, NULL);
}

static gboolean sync_directory(const char *path, GError **error)
{
	int file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean ok = (file >= 0 && fsync(file) == 0) || io_error(path, error);
	if (file >= 0)
		close(file);
	return ok;
}

/* Whoever reads the key reads every password that was ever sealed. Copies out of a backup are often
 * readable by all. */
static gboolean is_private(const char *path, GError **error)
{
	struct stat info;
	if (stat(path, &info) < 0)
		return io_error(path, error);
	if ((info.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	            "%s can be used by others than its owner: chmod 600 it; if somebody else may "
	            "have read it, change the passwords of the mail servers, too",
	            path);
	return FALSE;
}

/* Writes a key so that it is there wholly or not at all. */
static gboolean save_key(const char *data_dir, const char *name, const guint8 key[KEY_BYTES],
                         GError **error)
{
	g_autofree char *path = key_path(data_dir, name);
	g_autofree char *temporary = g_strconcat(path, ".new", NULL);
	g_autofree char *directory = g_path_get_dirname(path);
	int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0)
		return io_error(temporary, error);
	gboolean ok = (write(file, key, KEY_BYTES) == KEY_BYTES && fsync(file) == 0) ||
	              io_error(temporary, error);
	close(file);
	if (ok && rename(temporary, path) < 0)
		ok = io_error(path, error);
	if (!ok)
		g_unlink(temporary);
	return ok && sync_directory(directory, error);
}

static gboolean load_key(const char *data_dir, const char *name, guint8 key[KEY_BYTES],
                         GError **error)
{
	g_autofree char *path = key_path(data_dir, name);
	guint8 octets[KEY_BYTES + 1];
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return io_error(path, error);
	gssize n = read(file, octets, sizeof octets);
	close(file);
	if (n == KEY_BYTES)
		memcpy(key, octets, KEY_BYTES);
	else
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE,
		            "%s is not a key of %d bytes: put it back from the backup", path,
		            (int)KEY_BYTES);
	sodium_memzero(octets, sizeof octets);
	return n == KEY_BYTES;
}

static gboolean have_key(const char *data_dir, const char *name)
{
	g_autofree char *path = key_path(data_dir, name);
	return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* The public key follows from the secret one: it is made when it is missing, and another one would
 * seal what nobody can open. */
static gboolean complete_pair(const char *data_dir, GError **error)
{
	guint8 secret[KEY_BYTES], public[KEY_BYTES], kept[KEY_BYTES];
	g_autofree char *path = key_path(data_dir, SECRET_NAME);
	if (!is_private(path, error) || !load_key(data_dir, SECRET_NAME, secret, error))
		return FALSE;
	crypto_scalarmult_base(public, secret);
	sodium_memzero(secret, sizeof secret);
	if (!have_key(data_dir, PUBLIC_NAME))
		return save_key(data_dir, PUBLIC_NAME, public, error);
	if (!load_key(data_dir, PUBLIC_NAME, kept, error))
		return FALSE;
	if (memcmp(public, kept, KEY_BYTES) == 0)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE,
	            "%s/keys/" PUBLIC_NAME " is of another pair than " SECRET_NAME
	            ": put both back from one backup",
	            data_dir);
	return FALSE;
}

static gboolean make_secret(const char *data_dir, GError **error)
{
	guint8 secret[KEY_BYTES], public[KEY_BYTES];
	if (have_key(data_dir, PUBLIC_NAME)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE,
		            "%s/keys/" SECRET_NAME " is missing: put it back from the backup",
		            data_dir);
		return FALSE;
	}
	crypto_box_keypair(public, secret);
	gboolean ok = save_key(data_dir, SECRET_NAME, secret, error);
	sodium_memzero(secret, sizeof secret);
	return ok;
}

static gboolean make_totp(const char *data_dir, GError **error)
{
	guint8 key[KEY_BYTES];
	g_autofree char *path = key_path(data_dir, TOTP_NAME);
	if (have_key(data_dir, TOTP_NAME))
		return is_private(path, error);
	crypto_aead_xchacha20poly1305_ietf_keygen(key);
	gboolean ok = save_key(data_dir, TOTP_NAME, key, error);
	sodium_memzero(key, sizeof key);
	return ok;
}

gboolean secret_make_keys(const char *data_dir, GError **error)
{
	g_autofree char *directory = g_build_filename(data_dir, "keys", NULL);
	if (!start_sodium(error))
		return FALSE;
	if (g_mkdir_with_parents(directory, 0700) < 0)
		return io_error(directory, error);
	return sync_directory(data_dir, error) &&
	       (have_key(data_dir, SECRET_NAME) || make_secret(data_dir, error)) &&
	       complete_pair(data_dir, error) && make_totp(data_dir, error);
}

gboolean secret_load_public(const char *data_dir, guint8 key[32], GError **error)
{
	return start_sodium(error) && load_key(data_dir, PUBLIC_NAME, key, error);
}

/* Locking may be refused by a resource limit; then the key is merely not kept out of swap. */
gboolean secret_load_private(const char *data_dir, guint8 key[32], GError **error)
{
	if (!start_sodium(error))
		return FALSE;
	if (sodium_mlock(key, KEY_BYTES) < 0)
		g_debug("the secret key cannot be locked into memory: %s", g_strerror(errno));
	return load_key(data_dir, SECRET_NAME, key, error);
}

gboolean secret_load_totp(const char *data_dir, guint8 key[32], GError **error)
{
	return start_sodium(error) && load_key(data_dir, TOTP_NAME, key, error);
}

/* The nonce goes in front. */
GBytes *secret_wrap(const guint8 key[32], const char *purpose, GBytes *secret, GError **error)
{
	if (!start_sodium(error))
		return NULL;
	gsize length;
	const guint8 *octets = g_bytes_get_data(secret, &length);
	gsize size = NONCE_BYTES + length + TAG_BYTES;
	guint8 *sealed = g_malloc(size);
	randombytes_buf(sealed, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_BYTES, NULL, octets, length,
	                                           (const guint8 *)purpose, strlen(purpose), NULL,
	                                           sealed, key);
	return g_bytes_new_take(sealed, size);
}

GBytes *secret_unwrap(const guint8 key[32], const char *purpose, GBytes *sealed, GError **error)
{
	if (!start_sodium(error))
		return NULL;
	gsize size;
	const guint8 *octets = g_bytes_get_data(sealed, &size);
	gsize head = NONCE_BYTES + TAG_BYTES, length = size > head ? size - head : 0;
	g_autofree guint8 *secret = g_malloc(length + 1);
	if (length == 0 || crypto_aead_xchacha20poly1305_ietf_decrypt(
				   secret, NULL, NULL, octets + NONCE_BYTES, size - NONCE_BYTES,
				   (const guint8 *)purpose, strlen(purpose), octets, key) != 0) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
		                    "a sealed secret does not open with this installation's key");
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&secret), length);
}

GBytes *secret_seal(const guint8 public_key[32], const json_t *secret, GError **error)
{
	if (!start_sodium(error))
		return NULL;
	g_autofree char *text = json_format(secret);
	gsize length = strlen(text), size = length + crypto_box_SEALBYTES;
	g_autofree guint8 *sealed = g_malloc(size);
	int result = crypto_box_seal(sealed, (const guint8 *)text, length, public_key);
	sodium_memzero(text, length);
	if (result == 0)
		return g_bytes_new_take(g_steal_pointer(&sealed), size);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL, "a secret cannot be sealed");
	return NULL;
}

json_t *secret_open(const guint8 public_key[32], const guint8 private_key[32], GBytes *sealed,
                    GError **error)
{
	if (!start_sodium(error))
		return NULL;
	gsize size = 0;
	const guint8 *octets = g_bytes_get_data(sealed, &size);
	gsize length = size > crypto_box_SEALBYTES ? size - crypto_box_SEALBYTES : 0;
	g_autofree char *text = g_malloc(length + 1);
	if (length == 0 ||
	    crypto_box_seal_open((guint8 *)text, octets, size, public_key, private_key) != 0) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
		                    "a sealed secret does not open with this installation's key");
		return NULL;
	}
	json_t *secret = json_parse(text, (gssize)length, error);
	sodium_memzero(text, length);
	return secret;
}
