/* One suite that every database passes. */
#include "db/db.h"

#include "../tests/support/postgres.h"
#include "../tests/support/testdb.h"
#include "base/error.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

static gboolean on_sqlite(const TestDb *t)
{
	return strcmp(db_pool_driver_name(t->pool), "sqlite") == 0;
}

/* A database of the same kind that nobody has migrated. */
static char *new_uri(const TestDb *t)
{
	return on_sqlite(t) ? g_strdup_printf("sqlite://%s/new%%20one.db", t->directory)
	                    : postgres_new_database(NULL);
}

/* --- values -------------------------------------------------------------------------------------
 */

static const struct {
	gint64 number;
	double fraction;
	const char *text, *octets; /* NULL: NULL */
	gsize length;
} values[] = {
	{0, 0.0, "", "", 0},
	{G_MAXINT64, 1.5e300, "plain", "a\0b", 3},
	{G_MININT64, -0.1, "quote ' $1 \\ %", "\xff\x00\\x", 4},
	{-1, 1e-300, "ü € 🎣 \u202e line\n", "\\x00", 4},
	{1, G_MAXINT, NULL, NULL, 0},
};

static gboolean round_trip(Db *db, gpointer data, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autoptr(GBytes) octets =
			values[i].octets ? g_bytes_new(values[i].octets, values[i].length) : NULL;
		g_assert_true(db_run(db, NULL, error, "bitf",
		                     "INSERT INTO thing (number, fraction, words, octets) "
		                     "VALUES ($2, $4, $3, $1)",
		                     octets, values[i].number, values[i].text, values[i].fraction));
	}
	g_autoptr(DbRows) rows = db_query(
		db, error, "", "SELECT number, fraction, words, octets FROM thing ORDER BY id");
	g_assert_nonnull(rows);
	for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
		g_assert_true(db_rows_next(rows, error));
		g_autoptr(GBytes) octets = db_bytes(rows, 3);
		g_assert_cmpint(db_int(rows, 0), ==, values[i].number);
		g_assert_cmpfloat(db_float(rows, 1), ==, values[i].fraction);
		g_assert_cmpstr(db_text(rows, 2), ==, values[i].text);
		g_assert_cmpint(db_is_null(rows, 2), ==, values[i].text == NULL);
		g_assert_cmpint(octets == NULL, ==, values[i].octets == NULL);
		if (octets)
			g_assert_cmpmem(g_bytes_get_data(octets, NULL),
			                (int)g_bytes_get_size(octets), values[i].octets,
			                (int)values[i].length);
	}
	g_assert_false(db_rows_next(rows, error));
	g_assert_false(db_rows_next(rows, error));
	return TRUE;
}

static void make_thing(TestDb *t)
{
	testdb_run(t, on_sqlite(t) ? "CREATE TABLE thing (id INTEGER PRIMARY KEY, number BIGINT, "
	                             "fraction DOUBLE PRECISION, words TEXT, octets BLOB)"
	                           : "CREATE TABLE thing (id BIGSERIAL PRIMARY KEY, number BIGINT, "
	                             "fraction DOUBLE PRECISION, words TEXT, octets BYTEA)");
}

static void test_values_come_back_as_they_went(TestDb *t)
{
	make_thing(t);
	testdb_write(t, round_trip, NULL);
}

static gboolean read_null(Db *db, gpointer data, GError **error)
{
	g_autoptr(DbRows) rows =
		db_query(db, error, "zz",
	                 "SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), EXISTS (SELECT 1), NULL, "
	                 "EXISTS (SELECT 1 FROM setting)",
	                 G_GINT64_CONSTANT(0), G_GINT64_CONSTANT(7));
	g_assert_true(rows && db_rows_next(rows, error));
	g_assert_true(db_is_null(rows, 0));
	g_assert_cmpint(db_int(rows, 0), ==, 0);
	g_assert_null(db_text(rows, 0));
	g_assert_null(db_bytes(rows, 0));
	g_assert_cmpfloat(db_float(rows, 0), ==, 0.0);
	g_assert_cmpint(db_int(rows, 1), ==, 7);
	g_assert_cmpint(db_int(rows, 2), ==, 1);
	g_assert_null(db_text_dup(rows, 3));
	g_assert_cmpint(db_int(rows, 4), ==, 0);
	return TRUE;
}

