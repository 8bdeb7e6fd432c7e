/* Identity providers, whom they know, and log-ins that wait, on both databases. */
#include "store/identity.h"

#include "../tests/support/testdb.h"
#include "base/error.h"
#include "store/user.h"

#include <string.h>

static void within(TestDb *t, DbWork work)
{
	g_autoptr(GError) error = NULL;
	g_assert_true(db_write(t->pool, work, NULL, &error));
	g_assert_no_error(error);
}

static IdentityProvider *make_provider(Db *db, const char *name, GError **error)
{
	g_autoptr(IdentityProvider) provider = g_new0(IdentityProvider, 1);
	provider->name = g_strdup(name);
	provider->kind = g_strdup("oidc");
	provider->enabled = TRUE;
	provider->config = g_strdup("{}");
	provider->secret = g_bytes_new_static("sealed", 6);
	provider->secret_names = g_strdup("[\"client_secret\"]");
	provider->created_at = provider->revision = 1;
	return identity_provider_insert(db, provider, error) ? g_steal_pointer(&provider) : NULL;
}

static gint64 make_user(Db *db, const char *name, GError **error)
{
	g_autoptr(UserRole) role = user_role_find(db, "viewer", error);
	g_autoptr(User) user = g_new0(User, 1);
	user->name = g_strdup(name);
	user->role_id = role->id;
	user->enabled = TRUE;
	user->created_at = user->revision = 1;
	g_assert_true(user_insert(db, user, error));
	return user->id;
}

static gboolean provider_is_kept(Db *db, gpointer unused, GError **error)
{
	g_autoptr(IdentityProvider) made = make_provider(db, "corp", error);
	g_assert_nonnull(made);
	g_assert_true(identity_provider_note(db, made->id, 1, "{\"a\":1}", "{\"b\":2}", error));
	/* learned with another configuration */
	g_assert_true(identity_provider_note(db, made->id, 9, "{\"a\":9}", NULL, error));
	g_autoptr(IdentityProvider) kept = identity_provider_load(db, made->id, error);
	g_assert_cmpstr(kept->metadata, ==, "{\"a\":1}");
	g_assert_cmpstr(kept->state, ==, "{\"b\":2}");
	g_autoptr(GBytes) sealed = g_bytes_new_static("sealed", 6);
	g_assert_true(g_bytes_equal(kept->secret, sealed));
	g_clear_pointer(&kept->secret, g_bytes_unref);
	kept->only_way = TRUE;
	kept->revision = 2;
	g_assert_true(identity_provider_update(db, kept, 1, error));
	g_autoptr(IdentityProvider) again = identity_provider_load(db, made->id, error);
	g_assert_true(again->only_way && again->enabled && again->secret);
	g_assert_cmpstr(again->secret_names, ==, "[\"client_secret\"]");
	g_assert_cmpstr(again->metadata, ==, "{}");
	g_autoptr(GError) problem = NULL;
	g_assert_false(identity_provider_update(db, again, 1, &problem));
	g_assert_error(problem, TRAWL_ERROR, TRAWL_ERROR_PRECONDITION);
	g_assert_true(identity_provider_delete(db, made->id, 3, 3, error));
	g_autoptr(GPtrArray) all = identity_provider_list(db, error);
	g_assert_cmpuint(all->len, ==, 0);
	g_autoptr(IdentityProvider) same_name = make_provider(db, "corp", error);
	return same_name != NULL;
}

static void test_a_provider_is_kept_updated_and_deleted(TestDb *t)
{
	within(t, provider_is_kept);
}

static gboolean take_name_twice(Db *db, gpointer unused, GError **error)
{
	g_autoptr(IdentityProvider) one = make_provider(db, "corp", error);
	g_autoptr(IdentityProvider) two = one ? make_provider(db, "corp", error) : NULL;
	return two != NULL;
}

