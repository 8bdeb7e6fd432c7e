/* A connection to PostgreSQL through libpq: prepares statements once, sends values as text (octets
 * as binary), and turns SQLSTATEs into remedies.
 *
 * A peer that is gone without a word is noticed by TCP's own timers, a statement that hangs by the
 * server's. */
#include "db/postgres.h"

#include "base/error.h"

#include <libpq-fe.h>
#include <string.h>

#define STATEMENTS_CACHE 400
#define OID_BOOL         16 /* pg_type.dat */
#define OID_BYTEA        17
#define OID_INT8         20
#define OID_FLOAT8       701

typedef struct {
	Db base;
	PGconn *handle;
	GHashTable *statements; /* sql -> its name on the server */
	guint n_prepared;
	gboolean may_repeat;
	gboolean broken; /* libpq may need another call to notice */
} PostgresDb;

typedef struct {
	DbRows base;
	PGresult *result;
	int row;
} PostgresRows;

typedef PGresult Result;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Result, PQclear)

/* The longest prefix of the SQLSTATE decides (PostgreSQL documentation, appendix A). */
static const struct {
	const char *state;
	TrawlError code;
	gboolean may_repeat;
} states[] = {
	{"23505", TRAWL_ERROR_CONFLICT, FALSE},    /* unique_violation               */
	{"40001", TRAWL_ERROR_BUSY, TRUE},         /* serialization_failure          */
	{"40P01", TRAWL_ERROR_BUSY, TRUE},         /* deadlock_detected              */
	{"55P03", TRAWL_ERROR_BUSY, FALSE},        /* lock_not_available             */
	{"57014", TRAWL_ERROR_TIMEOUT, FALSE},     /* query_canceled                 */
	{"57P", TRAWL_ERROR_UNREACHABLE, FALSE},   /* shutdown, cannot_connect_now   */
	{"08", TRAWL_ERROR_UNREACHABLE, FALSE},    /* connection exception           */
	{"53300", TRAWL_ERROR_UNREACHABLE, FALSE}, /* too_many_connections           */
	{"53", TRAWL_ERROR_STORAGE, FALSE},        /* disk_full, out_of_memory       */
	{"58", TRAWL_ERROR_STORAGE, FALSE},        /* io_error                       */
	{"XX001", TRAWL_ERROR_STORAGE, FALSE},     /* data_corrupted                 */
	{"XX002", TRAWL_ERROR_STORAGE, FALSE},     /* index_corrupted                */
	{"28", TRAWL_ERROR_AUTHENTICATION, FALSE},
	{"42501", TRAWL_ERROR_DENIED, FALSE}, /* insufficient_privilege         */
};

gboolean postgres_is_broken(Db *base)
{
	PostgresDb *db = (PostgresDb *)base;
	return db->broken || PQstatus(db->handle) != CONNECTION_OK;
}

gboolean postgres_may_repeat(Db *db)
{
	return ((PostgresDb *)db)->may_repeat;
}

static TrawlError code_of(PostgresDb *db, const char *state)
{
	for (guint i = 0; i < G_N_ELEMENTS(states); i++)
		if (g_str_has_prefix(state, states[i].state)) {
			db->may_repeat = states[i].may_repeat;
			return states[i].code;
		}
	return TRAWL_ERROR_INTERNAL;
}

/* An error without a SQLSTATE is libpq's own: the server did not answer. */
static gboolean fail(PostgresDb *db, const PGresult *result, GError **error)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	TrawlError code = state ? code_of(db, state) : TRAWL_ERROR_UNREACHABLE;
	db->broken = db->broken || code == TRAWL_ERROR_UNREACHABLE;
	g_autofree char *text = g_strdup(message ? message : PQerrorMessage(db->handle));
	g_set_error(error, TRAWL_ERROR, code, "database: %s%s%s", g_strchomp(text),
	            state ? ", SQLSTATE " : "", state ? state : "");
	return FALSE;
}

