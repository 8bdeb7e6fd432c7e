#pragma once
#include "model/incident.h"
#include "store/listing.h"

/* What is counted: about who reports, and how long things take. Kept a second or two behind. */

/**
 * Counts again what has changed; a small transaction's worth. @more (out) FALSE: all is counted.
 * What was counted up to stands in the settings and in the rows, so it can be stopped at any
 * instant and goes on.
 */
gboolean figures_update(Db *db, gboolean *more, GError **error);

typedef struct {
	gint64 id;
	char *address, *name;
	gint64 reports, trusted;
	gint64 right, nuisance, wrong, open; /* incidents, by what they turned out to be */
	gint64 first_at, last_at;
} Reporter;
void reporter_free(Reporter *reporter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reporter, reporter_free)

typedef enum {
	REPORTERS_BY_LAST,
	REPORTERS_BY_REPORTS,
	REPORTERS_BY_RIGHT,
	REPORTERS_BY_WRONG
} ReporterOrder;

/** @text  in the address or name, or NULL. The page's before_need is by what they are ordered. Who
 * does not see everything gets the figures of what they see. */
GPtrArray *reporter_list(Db *db, ReporterOrder order, const char *text, const Page *page,
                         GError **error); /* of Reporter */
/** By what @order says. */
gint64 reporter_order(const Reporter *reporter, ReporterOrder order);
Reporter *reporter_load(Db *db, const Sight *sight, gint64 id, GError **error);

/* An incident of a period. */
typedef struct {
	gint64 opened_at, looked_at, judged_at, pulled_at; /* 0: not yet */
	Disposition disposition;
	IncidentKind kind;
} IncidentTimes;
/** Those opened from @from to before @to, with a report from a source (0: any); of IncidentTimes.
 */
GPtrArray *figures_incidents(Db *db, const Sight *sight, gint64 source_id, gint64 from, gint64 to,
                             GError **error);

typedef struct {
	gint64 source_id, day, count; /* day: microseconds / CLOCK_DAY, after @shift */
} ReportVolume;
/** Reports found from @from to before @to, by source and day; @shift microseconds are added to each
 * time first; of ReportVolume. */
GPtrArray *figures_reports(Db *db, const Sight *sight, gint64 source_id, gint64 from, gint64 to,
                           gint64 shift, GError **error);
