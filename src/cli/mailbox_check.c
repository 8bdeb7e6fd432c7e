/* `trawl check --mailboxes`: does the world agree with the books?
 *
 * People may move, read and delete what has been put back, and a report that was left alone. Before
 * its row ended Trawl saw the message there, flags and all, so such a difference is told apart: it
 * breaks nothing, unless --strict says that nobody was at the mailboxes. */
#include "cli/mailbox_check.h"

#include "auth/secret.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/wait.h"
#include "daemon/kinds.h"
#include "model/quarantine.h"
#include "model/report.h"
#include "pipeline/place.h"
#include "server/servers.h"
#include "store/listing.h"
#include "store/source.h"

#include <sodium.h>
#include <string.h>

#define CALL_SECONDS 60
#define MOST_SHOWN   20 /* offenders a claim */

enum { QUARANTINED, GONE, RESTORED, CLEARED, UNTOUCHED, CLAIMS };

/* clang-format off */
static const struct {
	const char *name, *claim;
} claims[CLAIMS] = {
	[QUARANTINED] = {"quarantined-there", "What is in quarantine is there, byte for byte."},
	[GONE]        = {"moved-gone",        "What was moved is no longer in its mailbox."},
	[RESTORED]    = {"restored-same",     "What was put back has its folder, bytes, flags and received date."},
	[CLEARED]     = {"restored-cleared",  "What was put back is no longer in the quarantine."},
	[UNTOUCHED]   = {"report-untouched",  "A report that is to be left alone is where it was found."},
};
/* clang-format on */

typedef struct {
	guint8 public_key[32], private_key[32];
} Keys;

typedef struct {
	const Cli *cli;
	DbPool *db;
	MailServers *servers;
	GHashTable *rows;  /* id -> MailServerRow */
	GHashTable *taken; /* places that a later quarantine took a message from */
} Look;

