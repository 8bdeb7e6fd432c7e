/* Feeds event streams from the audit log.
 *
 * The writers are other processes, so the feed asks the database for news a few times a second; one
 * question serves all streams that stand at the same place. A stream gets its next batch only when
 * the last one is gone, so a client that does not read costs one batch of memory, and after a while
 * its connection. */
#include "api/stream.h"

#include "api/seen.h"
#include "api/show.h"
#include "auth/caller.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/audit.h"

#include <string.h>

#define BATCH 200

EventTimes event_times = {
	.poll = CLOCK_SECOND / 4,
	.heartbeat = 15 * CLOCK_SECOND,
	.slow = 30 * CLOCK_SECOND,
};

struct EventFeed {
	DbPool *db;
	GThread *thread;
	GMutex lock;
	GCond changed;
	GPtrArray *streams; /* of EventStream, borrowed */
	gint64 watched;     /* up to this record credentials were looked after; -1: not all */
	guint opened;       /* streams, ever */
	gboolean stopping;
};

struct EventStream {
	EventFeed *feed;
	gint64 after, incident_id;
	char *credential;
	Sight sight;
	GString *pending;
	gsize sent;      /* bytes of pending that are gone */
	gint64 moved_at; /* monotonic: when something was added or taken last */
	gboolean ended;
	gboolean asleep;
	EventCarrier carrier;
};

/* A question to the database, and its answer, for all streams at one place. */
typedef struct {
	gint64 after, incident_id;
	Sight sight;
	gint64 reached; /* where the stream stands afterwards */
	GString *text;
} Batch;

/* A credential of open streams, and what they see by it. */
typedef struct {
	char *credential;
	Sight sight;
	gboolean over; /* it is good no longer, or something else is seen by it */
} Watched;

/* One look at the database. */
typedef struct {
	GArray *batches;   /* of Batch */
	GArray *watched;   /* of Watched */
	gboolean check;    /* look after them, whether or not something happened */
	gint64 last, seen; /* the newest record; the newest when they were looked after before */
	guint opened;
} Look;

static void batch_clear(gpointer data)
{
	g_string_free(((Batch *)data)->text, TRUE);
}

static void watched_clear(gpointer data)
{
	g_free(((Watched *)data)->credential);
}

