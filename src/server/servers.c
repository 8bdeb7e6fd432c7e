/* The open mail servers of one process, one for each configured row, shared by all its threads.
 *
 * A server stays open while its row stays the same. A changed row is opened anew and the old server
 * closes when the last call on it ends. Each has a circuit breaker, so that a dead mail server
 * costs its jobs a moment and not their deadlines, and is not hammered while it comes up again. */
#include "server/servers.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

#define BREAKER_FAILURES 5 /* in a row before the circuit opens */
#define BREAKER_WAIT_MIN                                                                           \
	(5 * CLOCK_SECOND) /* before the first probe; doubles with each that fails */
#define BREAKER_WAIT_MAX (5 * CLOCK_MINUTE)

typedef struct {
	guint failures;    /* in a row */
	gint64 since;      /* wall; of the first of them */
	gint64 wait;       /* 0: the circuit is closed */
	gint64 until;      /* monotonic; the next probe */
	gint64 until_wall; /* the same for people */
	gboolean probing;  /* one caller tries whether it works again */
	int code;          /* of the last one */
	char *last;        /* what it said */
} Breaker;

/* How it has been doing, which is told at most once a minute. A server that answers works, whatever
 * it answers about one message. Times are wall. */
typedef struct {
	gint64 ok_at;    /* 0: not yet */
	gint64 error_at; /* of the last error; 0: it works */
	gint64 since;    /* of the first error in a row */
	guint failures;  /* in a row */
	char *error;
	gboolean changed;
	gint64 told_at; /* monotonic */
	guint told_in_use;
} Health;

typedef struct {
	gint64 id, revision;
	MailServer *server;
	guint users;
	gboolean retired; /* the row changed: close after the last user */
	Breaker breaker;
	Health health;
} Entry;

struct MailServers {
	GMutex lock;
	const MailServerKind *const *kinds;
	OpenSecret open_secret;
	gpointer data;
	GPtrArray *entries; /* of Entry; a few dozen at most */
};

static void entry_free(Entry *entry)
{
	entry->server->kind->close(entry->server);
	g_free(entry->breaker.last);
	g_free(entry->health.error);
	g_free(entry);
}

MailServers *mail_servers_new(const MailServerKind *const *kinds, OpenSecret open_secret,
                              gpointer data)
{
	MailServers *servers = g_new0(MailServers, 1);
	g_mutex_init(&servers->lock);
	servers->kinds = kinds;
	servers->open_secret = open_secret;
	servers->data = data;
	servers->entries = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
	return servers;
}

void mail_servers_free(MailServers *servers)
{
	if (!servers)
		return;
	g_ptr_array_unref(servers->entries);
	g_mutex_clear(&servers->lock);
	g_free(servers);
}

/* The breaker */

static gboolean counts_as_failure(const GError *error)
{
	return error && error->domain == TRAWL_ERROR &&
	       (error->code == TRAWL_ERROR_UNREACHABLE || error->code == TRAWL_ERROR_TIMEOUT ||
	        error->code == TRAWL_ERROR_THROTTLED);
}

static gboolean breaker_allows(Breaker *breaker, GError **error)
{
	if (breaker->wait == 0)
		return TRUE;
	if (g_get_monotonic_time() >= breaker->until && !breaker->probing) {
		breaker->probing = TRUE;
		return TRUE;
	}
	g_autofree char *since = clock_format(breaker->since);
	g_autofree char *until = clock_format(breaker->until_wall);
	g_set_error(error, TRAWL_ERROR, breaker->code,
	            "it has failed %u times in a row since %s and is left alone until %s; the last "
	            "time: %s",
	            breaker->failures, since, until, breaker->last);
	return FALSE;
}

