#pragma once
#include <glib.h>

typedef enum { JOB_READY, JOB_RUNNING, JOB_DONE, JOB_PARKED, JOB_CANCELLED } JobState;
extern const char *const job_state_names[];

/* Lower runs first. */
typedef enum {
	PRIORITY_QUARANTINE = 10,
	PRIORITY_INTERACTIVE = 20, /* a person waits for it: checks, folder lists, poll now */
	PRIORITY_POST_PROCESS = 30,
	PRIORITY_PROCESS = 40,
	PRIORITY_POLL = 50,
	PRIORITY_ENRICH = 60,
	PRIORITY_HOUSEKEEPING = 90
} JobPriority;

typedef struct {
	gint64 id;
	char *kind;
	char *unique_key; /* or NULL */
	char *lane;
	gint64 priority;
	JobState state;
	gint64 run_at;
	char *payload; /* JSON object */
	gint64 attempts;
	char *lease_owner; /* or NULL */
	gint64 lease_until;
	gint64 fence;
	char *last_error, *last_error_code; /* or NULL */
	char *result;                       /* JSON, or NULL */
	gint64 created_at, updated_at;
} Job;

void job_free(Job *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Job, job_free)
