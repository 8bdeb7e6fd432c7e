#pragma once
#include <glib.h>

typedef enum { REPORT_NEW, REPORT_DONE, REPORT_UNPARSED, REPORT_GONE } ReportState;
extern const char *const report_state_names[];

typedef enum {
	POST_STATE_NONE,
	POST_STATE_PENDING,
	POST_STATE_DONE,
	POST_STATE_GONE,
	POST_STATE_FAILED
} PostProcessState;
extern const char *const post_process_state_names[];

typedef enum {
	LOCATED_NOT_NEEDED,
	LOCATED_FOUND,
	LOCATED_NOT_FOUND,
	LOCATED_MAILBOX_NOT_FOUND,
	LOCATED_COULD_NOT_LOOK
} Located;
extern const char *const located_names[];

/* One message found in a source's folder. */
typedef struct {
	gint64 id, source_id;
	char *epoch, *server_uid; /* with source_id, what makes it one report */
	char *sha256; /* of its raw bytes; NULL when it was gone before it was fetched */
	gint64 received_at, found_at;
	ReportState state;
	gint64 reads;
	char *form;     /* as the breakdown says; NULL before it is read */
	char *reporter; /* address in compare form, or NULL */
	char *reporter_name;
	gboolean trusted;
	char *trust_reason;
	char *subject, *message_id;
	PostProcessState post_process;
	char *post_process_detail;
	Located located;
	gint64 revision;
} Report;

void report_free(Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

/* A distinct original message. */
typedef struct {
	gint64 id;
	char *message_id;  /* without brackets; "" when it has none */
	char *fingerprint; /* "" when only claimed */
	gboolean first_hand;
	char *sha256; /* or NULL */
	char *subject, *sender;
	gint64 sent_at;
	gint64 created_at;
	gint64 content_removed_at; /* by retention: bytes and breakdown are gone; 0: they are not */
} Original;

void original_free(Original *original);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Original, original_free)