static void breaker_open(Breaker *breaker)
{
	breaker->wait =
		breaker->wait == 0 ? BREAKER_WAIT_MIN : MIN(2 * breaker->wait, BREAKER_WAIT_MAX);
	/* nodes that lost it together should not all come back at once */
	gint64 jitter = (gint64)((double)breaker->wait * g_random_double_range(0, 0.2));
	breaker->until = g_get_monotonic_time() + breaker->wait + jitter;
	breaker->until_wall = clock_now() + breaker->wait + jitter;
}

static void breaker_note(Breaker *breaker, const GError *outcome)
{
	gboolean was_probe = breaker->probing;
	breaker->probing = FALSE;
	if (!counts_as_failure(outcome)) {
		breaker->failures = 0;
		breaker->wait = 0;
		return;
	}
	if (breaker->failures++ == 0)
		breaker->since = clock_now();
	breaker->code = outcome->code;
	g_free(breaker->last);
	breaker->last = g_strdup(outcome->message);
	if (was_probe || (breaker->wait == 0 && breaker->failures >= BREAKER_FAILURES))
		breaker_open(breaker);
}

/* Health */

gint64 mail_server_state_every = CLOCK_MINUTE;

static gboolean is_the_servers(const GError *outcome)
{
	return counts_as_failure(outcome) ||
	       g_error_matches(outcome, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION) ||
	       g_error_matches(outcome, TRAWL_ERROR, TRAWL_ERROR_REMOTE);
}

static void health_note(Health *health, const GError *outcome)
{
	gint64 now = clock_now();
	health->changed = TRUE;
	if (!is_the_servers(outcome)) {
		health->ok_at = now;
		health->error_at = health->since = health->failures = 0;
		g_clear_pointer(&health->error, g_free);
		return;
	}
	if (health->failures++ == 0)
		health->since = now;
	health->error_at = now;
	g_free(health->error);
	health->error = g_strdup(outcome->message);
}

static json_t *health_format(const Entry *entry, const MailConnections *now)
{
	const Health *health = &entry->health;
	json_t *state = json_object();
	if (health->ok_at)
		json_object_set_new(state, "last_ok_at", json_time_new(health->ok_at));
	json_object_set_new(state, "last_error", json_text_new(health->error));
	json_object_set_new(state, "last_error_at", json_time_new(health->error_at));
	json_object_set_new(state, "failing_since", json_time_new(health->since));
	json_object_set_new(state, "failures",
	                    health->failures ? json_integer(health->failures) : json_null());
	json_object_set_new(state, "left_alone_until",
	                    json_time_new(entry->breaker.wait ? entry->breaker.until_wall : 0));
	json_object_set_new(state, "connections",
	                    now->limit ? json_pack("{s:i, s:i, s:i}", "in_use", (int)now->in_use,
	                                           "open", (int)now->open, "limit", (int)now->limit)
	                               : json_null());
	return state;
}

static MailServerState *take_state(Entry *entry)
{
	Health *health = &entry->health;
	gint64 now = g_get_monotonic_time();
	MailConnections connections = {0};
	if (health->told_at && now - health->told_at < mail_server_state_every)
		return NULL;
	if (entry->server->kind->connections)
		entry->server->kind->connections(entry->server, &connections);
	if (!health->changed && connections.in_use == health->told_in_use)
		return NULL;
	health->changed = FALSE;
	health->told_at = now;
	health->told_in_use = connections.in_use;
	MailServerState *state = g_new0(MailServerState, 1);
	state->id = entry->id;
	state->state = health_format(entry, &connections);
	return state;
}

void mail_server_state_free(MailServerState *state)
{
	if (!state)
		return;
	json_decref(state->state);
	g_free(state);
}

GPtrArray *mail_servers_take_states(MailServers *servers)
{
	GPtrArray *states = g_ptr_array_new_with_free_func((GDestroyNotify)mail_server_state_free);
	g_mutex_lock(&servers->lock);
	for (guint i = 0; i < servers->entries->len; i++) {
		Entry *entry = servers->entries->pdata[i];
		MailServerState *state = entry->retired ? NULL : take_state(entry);
		if (state)
			g_ptr_array_add(states, state);
	}
	g_mutex_unlock(&servers->lock);
	return states;
}

