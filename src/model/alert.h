#pragma once
#include "model/incident.h"

typedef enum { ROLE_TO, ROLE_CC, ROLE_BCC, ROLE_REPORTER } AlertRole;
extern const char *const alert_role_names[];

/* One recipient of one original, raised by one report. */
typedef struct {
	gint64 id, incident_id, source_id, report_id;
	gint64 original_id; /* 0: none */
	char *recipient;    /* in compare form (base/text.h) */
	AlertRole role;
	char *message_id; /* of the original; "" when it has none */
	OpenState state;
	Severity severity;
	Disposition disposition;
	char *close_reason; /* or NULL */
	gboolean trusted;   /* something automatic may follow from it */
	gint64 opened_at, closed_at;
	gint64 revision;
} Alert;

void alert_free(Alert *alert);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Alert, alert_free)
