/* People by their names: all that one has to know of another to hand something over. Who sees what
 * their teams do knows who is in them. Addresses,
 * roles and logins are an administrator's business (users.c). */
#include "api/page.h"
#include "api/resources.h"
#include "base/error.h"
#include "store/user.h"

static json_t *row_show(gconstpointer row)
{
	const User *user = row;
	json_t *to = json_object();
	json_object_set_new(to, "id", json_integer(user->id));
	json_object_set_new(to, "name", json_text_new(user->name));
	json_object_set_new(to, "display_name", json_text_new(user->display_name));
	json_object_set_new(to, "active", json_boolean(user->enabled));
	return to;
}

static gint64 row_id(gconstpointer row)
{
	return ((const User *)row)->id;
}

gboolean person_list_all(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) rows = user_list_seen(db, request->sight, error);
	if (!rows || !page_parse(request, &page, error))
		return FALSE;
	page_cut(&page, rows, row_id);
	page_answer(request, answer, &page, rows, row_show, row_id, NULL);
	return TRUE;
}
