#pragma once
#include <glib.h>

/**
 * Where a link leads behind the rewriters of mail gateways and the redirectors that carry their
 * target in themselves, however they are wrapped around each other. Nothing is fetched.
 *
 * @opaque  (out) TRUE when a known rewriter's target cannot be read from the link
 * @return  the target behind each layer, the outermost first, at most LIMIT_REWRITERS; empty when
 *          @url is no rewritten link. GPtrArray of char *
 */
GPtrArray *rewriters_follow(const char *url, gboolean *opaque);
