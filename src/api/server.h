#pragma once
#include <glib.h>

/* The server's patience, µs. Tests shorten it before they start one; nothing else touches it. */
typedef struct {
	gint64 request; /* until a request has arrived whole                               */
	gint64 answer;  /* until an answer is taken, and a second for each ANSWER_RATE bytes */
} ServerTimes;
extern ServerTimes server_times;
