/* `trawl audit`: walks the chain of the audit log, and writes it out, on the store itself, because
 * a daemon that is not trusted cannot vouch for its own log. What was written out can be walked as
 * well: that is what is left of records that are past their period. */
#include "audit/audit.h"

#include "api/show.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/local.h"
#include "cli/view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define EXIT_BROKEN 1
#define PAGE        500

typedef struct {
	gint64 first, checked;
	AuditAnchor anchor;
	char *last;     /* hash of the last one that fits, or NULL */
	GError *broken; /* what is wrong with the chain, as opposed to with looking at it */
} Walk;

static void walk_clear(Walk *walk)
{
	audit_anchor_clear(&walk->anchor);
	g_clear_pointer(&walk->last, g_free);
	g_clear_error(&walk->broken);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Walk, walk_clear)

/* --- of the store -------------------------------------------------------------------------------
 */

static gboolean walk_chain(Db *db, gpointer data, GError **error)
{
	Walk *walk = data;
	walk_clear(walk);
	g_autoptr(GError) problem = NULL;
	gboolean whole = audit_verify(db, &walk->checked, &walk->anchor, &problem);
	walk->first = walk->anchor.seq + 1;
	if (whole)
		return TRUE;
	if (problem->domain == TRAWL_ERROR && problem->code == TRAWL_ERROR_CONFLICT) {
		walk->broken = g_steal_pointer(&problem);
		return TRUE;
	}
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

/* --- of a file ----------------------------------------------------------------------------------
 */

/* One line as the export, the console and the API write it. */
static AuditRecord *parse_line(const char *line, GError **error)
{
	g_autoptr(json_t) document = json_parse(line, -1, error);
	if (!document)
		return NULL;
	g_autoptr(AuditRecord) record = g_new0(AuditRecord, 1);
	const json_t *detail = json_object_get(document, "detail");
	record->seq = json_int(document, "seq", 0);
	record->at = json_int(document, "at_us", 0);
	record->actor = g_strdup(json_text(document, "actor"));
	record->action = g_strdup(json_text(document, "action"));
	record->object_kind = g_strdup(json_text(document, "object_kind"));
	record->object_id = json_int(document, "object_id", 0);
	record->incident_id = json_int(document, "incident_id", 0);
	record->hash = g_strdup(json_text(document, "hash"));
	record->detail = detail ? json_format(detail) : NULL;
	if (record->seq > 0 && record->at && record->actor && record->action &&
	    record->object_kind && record->hash && record->detail)
		return g_steal_pointer(&record);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	                    "this is no line of an exported audit log");
	return NULL;
}

/* What the first record follows is not in the file, unless it is the very first. */
static char *misfit_of(const Walk *walk, const AuditRecord *record)
{
	gint64 expected = walk->first + walk->checked;
	const char *previous = walk->last ? walk->last : record->seq == 1 ? "" : NULL;
	g_autofree char *hash = previous ? audit_record_hash(record, previous) : NULL;
	if (walk->last && record->seq != expected)
		return g_strdup_printf("audit record %" G_GINT64_FORMAT " is missing", expected);
	if (hash && strcmp(hash, record->hash) != 0)
		return g_strdup_printf("audit record %" G_GINT64_FORMAT
		                       " is not what was written, or the one before it is not",
		                       record->seq);
	return NULL;
}

static gboolean walk_line(Walk *walk, const char *line, GError **error)
{
	g_autoptr(AuditRecord) record = parse_line(line, error);
	if (!record)
		return FALSE;
	if (!walk->last)
		walk->first = record->seq;
	g_autofree char *misfit = misfit_of(walk, record);
	if (misfit) {
		g_set_error_literal(&walk->broken, TRAWL_ERROR, TRAWL_ERROR_CONFLICT, misfit);
		return TRUE;
	}
	walk->checked++;
	g_free(walk->last);
	walk->last = g_steal_pointer(&record->hash);
	return TRUE;
}

