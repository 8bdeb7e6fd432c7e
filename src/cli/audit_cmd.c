/* `trawl audit verify`: walks the chain of the audit log, on the store itself, because a daemon
 * that is not trusted cannot vouch for its own log. */
#include "audit/audit.h"

#include "base/error.h"
#include "cli/commands.h"
#include "cli/local.h"
#include "cli/view.h"

#include <sysexits.h>

#define EXIT_BROKEN 1

typedef struct {
	gint64 checked;
	GError *broken; /* what is wrong with the chain, as opposed to with looking at it */
} Walk;

static gboolean walk_chain(Db *db, gpointer data, GError **error)
{
	Walk *walk = data;
	g_clear_error(&walk->broken);
	g_autoptr(GError) problem = NULL;
	if (audit_verify(db, &walk->checked, &problem))
		return TRUE;
	if (problem->domain == TRAWL_ERROR && problem->code == TRAWL_ERROR_CONFLICT) {
		walk->broken = g_steal_pointer(&problem);
		return TRUE;
	}
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

int cli_audit_verify(Cli *cli, GError **error)
{
	Walk walk = {0};
	g_autoptr(DbPool) db = local_open(cli, error);
	if (!db || !db_read(db, walk_chain, &walk, error))
		return -1;
	g_autoptr(GError) broken = walk.broken;
	g_autoptr(json_t) document =
		json_pack("{s:b, s:I, s:s?}", "whole", !broken, "records", (json_int_t)walk.checked,
	                  "broken", broken ? broken->message : NULL);
	char *sentence =
		broken ? g_strdup(broken->message)
		       : g_strdup_printf("the chain of %" G_GINT64_FORMAT " records is whole",
	                                 walk.checked);
	view_done(cli, document, "records", sentence);
	return broken ? EXIT_BROKEN : EX_OK;
}
