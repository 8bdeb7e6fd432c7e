#pragma once
#include <glib.h>

/* TXT records of the DNS, for the keys with which mail is signed.
 *
 * By c-ares: small, without threads or a cache of its own, and its sockets are polled against our
 * deadline; libunbound is a whole validating resolver, ldns blocks. DNSSEC is left to the resolver
 * that is asked. */

typedef struct Resolver Resolver;

/**
 * @servers  "system" for those of /etc/resolv.conf, or addresses with commas between them, each
 * with a port if it is not 53: "192.0.2.53", "127.0.0.1:5353", "[2001:db8::1]:53"
 * @return   NULL with TRAWL_ERROR_INVALID when that is no list of addresses. Any thread may use it
 */
Resolver *resolver_new(const char *servers, GError **error);
void resolver_free(Resolver *resolver);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Resolver, resolver_free)

typedef enum {
	RESOLVED_UNREACHABLE, /* no answer in time, or none that can be used; also asked too often
	                       */
	RESOLVED_NONE,        /* there is no such record */
	RESOLVED_FOUND
} Resolved;

typedef struct {
	const char *name; /* borrowed, given by the caller */
	Resolved resolved;
	GPtrArray *texts; /* of char *: the records, each with its strings joined; set when found */
} ResolverText;

/**
 * Asks for the TXT records of all of @wanted at once, and waits until all are there or @deadline
 * passes. Never fails: what did not come is RESOLVED_UNREACHABLE. Answers are remembered for some
 * minutes, failures for half a minute; when no server is there at all, nothing is asked for half a
 * minute.
 *
 * @wanted  their texts are the caller's afterwards: resolver_texts_clear()
 */
void resolver_texts(Resolver *resolver, ResolverText *wanted, guint count, gint64 deadline);
void resolver_texts_clear(ResolverText *wanted, guint count);