static void look_clear(Look *look)
{
	g_clear_pointer(&look->batches, g_array_unref);
	g_clear_pointer(&look->watched, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

static gboolean is_drained(const EventStream *stream)
{
	return stream->sent == stream->pending->len;
}

static void fill(EventStream *stream, const char *text, gint64 now)
{
	if (is_drained(stream)) {
		g_string_truncate(stream->pending, 0);
		stream->sent = 0;
	}
	g_string_append(stream->pending, text);
	stream->moved_at = now;
}

static void wake(EventStream *stream)
{
	if (stream->asleep) {
		stream->asleep = FALSE;
		stream->carrier.wake(stream->carrier.data);
	}
}

static void batch_add(Batch *batch, const AuditRecord *record)
{
	g_autoptr(json_t) shown = audit_record_show(record);
	g_autofree char *data = json_format(shown);
	g_string_append_printf(batch->text, "id: %" G_GINT64_FORMAT "\nevent: %s\ndata: %s\n\n",
	                       record->seq, record->action, data);
}

/* What is seen no more has no record that may be shown; that it is gone is said, and no more. */
static gboolean batch_add_gone(Db *db, Batch *batch, GError **error)
{
	gint64 newest;
	g_autoptr(GArray) gone =
		sight_gone(db, &batch->sight, batch->after, batch->reached, &newest, error);
	for (guint i = 0; gone && i < gone->len; i++) {
		gint64 id = g_array_index(gone, gint64, i);
		if (batch->incident_id <= 0 || batch->incident_id == id)
			batch_add(batch, &(AuditRecord){.seq = newest,
			                                .at = clock_now(),
			                                .actor = (char *)"trawl",
			                                .action = (char *)"incident.gone",
			                                .object_kind = (char *)"incident",
			                                .object_id = id,
			                                .incident_id = id,
			                                .detail = (char *)"{}",
			                                .hash = (char *)""});
	}
	return gone != NULL;
}

static gboolean batch_load(Db *db, Batch *batch, gint64 last, GError **error)
{
	g_string_truncate(batch->text, 0);
	batch->reached = batch->after;
	if (last <= batch->after)
		return TRUE;
	g_autoptr(GPtrArray) records =
		audit_list(db, &batch->sight, batch->after, batch->incident_id, BATCH, error);
	if (!records)
		return FALSE;
	batch->reached = last;
	for (guint i = 0; i < records->len; i++) {
		AuditRecord *record = records->pdata[i];
		if (!seen_record(db, &batch->sight, record, error))
			return FALSE;
		batch_add(batch, record);
		if (records->len == BATCH)
			batch->reached = record->seq;
	}
	return batch_add_gone(db, batch, error);
}

static gboolean is_same(const Sight *a, const Sight *b)
{
	return a->everything == b->everything && a->viewer == b->viewer &&
	       a->revision == b->revision;
}

/* Whoever was shut out, or sees something else since, gets nothing of what has happened since. */
static gboolean look_after(Db *db, Look *look, GError **error)
{
	gboolean touches = look->seen < 0;
	if (!look->check && !touches && look->last > look->seen &&
	    !audit_touches_access(db, look->seen, &touches, error))
		return FALSE;
	for (guint i = 0; (look->check || touches) && i < look->watched->len; i++) {
		Watched *watched = &g_array_index(look->watched, Watched, i);
		gboolean holds;
		Sight sight;
		if (!credential_holds(db, watched->credential, clock_now(), &holds, &sight, error))
			return FALSE;
		watched->over = !holds || !is_same(&sight, &watched->sight);
	}
	return TRUE;
}

static gboolean look_run(Db *db, gpointer data, GError **error)
{
	Look *look = data;
	if (!audit_last(db, &look->last, error) || !look_after(db, look, error))
		return FALSE;
	for (guint i = 0; i < look->batches->len; i++)
		if (!batch_load(db, &g_array_index(look->batches, Batch, i), look->last, error))
			return FALSE;
	return TRUE;
}

static Batch *find_batch(GArray *batches, const EventStream *stream)
{
	for (guint i = 0; i < batches->len; i++) {
		Batch *batch = &g_array_index(batches, Batch, i);
		if (batch->after == stream->after && batch->incident_id == stream->incident_id &&
		    is_same(&batch->sight, &stream->sight))
			return batch;
	}
	return NULL;
}

static Watched *find_watched(GArray *all, const EventStream *stream)
{
	for (guint i = 0; i < all->len; i++) {
		Watched *watched = &g_array_index(all, Watched, i);
		if (strcmp(watched->credential, stream->credential) == 0 &&
		    is_same(&watched->sight, &stream->sight))
			return watched;
	}
	return NULL;
}

/* What to ask, for the streams that can take more. Called with the lock. */
static void look_plan(const EventFeed *feed, gboolean check_credentials, Look *look)
{
	look->check = check_credentials;
	look->seen = feed->watched;
	look->opened = feed->opened;
	look->batches = g_array_new(FALSE, FALSE, sizeof(Batch));
	g_array_set_clear_func(look->batches, batch_clear);
	look->watched = g_array_new(FALSE, FALSE, sizeof(Watched));
	g_array_set_clear_func(look->watched, watched_clear);
	for (guint i = 0; i < feed->streams->len; i++) {
		const EventStream *stream = feed->streams->pdata[i];
		if (!find_watched(look->watched, stream)) {
			Watched watched = {g_strdup(stream->credential), stream->sight, FALSE};
			g_array_append_val(look->watched, watched);
		}
		if (!is_drained(stream) || find_batch(look->batches, stream))
			continue;
		Batch batch = {stream->after, stream->incident_id, stream->sight, 0,
		               g_string_new(NULL)};
		g_array_append_val(look->batches, batch);
	}
}

/* Gives every stream its part. Called with the lock. */
static void look_hand_out(EventFeed *feed, const Look *look, gint64 now)
{
	for (guint i = 0; i < feed->streams->len; i++) {
		EventStream *stream = feed->streams->pdata[i];
		const Watched *watched = find_watched(look->watched, stream);
		const Batch *batch = is_drained(stream) ? find_batch(look->batches, stream) : NULL;
		if (watched && watched->over)
			stream->ended = TRUE;
		if (batch && !stream->ended) {
			stream->after = batch->reached;
			if (batch->text->len)
				fill(stream, batch->text->str, now);
			else if (stream->moved_at + event_times.heartbeat <= now)
				fill(stream, ": still here\n\n", now);
		}
		if (stream->carrier.cut && !is_drained(stream) &&
		    stream->moved_at + event_times.slow <= now)
			stream->carrier.cut(stream->carrier.data);
		if (stream->ended || !is_drained(stream))
			wake(stream);
	}
}

static gpointer feed_run(gpointer data)
{
	EventFeed *feed = data;
	gint64 checked_at = 0;
	g_mutex_lock(&feed->lock);
	while (!feed->stopping) {
		if (feed->streams->len == 0) {
			g_cond_wait(&feed->changed, &feed->lock);
			continue;
		}
		gint64 now = g_get_monotonic_time();
		gboolean check_credentials = checked_at + event_times.heartbeat <= now;
		g_auto(Look) look = {0};
		look_plan(feed, check_credentials, &look);
		g_mutex_unlock(&feed->lock);
		g_autoptr(GError) error = NULL;
		if (!db_read(feed->db, look_run, &look, &error))
			g_warning("event streams wait: %s", error->message);
		else if (check_credentials)
			checked_at = now;
		g_mutex_lock(&feed->lock);
		if (!error) {
			feed->watched = feed->opened == look.opened ? look.last : -1;
			look_hand_out(feed, &look, g_get_monotonic_time());
		}
		if (!feed->stopping)
			g_cond_wait_until(&feed->changed, &feed->lock,
			                  g_get_monotonic_time() + event_times.poll);
	}
	g_mutex_unlock(&feed->lock);
	return NULL;
}

EventFeed *event_feed_new(DbPool *db)
{
	EventFeed *feed = g_new0(EventFeed, 1);
	feed->db = db;
	g_mutex_init(&feed->lock);
	g_cond_init(&feed->changed);
	feed->streams = g_ptr_array_new();
	feed->watched = -1;
	feed->thread = g_thread_new("events", feed_run, feed);
	return feed;
}

void event_feed_stop(EventFeed *feed)
{
	g_mutex_lock(&feed->lock);
	feed->stopping = TRUE;
	for (guint i = 0; i < feed->streams->len; i++) {
		EventStream *stream = feed->streams->pdata[i];
		stream->ended = TRUE;
		wake(stream);
	}
	g_cond_broadcast(&feed->changed);
	g_mutex_unlock(&feed->lock);
	g_clear_pointer(&feed->thread, g_thread_join);
}

void event_feed_free(EventFeed *feed)
{
	if (!feed)
		return;
	if (feed->thread)
		event_feed_stop(feed);
	g_ptr_array_unref(feed->streams);
	g_mutex_clear(&feed->lock);
	g_cond_clear(&feed->changed);
	g_free(feed);
}

guint event_feed_count(EventFeed *feed)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&feed->lock);
	return feed->streams->len;
}