static void test_null_reads_as_nothing_and_z_writes_it(TestDb *t)
{
	testdb_read(t, read_null, NULL);
}

/* The sum and the case would be 32 bits wide if the server guessed the parameters' types. */
static gboolean wide_parameters(Db *db, gpointer data, GError **error)
{
	g_autoptr(DbRows) rows =
		db_query(db, error, "ii", "SELECT $1 + 1, CASE WHEN $2 = 0 THEN 1 ELSE $2 END",
	                 G_MAXINT64 - 1, G_MAXINT64);
	g_assert_true(rows && db_rows_next(rows, error));
	g_assert_cmpint(db_int(rows, 0), ==, G_MAXINT64);
	g_assert_cmpint(db_int(rows, 1), ==, G_MAXINT64);
	return TRUE;
}

static void test_numbers_are_64_bits_wide(TestDb *t)
{
	testdb_read(t, wide_parameters, NULL);
}

/* --- transactions -------------------------------------------------------------------------------
 */

static gboolean save_setting(Db *db, gpointer name, GError **error)
{
	return db_run(db, NULL, error, "tt", "INSERT INTO setting (value, name) VALUES ($2, $1)",
	              (const char *)name, "value");
}

static char a_name[] = "a", b_name[] = "b";

static gint64 count_settings(TestDb *t)
{
	return testdb_int(t, "SELECT count(*) FROM setting");
}

static void test_a_write_is_seen_by_the_next_read(TestDb *t)
{
	for (gint64 i = 1; i <= 50; i++) {
		g_autofree char *name = g_strdup_printf("%d", (int)i);
		testdb_write(t, save_setting, name);
		g_assert_cmpint(count_settings(t), ==, i);
	}
}

/* Work that ends badly, each in its own way. */
static gboolean save_twice(Db *db, gpointer name, GError **error)
{
	return save_setting(db, name, error) && save_setting(db, name, error);
}

static gboolean refuse(Db *db, gpointer name, GError **error)
{
	if (save_setting(db, name, error))
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_PRECONDITION, "no");
	return FALSE;
}

static gboolean say_nothing(Db *db, gpointer name, GError **error)
{
	save_setting(db, name, error);
	return FALSE;
}

static gboolean overlook_failure(Db *db, gpointer name, GError **error)
{
	save_setting(db, name, error);
	db_run(db, NULL, NULL, "", "INSERT INTO setting (name) VALUES ('no value')");
	return TRUE;
}

static gboolean go_on_after_failure(Db *db, gpointer name, GError **error)
{
	db_run(db, NULL, NULL, "", "INSERT INTO setting (name) VALUES ('no value')");
	return save_setting(db, name, error);
}

static gboolean dangling(Db *db, gpointer name, GError **error)
{
	return db_run(db, NULL, error, "",
	              "INSERT INTO alert_report (alert_id, report_id) VALUES (1, 1)");
}

static gboolean not_utf8(Db *db, gpointer name, GError **error)
{
	return db_run(db, NULL, error, "t", "INSERT INTO setting (name, value) VALUES ('a', $1)",
	              "\xff");
}

static gboolean no_sql(Db *db, gpointer name, GError **error)
{
	return db_run(db, NULL, error, "", "INSERT INTO nowhere VALUES (1)");
}

static const struct {
	const char *name;
	DbWork work;
	TrawlError code;
} failures[] = {
	{"a second row of one name", save_twice, TRAWL_ERROR_CONFLICT},
	{"an error of the work's own", refuse, TRAWL_ERROR_PRECONDITION},
	{"FALSE without a reason", say_nothing, TRAWL_ERROR_INTERNAL},
	{"TRUE after a failed statement", overlook_failure, TRAWL_ERROR_INTERNAL},
	{"a statement after a failed one", go_on_after_failure, TRAWL_ERROR_INTERNAL},
	{"a reference to a row that is not there", dangling, TRAWL_ERROR_INTERNAL},
	{"text that is not UTF-8", not_utf8, TRAWL_ERROR_INTERNAL},
	{"no such table", no_sql, TRAWL_ERROR_INTERNAL},
};