/* Opening */

static MailServer *open_row(MailServers *servers, const MailServerRow *row, GError **error)
{
	const MailServerKind *kind = mail_server_kind_find(servers->kinds, row->kind);
	if (!kind) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "there is no kind of mail server called '%s'", row->kind);
		return NULL;
	}
	g_autoptr(json_t) config = json_parse(row->config, -1, error);
	if (!config)
		return NULL;
	g_autoptr(json_t) secret = row->secret
	                                   ? servers->open_secret(row->secret, servers->data, error)
	                                   : json_object();
	return secret ? kind->open(config, secret, error) : NULL;
}

static Entry *find_current(MailServers *servers, const MailServerRow *row)
{
	for (guint i = 0; i < servers->entries->len; i++) {
		Entry *entry = servers->entries->pdata[i];
		if (entry->id != row->id || entry->retired || row->id == 0)
			continue;
		if (entry->revision == row->revision)
			return entry;
		entry->retired = TRUE;
		if (entry->users == 0)
			g_ptr_array_remove_index_fast(servers->entries, i--);
	}
	return NULL;
}

static MailServer *get_locked(MailServers *servers, const MailServerRow *row, GError **error)
{
	Entry *entry = find_current(servers, row);
	if (!entry) {
		MailServer *server = open_row(servers, row, error);
		if (!server)
			return NULL;
		entry = g_new0(Entry, 1);
		entry->id = row->id;
		entry->revision = row->revision;
		entry->server = server;
		entry->retired = row->id == 0; /* not stored yet: nobody else can mean it */
		g_ptr_array_add(servers->entries, entry);
	}
	if (!breaker_allows(&entry->breaker, error))
		return NULL;
	entry->users++;
	return entry->server;
}

MailServer *mail_servers_get(MailServers *servers, const MailServerRow *row, GError **error)
{
	g_mutex_lock(&servers->lock);
	MailServer *server = get_locked(servers, row, error);
	g_mutex_unlock(&servers->lock);
	if (!server)
		g_prefix_error(error, "mail server '%s': ", row->name);
	return server;
}

void mail_servers_release(MailServers *servers, MailServer *server, const GError *outcome)
{
	Entry *closing = NULL;
	g_mutex_lock(&servers->lock);
	for (guint i = 0; i < servers->entries->len; i++) {
		Entry *entry = servers->entries->pdata[i];
		if (entry->server != server)
			continue;
		breaker_note(&entry->breaker, outcome);
		health_note(&entry->health, outcome);
		if (--entry->users == 0 && entry->retired)
			closing = g_ptr_array_steal_index_fast(servers->entries, i);
		break;
	}
	g_mutex_unlock(&servers->lock);
	if (closing) /* says goodbye to its connections: not under the lock */
		entry_free(closing);
}

const MailServerKind *mail_servers_kind(const MailServers *servers, const MailServerRow *row)
{
	return mail_server_kind_find(servers->kinds, row->kind);
}

gboolean mail_server_serves(const MailServerRow *row, const char *address)
{
	g_autoptr(json_t) config = json_parse(row->config, -1, NULL);
	const json_t *domains = json_object_get(config, "domains");
	g_autofree char *compared = text_address(address);
	const char *domain = text_address_domain(compared);
	if (!domain)
		return FALSE;
	if (json_array_size(domains) == 0)
		return TRUE;
	for (size_t i = 0; i < json_array_size(domains); i++) {
		const char *name = json_string_value(json_array_get(domains, i));
		g_autofree char *mine = g_strconcat("x@", name ? name : "", NULL);
		g_autofree char *form = text_address(mine);
		if (form && strcmp(text_address_domain(form), domain) == 0)
			return TRUE;
	}
	return FALSE;
}
