#pragma once
#include "mail/url/url.h"

/* What is known of a rewritten link besides its target. Cleared with g_auto(Rewriting). */
typedef struct {
	const char *name; /* who rewrote it, the outermost: "urldefense", …; NULL: nobody known */
	gboolean opaque;  /* the innermost known rewriter's target cannot be read from the link */
	const char *opaque_name; /* that rewriter */
	char *hint;              /* the target's host, where an opaque link tells it; or NULL */
} Rewriting;

void rewriting_clear(Rewriting *rewriting);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Rewriting, rewriting_clear)

/**
 * Where a link leads behind the rewriters of mail gateways and the redirectors that carry their
 * target in themselves, however they are wrapped around each other. Nothing is fetched.
 *
 * @rewriting  (out) zeroed before
 * @return  the target behind each layer, the outermost first, at most LIMIT_REWRITERS; empty when
 *          @url is no rewritten link. GPtrArray of char *
 */
GPtrArray *rewriters_follow(const Url *url, Rewriting *rewriting);

/** A target as it stood ("corp.example/x" too) as text that url_parse() takes. Newly allocated. */
char *rewriters_as_url(const char *target);
