/* The pages that travel inside the binary. Serving them is the API's business; this room only holds
 * them, so that the two need not see each other. */
#include "web/web.h"

#include "web-resources.h"

GResource *web_pages(void)
{
	return trawl_web_get_resource();
}