static void look_clear(Look *look)
{
	g_clear_pointer(&look->servers, mail_servers_free);
	g_clear_pointer(&look->rows, g_hash_table_unref);
	g_clear_pointer(&look->taken, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

static json_t *open_secret(GBytes *sealed, gpointer data, GError **error)
{
	const Keys *keys = data;
	return secret_open(keys->public_key, keys->private_key, sealed, error);
}

/* One more offender; (transfer full) its sentence. */
static void count(gint64 *n, GPtrArray *sentences, char *sentence)
{
	++*n;
	if (sentences->len < MOST_SHOWN)
		g_ptr_array_add(sentences, sentence);
	else
		g_free(sentence);
}

static void add_broken(CheckResult *result, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add_broken(CheckResult *result, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	count(&result->n_broken, result->broken, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

/* A difference that the owner of the mailbox may have made. */
static void add_changed(const Look *look, CheckResult *result, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void add_changed(const Look *look, CheckResult *result, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (cli_flag(look->cli, "strict"))
		count(&result->n_broken, result->broken, sentence);
	else
		count(&result->n_changed, result->changed, sentence);
}

static CheckResult *result_new(const char *name, const char *claim)
{
	CheckResult *result = g_new0(CheckResult, 1);
	result->name = name;
	result->claim = claim;
	result->broken = g_ptr_array_new_with_free_func(g_free);
	result->changed = g_ptr_array_new_with_free_func(g_free);
	return result;
}

/* --- the mail servers --- */

static gboolean is_missing(const GError *problem)
{
	return g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
}

/* The open server of a row; one that was removed since cannot be asked. */
static MailServer *borrow(Look *look, gint64 server_id, GError **error)
{
	const MailServerRow *row = g_hash_table_lookup(look->rows, &server_id);
	if (row)
		return mail_servers_get(look->servers, row, error);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
	            "mail server %" G_GINT64_FORMAT " was removed", server_id);
	return NULL;
}

static MailItem *stat_message(Look *look, gint64 server_id, const MailRef *ref, GError **error)
{
	MailServer *server = borrow(look, server_id, error);
	if (!server)
		return NULL;
	GError *problem = NULL;
	MailItem *item = mail_server_stat(server, ref, deadline_in(CALL_SECONDS), &problem);
	mail_servers_release(look->servers, server, problem);
	if (problem)
		g_propagate_error(error, problem);
	return item;
}

static char *hash_message(Look *look, gint64 server_id, const MailRef *ref, GError **error)
{
	MailServer *server = borrow(look, server_id, error);
	if (!server)
		return NULL;
	GError *problem = NULL;
	g_autoptr(GBytes) bytes =
		mail_server_fetch_one(server, ref, deadline_in(CALL_SECONDS), &problem);
	mail_servers_release(look->servers, server, problem);
	if (problem)
		g_propagate_error(error, problem);
	return bytes ? text_sha256(bytes) : NULL;
}

/* --- the claims --- */

static gboolean is_in_quarantine(const QuarantineResult *row)
{
	return row->step == STEP_MOVED && row->status == COPY_SUCCESS && row->quarantine_uid;
}

static gboolean is_restored(const QuarantineResult *row)
{
	return row->step == STEP_RESTORED && row->restored_uid;
}

/* What is quarantined is there, byte for byte. */
static void check_quarantined(Look *look, const QuarantineResult *row, CheckResult *result)
{
	result->checked++;
	g_autoptr(GError) problem = NULL;
	g_autoptr(MailRef) ref = mail_ref_new(row->quarantine_mailbox, row->quarantine_folder,
	                                      row->quarantine_epoch, row->quarantine_uid);
	g_autofree char *hash = hash_message(look, row->quarantine_server_id, ref, &problem);
	if (problem)
		add_broken(result, "copy %" G_GINT64_FORMAT " of %s should be in %s of %s: %s",
		           row->id, row->mailbox, row->quarantine_folder, row->quarantine_mailbox,
		           problem->message);
	else if (g_strcmp0(hash, row->sha256) != 0)
		add_broken(result,
		           "copy %" G_GINT64_FORMAT
		           " of %s is not the bytes that were taken: %s in "
		           "%s of %s",
		           row->id, row->mailbox, row->quarantine_uid, row->quarantine_folder,
		           row->quarantine_mailbox);
}

/* Nothing is at a place any more. */
static void check_place_empty(Look *look, const QuarantineResult *row, gint64 server_id,
                              const MailRef *ref, CheckResult *result)
{
	result->checked++;
	g_autoptr(GError) problem = NULL;
	g_autoptr(MailItem) item = stat_message(look, server_id, ref, &problem);
	if (item)
		add_broken(result, "copy %" G_GINT64_FORMAT " of %s is still in %s of %s", row->id,
		           row->mailbox, ref->folder, ref->mailbox);
	else if (!is_missing(problem))
		add_broken(result, "copy %" G_GINT64_FORMAT " of %s: could not look into %s: %s",
		           row->id, row->mailbox, ref->mailbox, problem->message);
}

/* What was moved is no longer where it was. */
static void check_gone(Look *look, const QuarantineResult *row, CheckResult *result)
{
	g_autoptr(MailRef) ref =
		mail_ref_new(row->mailbox, row->folder, row->epoch, row->server_uid);
	check_place_empty(look, row, row->mail_server_id, ref, result);
}

/* What was put back is no longer in the quarantine. */
static void check_cleared(Look *look, const QuarantineResult *row, CheckResult *result)
{
	if (!row->quarantine_uid)
		return;
	g_autoptr(MailRef) ref = mail_ref_new(row->quarantine_mailbox, row->quarantine_folder,
	                                      row->quarantine_epoch, row->quarantine_uid);
	check_place_empty(look, row, row->quarantine_server_id, ref, result);
}

/* Flags as one text, without the one that a server sets by itself. */
static char *format_flags(char *const *flags)
{
	g_autoptr(GPtrArray) kept = g_ptr_array_new();
	for (; flags && *flags; flags++)
		if (g_ascii_strcasecmp(*flags, "\\Recent") != 0)
			g_ptr_array_add(kept, *flags);
	g_ptr_array_add(kept, NULL);
	return g_strjoinv(" ", (char **)kept->pdata);
}

static char *format_stored_flags(const char *document)
{
	g_autoptr(json_t) array = document ? json_parse(document, -1, NULL) : NULL;
	g_autoptr(GPtrArray) flags = g_ptr_array_new();
	for (gsize i = 0; i < json_array_size(array); i++)
		g_ptr_array_add(flags, (gpointer)json_string_value(json_array_get(array, i)));
	g_ptr_array_add(flags, NULL);
	return format_flags((char **)flags->pdata);
}

static void check_restored_item(const Look *look, const QuarantineResult *row, const MailItem *item,
                                CheckResult *result)
{
	g_autofree char *before = format_stored_flags(row->flags);
	g_autofree char *now = format_flags(item->flags);
	/* IMAP keeps whole seconds */
	if (row->received_at / CLOCK_SECOND != item->received_at / CLOCK_SECOND) {
		g_autofree char *was = clock_format(row->received_at);
		g_autofree char *is = clock_format(item->received_at);
		add_broken(result,
		           "copy %" G_GINT64_FORMAT " of %s came back with the received date %s "
		           "instead of %s",
		           row->id, row->mailbox, is, was);
	} else if (strcmp(before, now) != 0) {
		add_changed(look, result,
		            "copy %" G_GINT64_FORMAT " of %s has the flags \"%s\", and had \"%s\": "
		            "its owner changed them since, or its row says what could not be "
		            "brought back",
		            row->id, row->mailbox, now, before);
	}
}

static char *format_place(gint64 server_id, const char *mailbox, const char *folder,
                          const char *epoch, const char *uid)
{
	return g_strdup_printf("%" G_GINT64_FORMAT "\n%s\n%s\n%s\n%s", server_id, mailbox, folder,
	                       epoch, uid);
}

/* Rows come newest first: what a later row took is known when an earlier one is looked at. */
static void note_taken(Look *look, const QuarantineResult *row)
{
	if (is_in_quarantine(row) || is_restored(row))
		g_hash_table_add(look->taken,
		                 format_place(row->mail_server_id, row->mailbox, row->folder,
		                              row->epoch, row->server_uid));
}

static gboolean was_taken_again(const Look *look, const QuarantineResult *row)
{
	g_autofree char *place = format_place(row->mail_server_id, row->mailbox, row->folder,
	                                      row->restored_epoch, row->restored_uid);
	return g_hash_table_contains(look->taken, place);
}

/* What was put back is there: same folder, bytes, flags and received date. */
static void check_restored(Look *look, const QuarantineResult *row, CheckResult *result)
{
	result->checked++;
	g_autoptr(GError) problem = NULL;
	g_autoptr(MailRef) ref =
		mail_ref_new(row->mailbox, row->folder, row->restored_epoch, row->restored_uid);
	g_autoptr(MailItem) item = stat_message(look, row->mail_server_id, ref, &problem);
	g_autofree char *hash =
		item ? hash_message(look, row->mail_server_id, ref, &problem) : NULL;
	if (is_missing(problem))
		add_changed(look, result,
		            "copy %" G_GINT64_FORMAT
		            " is not in %s of %s any more: its owner moved or "
		            "deleted it since",
		            row->id, row->folder, row->mailbox);
	else if (problem)
		add_broken(result, "copy %" G_GINT64_FORMAT " of %s: could not look: %s", row->id,
		           row->mailbox, problem->message);
	else if (g_strcmp0(hash, row->sha256) != 0)
		add_broken(result, "copy %" G_GINT64_FORMAT " of %s came back with other bytes",
		           row->id, row->mailbox);
	else
		check_restored_item(look, row, item, result);
}

/* A report that is to be left alone is where it was found. */
static void check_untouched(Look *look, const Report *report, CheckResult *result)
{
	if (report->post_process != POST_STATE_NONE || report->state == REPORT_GONE)
		return;
	result->checked++;
	gint64 server_id;
	g_autoptr(GError) problem = NULL;
	g_autoptr(MailRef) ref = place_parse(report, &server_id, &problem);
	g_autoptr(MailItem) item = ref ? stat_message(look, server_id, ref, &problem) : NULL;
	if (item)
		return;
	if (is_missing(problem))
		add_changed(look, result,
		            "report %" G_GINT64_FORMAT " is not in %s of %s any more: somebody "
		            "moved or deleted it since",
		            report->id, ref->folder, ref->mailbox);
	else
		add_broken(result, "report %" G_GINT64_FORMAT ": could not look: %s", report->id,
		           problem->message);
}

/* --- page by page --- */

typedef struct {
	gint64 before_id;
	GPtrArray *rows;
} Fetch;

static gboolean fetch_results(Db *db, gpointer data, GError **error)
{
	Fetch *fetch = data;
	const QuarantineResultFilter any = {.status = -1};
	const Page page = {.sight = &sight_everything, .before_id = fetch->before_id, .limit = 500};
	g_clear_pointer(&fetch->rows, g_ptr_array_unref);
	fetch->rows = quarantine_result_list_filtered(db, &any, &page, error);
	return fetch->rows != NULL;
}

static gboolean fetch_reports(Db *db, gpointer data, GError **error)
{
	Fetch *fetch = data;
	const ReportFilter any = {.state = -1, .trusted = -1};
	const Page page = {.sight = &sight_everything, .before_id = fetch->before_id, .limit = 500};
	g_clear_pointer(&fetch->rows, g_ptr_array_unref);
	fetch->rows = report_list(db, &any, &page, error);
	return fetch->rows != NULL;
}

/* A sign of life between two rows, which may take a second each; FALSE when asked to stop. */
static gboolean go_on(const Look *look, const char *what, gint64 id, GError **error)
{
	g_autofree char *line = g_strdup_printf("looking for %s %" G_GINT64_FORMAT, what, id);
	progress_show(look->cli, line);
	if (!g_atomic_int_get(&cli_stop))
		return TRUE;
	progress_clear(look->cli);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CANCELLED, "stopped");
	return FALSE;
}

static void check_row(Look *look, const QuarantineResult *row, CheckResult *const *checks)
{
	if (is_in_quarantine(row)) {
		check_quarantined(look, row, checks[QUARANTINED]);
		check_gone(look, row, checks[GONE]);
	} else if (is_restored(row)) {
		check_cleared(look, row, checks[CLEARED]);
		if (!was_taken_again(look, row))
			check_restored(look, row, checks[RESTORED]);
	}
	note_taken(look, row);
}

static gboolean check_ledger(Look *look, CheckResult *const *checks, GError **error)
{
	Fetch fetch = {0};
	for (;;) {
		if (!db_read(look->db, fetch_results, &fetch, error))
			return FALSE;
		g_autoptr(GPtrArray) rows = g_steal_pointer(&fetch.rows);
		if (rows->len == 0)
			return TRUE;
		for (guint i = 0; i < rows->len; i++) {
			const QuarantineResult *row = rows->pdata[i];
			fetch.before_id = row->id;
			if (!go_on(look, "copy", row->id, error))
				return FALSE;
			check_row(look, row, checks);
		}
	}
}

static gboolean check_reports(Look *look, CheckResult *untouched, GError **error)
{
	Fetch fetch = {0};
	for (;;) {
		if (!db_read(look->db, fetch_reports, &fetch, error))
			return FALSE;
		g_autoptr(GPtrArray) rows = g_steal_pointer(&fetch.rows);
		if (rows->len == 0)
			return TRUE;
		for (guint i = 0; i < rows->len; i++) {
			const Report *report = rows->pdata[i];
			fetch.before_id = report->id;
			if (!go_on(look, "report", report->id, error))
				return FALSE;
			check_untouched(look, report, untouched);
		}
	}
}

static gboolean load_configuration(Db *db, gpointer data, GError **error)
{
	Look *look = data;
	g_hash_table_remove_all(look->rows);
	g_autoptr(GPtrArray) servers = mail_server_list(db, error);
	if (!servers)
		return FALSE;
	g_ptr_array_set_free_func(servers, NULL);
	for (guint i = 0; i < servers->len; i++) {
		MailServerRow *row = servers->pdata[i];
		g_hash_table_insert(look->rows, &row->id, row);
	}
	return TRUE;
}

GPtrArray *mailbox_check(Cli *cli, DbPool *db, const char *data_dir, GError **error)
{
	static Keys keys;
	sodium_mlock(&keys, sizeof keys);
	g_auto(Look) look = {.cli = cli, .db = db};
	look.rows = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
	                                  (GDestroyNotify)mail_server_row_free);
	look.taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!secret_load_public(data_dir, keys.public_key, error) ||
	    !secret_load_private(data_dir, keys.private_key, error) ||
	    !db_read(db, load_configuration, &look, error))
		return NULL;
	look.servers = mail_servers_new(daemon_kinds, open_secret, &keys);
	cli_catch_stop();

	g_autoptr(GPtrArray) results =
		g_ptr_array_new_with_free_func((GDestroyNotify)check_result_free);
	CheckResult *checks[CLAIMS];
	for (guint i = 0; i < CLAIMS; i++) {
		checks[i] = result_new(claims[i].name, claims[i].claim);
		g_ptr_array_add(results, checks[i]);
	}
	if (!check_ledger(&look, checks, error) || !check_reports(&look, checks[UNTOUCHED], error))
		return NULL;
	progress_clear(cli);
	return g_steal_pointer(&results);
}
