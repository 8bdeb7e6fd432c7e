#pragma once
#include "reader/reader.h"
#include "server/server.h"
#include "store/raw.h"

#include <gio/gio.h>

/* The HTTP API under /v1 (docs/api.md; src/api/openapi.json is its one description).
 *
 * It reads and writes the database and queues jobs; it opens no secret, parses no mail (it asks a
 * reader), and connects to nothing else. It runs its own threads: api_start() comes back when it
 * listens. */

typedef struct {
	DbPool *db;
	RawStore *raw;
	ReaderPool *readers; /* that look into messages; NULL: nobody does */
	json_t *limits;      /* of mail/limits.h, that such a look keeps to; NULL: the usual ones */
	const char *listen;  /* "127.0.0.1:8460", "[::1]:0"; port 0: any free one, see api_port() */
	guint8 public_key[32]; /* seals the secrets of mail servers */
	guint8 totp_key[32];   /* seals and opens those of people's codes */
	const MailServerKind *const
		*kinds;           /* NULL-terminated; their configurations are checked here */
	const char *data_dir;     /* whose free space the health page shows; NULL: not shown */
	const char *const *hosts; /* further names in a Host header, NULL-terminated; NULL: none.
	                             Addresses, "localhost" and this machine's name always pass */
	GResource *pages;         /* web_pages(), served at "/"; NULL: no pages */
	guint threads;            /* that run requests; 0: 8 */
} ApiConfig;

typedef struct Api Api;

/**
 * Listens and serves until api_stop(). Everything in @config is copied or must outlive it (db, raw,
 * readers, limits, kinds, pages).
 *
 * @return  (transfer full) TRAWL_ERROR_INVALID for a listen address that is none, _CONFLICT when it
 *          is in use, _DENIED when it may not be bound
 */
Api *api_start(const ApiConfig *config, GError **error);

/** The port it listens on. */
guint16 api_port(const Api *api);

/** Takes no more connections, ends event streams, gives requests under way up to 5 s, and frees
 * @api. */
void api_stop(Api *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Api, api_stop)
