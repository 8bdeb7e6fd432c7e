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

/* How a server has been doing, to be written down by who may. */
typedef struct {
	gint64 id;
	json_t *state; /* members to set; null: to remove */
} MailServerState;
void mail_server_state_free(MailServerState *state);

/* In a variable, so that tests need not wait. */
extern gint64 mail_server_state_every;

/**
 * What has changed of the servers since they were last asked for here, and for each server at most
 * once a minute: when it last worked (last_ok_at); the error it fails with now, since when and
 * until when it is left alone (last_error, last_error_at, failing_since, failures,
 * left_alone_until: absent while it works); and its connections.
 *
 * @return  (transfer full) of MailServerState, often empty
 */
GPtrArray *mail_servers_take_states(MailServers *servers);

/** The kind of a row, or NULL when this process has none of that name. */
const MailServerKind *mail_servers_kind(const MailServers *servers, const MailServerRow *row);

/** TRUE when the row's configuration serves this address ("domains"; a server without any serves
 * every address). */
gboolean mail_server_serves(const MailServerRow *row, const char *address);
