/* What this build can do: the kinds of mail server and the kinds of job, one table each. */
#include "daemon/kinds.h"

#include "backup/job.h"
#include "base/limits.h"
#include "pipeline/pipeline.h"
#include "quarantine/quarantine.h"
#include "retention/retention.h"
#include "server/imap.h"
#include "server/maildir.h"
#include "signon/sign_on.h"

const MailServerKind *const daemon_kinds[] = {&maildir_server_kind, &imap_server_kind, NULL};

/* clang-format off */
const JobKind daemon_jobs[] = {
	/* kind                run                  seconds  attempts  park at once */
	{"source.poll",        source_poll,         300, -1, FALSE},
	{"report.process",     report_process,      300,  0, TRUE},
	{"report.postprocess", report_post_process, 120,  0, TRUE},
	{"response.run",       response_run, RESPONSE_RUN_SECONDS, -1, TRUE},
	{"copy.run",           copy_run,     COPY_RUN_SECONDS,     -1, TRUE},
	{"backup.run",         backup_run,         3600, -1, FALSE},
	{"retention.run",      retention_run, RETENTION_SECONDS,    -1, FALSE},
	{"server.check",       server_check_run,     60,  1, FALSE},
	{"server.folders",     server_folders_run,   60,  1, FALSE},
	{"source.test",        source_test_run,      60,  1, FALSE},
	{"sign_on.run",        sign_on_run,          LIMIT_SIGN_ON_SECONDS, 1, FALSE},
	{"provider.refresh",   provider_refresh_run, LIMIT_SIGN_ON_SECONDS, 1, FALSE},
	{"provider.check",     provider_check_run,   60,  1, FALSE},
	{NULL,                 NULL,                  0,  0, FALSE},
};
/* clang-format on */
