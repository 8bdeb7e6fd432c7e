/* Mail servers and sources: what an administrator configures, and what polling found out about it.
 *
 * A deleted one keeps its row, because reports and copies refer to it, but gives its name free. */
#include "store/source.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/rows.h"
#include "store/seen.h"

#define SERVER_COLUMNS "id, name, kind, config, secret, secret_names, created_at, revision, state"

static gpointer read_server(DbRows *rows)
{
	MailServerRow *row = g_new0(MailServerRow, 1);
	row->id = db_int(rows, 0);
	row->name = db_text_dup(rows, 1);
	row->kind = db_text_dup(rows, 2);
	row->config = db_text_dup(rows, 3);
	row->secret = db_bytes(rows, 4);
	row->secret_names = db_text_dup(rows, 5);
	row->created_at = db_int(rows, 6);
	row->revision = db_int(rows, 7);
	row->state = db_text_dup(rows, 8);
	return row;
}

/* A name that is taken, said so that a person knows which. */
static gboolean name_conflict(const char *what, const char *name, GError **error)
{
	if (error && g_error_matches(*error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT)) {
		g_clear_error(error);
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "there is a %s named '%s' already", what, name);
	}
	return FALSE;
}

gboolean mail_server_insert(Db *db, MailServerRow *row, GError **error)
{
	return rows_int(db_query(db, error, "tttbtiit",
	                         "INSERT INTO mail_server (name, kind, config, secret, "
	                         "secret_names, created_at, revision, state) "
	                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
	                         row->name, row->kind, row->config, row->secret,
	                         row->secret_names ? row->secret_names : "[]", row->created_at,
	                         row->revision, row->state ? row->state : "{}"),
	                &row->id, error) ||
	       name_conflict("mail server", row->name, error);
}

gboolean mail_server_update(Db *db, MailServerRow *row, gint64 expected, GError **error)
{
	const char *names = row->secret_names ? row->secret_names : "[]";
	gint64 changed = 0;
	if (!db_run(db, &changed, error, "ttbtiii",
	            "UPDATE mail_server SET name = $1, config = $2, secret = COALESCE($3, secret), "
	            "secret_names = COALESCE($4, secret_names), revision = $5 "
	            "WHERE id = $6 AND revision = $7 AND deleted_at IS NULL",
	            row->name, row->config, row->secret, row->secret ? names : NULL, row->revision,
	            row->id, expected))
		return name_conflict("mail server", row->name, error);
	return rows_check_saved(changed, expected, "mail server", row->id, error);
}

gboolean mail_server_delete(Db *db, gint64 id, gint64 revision, GError **error)
{
	g_autoptr(GError) problem = NULL;
	gint64 user = 0;
	g_autofree char *key = g_strdup_printf("mail_server:%" G_GINT64_FORMAT, id);
	if (!db_lock_key(db, key, error))
		return FALSE;
	if (rows_int(db_query(db, &problem, "i",
	                      "SELECT id FROM source WHERE mail_server_id = $1 AND "
	                      "deleted_at IS NULL LIMIT 1",
	                      id),
	             &user, &problem))
		g_set_error(&problem, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "source %" G_GINT64_FORMAT " uses this mail server", user);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	gint64 changed = 0;
	return db_run(db, &changed, error, "iii",
	              "UPDATE mail_server SET deleted_at = $1, secret = NULL, revision = $2 "
	              "WHERE id = $3 AND deleted_at IS NULL",
	              clock_now(), revision, id) &&
	       rows_check_saved(changed, 0, "mail server", id, error);
}

MailServerRow *mail_server_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " SERVER_COLUMNS " FROM mail_server "
	                          "WHERE id = $1 AND deleted_at IS NULL",
	                          id),
	                 read_server, "mail server", id, error);
}

/* NULL from a search by name becomes NOT_FOUND. */
static gpointer by_name(gpointer row, GError *problem, const char *what, const char *name,
                        GError **error)
{
	if (problem)
		g_propagate_error(error, problem);
	else if (!row)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND, "no %s named '%s'", what,
		            name);
	return row;
}

MailServerRow *mail_server_load_by_name(Db *db, const char *name, GError **error)
{
	GError *problem = NULL;
	MailServerRow *row = rows_find(db_query(db, &problem, "t",
	                                        "SELECT " SERVER_COLUMNS " FROM mail_server "
	                                        "WHERE name = $1 AND deleted_at IS NULL",
	                                        name),
	                               read_server, &problem);
	return by_name(row, problem, "mail server", name, error);
}

GPtrArray *mail_server_list(Db *db, GError **error)
{
	return rows_collect(db_query(db, error, "",
	                             "SELECT " SERVER_COLUMNS " FROM mail_server "
	                             "WHERE deleted_at IS NULL ORDER BY name"),
	                    read_server, (GDestroyNotify)mail_server_row_free, error);
}

