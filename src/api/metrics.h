#pragma once
#include "api/context.h"
#include "api/routes.h"

/* Counters of this process for /metrics. */

Metrics *metrics_new(void);
void metrics_free(Metrics *metrics);

/** Counts an answered request. @route NULL: none was found. */
void metrics_count(Metrics *metrics, const Route *route, int status, gint64 microseconds);
/** Counts connections that opened (+1) or closed (-1). */
void metrics_connection(Metrics *metrics, int change);

/** Appends all of them as Prometheus text (exposition format 0.0.4). */
void metrics_format(Metrics *metrics, GString *text);
