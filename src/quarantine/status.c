/* What an error means for a copy: one table from error codes to the statuses that an analyst knows
 * from other products. Whether it is tried again is not decided here, but by the error's remedy. */
#include "base/error.h"
#include "quarantine/copy.h"

typedef struct {
	TrawlError code;
	CopyStatus at_mailbox, at_quarantine;
	gboolean definite; /* the call has certainly changed nothing */
} StatusRow;

static const StatusRow statuses[] = {
	{TRAWL_ERROR_AUTHENTICATION, COPY_FAILED_AUTHENTICATION, COPY_FAILED_AUTHENTICATION, TRUE},
	{TRAWL_ERROR_DENIED, COPY_FAILED_PERMISSIONS, COPY_FAILED_QUARANTINE_FOLDER, TRUE},
	{TRAWL_ERROR_UNREACHABLE, COPY_FAILED_NO_CONNECTIVITY, COPY_FAILED_NO_CONNECTIVITY, TRUE},
	{TRAWL_ERROR_TIMEOUT, COPY_FAILED_NO_CONNECTIVITY, COPY_FAILED_NO_CONNECTIVITY, FALSE},
	{TRAWL_ERROR_UNKNOWN_OUTCOME, COPY_FAILED_NO_CONNECTIVITY, COPY_FAILED_NO_CONNECTIVITY,
         FALSE},
	{TRAWL_ERROR_THROTTLED, COPY_FAILED_THROTTLED, COPY_FAILED_THROTTLED, TRUE},
	{TRAWL_ERROR_INVALID, COPY_FAILED_OTHER, COPY_FAILED_QUARANTINE_FOLDER, TRUE},
	{TRAWL_ERROR_LIMIT, COPY_FAILED_OTHER, COPY_FAILED_QUARANTINE_FOLDER, TRUE},
	{TRAWL_ERROR_CONFLICT, COPY_FAILED_OTHER, COPY_FAILED_OTHER, TRUE},
};

/* What was not found decides, at either end. */
static const struct {
	CopyStatus at_mailbox, at_quarantine;
} missing[] = {
	[MISSING_MESSAGE] = {COPY_MESSAGE_NOT_FOUND, COPY_FAILED_QUARANTINE_FOLDER},
	[MISSING_FOLDER] = {COPY_MESSAGE_NOT_FOUND, COPY_FAILED_QUARANTINE_FOLDER},
	[MISSING_MAILBOX] = {COPY_MAILBOX_NOT_FOUND, COPY_FAILED_QUARANTINE_MAILBOX},
};

static const StatusRow *status_row(const GError *error)
{
	for (guint i = 0; i < G_N_ELEMENTS(statuses); i++)
		if (g_error_matches(error, TRAWL_ERROR, (int)statuses[i].code))
			return &statuses[i];
	return NULL;
}

CopyStatus copy_status_for(const GError *error, CopySide side)
{
	if (g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND)) {
		MailMissing what = mail_server_error_what(error);
		return side == AT_MAILBOX ? missing[what].at_mailbox : missing[what].at_quarantine;
	}
	const StatusRow *row = status_row(error);
	if (!row)
		return COPY_FAILED_OTHER;
	return side == AT_MAILBOX ? row->at_mailbox : row->at_quarantine;
}

gboolean copy_error_is_definite(const GError *error)
{
	if (g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
		return TRUE;
	const StatusRow *row = status_row(error);
	return row && row->definite;
}

const char *copy_action(CopyStatus status, gboolean restore)
{
	switch (status) {
	case COPY_SUCCESS:
		return restore ? "copy.restored" : "copy.moved";
	case COPY_NOT_ATTEMPTED:
		return "copy.not_attempted";
	case COPY_MAILBOX_NOT_FOUND:
	case COPY_MESSAGE_NOT_FOUND:
		return restore ? "copy.not_restored" : "copy.not_found";
	default:
		break;
	}
	if (status >= COPY_FAILED_PERMISSIONS)
		return restore ? "copy.not_restored" : "copy.failed";
	return "copy.skipped";
}

char *copy_flags_format(char **flags)
{
	g_autoptr(json_t) array = json_array();
	for (guint i = 0; flags && flags[i]; i++)
		json_array_append_new(array, json_text_new(flags[i]));
	return json_format(array);
}

char **copy_flags_parse(const char *json)
{
	g_autoptr(GStrvBuilder) flags = g_strv_builder_new();
	g_autoptr(json_t) array = json ? json_parse(json, -1, NULL) : NULL;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *flag = json_string_value(json_array_get(array, i));
		if (flag)
			g_strv_builder_add(flags, flag);
	}
	return g_strv_builder_end(flags);
}