static gboolean walk_file(Walk *walk, const char *path, GError **error)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	gboolean ok = TRUE;
	if (!file) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND, "%s: %s", path,
		            g_strerror(errno));
		return FALSE;
	}
	while (ok && !walk->broken && getline(&line, &size, file) > 0)
		ok = !*g_strstrip(line) || walk_line(walk, line, error);
	free(line);
	if (file != stdin)
		fclose(file);
	return ok;
}

/* --- verbs --------------------------------------------------------------------------------------
 */

static char *describe(const Walk *walk)
{
	GString *text = g_string_new(NULL);
	g_string_printf(text, "the chain of %" G_GINT64_FORMAT " records is whole", walk->checked);
	if (walk->anchor.seq) {
		g_autofree char *at = clock_format(walk->anchor.at);
		g_string_append_printf(text,
		                       ", from record %" G_GINT64_FORMAT
		                       " on; what was before, up to %s, is past its period and was "
		                       "removed",
		                       walk->first, at);
	} else if (walk->first > 1) {
		g_string_append_printf(text, ", from record %" G_GINT64_FORMAT " on", walk->first);
	}
	return g_string_free(text, FALSE);
}

int cli_audit_verify(Cli *cli, GError **error)
{
	g_auto(Walk) walk = {.first = 1};
	const char *path = cli_argument(cli, 0);
	g_autoptr(DbPool) db = path ? NULL : local_open(cli, error);
	if (path ? !walk_file(&walk, path, error) : !db || !db_read(db, walk_chain, &walk, error))
		return -1;
	g_autoptr(json_t) document =
		json_pack("{s:b, s:I, s:I, s:s?, s:s?}", "whole", !walk.broken, "first",
	                  (json_int_t)walk.first, "records", (json_int_t)walk.checked,
	                  "removed_hash", walk.anchor.seq ? walk.anchor.hash : NULL, "broken",
	                  walk.broken ? walk.broken->message : NULL);
	char *sentence = walk.broken ? g_strdup(walk.broken->message) : describe(&walk);
	view_done(cli, document, "records", sentence);
	return walk.broken ? EXIT_BROKEN : EX_OK;
}

typedef struct {
	FILE *file;
	gint64 after, last, n;
} Export;

static gboolean export_page(Db *db, gpointer data, GError **error)
{
	Export *export = data;
	g_autoptr(GPtrArray) records =
		audit_list(db, &sight_everything, export->after, AUDIT_ALL, PAGE, error);
	for (guint i = 0; records && i < records->len; i++) {
		const AuditRecord *record = records->pdata[i];
		g_autoptr(json_t) document = audit_record_show(record);
		g_autofree char *line = json_format(document);
		if (fprintf(export->file, "%s\n", line) < 0) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "%s",
			            g_strerror(errno));
			return FALSE;
		}
		export->after = record->seq;
		export->n++;
	}
	export->last = records && records->len == PAGE;
	return records != NULL;
}

/* It may be all that is left of records that are removed next, so it is durable, or is not there.
 */
static gboolean finish_file(FILE *file, const char *path, gboolean whole, GError **error)
{
	gboolean kept = whole && fflush(file) == 0 && fsync(fileno(file)) == 0;
	int problem = errno;
	fclose(file);
	if (kept)
		return TRUE;
	unlink(path);
	if (whole)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "%s: %s", path,
		            g_strerror(problem));
	return FALSE;
}

int cli_audit_export(Cli *cli, GError **error)
{
	const char *path = cli_text(cli, "output");
	gboolean out = !path || strcmp(path, "-") == 0;
	g_autoptr(DbPool) db = local_open(cli, error);
	Export export = {.file = stdout, .last = TRUE};
	if (!db)
		return -1;
	if (!out && !(export.file = fopen(path, "wxe"))) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "%s: %s", path,
		            g_strerror(errno));
		return -1;
	}
	gboolean ok = TRUE;
	while (ok && export.last)
		ok = db_read(db, export_page, &export, error);
	if (out ? !ok : !finish_file(export.file, path, ok, error))
		return -1;
	if (!out)
		view_line(cli, STYLE_PLAIN, "%s has %" G_GINT64_FORMAT " records", path, export.n);
	return EX_OK;
}
