#pragma once
#include "base/json.h"

/* XARF, abuse reports as JSON (xarf.org): the generations that are in circulation. */

/** Whether a JSON object means to be an XARF document, of whichever generation, valid or not. */
gboolean xarf_is_meant(const json_t *document);

/**
 * Holds an XARF document against the rules of its generation.
 *
 * @generation  (out) "4", "4-draft", "3", "2", "1", "alpha", "development", "3-legacy" or "0";
 *              static, NULL when it names none that is known
 * @return      NULL when it is valid; else which member is wrong and why, newly allocated
 */
char *xarf_check(const json_t *document, const char **generation);

/**
 * An X-ARF 0.x report: one flat YAML mapping, as a JSON object of strings.
 *
 * @return  new reference; NULL with @reason (newly allocated) when it is no such mapping
 */
json_t *xarf_from_yaml(const char *text, char **reason);
