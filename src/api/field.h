#pragma once
#include "base/json.h"

/* What a body or a query may hold, as tables: a row a member. A member that is not in the table is
 * refused by its name, a value that does not fit by the row's sentence. openapi.json says the same
 * of each row, and a test compares the two. */

typedef enum {
	FIELD_TEXT,    /* min to max characters, no control characters               */
	FIELD_PROSE,   /* the same, and line ends and tabs are fine                  */
	FIELD_INTEGER, /* min to max                                                 */
	FIELD_BOOLEAN,
	FIELD_NAME,    /* one of names                                               */
	FIELD_NAMES,   /* array of them, at least min, each once                     */
	FIELD_NUMBERS, /* array of ids, min to max many, each once                   */
	FIELD_ADDRESS, /* an SMTP address                                            */
	FIELD_DOMAINS, /* array of domain or host names, at most max                 */
	FIELD_HOSTS,   /* the same with addresses, networks and "HOST/below" (mail/trust.h) */
	FIELD_RELAYS,  /* array of hosts and addresses, at most max                  */
	FIELD_TIME,    /* RFC 3339                                                   */
	FIELD_OBJECT   /* looked into elsewhere                                      */
} FieldType;

enum {
	FIELD_REQUIRED = 1 << 0, /* when something is made; a PATCH may leave it out   */
	FIELD_NULLABLE = 1 << 1  /* null clears it                                     */
};

typedef struct {
	const char *name;
	FieldType type;
	guint flags;
	gint64 min, max;
	const char *const *names; /* NULL-terminated */
	const char *sentence;     /* what it is, for who sent something else; no full stop */
} Field;

/**
 * Checks a JSON object against @fields, which ends with a row without a name; NULL: no member is
 * allowed.
 *
 * @partial  a PATCH: required members may be absent
 * @return   FALSE with TRAWL_ERROR_INVALID
 */
gboolean fields_check(const Field *fields, const json_t *object, gboolean partial, GError **error);

/**
 * Parses a query ("limit=50&state=open", still percent-encoded) into an object of typed values that
 * fields_check() accepts.
 *
 * @query  NULL: none
 * @return (transfer full) TRAWL_ERROR_INVALID for an unknown or repeated parameter, a bad escape, a
 *         value that does not fit
 */
json_t *fields_parse_query(const Field *fields, const char *query, GError **error);

/** A host or domain name as it is compared: lower case, A-labels, no dot at the end; newly
 * allocated, NULL when @text is none. */
char *field_domain(const char *text);

/** An accepted relay (mail/trust.h) as it is compared: a host, ".suffix", IP address, address or
 * "@domain"; newly allocated, NULL when @text is none. */
char *field_relay(const char *text);

/** A host name like field_domain(), also ".suffix" and with "/below" behind, or an IP address or
 * network as it is written; newly allocated, NULL when @text is none. */
char *field_host(const char *text);

/** Undoes percent-encoding; NULL for a bad escape, NUL, or what is not UTF-8 then. Newly allocated.
 * @plus  "+" is a space, as in a query */
char *field_unescape(const char *text, gssize length, gboolean plus);
