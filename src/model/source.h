#pragma once
#include <glib.h>

typedef enum { POST_PROCESS_NONE, POST_PROCESS_DELETE, POST_PROCESS_MOVE } PostProcess;
extern const char *const post_process_names[];

#define SOURCE_TYPE_ABUSE_MAILBOX "abuse_mailbox_monitor"
#define POLLING_INTERVAL_MIN      1 /* minutes */
#define POLLING_INTERVAL_MAX      60
#define POLLING_INTERVAL_RULE     "Polling Interval is a number of minutes from 1 to 60"

/* An abuse mailbox monitor: one mailbox + folder on one mail server. */
typedef struct {
	gint64 id;
	char *name, *type, *description;
	gboolean enabled;
	gboolean link_events;
	gint64 mail_server_id;
	char *mailbox; /* SMTP address */
	char *folder;
	PostProcess post_process;
	char *destination_folder; /* for POST_PROCESS_MOVE, else NULL */
	gint64 polling_interval;  /* minutes */
	char **accepted_domains;  /* whose reports are believed; empty: nobody's are */
	char **trusted_hosts;   /* whose Authentication-Results and Received headers are believed */
	char **accepted_relays; /* hosts and senders whose reports may name the reporter in a field
	                         */
	gint64 created_at, revision;
	/* state */
	char *cursor; /* or NULL before the first poll */
	gint64 last_poll_at, last_success_at;
	char *last_error, *last_error_code; /* or NULL */
	gint64 last_found, total_found;
} Source;

void source_free(Source *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Source, source_free)

/* A configured mail environment. */
typedef struct {
	gint64 id;
	char *name, *kind;
	char *config;       /* JSON */
	GBytes *secret;     /* sealed; or NULL */
	char *secret_names; /* JSON array: which members are sealed in it */
	gint64 created_at, revision;
	char *state; /* JSON */
} MailServerRow;

void mail_server_row_free(MailServerRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailServerRow, mail_server_row_free)
