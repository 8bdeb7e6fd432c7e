#pragma once
#include "jobs/jobs.h"
#include "server/server.h"

/* The only place that names concrete kinds of mail server and of job. */

extern const MailServerKind *const daemon_kinds[]; /* NULL-terminated */
extern const JobKind daemon_jobs[];                /* ends with a row whose kind is NULL */
