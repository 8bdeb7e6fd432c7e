#pragma once
#include <glib.h>

/* A URL as a browser would take it (WHATWG URL Standard), as far as an analyst cares. */
typedef struct {
	char *scheme;      /* lower case */
	char *host;        /* lower case, A-labels, numeric addresses in dotted form; NULL: none */
	char *text;        /* the whole, normalised */
	gboolean web;      /* http, https or ftp: a scheme with a host */
	gboolean userinfo; /* "user@" before the host, which people read as the host */
	gboolean odd_host; /* the host was written in another way than it is here */
	gboolean numeric_host; /* an IPv4 or IPv6 address */
} Url;

/** NULL when a browser would not take it as a URL. @base  for relative ones, or NULL. */
Url *url_parse(const char *written, const char *base);
void url_free(Url *url);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Url, url_free)

/** %41 to A; octets that are no UTF-8 become U+FFFD. Newly allocated. */
char *url_unescape(const char *text, gssize length);
