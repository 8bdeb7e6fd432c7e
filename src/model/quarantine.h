#pragma once
#include <glib.h>

typedef enum { RESPONSE_QUARANTINE, RESPONSE_RESTORE } ResponseKind;
extern const char *const response_kind_names[];

typedef enum {
	RESPONSE_PLANNED,
	RESPONSE_RUNNING,
	RESPONSE_DONE,
	RESPONSE_CANCELLED
} ResponseState;
extern const char *const response_state_names[];

typedef enum { FOUND_RECIPIENT, FOUND_LIST_MEMBER, FOUND_FORWARD } FoundHow;
extern const char *const found_how_names[];

/* What became of a copy. The order is the table's in names.c. */
typedef enum {
	COPY_PENDING,
	COPY_SUCCESS,
	COPY_NOT_ATTEMPTED,
	COPY_MAILBOX_NOT_FOUND,
	COPY_MESSAGE_NOT_FOUND,
	COPY_DL_RESOLVED,
	COPY_SKIPPED_SKIP_LIST,
	COPY_SKIPPED_ABUSE_MAILBOX,
	COPY_SKIPPED_NO_SERVER,
	COPY_SKIPPED_CANCELLED,
	COPY_SKIPPED_DIFFERENT,
	COPY_SKIPPED_OUTSIDE,
	COPY_FAILED_PERMISSIONS,
	COPY_FAILED_AUTHENTICATION,
	COPY_FAILED_LICENSE,
	COPY_FAILED_QUARANTINE_FOLDER,
	COPY_FAILED_QUARANTINE_MAILBOX,
	COPY_FAILED_MISSING_MESSAGE_ID,
	COPY_FAILED_NO_CONNECTIVITY,
	COPY_FAILED_THROTTLED,
	COPY_FAILED_OTHER
} CopyStatus;
extern const char *const copy_status_names[];

/* How far the work on a copy has got; each step is committed before the next begins. */
typedef enum {
	STEP_PLANNED,
	STEP_FOUND,     /* located and proved to be the original; what it was is remembered  */
	STEP_STORING,   /* the write into the quarantine may have happened                    */
	STEP_STORED,    /* it did, and was verified                                           */
	STEP_REMOVING,  /* the removal from the mailbox may have happened                     */
	STEP_MOVED,     /* it did, and was verified                                           */
	STEP_RETURNING, /* the undo, mirrored                                                */
	STEP_RETURNED,
	STEP_CLEARING,
	STEP_RESTORED
} CopyStep;
extern const char *const copy_step_names[];

typedef struct {
	gint64 id, incident_id;
	ResponseKind kind;
	gint64 of_response_id; /* 0: everything of the incident */
	gint64 of_result_id;   /* a restore of one copy alone; 0 in the store: its row says so */
	ResponseState state;
	char *requested_by;
	gint64 requested_at, finished_at;
	char *comment; /* or NULL */
	char *counts;  /* JSON object: status -> rows */
	gint64 revision;
} Response;

void response_free(Response *response);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Response, response_free)

/* One row of the ledger. */
typedef struct {
	gint64 id, response_id, incident_id, original_id;
	gint64 alert_id;       /* 0: none */
	gint64 mail_server_id; /* 0: none serves this mailbox */
	char *mailbox;
	FoundHow found_how;
	CopyStatus status;
	char *reason; /* or NULL */
	CopyStep step;
	int was_read; /* 1, 0, or -1 unknown */
	/* the copy as it was */
	char *folder, *epoch, *server_uid, *flags; /* flags: JSON array */
	gint64 received_at, size;
	char *sha256;
	/* where it is */
	gint64 quarantine_server_id;
	char *quarantine_mailbox, *quarantine_folder, *quarantine_epoch, *quarantine_uid;
	char *mark;
	/* the undo */
	gint64 restore_response_id;
	int restore_status; /* CopyStatus, or -1: not asked */
	char *restore_reason, *restored_epoch, *restored_uid;
	gint64 updated_at, revision;
	gint64 bytes_removed_at; /* by retention: it can be put back no more; 0: it can */
} QuarantineResult;

void quarantine_result_free(QuarantineResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QuarantineResult, quarantine_result_free)
