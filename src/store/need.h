#pragma once
#include "db/db.h"
#include "model/incident.h"

/* Which incident needs a person first, and why: a sum of weights, each with a reason.
 *
 * incident_save(), incident_recount() and response_save() keep it current in their transaction.
 * Time alone changes it too: need_ripen() does that. */

/* What it depends on. */
typedef struct {
	OpenState state;
	IncidentKind kind;
	Severity severity;
	Disposition disposition;
	gboolean manual_review; /* its sub-disposition asks for it                          */
	gboolean assigned;      /* to anybody, or a team                                    */
	gboolean reopened;      /* it was closed before                                     */
	gboolean ambiguous;     /* findings leave open which message it is about            */
	gboolean believed;      /* at least one of its alerts has a report behind it that is */
	gint64 reports, recipients;
	gint64 waited;           /* microseconds since it was opened, or opened again        */
	gboolean acting;         /* a response is planned or running                         */
	gboolean pulled;         /* the last response is a quarantine                        */
	gboolean failed, unsure; /* rows of the last response failed; may have done their work */
} NeedFacts;

/* What comes of it. */
typedef struct {
	gint64 need;   /* 0 when it is closed */
	char *reasons; /* JSON array of codes, the weightiest first */
	gint64 lasts; /* microseconds of waiting until there is another answer; G_MAXINT64: for ever
	               */
} Need;
void need_clear(Need *need);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Need, need_clear)

/** The answer to the facts. Pure. */
Need need_of(const NeedFacts *facts);

/** The code of each reason, each once, ended by NULL. */
const char *const *need_codes(void);

/** What the store knows of an incident, as of a moment when it had @waited; -1: has, now.
 * TRAWL_ERROR_NOT_FOUND. */
gboolean need_facts_load(Db *db, gint64 incident_id, gint64 waited, NeedFacts *facts,
                         GError **error);

/** Works the need of an incident out and writes it, if it is another one. */
gboolean need_update(Db *db, gint64 incident_id, GError **error);

/**
 * Works out those of open incidents whose time has come, the longest due first, up to @limit; @done
 * gets how many. What is due stands in their rows, so it can be stopped at any instant and goes on.
 */
gboolean need_ripen(Db *db, guint limit, gint64 *done, GError **error);
