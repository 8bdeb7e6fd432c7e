#pragma once
#include "base/json.h"
#include "cli/terminal.h"

/** A breakdown (docs/breakdown.schema.json) as a page for people; newly allocated. What is odd
 * comes first, links are defanged, and nothing in it does anything to a terminal. */
char *breakdown_page(const json_t *breakdown, const Terminal *terminal);

/** A link that no program makes clickable: "hxxps://evil[.]example/x". Newly allocated. */
char *breakdown_defang(const char *url);