static gboolean is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* The database must hold any text, and a commit must mean what it says. */
static gboolean configure(PostgresDb *db, GError **error)
{
	const char *encoding = PQparameterStatus(db->handle, "server_encoding");
	if (g_strcmp0(encoding, "UTF8") != 0) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "the database is encoded in %s: make it with ENCODING 'UTF8'",
		            encoding);
		return FALSE;
	}
	return postgres_script(&db->base,
	                       "SET statement_timeout = '120s'; SET lock_timeout = '60s'; "
	                       "SET idle_in_transaction_session_timeout = '300s'; "
	                       "SET bytea_output = 'hex'; SET client_min_messages = 'warning'; "
	                       "SELECT set_config('synchronous_commit', 'on', false) "
	                       "WHERE current_setting('synchronous_commit') = 'off'",
	                       error);
}

/* Notices are for a person at psql. */
static void ignore_notice(void *unused, const PGresult *result)
{
}

Db *postgres_connect(const char *uri, GError **error)
{
	/* what @uri says comes after the defaults and wins */
	static const char *const names[] = {"connect_timeout",
	                                    "application_name",
	                                    "keepalives_idle",
	                                    "keepalives_interval",
	                                    "keepalives_count",
	                                    "tcp_user_timeout",
	                                    "dbname",
	                                    "client_encoding",
	                                    NULL};
	const char *values[] = {"10", "trawl", "15", "5", "3", "30000", uri, "UTF8", NULL};
	PostgresDb *db = g_new0(PostgresDb, 1);
	db->base.driver = &postgres_driver;
	db->statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	db->handle = PQconnectdbParams(names, values, 1);
	if (PQstatus(db->handle) == CONNECTION_OK) {
		PQsetNoticeReceiver(db->handle, ignore_notice, NULL);
		if (configure(db, error))
			return &db->base;
	} else {
		g_autofree char *text = g_strchomp(g_strdup(PQerrorMessage(db->handle)));
		gboolean password = PQconnectionNeedsPassword(db->handle) ||
		                    PQconnectionUsedPassword(db->handle);
		g_set_error(error, TRAWL_ERROR,
		            password ? TRAWL_ERROR_AUTHENTICATION : TRAWL_ERROR_UNREACHABLE,
		            "database: %s", text);
	}
	postgres_disconnect(&db->base);
	return NULL;
}

void postgres_disconnect(Db *base)
{
	if (!base)
		return;
	PostgresDb *db = (PostgresDb *)base;
	PQfinish(db->handle);
	g_hash_table_unref(db->statements);
	g_free(db);
}

gboolean postgres_script(Db *base, const char *sql, GError **error)
{
	PostgresDb *db = (PostgresDb *)base;
	g_autoptr(Result) result = PQexec(db->handle, sql);
	return is_good(result) || fail(db, result, error);
}

PostgresOutcome postgres_control(Db *base, const char *sql, GError **error)
{
	PostgresDb *db = (PostgresDb *)base;
	g_autoptr(Result) result = PQexec(db->handle, sql);
	db->may_repeat = FALSE;
	if (!is_good(result)) {
		fail(db, result, error);
		return postgres_is_broken(base) ? POSTGRES_BROKEN : POSTGRES_FAILED;
	}
	if (g_str_has_prefix(sql, "COMMIT") && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL,
		                    "the database rolled a transaction back instead of "
		                    "committing it");
		return POSTGRES_FAILED;
	}
	return POSTGRES_OK;
}

void postgres_tidy(Db *base)
{
	PostgresDb *db = (PostgresDb *)base;
	if (g_hash_table_size(db->statements) < STATEMENTS_CACHE)
		return;
	g_hash_table_remove_all(db->statements);
	postgres_script(base, "DEALLOCATE ALL", NULL);
}

/* The server's name of the prepared statement. Types are said where they are sure, so that $1 + 1
 * is not taken for a 32-bit sum; a text may be the NULL of any type, so the server finds out. */
static const char *prepare(PostgresDb *db, const char *sql, const DbValue *values, guint n_values,
                           GError **error)
{
	const char *known = g_hash_table_lookup(db->statements, sql);
	if (known)
		return known;
	g_autofree Oid *types = g_new0(Oid, n_values + 1);
	for (guint i = 0; i < n_values; i++)
		types[i] = values[i].type == 'i'   ? OID_INT8
		           : values[i].type == 'f' ? OID_FLOAT8
		           : values[i].type == 'b' ? OID_BYTEA
		                                   : 0;
	g_autofree char *name = g_strdup_printf("s%u", ++db->n_prepared);
	g_autoptr(Result) result = PQprepare(db->handle, name, sql, (int)n_values, types);
	if (!is_good(result)) {
		fail(db, result, error);
		return NULL;
	}
	known = g_steal_pointer(&name);
	g_hash_table_insert(db->statements, g_strdup(sql), (gpointer)known);
	return known;
}

