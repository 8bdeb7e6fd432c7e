#pragma once
#include "db/db.h"
#include "model/source.h"
#include "store/sight.h"

/* Mail servers and sources. A change of configuration writes its audit record through the caller,
 * who gives the record's seq as @revision. */

/** Inserts and sets row->id. TRAWL_ERROR_CONFLICT when the name is taken. */
gboolean mail_server_insert(Db *db, MailServerRow *row, GError **error);
/** Writes name, config, and secret with secret_names (both kept when secret is NULL) if the row
 * still has revision @expected; TRAWL_ERROR_PRECONDITION otherwise. */
gboolean mail_server_update(Db *db, MailServerRow *row, gint64 expected, GError **error);
/** Marks it deleted; TRAWL_ERROR_CONFLICT while a source uses it. */
gboolean mail_server_delete(Db *db, gint64 id, gint64 revision, GError **error);
/** TRAWL_ERROR_NOT_FOUND when there is none (or it is deleted). */
MailServerRow *mail_server_load(Db *db, gint64 id, GError **error);
MailServerRow *mail_server_load_by_name(Db *db, const char *name, GError **error);
/** All that are not deleted, by name; element free is set. */
GPtrArray *mail_server_list(Db *db, GError **error);
/** Those on which there is a source that is seen. */
GPtrArray *mail_server_list_seen(Db *db, const Sight *sight, GError **error);
gboolean mail_server_save_state(Db *db, gint64 id, const char *state_json, GError **error);

/** Inserts and sets source->id. TRAWL_ERROR_CONFLICT when the name is taken, _NOT_FOUND when there
 * is no such mail server. */
gboolean source_insert(Db *db, Source *source, GError **error);
/** As mail_server_update(). Another mail server, mailbox or folder starts with no cursor. */
gboolean source_update(Db *db, Source *source, gint64 expected, GError **error);
gboolean source_delete(Db *db, gint64 id, gint64 revision, GError **error);
/** TRAWL_ERROR_NOT_FOUND when there is none (or it is deleted). */
Source *source_load(Db *db, gint64 id, GError **error);
/** Also a deleted one: reports that it found before are still worked on. */
Source *source_load_any(Db *db, gint64 id, GError **error);
Source *source_load_by_name(Db *db, const char *name, GError **error);
GPtrArray *source_list(Db *db, GError **error);
/** Those that are seen. */
GPtrArray *source_list_seen(Db *db, const Sight *sight, GError **error);
/** Writes cursor (kept when NULL) and the outcome of a poll. @error_text NULL: it succeeded. */
gboolean source_save_poll(Db *db, gint64 id, const char *cursor, gint64 at, gint64 found,
                          const char *error_code, const char *error_text, GError **error);

/* One poll of a source. */
typedef struct {
	gint64 at, took; /* when it began; microseconds */
	gint64 found;
	char *error_code, *error; /* NULL: it succeeded */
} SourcePoll;
void source_poll_free(SourcePoll *poll);

/** Remembers what became of a poll, and forgets those that are older than two days. */
gboolean source_note_poll(Db *db, gint64 id, const SourcePoll *poll, GError **error);
/** Those that are remembered, newest first, begun before @before (0: all); of SourcePoll. */
GPtrArray *source_polls(Db *db, gint64 id, gint64 before, guint limit, GError **error);
