#pragma once
#include "base/json.h"

/**
 * Findings about characters that deceive the eye: zero-width and direction-changing ones, words of
 * letters from several alphabets, letters of mathematics that stand for Latin ones.
 *
 * @where  "Subject", "From", "text/plain", …
 */
void lookalikes_find(json_t *findings, const char *where, const char *text);
