#pragma once
#include "mail/message/message.h"

/* One Received field (RFC 5321 §4.4). What a field does not say is NULL; strings are newly
 * allocated. */
typedef struct {
	char *from;    /* the name the client gave itself (HELO) */
	char *client;  /* the name the server found for the client's address */
	char *address; /* the client's IP address */
	char *by, *with, *id, *for_;
	char *tls;  /* "TLSv1.3", as far as it is said */
	char *date; /* RFC 3339 */
} Received;

Received *received_parse(const char *value);
void received_free(Received *received);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Received, received_free)

/** The route, last hop first as it stands in the message: [{"from", "client", "address", "by",
 * "with", "id", "for", "tls", "date", "delay", "backwards"}], "delay" in seconds since the hop
 * before. New reference. */
json_t *received_describe(const Message *message);