static void test_work_that_fails_leaves_nothing_behind(TestDb *t)
{
	for (guint i = 0; i < G_N_ELEMENTS(failures); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", failures[i].name);
		g_assert_false(db_write(t->pool, failures[i].work, a_name, &error));
		g_assert_error(error, TRAWL_ERROR, (int)failures[i].code);
		g_assert_cmpint(count_settings(t), ==, 0);
	}
	testdb_write(t, save_setting, a_name); /* and the pool is as good as before */
	g_assert_cmpint(count_settings(t), ==, 1);
}

static void test_a_read_cannot_write(TestDb *t)
{
	g_autoptr(GError) error = NULL;
	g_assert_false(db_read(t->pool, save_setting, a_name, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL);
	g_assert_cmpint(count_settings(t), ==, 0);
}

typedef struct {
	TestDb *t;
	gint64 before, after;
} Snapshot;

static gpointer write_one(gpointer data)
{
	testdb_write(data, save_setting, b_name);
	return NULL;
}

static gint64 count_now(Db *db)
{
	g_autoptr(DbRows) rows = db_query(db, NULL, "", "SELECT count(*) FROM setting");
	g_assert_true(rows && db_rows_next(rows, NULL));
	return db_int(rows, 0);
}

static gboolean look_twice(Db *db, gpointer data, GError **error)
{
	Snapshot *snapshot = data;
	snapshot->before = count_now(db);
	g_thread_join(g_thread_new("writer", write_one, snapshot->t));
	snapshot->after = count_now(db);
	return TRUE;
}

static void test_a_read_sees_one_instant(TestDb *t)
{
	Snapshot snapshot = {.t = t};
	testdb_write(t, save_setting, a_name);
	testdb_read(t, look_twice, &snapshot);
	g_assert_cmpint(snapshot.before, ==, 1);
	g_assert_cmpint(snapshot.after, ==, 1);
	g_assert_cmpint(count_settings(t), ==, 2);
}

static gboolean ask_within(Db *db, gpointer data, GError **error)
{
	gint64 pairs = 0;
	for (int i = 0; i < 3; i++)
		g_assert_true(db_run(db, NULL, error, "ti",
		                     "INSERT INTO setting VALUES ($1 || CAST($2 AS TEXT), '')", "n",
		                     (gint64)i));
	static const char sql[] = "SELECT name FROM setting WHERE name > $1 ORDER BY name";
	g_autoptr(DbRows) outer = db_query(db, error, "t", sql, "");
	while (db_rows_next(outer, error)) {
		g_autoptr(DbRows) inner = db_query(db, error, "t", sql, db_text(outer, 0));
		while (db_rows_next(inner, error))
			pairs++;
	}
	g_assert_cmpint(pairs, ==, 3);
	return TRUE;
}

static void test_a_query_can_be_asked_within_itself(TestDb *t)
{
	testdb_write(t, ask_within, NULL);
}

static gboolean run_many(Db *db, gpointer data, GError **error)
{
	for (guint i = 0; i < 1000; i++) {
		g_autofree char *sql = g_strdup_printf("SELECT %u", i);
		g_autoptr(DbRows) rows = db_query(db, error, "", sql);
		g_assert_true(rows && db_rows_next(rows, error));
		g_assert_cmpint(db_int(rows, 0), ==, i);
	}
	return TRUE;
}

static void test_statements_that_vary_do_not_pile_up(TestDb *t)
{
	for (guint i = 0; i < 3; i++)
		testdb_read(t, run_many, NULL);
}

static gboolean count_changes(Db *db, gpointer data, GError **error)
{
	gint64 changed = -1;
	g_assert_true(save_setting(db, a_name, error) && save_setting(db, b_name, error));
	g_assert_true(db_run(db, &changed, error, "", "UPDATE setting SET value = 'x'"));
	g_assert_cmpint(changed, ==, 2);
	g_assert_true(
		db_run(db, &changed, error, "", "UPDATE setting SET value = 'y' WHERE 1 = 0"));
	g_assert_cmpint(changed, ==, 0);
	g_assert_true(db_run(db, &changed, error, "",
	                     "INSERT INTO setting VALUES ('a', 'z') ON CONFLICT DO NOTHING"));
	g_assert_cmpint(changed, ==, 0);
	g_assert_true(db_run(db, &changed, error, "t", "DELETE FROM setting WHERE name = $1", "a"));
	g_assert_cmpint(changed, ==, 1);
	return TRUE;
}

static void test_changed_rows_are_counted(TestDb *t)
{
	testdb_write(t, count_changes, NULL);
}

/* --- many at once -------------------------------------------------------------------------------
 */

#define THREADS 16
#define EACH    40

typedef struct {
	TestDb *t;
	guint number;
	guint failed;
} Crowd;

typedef struct {
	char *name;
	gboolean fails;
	gint runs;
} Piece;

static gboolean save_or_fail(Db *db, gpointer data, GError **error)
{
	Piece *piece = data;
	piece->runs++;
	if (!save_setting(db, piece->name, error))
		return FALSE;
	if (piece->fails)
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED, piece->name);
	return !piece->fails;
}

