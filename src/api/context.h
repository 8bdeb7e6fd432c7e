#pragma once
#include "api/api.h"

typedef struct Access Access;
typedef struct EventFeed EventFeed;
typedef struct Metrics Metrics;

/* What all requests of a process share; set up once by api_start(), read-only afterwards but for
 * the parts that lock themselves. */
struct ApiContext {
	DbPool *db;
	RawStore *raw;
	guint8 public_key[32], totp_key[32];
	const MailServerKind *const *kinds;
	ReaderPool *readers; /* or NULL */
	json_t *limits;      /* of a look into a message, or NULL */
	char *data_dir;      /* or NULL */
	char **hosts;        /* names a Host header may have, lower case */
	GResource *pages;    /* or NULL */
	gint downloads;      /* raw messages on their way out; atomic */
	gint looks_inside;   /* messages that are read for a request; atomic */
	gint sign_ons;       /* log-ins that wait for a provider; atomic */
	Access *access;
	EventFeed *feed;
	Metrics *metrics;
};
