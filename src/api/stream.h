#pragma once
#include "api/answer.h"
#include "api/context.h"
#include "store/sight.h"

/* The audit log as server-sent events (HTML Living Standard §9.2): one feed a process reads the
 * database for all open streams. A stream holds at most one batch of records, whoever reads it. */

EventFeed *event_feed_new(DbPool *db);
/** Ends every stream. They are freed by who opened them, before the feed. */
void event_feed_stop(EventFeed *feed);
void event_feed_free(EventFeed *feed);
/** Open streams now. */
guint event_feed_count(EventFeed *feed);

/**
 * Opens a stream.
 *
 * @after        only records with a greater seq
 * @incident_id  as audit_list() has it
 * @credential   of its caller: the stream ends when it holds no more (auth/caller.h), before
 *               anything that it must not have comes through it
 * @sight        what the caller sees; when that becomes another thing, the stream ends, too
 * @return       (transfer full) TRAWL_ERROR_BUSY when LIMIT_STREAMS are open
 */
EventStream *event_feed_open(EventFeed *feed, gint64 after, gint64 incident_id,
                             const char *credential, const Sight *sight, GError **error);
void event_stream_free(EventStream *stream);

/* Who carries a stream to its client. @sleep is called when there is nothing to send, and later
 * @wake, once, from another thread. @cut ends the connection of a client that does not read. None
 * of them may call back. */
typedef struct {
	void (*sleep)(gpointer data);
	void (*wake)(gpointer data);
	void (*cut)(gpointer data);
	gpointer data;
} EventCarrier;

/** Says who carries it; before the first event_stream_read(). */
void event_stream_carry(EventStream *stream, const EventCarrier *carrier);

/** Takes up to @size bytes into @buffer. 0: none now, and its carrier sleeps; -1: the stream has
 * ended. */
gssize event_stream_read(EventStream *stream, char *buffer, gsize size);

/* The feed's times, µs. Tests shorten them before they make one; nothing else touches them. */
typedef struct {
	gint64 poll;      /* the database is asked for news no less often        */
	gint64 heartbeat; /* a comment goes out when nothing else did for so long */
	gint64 slow;      /* a client that took nothing for so long is cut off    */
} EventTimes;
extern EventTimes event_times;