static gpointer crowd_main(gpointer data)
{
	Crowd *crowd = data;
	for (guint i = 0; i < EACH; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *name = g_strdup_printf("%u-%u", crowd->number, i);
		Piece piece = {.name = name, .fails = (crowd->number + i) % 5 == 0};
		gboolean ok = db_write(crowd->t->pool, save_or_fail, &piece, &error);
		g_assert_cmpint(ok, ==, !piece.fails);
		if (!ok) {
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED);
			g_assert_cmpstr(error->message, ==, name);
			crowd->failed++;
		}
		g_assert_cmpint(piece.runs, >=, 1);
	}
	return NULL;
}

static void run_crowd(TestDb *t, GThreadFunc work, Crowd crowd[THREADS])
{
	GThread *threads[THREADS];
	for (guint i = 0; i < THREADS; i++) {
		crowd[i] = (Crowd){.t = t, .number = i};
		threads[i] = g_thread_new("crowd", work, &crowd[i]);
	}
	for (guint i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
}

static void test_work_that_fails_does_not_take_along_what_waits_beside_it(TestDb *t)
{
	Crowd crowd[THREADS];
	gint64 failed = 0;
	run_crowd(t, crowd_main, crowd);
	for (guint i = 0; i < THREADS; i++)
		failed += crowd[i].failed;
	g_assert_cmpint(failed, ==, THREADS * EACH / 5);
	g_assert_cmpint(count_settings(t), ==, THREADS * EACH - failed);
}

/* Look, then act: only the key makes this safe. */
static gboolean save_if_none(Db *db, gpointer data, GError **error)
{
	gint64 n;
	if (!db_lock_key(db, "one key", error))
		return FALSE;
	n = count_now(db);
	return n > 0 || save_setting(db, data, error);
}

static gpointer save_first(gpointer data)
{
	Crowd *crowd = data;
	for (guint i = 0; i < EACH; i++) {
		g_autofree char *name = g_strdup_printf("%u-%u", crowd->number, i);
		testdb_write(crowd->t, save_if_none, name);
	}
	return NULL;
}

static void test_one_key_is_held_by_one_transaction(TestDb *t)
{
	Crowd crowd[THREADS];
	run_crowd(t, save_first, crowd);
	g_assert_cmpint(count_settings(t), ==, 1);
}

static gpointer read_often(gpointer data)
{
	Crowd *crowd = data;
	for (guint i = 0; i < EACH; i++)
		count_settings(crowd->t);
	return NULL;
}

static gpointer read_and_write(gpointer data)
{
	Crowd inner[THREADS];
	Crowd *crowd = data;
	if (crowd->number % 4 == 0)
		run_crowd(crowd->t, read_often, inner);
	else
		crowd_main(crowd);
	return NULL;
}

static void test_more_threads_than_connections_are_all_served(TestDb *t)
{
	Crowd crowd[THREADS];
	run_crowd(t, read_and_write, crowd);
}

/* Two keys in both orders: PostgreSQL finds a deadlock and we try again. */
static gboolean lock_both(Db *db, gpointer data, GError **error)
{
	const Crowd *crowd = data;
	g_autofree char *name = g_strdup_printf("%u", crowd->number);
	if (!db_lock_key(db, crowd->number % 2 ? "left" : "right", error))
		return FALSE;
	g_usleep(20000);
	return db_lock_key(db, crowd->number % 2 ? "right" : "left", error) &&
	       save_setting(db, name, error);
}

static gpointer lock_and_save(gpointer data)
{
	testdb_write(((Crowd *)data)->t, lock_both, data);
	return NULL;
}

static void test_a_deadlock_is_undone_by_repeating(TestDb *t)
{
	GThread *threads[2];
	Crowd crowd[2] = {{.t = t, .number = 0}, {.t = t, .number = 1}};
	for (guint i = 0; i < 2; i++)
		threads[i] = g_thread_new("lock", lock_and_save, &crowd[i]);
	for (guint i = 0; i < 2; i++)
		g_thread_join(threads[i]);
	g_assert_cmpint(count_settings(t), ==, 2);
}

/* --- processes ----------------------------------------------------------------------------------
 */

#define PROCESS_WRITES 60

/* This program as another process: writes its share and counts one number up. */
static gboolean count_up(Db *db, gpointer name, GError **error)
{
	return save_setting(db, name, error) &&
	       db_run(db, NULL, error, "",
	              "UPDATE setting SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) "
	              "WHERE name = 'counter'");
}

static int be_writer(const char *uri, const char *who)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(DbPool) pool = db_pool_open(uri, &error);
	gboolean ok = pool && db_migrate(pool, &error);
	for (guint i = 0; ok && i < PROCESS_WRITES; i++) {
		g_autofree char *name = g_strdup_printf("%s-%u", who, i);
		ok = db_write(pool, count_up, name, &error);
	}
	if (!ok)
		g_printerr("%s\n", error->message);
	return ok ? 0 : 1;
}

