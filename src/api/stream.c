/* Feeds event streams from the audit log.
 *
 * The writers are other processes, so the feed asks the database for news a few times a second; one
 * question serves all streams that stand at the same place. A stream gets its next batch only when
 * the last one is gone, so a client that does not read costs one batch of memory, and after a while
 * its connection. */
#include "api/stream.h"

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
	gboolean stopping;
};

struct EventStream {
	EventFeed *feed;
	gint64 after, incident_id;
	char *credential;
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
	gint64 reached; /* where the stream stands afterwards */
	GString *text;
} Batch;

/* One look at the database. */
typedef struct {
	GArray *batches;              /* of Batch */
	GPtrArray *credentials;       /* to look after, of char * */
	GHashTable *void_credentials; /* of them, those that are good no longer */
} Look;

static void batch_clear(gpointer data)
{
	g_string_free(((Batch *)data)->text, TRUE);
}

static void look_clear(Look *look)
{
	g_clear_pointer(&look->batches, g_array_unref);
	g_clear_pointer(&look->credentials, g_ptr_array_unref);
	g_clear_pointer(&look->void_credentials, g_hash_table_unref);
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

static gboolean batch_load(Db *db, Batch *batch, gint64 last, GError **error)
{
	g_string_truncate(batch->text, 0);
	batch->reached = batch->after;
	if (last <= batch->after)
		return TRUE;
	g_autoptr(GPtrArray) records =
		audit_list(db, batch->after, batch->incident_id, BATCH, error);
	if (!records)
		return FALSE;
	batch->reached = last;
	for (guint i = 0; i < records->len; i++) {
		const AuditRecord *record = records->pdata[i];
		g_autoptr(json_t) shown = audit_record_show(record);
		g_autofree char *data = json_format(shown);
		g_string_append_printf(batch->text,
		                       "id: %" G_GINT64_FORMAT "\nevent: %s\ndata: %s\n\n",
		                       record->seq, record->action, data);
		if (records->len == BATCH)
			batch->reached = record->seq;
	}
	return TRUE;
}

static gboolean look_run(Db *db, gpointer data, GError **error)
{
	Look *look = data;
	gint64 last, now = clock_now();
	if (!audit_last(db, &last, error))
		return FALSE;
	for (guint i = 0; i < look->batches->len; i++)
		if (!batch_load(db, &g_array_index(look->batches, Batch, i), last, error))
			return FALSE;
	for (guint i = 0; i < look->credentials->len; i++) {
		const char *credential = look->credentials->pdata[i];
		gboolean holds;
		if (!credential_holds(db, credential, now, &holds, error))
			return FALSE;
		if (!holds)
			g_hash_table_add(look->void_credentials, g_strdup(credential));
	}
	return TRUE;
}

static Batch *find_batch(GArray *batches, const EventStream *stream)
{
	for (guint i = 0; i < batches->len; i++) {
		Batch *batch = &g_array_index(batches, Batch, i);
		if (batch->after == stream->after && batch->incident_id == stream->incident_id)
			return batch;
	}
	return NULL;
}

/* What to ask, for the streams that can take more. Called with the lock. */
static void look_plan(const EventFeed *feed, gboolean check_credentials, Look *look)
{
	look->batches = g_array_new(FALSE, FALSE, sizeof(Batch));
	g_array_set_clear_func(look->batches, batch_clear);
	look->credentials = g_ptr_array_new_with_free_func(g_free);
	look->void_credentials = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < feed->streams->len; i++) {
		const EventStream *stream = feed->streams->pdata[i];
		if (check_credentials &&
		    !g_ptr_array_find_with_equal_func(look->credentials, stream->credential,
		                                      g_str_equal, NULL))
			g_ptr_array_add(look->credentials, g_strdup(stream->credential));
		if (!is_drained(stream) || find_batch(look->batches, stream))
			continue;
		Batch batch = {stream->after, stream->incident_id, 0, g_string_new(NULL)};
		g_array_append_val(look->batches, batch);
	}
}

/* Gives every stream its part. Called with the lock. */
static void look_hand_out(EventFeed *feed, const Look *look, gint64 now)
{
	for (guint i = 0; i < feed->streams->len; i++) {
		EventStream *stream = feed->streams->pdata[i];
		const Batch *batch = is_drained(stream) ? find_batch(look->batches, stream) : NULL;
		if (batch) {
			stream->after = batch->reached;
			if (batch->text->len)
				fill(stream, batch->text->str, now);
			else if (stream->moved_at + event_times.heartbeat <= now)
				fill(stream, ": still here\n\n", now);
		}
		if (stream->carrier.cut && !is_drained(stream) &&
		    stream->moved_at + event_times.slow <= now)
			stream->carrier.cut(stream->carrier.data);
		if (g_hash_table_contains(look->void_credentials, stream->credential))
			stream->ended = TRUE;
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
		if (!error)
			look_hand_out(feed, &look, g_get_monotonic_time());
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
                             const char *credential, GError **error)
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
