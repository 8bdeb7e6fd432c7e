#pragma once
#include "store/raw.h"

/* What must be true of the store at any instant (between any two transactions, also after a crash
 * between any two lines of the program). */
typedef struct {
	const char *name;  /* "report-once" */
	const char *claim; /* one sentence: what holds */
	gint64 checked;    /* rows looked at */
	GPtrArray *broken; /* of char *: one sentence an offender, at most 20 */
	gint64 n_broken;
	GPtrArray *changed; /* of char *, at most 20: what people may do, did since; or NULL */
	gint64 n_changed;
} CheckResult;
void check_result_free(CheckResult *result);

/** Runs every check; of CheckResult. @raw NULL skips reading the raw bytes. */
GPtrArray *store_check(Db *db, RawStore *raw, GError **error);