static GPid spawn_writer(const char *uri, const char *who)
{
	GPid pid;
	g_autoptr(GError) error = NULL;
	const char *argv[] = {"/proc/self/exe", "--writer", uri, who, NULL};
	g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
	              &error);
	g_assert_no_error(error);
	return pid;
}

static void wait_for(GPid pid)
{
	int status = 0;
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(g_spawn_check_wait_status(status, NULL));
}

static void test_processes_write_side_by_side(TestDb *t)
{
	static const char *const names[] = {"one", "two", "three"};
	GPid pids[G_N_ELEMENTS(names)];
	testdb_run(t, "INSERT INTO setting VALUES ('counter', '0')");
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		pids[i] = spawn_writer(t->uri, names[i]);
	for (guint i = 0; i < PROCESS_WRITES; i++) {
		g_autofree char *name = g_strdup_printf("own-%u", i);
		testdb_write(t, count_up, name);
	}
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		wait_for(pids[i]);
	gint64 expected = (G_N_ELEMENTS(names) + 1) * PROCESS_WRITES;
	g_assert_cmpint(count_settings(t), ==, expected + 1);
	g_assert_cmpint(testdb_int(t, "SELECT CAST(value AS BIGINT) FROM setting "
	                              "WHERE name = 'counter'"),
	                ==, expected);
}

