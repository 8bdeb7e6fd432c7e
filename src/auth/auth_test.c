#include "auth/api_key_auth.h"
#include "auth/secret.h"
#include "base/clock.h"
#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
	char *directory;
	DbPool *pool;
} Fixture;

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		remove_tree(child);
	}
	g_remove(path);
}

static void setup(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	f->directory = g_dir_make_tmp("trawl-auth-XXXXXX", NULL);
	g_autofree char *uri = g_strdup_printf("sqlite://%s/trawl.db", f->directory);
	f->pool = db_pool_open(uri, &error);
	g_assert_no_error(error);
	db_migrate(f->pool, &error);
	g_assert_no_error(error);
}

static void teardown(Fixture *f, gconstpointer unused)
{
	db_pool_close(f->pool);
	remove_tree(f->directory);
	g_free(f->directory);
}

typedef struct {
	gint64 expires_at, revoked_at;
	char *text;
} Making;

static gboolean make_key(Db *db, gpointer data, GError **error)
{
	static const char *const scopes[] = {"read", "respond", NULL};
	Making *making = data;
	g_clear_pointer(&making->text, g_free);
	g_autoptr(ApiKey) key =
		api_key_make("k", scopes, "setup", making->expires_at, &making->text, error);
	if (!key)
		return FALSE;
	key->revoked_at = making->revoked_at;
	return api_key_insert(db, key, error);
}

static gboolean authenticate(Db *db, gpointer data, GError **error)
{
	g_autoptr(ApiKey) key = api_key_authenticate(db, data, 1000, error);
	if (key)
		g_assert_cmpuint(api_key_scopes(key), ==, SCOPE_READ | SCOPE_RESPOND);
	return key != NULL;
}

/* What is done to a good key before it is shown. */
typedef struct {
	const char *name;
	gint64 expires_at, revoked_at;
	gsize flip; /* this character is changed, 0: none */
	gssize cut; /* only so many characters, -1: all */
	gboolean good;
} KeyCase;

static const KeyCase key_cases[] = {
	{"as it was made", 0, 0, 0, -1, TRUE},
	{"before its end", 1001, 0, 0, -1, TRUE},
	{"at its end", 1000, 0, 0, -1, FALSE},
	{"revoked", 0, 999, 0, -1, FALSE},
	{"another prefix", 0, 0, 7, -1, FALSE},
	{"another first octet", 0, 0, 15, -1, FALSE},
	{"another octet near the end", 0, 0, 56, -1, FALSE},
	{"cut off", 0, 0, 0, 57, FALSE},
	{"empty", 0, 0, 0, 0, FALSE},
};

static void test_only_a_valid_key_passes_and_every_other_hears_the_same(Fixture *f,
                                                                        gconstpointer unused)
{
	for (guint i = 0; i < G_N_ELEMENTS(key_cases); i++) {
		const KeyCase *c = &key_cases[i];
		g_autoptr(GError) error = NULL;
		Making making = {.expires_at = c->expires_at, .revoked_at = c->revoked_at};
		g_assert_true(db_write(f->pool, make_key, &making, &error));
		if (c->flip)
			making.text[c->flip] = making.text[c->flip] == 'x' ? 'y' : 'x';
		if (c->cut >= 0)
			making.text[c->cut] = '\0';
		g_test_message("%s", c->name);
		g_assert_cmpint(db_read(f->pool, authenticate, making.text, &error), ==, c->good);
		if (!c->good) {
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION);
			g_assert_cmpstr(error->message, ==, "this API key is not valid");
		}
		g_free(making.text);
	}
}

