#pragma once
#include <glib.h>

/* The runner's times, µs. Tests shorten them before they start one; nothing else touches them. */
typedef struct {
	gint64 lease;     /* how long a claim holds without a heartbeat */
	gint64 heartbeat; /* how often leases are extended */
	gint64 look;      /* the queue is looked at no less often */
	gint64 take_over; /* … and for leases that ran out no less often */
	gint64 slow;      /* a job that runs longer counts no more against the threads */
} JobRunnerTimes;
extern JobRunnerTimes job_runner_times;