static void test_a_name_is_taken_once(TestDb *t)
{
	g_autoptr(GError) error = NULL;
	g_assert_false(db_write(t->pool, take_name_twice, NULL, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
	g_assert_nonnull(strstr(error->message, "\"corp\""));
}

static gboolean link_user(Db *db, gint64 user, gint64 provider, const char *subject, GError **error)
{
	g_autoptr(UserIdentity) identity = g_new0(UserIdentity, 1);
	identity->user_id = user;
	identity->provider_id = provider;
	identity->issuer = g_strdup("https://login.corp.example");
	identity->subject = g_strdup(subject);
	identity->created_at = 1;
	return user_identity_insert(db, identity, error);
}

static gboolean identities_are_kept(Db *db, gpointer unused, GError **error)
{
	g_autoptr(IdentityProvider) corp = make_provider(db, "corp", error);
	gint64 ann = make_user(db, "ann", error), bob = make_user(db, "bob", error);
	g_assert_true(link_user(db, ann, corp->id, "7", error) &&
	              link_user(db, bob, corp->id, "8", error));
	const char *issuer = "https://login.corp.example";
	g_autoptr(UserIdentity) found = user_identity_find(db, issuer, "7", error);
	g_assert_cmpint(found->user_id, ==, ann);
	g_assert_cmpstr(found->user, ==, "ann");
	g_assert_cmpstr(found->provider, ==, "corp");
	g_autoptr(UserIdentity) nobody =
		user_identity_find(db, "https://other.example", "7", error);
	g_assert_null(nobody);
	g_assert_no_error(*error);
	g_assert_true(user_identity_note_login(db, found->id, 5, error));
	g_autoptr(UserIdentity) later = user_identity_load(db, found->id, error);
	g_assert_cmpint(later->last_login_at, ==, 5);
	g_assert_true(user_delete(db, ann, 6, 6, error));
	g_autoptr(GPtrArray) left = user_identity_list(db, 0, error);
	g_assert_cmpuint(left->len, ==, 1);
	g_assert_true(identity_provider_delete(db, corp->id, 7, 7, error));
	g_autoptr(GPtrArray) none = user_identity_list(db, bob, error);
	g_assert_cmpuint(none->len, ==, 0);
	return TRUE;
}

static void test_whom_a_provider_knows_is_kept_and_forgotten(TestDb *t)
{
	within(t, identities_are_kept);
}

static gboolean link_twice(Db *db, gpointer unused, GError **error)
{
	g_autoptr(IdentityProvider) corp = make_provider(db, "corp", error);
	return link_user(db, make_user(db, "ann", error), corp->id, "7", error) &&
	       link_user(db, make_user(db, "bob", error), corp->id, "7", error);
}

static void test_a_subject_is_one_user(TestDb *t)
{
	g_autoptr(GError) error = NULL;
	g_assert_false(db_write(t->pool, link_twice, NULL, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
}

static gboolean begin(Db *db, gint64 provider, const char *hash, gint64 *id, GError **error)
{
	SignOn row = {.provider_id = provider, .token_hash = (char *)hash, .created_at = 10};
	g_autoptr(GBytes) sealed = g_bytes_new_static("sealed", 6);
	row.sealed = sealed;
	gboolean ok = sign_on_insert(db, &row, error);
	*id = row.id;
	return ok;
}

static gboolean what_is_sealed_is_taken_once(Db *db, gpointer unused, GError **error)
{
	gint64 id;
	g_autoptr(IdentityProvider) corp = make_provider(db, "corp", error);
	g_assert_true(begin(db, corp->id, "a", &id, error));
	g_autoptr(GBytes) first = NULL, second = NULL;
	g_assert_true(sign_on_take(db, id, &first, error) && sign_on_take(db, id, &second, error));
	g_assert_nonnull(first);
	g_assert_null(second);
	g_assert_true(sign_on_answer(db, id, "{\"who\":1}", error));
	g_autoptr(SignOn) answered = sign_on_load(db, id, error);
	g_assert_cmpstr(answered->result, ==, "{\"who\":1}");
	g_assert_true(sign_on_close(db, id, error));
	g_autoptr(SignOn) closed = sign_on_load(db, id, error);
	g_assert_null(closed->result);
	g_assert_true(sign_on_prune(db, 10, error));
	g_autoptr(SignOn) there = sign_on_load(db, id, error);
	g_assert_nonnull(there);
	g_assert_true(sign_on_prune(db, 11, error));
	g_autoptr(GError) gone = NULL;
	g_autoptr(SignOn) none = sign_on_load(db, id, &gone);
	g_assert_error(gone, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
	return TRUE;
}

static void test_what_is_sealed_is_taken_once(TestDb *t)
{
	within(t, what_is_sealed_is_taken_once);
}

static gboolean begin_twice(Db *db, gpointer unused, GError **error)
{
	gint64 id;
	g_autoptr(IdentityProvider) corp = make_provider(db, "corp", error);
	return begin(db, corp->id, "a", &id, error) && begin(db, corp->id, "a", &id, error);
}

static void test_a_token_counts_once(TestDb *t)
{
	g_autoptr(GError) error = NULL;
	g_assert_false(db_write(t->pool, begin_twice, NULL, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
}

static gboolean sessions_of_a_provider_end(Db *db, gpointer unused, GError **error)
{
	g_autoptr(IdentityProvider) corp = make_provider(db, "corp", error);
	gint64 ann = make_user(db, "ann", error);
	const gint64 providers[] = {corp->id, 0};
	for (guint i = 0; i < G_N_ELEMENTS(providers); i++) {
		g_autoptr(UserSession) session = g_new0(UserSession, 1);
		session->user_id = ann;
		session->token_hash = g_strdup(i ? "own" : "corp");
		session->created_at = session->seen_at = 1;
		session->expires_at = 100;
		session->provider_id = providers[i];
		session->address = g_strdup("");
		session->agent = g_strdup("");
		g_assert_true(user_session_insert(db, session, error));
	}
	g_assert_true(user_session_end_provider(db, corp->id, 50, error));
	g_autoptr(GPtrArray) left = user_session_list(db, ann, 50, error);
	g_assert_cmpuint(left->len, ==, 1);
	g_assert_cmpint(((UserSession *)left->pdata[0])->provider_id, ==, 0);
	return TRUE;
}

static void test_sessions_of_a_provider_end_with_it(TestDb *t)
{
	within(t, sessions_of_a_provider_end);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add("/identity/a provider is kept, updated and deleted",
	           test_a_provider_is_kept_updated_and_deleted);
	testdb_add("/identity/a name is taken once", test_a_name_is_taken_once);
	testdb_add("/identity/whom a provider knows is kept and forgotten",
	           test_whom_a_provider_knows_is_kept_and_forgotten);
	testdb_add("/identity/a subject is one user", test_a_subject_is_one_user);
	testdb_add("/identity/what is sealed is taken once", test_what_is_sealed_is_taken_once);
	testdb_add("/identity/a token counts once", test_a_token_counts_once);
	testdb_add("/identity/sessions of a provider end with it",
	           test_sessions_of_a_provider_end_with_it);
	return g_test_run();
}
