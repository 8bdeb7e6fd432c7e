#pragma once
#include "mail/message/message.h"

/** TRUE when a zip ends at the end of @content, whatever it begins with. */
gboolean zip_ends_it(GBytes *content);

/**
 * Compares the two places where a zip names its files: the directory at its end, which some
 * programs read, and the head before each file, which others do. Each difference is a finding.
 *
 * @return  TRUE when there are files that the directory leaves out
 */
gboolean zip_compare_heads(const Message *message, GBytes *content, const char *where);
