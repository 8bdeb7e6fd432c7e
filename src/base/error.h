#pragma once
#include <glib.h>

/* Errors by remedy: the code says what the caller can do, not what went wrong inside. */
#define TRAWL_ERROR trawl_error_quark()
GQuark trawl_error_quark(void);

typedef enum {
	TRAWL_ERROR_INTERNAL,     /* our own mistake: report it                                  */
	TRAWL_ERROR_INVALID,      /* the input is wrong: correct it                              */
	TRAWL_ERROR_NOT_FOUND,    /* there is no such thing                                      */
	TRAWL_ERROR_CONFLICT,     /* it exists already, or is in a state that forbids this       */
	TRAWL_ERROR_PRECONDITION, /* somebody changed it meanwhile: read it again                */
	TRAWL_ERROR_AUTHENTICATION, /* credentials missing or refused */
	TRAWL_ERROR_DENIED,      /* who you are is known, but the right is missing              */
	TRAWL_ERROR_LIMIT,       /* a named limit was reached                                   */
	TRAWL_ERROR_THROTTLED,   /* the peer asks us to wait                                    */
	TRAWL_ERROR_TIMEOUT,     /* a deadline passed                                           */
	TRAWL_ERROR_UNREACHABLE, /* no connection                                               */
	TRAWL_ERROR_REMOTE,      /* the peer answered what it should not                        */
	TRAWL_ERROR_BUSY,        /* a lock or lease is held by another                          */
	TRAWL_ERROR_STORAGE,     /* disk full, I/O error, database gone                         */
	TRAWL_ERROR_UNKNOWN_OUTCOME, /* an outside action may have happened: verify before retrying
	                              */
	TRAWL_ERROR_CANCELLED, /* asked to stop                                               */
	TRAWL_ERROR_LAST
} TrawlError;

typedef struct {
	TrawlError code;
	const char *name; /* as it appears in problem+json "code" and in logs */
	int http_status;
	int exit_status;    /* sysexits.h */
	gboolean retry;     /* is the same job worth another attempt later? */
	const char *remedy; /* what a person can do, one sentence */
} ErrorRemedy;

/** The row of the remedy table for @error; errors of foreign domains count as INTERNAL. */
const ErrorRemedy *error_remedy(const GError *error);

/** The row for a code by its name, or NULL. */
const ErrorRemedy *error_remedy_by_name(const char *name);
