#pragma once
#include <glib.h>
#include <gnutls/gnutls.h>
#include <libetpan/libetpan.h>

/* A connection for libetpan: TCP, then TLS, with a deadline over every wait and a guard that stops
 * hostile answers before they reach the parser. */

/* What may be trusted, shared by all connections to one server. */
typedef struct ImapTrust ImapTrust;
/** @ca_file  PEM of authorities to trust besides the system's, or NULL. TRAWL_ERROR_INVALID when it
 * cannot be read. */
ImapTrust *imap_trust_new(const char *ca_file, GError **error);
void imap_trust_free(ImapTrust *trust);

/**
 * Connects, without TLS yet.
 *
 * @return  (transfer full) given to mailimap_connect() or closed with mailstream_close(); NULL with
 *          _UNREACHABLE or _TIMEOUT
 */
mailstream *imap_stream_open(const char *host, guint16 port, gint64 deadline, GError **error);

/**
 * Starts TLS 1.2 or better, and verifies the chain against the system's authorities and the trust,
 * and the host's name (RFC 6125), before anything else is sent. TRAWL_ERROR_UNREACHABLE says what
 * is wrong with a certificate, or that there is no TLS; _REMOTE, that the peer sent octets before
 * TLS that would be taken for its protected answers.
 */
gboolean imap_stream_start_tls(mailstream *stream, ImapTrust *trust, const char *host,
                               GError **error);

/** Every read and write from now on ends by then. */
void imap_stream_set_deadline(mailstream *stream, gint64 deadline);

/** A new command begins: its answer may have LIMIT_IMAP_ANSWER octets beside literals of at most
 * @literal_max octets. */
void imap_stream_expect(mailstream *stream, gsize literal_max);

/** From now on reads fail at once: for a goodbye that nobody waits for. */
void imap_stream_stop_reading(mailstream *stream);

/** Why reading or writing failed; NULL when it did not. Borrowed. */
const GError *imap_stream_error(mailstream *stream);

/** Waits until there is something to read (or the connection ended) or the deadline passes. */
gboolean imap_stream_wait(mailstream *stream, gint64 deadline);

/** For poll(2) together with other connections: the descriptor, and whether something is here
 * already. */
int imap_stream_fd(mailstream *stream);
gboolean imap_stream_has_input(mailstream *stream);
