#pragma once
#include <glib.h>

typedef enum {
	SEVERITY_INFORMATIONAL,
	SEVERITY_MINOR,
	SEVERITY_MODERATE,
	SEVERITY_MAJOR,
	SEVERITY_CRITICAL
} Severity;
extern const char *const severity_names[];

typedef enum {
	DISPOSITION_UNKNOWN,
	DISPOSITION_MALICIOUS,
	DISPOSITION_SUSPICIOUS,
	DISPOSITION_SPAM,
	DISPOSITION_BULK,
	DISPOSITION_LOW_RISK,
	DISPOSITION_KNOWN_GOOD,
	DISPOSITION_FALSE_NEGATIVE,
	DISPOSITION_SIMULATED
} Disposition;
extern const char *const disposition_names[];
extern const char *const sub_disposition_names[]; /* only under Unknown */

typedef enum { STATE_OPEN, STATE_CLOSED } OpenState;
extern const char *const open_state_names[];

typedef enum { INCIDENT_REPORTED_MAIL, INCIDENT_NOT_A_REPORT, INCIDENT_UNPARSED } IncidentKind;
extern const char *const incident_kind_names[];

/* The alerts that share a link key. */
typedef struct {
	gint64 id;
	OpenState state;
	IncidentKind kind;
	char *link_key;     /* the original's Message-ID, or NULL: never joined */
	gint64 original_id; /* 0: none */
	char *title;
	Severity severity;
	Disposition disposition;
	char *sub_disposition; /* or NULL */
	char *close_reason;    /* or NULL */
	char *assignee;        /* or NULL */
	gint64 assignee_id;    /* minus the user's number; 0: there is no such user (any more) */
	gint64 team_id;        /* whose work it is; 0: no team's */
	char *team;            /* its name; read with the incident, not written */
	gint64 opened_at, closed_at, updated_at; /* wall; 0: not yet */
	gint64 report_count, alert_count, open_alert_count;
	char *findings;       /* JSON array */
	gint64 waiting_since; /* wall: when it was opened, or opened again; 0 in a new one:
	                         opened_at */
	/* store/need.c's to say; read, not written */
	gint64 need;
	char *need_reasons; /* JSON array */
	gint64 revision;
} Incident;

void incident_free(Incident *incident);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Incident, incident_free)