EventStream *event_feed_open(EventFeed *feed, gint64 after, gint64 incident_id,
                             const char *credential, const Sight *sight, GError **error)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&feed->lock);
	if (feed->streams->len >= LIMIT_STREAMS) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
		            "%d event streams are open, which is the limit", LIMIT_STREAMS);
		return NULL;
	}
	EventStream *stream = g_new0(EventStream, 1);
	stream->feed = feed;
	stream->after = after;
	stream->incident_id = incident_id;
	stream->credential = g_strdup(credential);
	stream->sight = *sight;
	feed->opened++;
	feed->watched = -1; /* this one's caller was looked up before */
	stream->pending = g_string_new("retry: 2000\n\n");
	stream->moved_at = g_get_monotonic_time();
	stream->ended = feed->stopping;
	g_ptr_array_add(feed->streams, stream);
	g_cond_signal(&feed->changed);
	return stream;
}

void event_stream_free(EventStream *stream)
{
	if (!stream)
		return;
	g_mutex_lock(&stream->feed->lock);
	g_ptr_array_remove_fast(stream->feed->streams, stream);
	g_mutex_unlock(&stream->feed->lock);
	g_string_free(stream->pending, TRUE);
	g_free(stream->credential);
	g_free(stream);
}

void event_stream_carry(EventStream *stream, const EventCarrier *carrier)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&stream->feed->lock);
	stream->carrier = *carrier;
}

gssize event_stream_read(EventStream *stream, char *buffer, gsize size)
{
	EventFeed *feed = stream->feed;
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&feed->lock);
	if (stream->ended)
		return -1;
	gsize ready = MIN(size, stream->pending->len - stream->sent);
	if (ready == 0) {
		stream->asleep = TRUE;
		stream->carrier.sleep(stream->carrier.data);
		return 0;
	}
	memcpy(buffer, stream->pending->str + stream->sent, ready);
	stream->sent += ready;
	stream->moved_at = g_get_monotonic_time();
	/* A whole batch is gone: there may be a next one already. */
	if (is_drained(stream) && stream->pending->len > BATCH)
		g_cond_signal(&feed->changed);
	return (gssize)ready;
}
