/* Which organisation a host name belongs to, by the public suffix list. */
#include "mail/url/domains.h"

#include <gio/gio.h>
#include <libpsl.h>
#include <string.h>

void domains_init(void)
{
	psl_builtin();
}

char *domains_registrable(const char *host)
{
	g_autofree char *lower = g_utf8_strdown(host, -1);
	gsize length = strlen(lower);
	if (length && lower[length - 1] == '.')
		lower[length - 1] = '\0';
	if (g_hostname_is_ip_address(lower))
		return g_steal_pointer(&lower);
	const char *domain = psl_registrable_domain(psl_builtin(), lower);
	return g_strdup(domain ? domain : lower);
}

gboolean domains_aligned(const char *one, const char *other)
{
	if (!one || !other || !*one || !*other)
		return FALSE;
	g_autofree char *left = domains_registrable(one);
	g_autofree char *right = domains_registrable(other);
	return strcmp(left, right) == 0;
}

gboolean domains_is_public(const char *host)
{
	/* The prevailing rule "*" makes every last label a suffix; only listed ones count here. */
	const char *last = strrchr(host, '.');
	return last &&
	       psl_is_public_suffix2(psl_builtin(), last + 1, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE);
}
