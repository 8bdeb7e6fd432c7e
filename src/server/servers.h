#pragma once
#include "model/source.h"
#include "server/server.h"

/* The open mail servers of one process. A changed row is opened anew; calls under way finish on the
 * old one. */

typedef struct MailServers MailServers;
/* Opens a sealed secret: JSON object, or NULL with an error. */
typedef json_t *(*OpenSecret)(GBytes *sealed, gpointer data, GError **error);

MailServers *mail_servers_new(const MailServerKind *const *kinds, OpenSecret open_secret,
                              gpointer data);
void mail_servers_free(MailServers *servers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailServers, mail_servers_free)

/**
 * The open server of a row; give it back with mail_servers_release().
 *
 * A server that failed with _UNREACHABLE, _TIMEOUT or _THROTTLED several times in a row is left
 * alone for a while: the circuit is open, and this returns the last of these errors at once, saying
 * since when and until when.
 */
MailServer *mail_servers_get(MailServers *servers, const MailServerRow *row, GError **error);
/** @outcome  the error the caller got from it, or NULL: it works. Feeds the circuit breaker. */
void mail_servers_release(MailServers *servers, MailServer *server, const GError *outcome);

/** The kind of a row, or NULL when this process has none of that name. */
const MailServerKind *mail_servers_kind(const MailServers *servers, const MailServerRow *row);

/** TRUE when the row's configuration serves this address ("domains"; a server without any serves
 * every address). */
gboolean mail_server_serves(const MailServerRow *row, const char *address);
