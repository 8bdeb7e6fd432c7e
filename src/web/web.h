#pragma once
#include <gio/gio.h>

/** The pages a browser gets from Trawl, below "/trawl/web"; hand them to api_start(). Borrowed. */
GResource *web_pages(void);
