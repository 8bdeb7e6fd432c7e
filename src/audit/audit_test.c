/* The audit chain, and that nobody can quietly change it. */
#include "audit/audit.h"

#include "../tests/support/testdb.h"
#include "base/error.h"
#include "store/audit.h"

#include <string.h>

#define THREADS 8
#define EACH    25

static gboolean append(Db *db, gpointer data, GError **error)
{
	gint64 seq = 0;
	return audit_append(db, "key:alice", "thing.change", "thing", 7, 0,
	                    json_pack("{s:s, s:n}", "before", "ä \" \n", "after"), &seq, error);
}

static gboolean append_and_fail(Db *db, gpointer data, GError **error)
{
	if (append(db, data, error))
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, "no");
	return FALSE;
}

static gboolean verify(Db *db, gpointer checked, GError **error)
{
	return audit_verify(db, checked, NULL, error);
}

static gpointer append_many(gpointer t)
{
	for (guint i = 0; i < EACH; i++) {
		testdb_write(t, append, NULL);
		g_assert_false(db_write(((TestDb *)t)->pool, append_and_fail, NULL, NULL));
	}
	return NULL;
}

static void test_the_chain_has_no_gap_however_many_write(TestDb *t)
{
	GThread *threads[THREADS];
	gint64 checked = 0;
	for (guint i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("append", append_many, t);
	for (guint i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	testdb_read(t, verify, &checked);
	g_assert_cmpint(checked, ==, THREADS * EACH);
	g_assert_cmpint(testdb_int(t, "SELECT MAX(seq) FROM audit"), ==, THREADS * EACH);
}

static const struct {
	const char *name, *sql;
	gint64 good; /* records before the first that does not fit */
} forgeries[] = {
	{"another time", "UPDATE audit SET at = at + 1 WHERE seq = 3", 2},
	{"another actor", "UPDATE audit SET actor = 'key:bob' WHERE seq = 3", 2},
	{"another action", "UPDATE audit SET action = 'thing.look' WHERE seq = 3", 2},
	{"another kind", "UPDATE audit SET object_kind = 'other' WHERE seq = 3", 2},
	{"another object", "UPDATE audit SET object_id = 8 WHERE seq = 3", 2},
	{"another incident", "UPDATE audit SET incident_id = 1 WHERE seq = 3", 2},
	{"another detail", "UPDATE audit SET detail = '{}' WHERE seq = 3", 2},
	{"another hash", "UPDATE audit SET hash = 'x' WHERE seq = 3", 2},
	{"one left out", "DELETE FROM audit WHERE seq = 3", 2},
	{"the first left out", "DELETE FROM audit WHERE seq = 1", 0},
	{"moved letters",
         "UPDATE audit SET actor = 'key:alic', action = 'ething.change' "
         "WHERE seq = 3",
         2},
};

static void test_a_changed_record_is_found(TestDb *t)
{
	for (guint i = 0; i < G_N_ELEMENTS(forgeries); i++) {
		g_autoptr(GError) error = NULL;
		gint64 checked = -1;
		testdb_run(t, "DELETE FROM audit");
		for (guint k = 0; k < 5; k++)
			testdb_write(t, append, NULL);
		testdb_read(t, verify, &checked);
		g_assert_cmpint(checked, ==, 5);
		g_test_message("%s", forgeries[i].name);
		testdb_run(t, forgeries[i].sql);
		g_assert_false(db_read(t->pool, verify, &checked, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
		g_assert_cmpint(checked, ==, forgeries[i].good);
	}
}

static gboolean append_long(Db *db, gpointer data, GError **error)
{
	for (guint i = 0; i < 1203; i++)
		if (!append(db, data, error))
			return FALSE;
	return TRUE;
}

static void test_a_long_chain_is_walked_in_pages(TestDb *t)
{
	g_autoptr(GError) error = NULL;
	gint64 checked = 0;
	testdb_write(t, append_long, NULL);
	testdb_read(t, verify, &checked);
	g_assert_cmpint(checked, ==, 1203);
	testdb_run(t, "UPDATE audit SET actor = 'x' WHERE seq = 1001");
	g_assert_false(db_read(t->pool, verify, &checked, &error));
	g_assert_cmpint(checked, ==, 1000);
}

/* The encoding is fixed for ever: chains outlive programs. */
static void test_a_hash_is_what_it_always_was(void)
{
	g_autofree char *first =
		audit_hash("", 1, 1700000000000000, "setup", "house.open", "house", 0, 0, "{}");
	g_assert_cmpstr(first, ==,
	                "01b980f4af8d2f01ae86e745a6e0c7d540da9e305b6e1453da8fb18976be32ff");
	g_autofree char *second = audit_hash(first, 2, 1700000000000001, "key:é", "incident.close",
	                                     "incident", 9, 9, "{\"a\":[1]}");
	g_assert_cmpstr(second, ==,
	                "331d62006c553aedfbdc7683a7610677ef425b2488cbab2b81a2a2d1a99a8ff0");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add("/audit/the chain has no gap however many write",
	           test_the_chain_has_no_gap_however_many_write);
	testdb_add("/audit/a changed record is found", test_a_changed_record_is_found);
	testdb_add("/audit/a long chain is walked in pages", test_a_long_chain_is_walked_in_pages);
	g_test_add_func("/audit/a hash is what it always was", test_a_hash_is_what_it_always_was);
	return g_test_run();
}
