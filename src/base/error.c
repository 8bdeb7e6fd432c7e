/* The one table that turns an error code into an HTTP status, an exit status and a retry decision.
 *
 * Adding a code means adding a row; nothing else in the tree switches over error codes. */
#include "base/error.h"

#include <sysexits.h>

/* Not G_DEFINE_QUARK: its cache is written without synchronisation, which sanitizers report. */
GQuark trawl_error_quark(void)
{
	static gsize quark;
	if (g_once_init_enter(&quark))
		g_once_init_leave(&quark, g_quark_from_static_string("trawl-error-quark"));
	return (GQuark)quark;
}

/* clang-format off */
static const ErrorRemedy remedies[TRAWL_ERROR_LAST] = {
	{TRAWL_ERROR_INTERNAL,        "internal",            500, EX_SOFTWARE,    FALSE,
	 "This is a mistake in Trawl; please report it with the log."},
	{TRAWL_ERROR_INVALID,         "invalid",             400, EX_DATAERR,     FALSE,
	 "Correct the input and try again."},
	{TRAWL_ERROR_NOT_FOUND,       "not_found",           404, EX_NOINPUT,     FALSE,
	 "Check the name or number."},
	{TRAWL_ERROR_CONFLICT,        "conflict",            409, EX_CANTCREAT,   FALSE,
	 "Look at its present state, then decide again."},
	{TRAWL_ERROR_PRECONDITION,    "precondition_failed", 412, EX_TEMPFAIL,    FALSE,
	 "Somebody changed it meanwhile; read it again and repeat the change."},
	{TRAWL_ERROR_AUTHENTICATION,  "authentication",      401, EX_NOPERM,      FALSE,
	 "Check the credentials."},
	{TRAWL_ERROR_DENIED,          "denied",              403, EX_NOPERM,      FALSE,
	 "Ask for the missing right."},
	{TRAWL_ERROR_LIMIT,           "limit",               422, EX_DATAERR,     FALSE,
	 "Stay below the named limit or raise it."},
	{TRAWL_ERROR_THROTTLED,       "throttled",           429, EX_TEMPFAIL,    TRUE,
	 "Wait; Trawl tries again by itself."},
	{TRAWL_ERROR_TIMEOUT,         "timeout",             504, EX_TEMPFAIL,    TRUE,
	 "Check that the peer is well."},
	{TRAWL_ERROR_UNREACHABLE,     "unreachable",         503, EX_UNAVAILABLE, TRUE,
	 "Check host, port and network."},
	{TRAWL_ERROR_REMOTE,          "remote",              502, EX_PROTOCOL,    TRUE,
	 "Look at the peer's log."},
	{TRAWL_ERROR_BUSY,            "busy",                503, EX_TEMPFAIL,    TRUE,
	 "Try again in a moment."},
	{TRAWL_ERROR_STORAGE,         "storage",             507, EX_IOERR,       TRUE,
	 "Check disk space and the database."},
	{TRAWL_ERROR_UNKNOWN_OUTCOME, "unknown_outcome",     502, EX_TEMPFAIL,    TRUE,
	 "Trawl verifies what happened before it tries again."},
	{TRAWL_ERROR_CANCELLED,       "cancelled",           503, EX_TEMPFAIL,    TRUE,
	 "Start it again."},
};
/* clang-format on */

const ErrorRemedy *error_remedy(const GError *error)
{
	if (!error || error->domain != TRAWL_ERROR || error->code < 0 ||
	    error->code >= TRAWL_ERROR_LAST)
		return &remedies[TRAWL_ERROR_INTERNAL];
	return &remedies[error->code];
}

const ErrorRemedy *error_remedy_by_name(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(remedies); i++)
		if (g_strcmp0(remedies[i].name, name) == 0)
			return &remedies[i];
	return NULL;
}
