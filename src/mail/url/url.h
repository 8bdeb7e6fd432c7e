#pragma once
#include <glib.h>

/* A URL as a browser takes it (WHATWG URL Standard). */
typedef struct {
	char *scheme;      /* lower case */
	char *host;        /* lower case, A-labels, numeric addresses in dotted form; NULL: none */
	char *text;        /* the whole, serialised as browsers do */
	gboolean web;      /* http, https, ftp, ws or wss: a scheme that needs a host */
	gboolean userinfo; /* "user@" before the host, which people read as the host */
	gboolean odd_host; /* the host was written in another way than it is here */
	gboolean numeric_host; /* an IPv4 or IPv6 address */
} Url;

/**
 * NULL when a browser would not take it as a URL that leads anywhere else.
 *
 * In one point people are followed, not browsers: "hxxp" is "http". Without @base, "//host" is
 * taken for https.
 *
 * @base  absolute, for relative ones, or NULL
 */
Url *url_parse(const char *written, const char *base);
void url_free(Url *url);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Url, url_free)

/** %41 to A; octets that are no UTF-8 become U+FFFD. Newly allocated. */
char *url_unescape(const char *text, gssize length);

/** Without the blanks and control characters around it and the tabs and line ends in it, as
 * browsers begin. Newly allocated. */
char *url_trim(const char *written);

/** Loads the tables that names are mapped by, for a process that is about to lose its files. */
void url_init(void);

/** A host written in whichever way as in Url, or NULL when it is none. Newly allocated. */
char *url_host(const char *written, gssize length);