static void test_octets_that_are_no_text_are_no_key(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strnfill(58, '\xff');
	memcpy(text, "trawl_", 6);
	text[14] = '_';
	g_assert_false(db_read(f->pool, authenticate, text, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION);
}

static void test_a_key_with_an_unknown_scope_is_not_made(void)
{
	static const char *const cases[][3] = {{"read", "root", NULL}, {NULL}};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		char *text = NULL;
		g_assert_null(api_key_make("k", cases[i], "setup", 0, &text, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
	}
}

static void test_admin_may_do_everything(void)
{
	static const char *const scopes[] = {"admin", NULL};
	g_autofree char *text = NULL;
	g_autoptr(ApiKey) key = api_key_make("k", scopes, "setup", 0, &text, NULL);
	g_assert_cmpuint(api_key_scopes(key), ==, SCOPE_ALL);
	g_assert_cmpuint(strlen(text), ==, 58);
}

static void test_what_is_sealed_opens_with_the_pair_and_with_no_other(Fixture *f,
                                                                      gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	guint8 public[32], private[32], other[32] = {1};
	g_autoptr(json_t) secret = json_pack("{s:s}", "password", "pä$$\n");
	g_assert_true(secret_make_keys(f->directory, &error));
	g_assert_true(secret_load_public(f->directory, public, &error));
	g_assert_true(secret_load_private(f->directory, private, &error));
	g_autoptr(GBytes) sealed = secret_seal(public, secret, &error);
	g_autoptr(json_t) opened = secret_open(public, private, sealed, &error);
	g_assert_no_error(error);
	g_assert_true(json_equal(secret, opened));
	g_assert_null(secret_open(public, other, sealed, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED);
}

static void test_sealed_octets_that_were_changed_do_not_open(Fixture *f, gconstpointer unused)
{
	guint8 public[32], private[32];
	g_autoptr(json_t) secret = json_pack("{s:s}", "a", "b");
	g_assert_true(secret_make_keys(f->directory, NULL));
	g_assert_true(secret_load_public(f->directory, public, NULL));
	g_assert_true(secret_load_private(f->directory, private, NULL));
	g_autoptr(GBytes) sealed = secret_seal(public, secret, NULL);
	gsize size = g_bytes_get_size(sealed);
	for (gsize i = 0; i <= size; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree guint8 *octets = g_memdup2(g_bytes_get_data(sealed, NULL), size);
		if (i < size)
			octets[i] ^= 1;
		g_autoptr(GBytes) changed = g_bytes_new(octets, i < size ? size : size - 1);
		g_assert_null(secret_open(public, private, changed, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED);
	}
	g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);
	g_assert_null(secret_open(public, private, nothing, NULL));
}

static char *key_file(const Fixture *f, const char *name)
{
	return g_build_filename(f->directory, "keys", name, NULL);
}

static void test_keys_are_ours_alone_and_made_once(Fixture *f, gconstpointer unused)
{
	guint8 first[32], second[32];
	GStatBuf about;
	g_autofree char *path = key_file(f, "secret.key");
	g_assert_true(secret_make_keys(f->directory, NULL));
	g_assert_cmpint(g_stat(path, &about), ==, 0);
	g_assert_cmpint(about.st_mode & 0777, ==, 0600);
	g_assert_true(secret_load_private(f->directory, first, NULL));
	g_assert_true(secret_make_keys(f->directory, NULL));
	g_assert_true(secret_load_private(f->directory, second, NULL));
	g_assert_cmpmem(first, 32, second, 32);
}

static void test_a_lost_public_key_is_made_again_a_lost_secret_key_is_not(Fixture *f,
                                                                          gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	guint8 first[32], second[32];
	g_autofree char *public_path = key_file(f, "public.key");
	g_autofree char *secret_path = key_file(f, "secret.key");
	g_assert_true(secret_make_keys(f->directory, NULL));
	g_assert_true(secret_load_public(f->directory, first, NULL));
	g_unlink(public_path);
	g_assert_true(secret_make_keys(f->directory, NULL));
	g_assert_true(secret_load_public(f->directory, second, NULL));
	g_assert_cmpmem(first, 32, second, 32);
	g_unlink(secret_path);
	g_assert_false(secret_make_keys(f->directory, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE);
}

static void test_a_key_file_of_another_length_is_refused(Fixture *f, gconstpointer unused)
{
	static const gsize lengths[] = {0, 31, 33};
	g_autofree char *path = key_file(f, "public.key");
	g_assert_true(secret_make_keys(f->directory, NULL));
	for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
		g_autoptr(GError) error = NULL;
		guint8 key[32];
		g_assert_true(g_file_set_contents(path, "0123456789012345678901234567890123456789",
		                                  (gssize)lengths[i], NULL));
		g_assert_false(secret_load_public(f->directory, key, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE);
	}
}

/* Each would let the daemon start, and show only when the first password is needed. */
static void test_keys_that_would_not_work_are_refused_before_anything_starts(Fixture *f,
                                                                             gconstpointer unused)
{
	static const struct {
		const char *name, *file;
		gsize length; /* of other octets that are put there */
		int mode;
		TrawlError code;
	} cases[] = {
		{"an empty secret key", "secret.key", 0, 0600, TRAWL_ERROR_STORAGE},
		{"half a secret key", "secret.key", 16, 0600, TRAWL_ERROR_STORAGE},
		{"a secret key of another pair", "secret.key", 32, 0600, TRAWL_ERROR_STORAGE},
		{"an empty public key", "public.key", 0, 0600, TRAWL_ERROR_STORAGE},
		{"a public key of another pair", "public.key", 32, 0600, TRAWL_ERROR_STORAGE},
		{"a secret key that others can read", "secret.key", 0, 0644, TRAWL_ERROR_DENIED},
		{"a secret key that a group can read", "secret.key", 0, 0640, TRAWL_ERROR_DENIED},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *path = key_file(f, cases[i].file);
		g_autofree char *secret = key_file(f, "secret.key");
		g_autofree char *public = key_file(f, "public.key");
		g_unlink(secret);
		g_unlink(public);
		g_assert_true(secret_make_keys(f->directory, NULL));
		if (cases[i].mode == 0600)
			g_assert_true(g_file_set_contents(path,
			                                  "0123456789012345678901234567890123",
			                                  (gssize)cases[i].length, NULL));
		g_assert_cmpint(g_chmod(path, cases[i].mode), ==, 0);
		g_test_message("%s", cases[i].name);
		g_assert_false(secret_make_keys(f->directory, &error));
		g_assert_error(error, TRAWL_ERROR, (gint)cases[i].code);
	}
}

#define ADD(name, function) g_test_add(name, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/auth/only a valid key passes and every other hears the same",
	    test_only_a_valid_key_passes_and_every_other_hears_the_same);
	ADD("/auth/octets that are no text are no key", test_octets_that_are_no_text_are_no_key);
	g_test_add_func("/auth/a key with an unknown scope is not made",
	                test_a_key_with_an_unknown_scope_is_not_made);
	g_test_add_func("/auth/admin may do everything", test_admin_may_do_everything);
	ADD("/auth/what is sealed opens with the pair and with no other",
	    test_what_is_sealed_opens_with_the_pair_and_with_no_other);
	ADD("/auth/sealed octets that were changed do not open",
	    test_sealed_octets_that_were_changed_do_not_open);
	ADD("/auth/keys are ours alone and made once", test_keys_are_ours_alone_and_made_once);
	ADD("/auth/a lost public key is made again, a lost secret key is not",
	    test_a_lost_public_key_is_made_again_a_lost_secret_key_is_not);
	ADD("/auth/a key file of another length is refused",
	    test_a_key_file_of_another_length_is_refused);
	ADD("/auth/keys that would not work are refused before anything starts",
	    test_keys_that_would_not_work_are_refused_before_anything_starts);
	return g_test_run();
}
