/* Writes down how the mail servers do: a thread that looks now and then, and writes rarely.
 *
 * Every worker of an installation writes what it saw; the last one to write is what lists show.
 * What a check has found (pipeline/checks.c) lies in the same object and has the same names. */
#include "daemon/states.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/source.h"

#define LOOK_EVERY (2 * CLOCK_SECOND)

struct ServerStates {
	const JobTools *tools;
	GThread *thread;
	GMutex lock;
	GCond stopped;
	gboolean stop;
};

static gboolean write_one(Db *db, const MailServerState *told, GError **error)
{
	g_autoptr(MailServerRow) row = NULL;
	g_autoptr(GError) failure = NULL;
	row = mail_server_load(db, told->id, &failure);
	if (!row) {
		if (g_error_matches(failure, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
			return TRUE;
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	g_autoptr(json_t) state = json_parse(row->state ? row->state : "{}", -1, NULL);
	if (!json_is_object(state)) {
		json_decref(state);
		state = json_object();
	}
	const char *name;
	json_t *value;
	json_object_foreach (told->state, name, value) {
		if (json_is_null(value))
			json_object_del(state, name);
		else
			json_object_set(state, name, value);
	}
	g_autofree char *text = json_format(state);
	return mail_server_save_state(db, row->id, text, error);
}

static gboolean write_all(Db *db, gpointer data, GError **error)
{
	const GPtrArray *states = data;
	for (guint i = 0; i < states->len; i++)
		if (!write_one(db, states->pdata[i], error))
			return FALSE;
	return TRUE;
}

gboolean server_states_write(const JobTools *tools, GError **error)
{
	g_autoptr(GPtrArray) states = mail_servers_take_states(tools->servers);
	return states->len == 0 || db_write(tools->db, write_all, states, error);
}

static gpointer states_main(gpointer data)
{
	ServerStates *states = data;
	g_mutex_lock(&states->lock);
	while (!states->stop) {
		g_cond_wait_until(&states->stopped, &states->lock,
		                  g_get_monotonic_time() + LOOK_EVERY);
		g_mutex_unlock(&states->lock);
		g_autoptr(GError) error = NULL;
		if (!server_states_write(states->tools, &error))
			g_message("how the mail servers do cannot be written: %s", error->message);
		g_mutex_lock(&states->lock);
	}
	g_mutex_unlock(&states->lock);
	return NULL;
}

ServerStates *server_states_start(const JobTools *tools)
{
	ServerStates *states = g_new0(ServerStates, 1);
	states->tools = tools;
	g_mutex_init(&states->lock);
	g_cond_init(&states->stopped);
	states->thread = g_thread_new("server-states", states_main, states);
	return states;
}

void server_states_stop(ServerStates *states)
{
	g_mutex_lock(&states->lock);
	states->stop = TRUE;
	g_cond_broadcast(&states->stopped);
	g_mutex_unlock(&states->lock);
	g_thread_join(states->thread);
	g_mutex_clear(&states->lock);
	g_cond_clear(&states->stopped);
	g_free(states);
}