static void test_a_killed_process_leaves_whole_transactions(TestDb *t)
{
	testdb_run(t, "INSERT INTO setting VALUES ('counter', '0')");
	for (guint i = 0; i < 10; i++) {
		g_autofree char *who = g_strdup_printf("victim%u", i);
		GPid pid = spawn_writer(t->uri, who);
		g_usleep((gulong)g_random_int_range(0, 60000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	/* on PostgreSQL a transaction of the killed may be ending still: a write waits for it */
	testdb_write(t, count_up, a_name);
	g_assert_cmpint(testdb_int(t, "SELECT CAST(value AS BIGINT) FROM setting "
	                              "WHERE name = 'counter'"),
	                ==, count_settings(t) - 1);
}

/* --- schema -------------------------------------------------------------------------------------
 */

static void test_processes_that_start_at_once_migrate_once(TestDb *t)
{
	GPid pids[4];
	g_autofree char *uri = new_uri(t);
	for (guint i = 0; i < G_N_ELEMENTS(pids); i++) {
		g_autofree char *who = g_strdup_printf("starter%u", i);
		pids[i] = spawn_writer(uri, who);
	}
	for (guint i = 0; i < G_N_ELEMENTS(pids); i++)
		wait_for(pids[i]);
	g_autoptr(DbPool) pool = db_pool_open(uri, NULL);
	TestDb other = {.pool = pool};
	g_assert_cmpint(count_settings(&other), ==, G_N_ELEMENTS(pids) * PROCESS_WRITES);
	g_assert_cmpint(testdb_int(&other, "SELECT count(*) - MAX(number) FROM schema_migration"),
	                ==, 0);
}

static void test_a_migrated_database_stays_as_it_is(TestDb *t)
{
	g_autoptr(GError) error = NULL;
	testdb_write(t, save_setting, a_name);
	g_assert_true(db_migrate(t->pool, &error));
	g_assert_no_error(error);
	g_assert_cmpint(count_settings(t), ==, 1);
}

static const struct {
	const char *name, *sql, *words;
} strangers[] = {
	{"made by a newer Trawl",
         "INSERT INTO schema_migration VALUES (9999, '9999-future.sql', 'x', 0)",
         "run the newer Trawl that made it"},
	{"made by another text", "UPDATE schema_migration SET sha256 = 'x' WHERE number = 1",
         "another version of schema file 0001"},
};

static void test_a_database_that_does_not_fit_is_refused_in_words(TestDb *t)
{
	for (guint i = 0; i < G_N_ELEMENTS(strangers); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", strangers[i].name);
		testdb_run(t, strangers[i].sql);
		g_assert_false(db_migrate(t->pool, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
		g_assert_nonnull(strstr(error->message, strangers[i].words));
		testdb_run(t, "DELETE FROM schema_migration WHERE number = 9999");
	}
}

/* --- opening ------------------------------------------------------------------------------------
 */

static const struct {
	const char *uri;
	TrawlError code;
} unopenable[] = {
	{"mysql://localhost/trawl", TRAWL_ERROR_INVALID},
	{"", TRAWL_ERROR_INVALID},
	{"sqlite://relative/trawl.db", TRAWL_ERROR_INVALID},
	{"sqlite:///no/such/directory/trawl.db", TRAWL_ERROR_STORAGE},
	{"sqlite:///proc/self/status", TRAWL_ERROR_STORAGE},
	{"postgresql://trawl@/trawl?host=/no/such/directory", TRAWL_ERROR_UNREACHABLE},
	{"postgresql://trawl@127.0.0.1:1/trawl", TRAWL_ERROR_UNREACHABLE},
};

static void test_what_cannot_be_opened_says_why(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(unopenable); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", unopenable[i].uri);
		g_assert_null(db_pool_open(unopenable[i].uri, &error));
		g_assert_error(error, TRAWL_ERROR, (int)unopenable[i].code);
	}
}

static gboolean write_within(Db *db, gpointer pool, GError **error)
{
	return db_write(pool, save_setting, a_name, error);
}

static void test_a_transaction_within_a_transaction_is_our_mistake(TestDb *t)
{
	if (g_test_subprocess()) {
		db_write(t->pool, write_within, t->pool, NULL);
		return;
	}
	g_test_trap_subprocess(NULL, 60 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_failed();
}

/* --- what only one of them has ------------------------------------------------------------------
 */

static void set_file_limit(rlim_t bytes)
{
	struct rlimit limit;
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	limit.rlim_cur = bytes;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

static gboolean save_much(Db *db, gpointer name, GError **error)
{
	g_autofree char *much = g_strnfill(4 * 1024 * 1024, 'x');
	return db_run(db, NULL, error, "tt", "INSERT INTO setting VALUES ($1, $2)",
	              (const char *)name, much);
}

static void test_a_full_disk_is_said_and_loses_nothing(TestDb *t)
{
	signal(SIGXFSZ, SIG_IGN);
	testdb_write(t, save_setting, a_name);
	for (guint i = 0; i < 3; i++) {
		g_autoptr(GError) error = NULL;
		set_file_limit(512 * 1024);
		gboolean ok = db_write(t->pool, save_much, b_name, &error);
		set_file_limit(RLIM_INFINITY);
		g_assert_false(ok);
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE);
		g_assert_cmpint(count_settings(t), ==, 1);
	}
	testdb_write(t, save_much, b_name);
	g_assert_cmpint(count_settings(t), ==, 2);
	db_pool_close(t->pool);
	t->pool = db_pool_open(t->uri, NULL);
	g_assert_cmpint(count_settings(t), ==, 2);
}

static gpointer save_much_or_little(gpointer data)
{
	Crowd *crowd = data;
	for (guint i = 0; i < 5; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *name = g_strdup_printf("%u-%u", crowd->number, i);
		if (!db_write(crowd->t->pool, crowd->number % 4 ? save_setting : save_much, name,
		              &error)) {
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE);
			crowd->failed++;
		}
	}
	return NULL;
}

static void test_on_a_full_disk_who_is_told_yes_is_there(TestDb *t)
{
	Crowd crowd[THREADS];
	gint64 failed = 0;
	signal(SIGXFSZ, SIG_IGN);
	set_file_limit(2 * 1024 * 1024);
	run_crowd(t, save_much_or_little, crowd);
	set_file_limit(RLIM_INFINITY);
	for (guint i = 0; i < THREADS; i++)
		failed += crowd[i].failed;
	g_assert_cmpint(failed, >=, THREADS / 4 * 5);
	g_assert_cmpint(count_settings(t), ==, THREADS * 5 - failed);
}

static void test_the_file_is_ours_alone_to_read(TestDb *t)
{
	GStatBuf about;
	g_autofree char *path = g_build_filename(t->directory, "trawl.db", NULL);
	g_assert_cmpint(g_stat(path, &about), ==, 0);
	g_assert_cmpint(about.st_mode & 0777, ==, 0600);
}

static void test_a_server_that_comes_back_is_used_again(TestDb *t)
{
	Crowd crowd[THREADS];
	run_crowd(t, read_often, crowd); /* many connections */
	postgres_crash_and_restart();
	testdb_write(t, save_setting, a_name);
	g_assert_cmpint(count_settings(t), ==, 1);
}

static gboolean lose_connection_once(Db *db, gpointer data, GError **error)
{
	Piece *piece = data;
	if (!save_setting(db, piece->name, error))
		return FALSE;
	return piece->runs++ > 0 ||
	       db_run(db, NULL, error, "", "SELECT pg_terminate_backend(pg_backend_pid())");
}

static void test_a_connection_lost_before_the_commit_costs_a_repetition(TestDb *t)
{
	Piece piece = {.name = a_name};
	testdb_write(t, lose_connection_once, &piece);
	g_assert_cmpint(piece.runs, ==, 2);
	g_assert_cmpint(count_settings(t), ==, 1);
}

static void test_a_connection_lost_during_the_commit_is_an_unknown_outcome(TestDb *t)
{
	g_autoptr(GError) error = NULL;
	testdb_run(t, "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
	              "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$");
	testdb_run(t, "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON setting DEFERRABLE "
	              "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()");
	g_assert_false(db_write(t->pool, save_setting, a_name, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_UNKNOWN_OUTCOME);
	testdb_run(t, "DROP TRIGGER at_commit ON setting");
	g_assert_cmpint(count_settings(t), ==, 0); /* as it happened, it had not */
}

static void test_a_database_in_another_encoding_is_refused(TestDb *t)
{
	g_autoptr(GError) error = NULL;
	postgres_run(t->uri, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 "
	                     "LC_COLLATE 'C' LC_CTYPE 'C'");
	const char *name = postgres_database_name(t->uri);
	g_auto(GStrv) parts = g_strsplit(t->uri, name, 2);
	g_autofree char *uri = g_strconcat(parts[0], "latin", parts[1], NULL);
	g_assert_null(db_pool_open(uri, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
	postgres_run(t->uri, "DROP DATABASE latin");
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--writer") == 0)
		return be_writer(argv[2], argv[3]);
	g_test_init(&argc, &argv, NULL);
	testdb_add("/db/values come back as they went", test_values_come_back_as_they_went);
	testdb_add("/db/null reads as nothing and z writes it",
	           test_null_reads_as_nothing_and_z_writes_it);
	testdb_add("/db/numbers are 64 bits wide", test_numbers_are_64_bits_wide);
	testdb_add("/db/a write is seen by the next read", test_a_write_is_seen_by_the_next_read);
	testdb_add("/db/work that fails leaves nothing behind",
	           test_work_that_fails_leaves_nothing_behind);
	testdb_add("/db/a read cannot write", test_a_read_cannot_write);
	testdb_add("/db/a read sees one instant", test_a_read_sees_one_instant);
	testdb_add("/db/a query can be asked within itself",
	           test_a_query_can_be_asked_within_itself);
	testdb_add("/db/statements that vary do not pile up",
	           test_statements_that_vary_do_not_pile_up);
	testdb_add("/db/changed rows are counted", test_changed_rows_are_counted);
	testdb_add("/db/work that fails does not take along what waits beside it",
	           test_work_that_fails_does_not_take_along_what_waits_beside_it);
	testdb_add("/db/one key is held by one transaction",
	           test_one_key_is_held_by_one_transaction);
	testdb_add("/db/more threads than connections are all served",
	           test_more_threads_than_connections_are_all_served);
	testdb_add("/db/a deadlock is undone by repeating", test_a_deadlock_is_undone_by_repeating);
	testdb_add("/db/processes write side by side", test_processes_write_side_by_side);
	testdb_add("/db/a killed process leaves whole transactions",
	           test_a_killed_process_leaves_whole_transactions);
	testdb_add("/db/processes that start at once migrate once",
	           test_processes_that_start_at_once_migrate_once);
	testdb_add("/db/a migrated database stays as it is",
	           test_a_migrated_database_stays_as_it_is);
	testdb_add("/db/a database that does not fit is refused in words",
	           test_a_database_that_does_not_fit_is_refused_in_words);
	testdb_add("/db/a transaction within a transaction is our mistake",
	           test_a_transaction_within_a_transaction_is_our_mistake);
	testdb_add_on("sqlite", "/db/a full disk is said and loses nothing",
	              test_a_full_disk_is_said_and_loses_nothing);
	testdb_add_on("sqlite", "/db/on a full disk who is told yes is there",
	              test_on_a_full_disk_who_is_told_yes_is_there);
	testdb_add_on("sqlite", "/db/the file is ours alone to read",
	              test_the_file_is_ours_alone_to_read);
	testdb_add_on("postgresql", "/db/a server that comes back is used again",
	              test_a_server_that_comes_back_is_used_again);
	testdb_add_on("postgresql", "/db/a connection lost before the commit costs a repetition",
	              test_a_connection_lost_before_the_commit_costs_a_repetition);
	testdb_add_on("postgresql", "/db/a connection lost during the commit is an unknown outcome",
	              test_a_connection_lost_during_the_commit_is_an_unknown_outcome);
	testdb_add_on("postgresql", "/db/a database in another encoding is refused",
	              test_a_database_in_another_encoding_is_refused);
	g_test_add_func("/db/what cannot be opened says why", test_what_cannot_be_opened_says_why);
	return g_test_run();
}
