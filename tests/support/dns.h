#pragma once
#include <glib.h>

/* A DNS server of a test's own, on loopback, by UDP and TCP: it knows TXT records, and can
 * misbehave. What does not fit into 512 octets comes by TCP. */

typedef struct DnsServer DnsServer;

typedef enum {
	DNS_ANSWERS,
	DNS_SILENT,  /* hears and says nothing */
	DNS_FAILS,   /* SERVFAIL */
	DNS_WAITS,   /* says nothing of what it is asked, but knows who serves the root */
	DNS_GARBLED, /* the header of an answer, and then what is none */
} DnsManner;

DnsServer *dns_server_start(void);
void dns_server_stop(DnsServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnsServer, dns_server_stop)

/** "127.0.0.1:PORT"; borrowed. */
const char *dns_server_address(const DnsServer *server);
/** Another record of that name. */
void dns_server_add(DnsServer *server, const char *name, const char *text);
void dns_server_set_manner(DnsServer *server, DnsManner manner);
/** How many questions came. @tcp  only those by TCP */
guint dns_server_questions(DnsServer *server, gboolean tcp);
