#pragma once
#include "db/db.h"

/* An incident as a text that can be searched. */

typedef struct {
	char field; /* its letter (query.h) */
	char *text;
} SearchPiece;

/**
 * What an incident says: subjects, people, links, attachments and hashes of its original and
 * reports, what was said about it, and last what the message says; of SearchPiece.
 *
 * @fields  bits of what is wanted
 * @people  at most so many recipients and reports
 */
GPtrArray *search_document(Db *db, gint64 incident_id, guint fields, guint people, GError **error);
/** The same without what the original says. */
GPtrArray *search_document_reports(Db *db, gint64 incident_id, guint fields, guint people,
                                   GError **error);