GPtrArray *mail_server_list_seen(Db *db, const Sight *sight, GError **error)
{
	if (sight->everything)
		return mail_server_list(db, error);
	return rows_collect(db_query(db, error, "i",
	                             "SELECT " SERVER_COLUMNS " FROM mail_server WHERE deleted_at "
	                             "IS NULL AND id IN (SELECT mail_server_id FROM source WHERE "
	                             "deleted_at IS NULL AND id IN " SEEN_SOURCES("$1") ") ORDER "
	                                                                                "BY name",
	                             sight->viewer),
	                    read_server, (GDestroyNotify)mail_server_row_free, error);
}

gboolean mail_server_save_state(Db *db, gint64 id, const char *state_json, GError **error)
{
	return db_run(db, NULL, error, "ti", "UPDATE mail_server SET state = $1 WHERE id = $2",
	              state_json, id);
}

#define SOURCE_COLUMNS                                                                             \
	"id, name, type, description, enabled, link_events, mail_server_id, mailbox, folder, "     \
	"post_process, destination_folder, polling_interval, accepted_domains, trusted_hosts, "    \
	"accepted_relays, created_at, revision, cursor, last_poll_at, last_success_at, "           \
	"last_error, "                                                                             \
	"last_error_code, last_found, total_found"

static gpointer read_source(DbRows *rows)
{
	Source *source = g_new0(Source, 1);
	source->id = db_int(rows, 0);
	source->name = db_text_dup(rows, 1);
	source->type = db_text_dup(rows, 2);
	source->description = db_text_dup(rows, 3);
	source->enabled = db_int(rows, 4) != 0;
	source->link_events = db_int(rows, 5) != 0;
	source->mail_server_id = db_int(rows, 6);
	source->mailbox = db_text_dup(rows, 7);
	source->folder = db_text_dup(rows, 8);
	source->post_process = (PostProcess)rows_enum(rows, 9, post_process_names);
	source->destination_folder = db_text_dup(rows, 10);
	source->polling_interval = db_int(rows, 11);
	source->accepted_domains = rows_parse_strv(db_text(rows, 12));
	source->trusted_hosts = rows_parse_strv(db_text(rows, 13));
	source->accepted_relays = rows_parse_strv(db_text(rows, 14));
	source->created_at = db_int(rows, 15);
	source->revision = db_int(rows, 16);
	source->cursor = db_text_dup(rows, 17);
	source->last_poll_at = db_int(rows, 18);
	source->last_success_at = db_int(rows, 19);
	source->last_error = db_text_dup(rows, 20);
	source->last_error_code = db_text_dup(rows, 21);
	source->last_found = db_int(rows, 22);
	source->total_found = db_int(rows, 23);
	return source;
}

/* A source is tied to a mail server that is there, also when that is being deleted just now. */
static gboolean check_server(Db *db, gint64 id, GError **error)
{
	g_autofree char *key = g_strdup_printf("mail_server:%" G_GINT64_FORMAT, id);
	if (!db_lock_key(db, key, error))
		return FALSE;
	g_autoptr(MailServerRow) row = mail_server_load(db, id, error);
	return row != NULL;
}

gboolean source_insert(Db *db, Source *source, GError **error)
{
	if (!check_server(db, source->mail_server_id, error))
		return FALSE;
	g_autofree char *domains = rows_format_strv(source->accepted_domains);
	g_autofree char *hosts = rows_format_strv(source->trusted_hosts);
	g_autofree char *relays = rows_format_strv(source->accepted_relays);
	return rows_int(
		       db_query(db, error, "tttiiittttitttii",
	                        "INSERT INTO source (name, type, description, enabled, "
	                        "link_events, mail_server_id, mailbox, folder, post_process, "
	                        "destination_folder, polling_interval, accepted_domains, "
	                        "trusted_hosts, accepted_relays, created_at, revision) VALUES ($1, "
	                        "$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
	                        "$16) RETURNING id",
	                        source->name, source->type, source->description,
	                        (gint64)source->enabled, (gint64)source->link_events,
	                        source->mail_server_id, source->mailbox, source->folder,
	                        post_process_names[source->post_process],
	                        source->destination_folder, source->polling_interval, domains,
	                        hosts, relays, source->created_at, source->revision),
		       &source->id, error) ||
	       name_conflict("source", source->name, error);
}

