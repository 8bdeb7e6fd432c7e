/* Whose mail is looked at only with a permission of its own. */
#include "api/context.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/vip.h"

#include <string.h>

/* clang-format off */
const Field vip_fields[] = {
	{"addresses", FIELD_RELAYS, FIELD_REQUIRED, 0, LIMIT_VIPS, NULL, "addresses is an array of at most 1000 SMTP addresses"},
	{NULL}
};
/* clang-format on */

gboolean vip_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_auto(GStrv) vips = vip_list(db, error);
	if (!vips)
		return FALSE;
	answer_json(answer, 200,
	            json_pack("{s:o}", "addresses", show_names((const char *const *)vips)));
	return TRUE;
}

static gint compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each once, in order; a host or a whole domain is nobody's address. */
static char **addresses_of(const Request *request, GError **error)
{
	g_auto(GStrv) sent = sent_relays(request, "addresses");
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
	for (char **one = sent; *one; one++) {
		if (!strchr(*one, '@') || **one == '@') {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
			            "addresses is an array of SMTP addresses; \"%s\" is none",
			            *one);
			return NULL;
		}
		if (!g_ptr_array_find_with_equal_func(all, *one, g_str_equal, NULL))
			g_ptr_array_add(all, g_strdup(*one));
	}
	g_ptr_array_sort(all, compare);
	g_ptr_array_add(all, NULL);
	g_ptr_array_set_free_func(all, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

gboolean vip_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	if (!sent_has(request, "addresses"))
		return vip_get(request, db, answer, error);
	g_auto(GStrv) addresses = addresses_of(request, error);
	g_auto(GStrv) before =
		addresses && db_lock_key(db, "vips", error) ? vip_list(db, error) : NULL;
	if (!before)
		return FALSE;
	if (!g_strv_equal((const char *const *)before, (const char *const *)addresses) &&
	    (!vip_save(db, addresses, error) ||
	     !audit_append(db, request->actor, "vips.update", "setting", 0, 0,
	                   json_pack("{s:o, s:o}", "from", show_names((const char *const *)before),
	                             "to", show_names((const char *const *)addresses)),
	                   NULL, error)))
		return FALSE;
	return vip_get(request, db, answer, error);
}