/* The parameters of one call as libpq wants them. A list of jobs or lanes may have many. */
typedef char Digits[G_ASCII_DTOSTR_BUF_SIZE];
typedef struct {
	const char **values;
	int *lengths, *formats;
	Digits *digits;
} Parameters;

static void fill(const Parameters *all, guint i, const DbValue *value)
{
	gsize length = 0;
	const char *octets;
	all->formats[i] = value->type == 'b';
	switch (value->type) {
	case 'i':
		g_snprintf(all->digits[i], sizeof all->digits[i], "%" G_GINT64_FORMAT, value->i);
		all->values[i] = all->digits[i];
		break;
	case 'f':
		all->values[i] = g_ascii_dtostr(all->digits[i], sizeof all->digits[i], value->f);
		break;
	case 'b':
		octets = value->b ? g_bytes_get_data(value->b, &length) : NULL;
		all->values[i] = !value->b ? NULL : octets ? octets : "";
		all->lengths[i] = (int)length;
		break;
	default:
		all->values[i] = value->t;
	}
}

DbRows *postgres_execute(Db *base, const char *sql, const DbValue *values, guint n_values,
                         GError **error)
{
	PostgresDb *db = (PostgresDb *)base;
	const char *name = prepare(db, sql, values, n_values, error);
	if (!name)
		return NULL;
	g_autofree const char **texts = g_new0(const char *, n_values + 1);
	g_autofree int *lengths = g_new0(int, n_values + 1);
	g_autofree int *formats = g_new0(int, n_values + 1);
	g_autofree Digits *digits = g_new(Digits, n_values + 1);
	const Parameters all = {texts, lengths, formats, digits};
	for (guint i = 0; i < n_values; i++)
		fill(&all, i, &values[i]);
	g_autoptr(Result) result =
		PQexecPrepared(db->handle, name, (int)n_values, texts, lengths, formats, 0);
	if (!is_good(result)) {
		fail(db, result, error);
		return NULL;
	}
	PostgresRows *rows = g_new0(PostgresRows, 1);
	*rows = (PostgresRows){{base}, g_steal_pointer(&result), -1};
	return &rows->base;
}

gboolean postgres_lock_key(Db *db, const char *key, GError **error)
{
	DbValue value = {.type = 't', .t = key};
	DbRows *rows = postgres_execute(db, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
	                                &value, 1, error);
	if (!rows)
		return FALSE;
	postgres_rows_free(rows);
	return TRUE;
}

gboolean postgres_next(DbRows *base, GError **error)
{
	PostgresRows *rows = (PostgresRows *)base;
	return ++rows->row < PQntuples(rows->result);
}

gint64 postgres_changed(DbRows *rows)
{
	return g_ascii_strtoll(PQcmdTuples(((PostgresRows *)rows)->result), NULL, 10);
}

void postgres_rows_free(DbRows *base)
{
	PostgresRows *rows = (PostgresRows *)base;
	PQclear(rows->result);
	g_free(rows);
}

gboolean postgres_is_null(DbRows *base, int column)
{
	PostgresRows *rows = (PostgresRows *)base;
	return PQgetisnull(rows->result, rows->row, column) == 1;
}

const char *postgres_get_text(DbRows *base, int column)
{
	PostgresRows *rows = (PostgresRows *)base;
	return postgres_is_null(base, column) ? NULL : PQgetvalue(rows->result, rows->row, column);
}

gint64 postgres_get_int(DbRows *rows, int column)
{
	const char *text = postgres_get_text(rows, column);
	if (text && PQftype(((PostgresRows *)rows)->result, column) == OID_BOOL)
		return *text == 't';
	return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

double postgres_get_float(DbRows *rows, int column)
{
	const char *text = postgres_get_text(rows, column);
	return text ? g_ascii_strtod(text, NULL) : 0.0;
}

GBytes *postgres_get_bytes(DbRows *rows, int column)
{
	const char *text = postgres_get_text(rows, column);
	gsize length = 0;
	guchar *octets = text ? PQunescapeBytea((const guchar *)text, &length) : NULL;
	return octets ? g_bytes_new_with_free_func(octets, length, PQfreemem, octets) : NULL;
}