/* A cursor belongs to the folder it was read from. */
gboolean source_update(Db *db, Source *source, gint64 expected, GError **error)
{
	if (!check_server(db, source->mail_server_id, error))
		return FALSE;
	g_autofree char *domains = rows_format_strv(source->accepted_domains);
	g_autofree char *hosts = rows_format_strv(source->trusted_hosts);
	g_autofree char *relays = rows_format_strv(source->accepted_relays);
	gint64 changed = 0;
	if (!db_run(db, &changed, error, "ttiiittttitttiii",
	            "UPDATE source SET name = $1, description = $2, enabled = $3, "
	            "link_events = $4, cursor = CASE WHEN mail_server_id = $5 AND mailbox = $6 "
	            "AND folder = $7 THEN cursor END, mail_server_id = $5, mailbox = $6, "
	            "folder = $7, post_process = $8, destination_folder = $9, "
	            "polling_interval = $10, accepted_domains = $11, trusted_hosts = $12, "
	            "accepted_relays = $13, "
	            "revision = $14 WHERE id = $15 AND revision = $16 AND deleted_at IS NULL",
	            source->name, source->description, (gint64)source->enabled,
	            (gint64)source->link_events, source->mail_server_id, source->mailbox,
	            source->folder, post_process_names[source->post_process],
	            source->destination_folder, source->polling_interval, domains, hosts, relays,
	            source->revision, source->id, expected))
		return name_conflict("source", source->name, error);
	return rows_check_saved(changed, expected, "source", source->id, error);
}

gboolean source_delete(Db *db, gint64 id, gint64 revision, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "iii",
	              "UPDATE source SET deleted_at = $1, enabled = 0, revision = $2 "
	              "WHERE id = $3 AND deleted_at IS NULL",
	              clock_now(), revision, id) &&
	       rows_check_saved(changed, 0, "source", id, error);
}

Source *source_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " SOURCE_COLUMNS
	                          " FROM source WHERE id = $1 AND deleted_at IS NULL",
	                          id),
	                 read_source, "source", id, error);
}

Source *source_load_any(Db *db, gint64 id, GError **error)
{
	return rows_load(
		db_query(db, error, "i", "SELECT " SOURCE_COLUMNS " FROM source WHERE id = $1", id),
		read_source, "source", id, error);
}

Source *source_load_by_name(Db *db, const char *name, GError **error)
{
	GError *problem = NULL;
	Source *source = rows_find(db_query(db, &problem, "t",
	                                    "SELECT " SOURCE_COLUMNS
	                                    " FROM source WHERE name = $1 AND deleted_at IS NULL",
	                                    name),
	                           read_source, &problem);
	return by_name(source, problem, "source", name, error);
}

GPtrArray *source_list(Db *db, GError **error)
{
	return rows_collect(db_query(db, error, "",
	                             "SELECT " SOURCE_COLUMNS
	                             " FROM source WHERE deleted_at IS NULL ORDER BY name"),
	                    read_source, (GDestroyNotify)source_free, error);
}

GPtrArray *source_list_seen(Db *db, const Sight *sight, GError **error)
{
	if (sight->everything)
		return source_list(db, error);
	return rows_collect(db_query(db, error, "i",
	                             "SELECT " SOURCE_COLUMNS " FROM source WHERE deleted_at IS "
	                             "NULL AND id IN " SEEN_SOURCES("$1") " ORDER BY name",
	                             sight->viewer),
	                    read_source, (GDestroyNotify)source_free, error);
}

gboolean source_save_poll(Db *db, gint64 id, const char *cursor, gint64 at, gint64 found,
                          const char *error_code, const char *error_text, GError **error)
{
	return db_run(db, NULL, error, "tizttii",
	              "UPDATE source SET cursor = COALESCE($1, cursor), last_poll_at = $2, "
	              "last_success_at = COALESCE($3, last_success_at), last_error_code = $4, "
	              "last_error = $5, last_found = $6, total_found = total_found + $6 "
	              "WHERE id = $7",
	              cursor, at, error_text ? G_GINT64_CONSTANT(0) : at,
	              error_text ? error_code : NULL, error_text, found, id);
}

void source_poll_free(SourcePoll *poll)
{
	if (!poll)
		return;
	g_free(poll->error_code);
	g_free(poll->error);
	g_free(poll);
}

gboolean source_note_poll(Db *db, gint64 id, const SourcePoll *poll, GError **error)
{
	return db_run(db, NULL, error, "iiiitt",
	              "INSERT INTO source_poll (source_id, at, took, found, error_code, error) "
	              "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (source_id, at) DO NOTHING",
	              id, poll->at, poll->took, poll->found, poll->error_code, poll->error);
}

static gpointer read_poll(DbRows *rows)
{
	SourcePoll *poll = g_new0(SourcePoll, 1);
	poll->at = db_int(rows, 0);
	poll->took = db_int(rows, 1);
	poll->found = db_int(rows, 2);
	poll->error_code = db_text_dup(rows, 3);
	poll->error = db_text_dup(rows, 4);
	return poll;
}

GPtrArray *source_polls(Db *db, gint64 id, gint64 before, guint limit, GError **error)
{
	return rows_collect(db_query(db, error, "iii",
	                             "SELECT at, took, found, error_code, error FROM source_poll "
	                             "WHERE source_id = $1 AND ($2 = 0 OR at < $2) "
	                             "ORDER BY at DESC LIMIT $3",
	                             id, before, (gint64)limit),
	                    read_poll, (GDestroyNotify)source_poll_free, error);
}
