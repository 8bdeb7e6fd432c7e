/* VIPs: whose mail is looked at only with a permission of its own.
 *
 * A message that many got is no secret of the one VIP among them: when somebody else has reported
 * it, it was handed over by who may do that. */
#include "store/vip.h"

#include "base/text.h"
#include "store/report.h"
#include "store/rows.h"
#include "store/setting.h"

#include <string.h>

#define SETTING "vips"

char **vip_list(Db *db, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *text = setting_load(db, SETTING, &problem);
	if (!problem)
		return rows_parse_strv(text ? text : "[]");
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

gboolean vip_save(Db *db, char *const *addresses, GError **error)
{
	g_autofree char *text = rows_format_strv(addresses);
	return setting_save(db, SETTING, text, error);
}

gboolean vip_is(char *const *vips, const char *address)
{
	g_autofree char *form = address ? text_address(address) : NULL;
	return form && vips && g_strv_contains((const char *const *)vips, form);
}

typedef struct {
	char *address;
	gboolean trusted;
} Person;

static void person_free(gpointer data)
{
	g_free(((Person *)data)->address);
	g_free(data);
}

static gpointer read_person(DbRows *rows)
{
	Person *person = g_new0(Person, 1);
	person->address = db_text_dup(rows, 0);
	person->trusted = db_int(rows, 1) != 0;
	return person;
}

static gboolean judge(Db *db, gint64 original_id, char *const *vips, gboolean *is, GError **error)
{
	g_autoptr(GPtrArray) recipients = rows_collect(
		db_query(db, error, "i",
	                 "SELECT DISTINCT recipient, 0 FROM alert WHERE original_id = $1",
	                 original_id),
		read_person, person_free, error);
	g_autoptr(GPtrArray) reporters =
		recipients ? rows_collect(db_query(db, error, "i",
	                                           "SELECT DISTINCT r.reporter, r.trusted "
	                                           "FROM report_incident i "
	                                           "JOIN report r ON r.id = i.report_id "
	                                           "WHERE i.original_id = $1",
	                                           original_id),
	                                  read_person, person_free, error)
			   : NULL;
	if (!reporters)
		return FALSE;
	gboolean theirs = FALSE, handed_over = FALSE;
	for (guint i = 0; i < recipients->len && !theirs; i++)
		theirs = vip_is(vips, ((Person *)recipients->pdata[i])->address);
	for (guint i = 0; i < reporters->len; i++) {
		const Person *reporter = reporters->pdata[i];
		gboolean vip = vip_is(vips, reporter->address);
		theirs |= vip;
		handed_over |= !vip && reporter->address && reporter->trusted;
	}
	*is = theirs && !handed_over;
	return TRUE;
}

gboolean vip_is_original(Db *db, gint64 original_id, gboolean *is, GError **error)
{
	g_auto(GStrv) vips = vip_list(db, error);
	*is = FALSE;
	if (!vips || !*vips)
		return vips != NULL;
	return judge(db, original_id, vips, is, error);
}

gboolean vip_is_report(Db *db, gint64 report_id, gboolean *is, GError **error)
{
	g_auto(GStrv) vips = vip_list(db, error);
	*is = FALSE;
	if (!vips || !*vips)
		return vips != NULL;
	g_autoptr(Report) report = report_load(db, report_id, error);
	*is = report && vip_is(vips, report->reporter);
	return report != NULL;
}

static gpointer read_id(DbRows *rows)
{
	gint64 *id = g_new0(gint64, 1);
	*id = db_int(rows, 0);
	return id;
}

gboolean vip_is_incident(Db *db, gint64 incident_id, gboolean *is, GError **error)
{
	g_auto(GStrv) vips = vip_list(db, error);
	*is = FALSE;
	if (!vips || !*vips)
		return vips != NULL;
	g_autoptr(GPtrArray) originals = rows_collect(
		db_query(db, error, "ii",
	                 "SELECT original_id FROM report_incident WHERE incident_id = $1 "
	                 "AND original_id IS NOT NULL "
	                 "UNION SELECT original_id FROM incident WHERE id = $2 "
	                 "AND original_id IS NOT NULL",
	                 incident_id, incident_id),
		read_id, g_free, error);
	for (guint i = 0; originals && i < originals->len && !*is; i++)
		if (!judge(db, *(gint64 *)originals->pdata[i], vips, is, error))
			return FALSE;
	return originals != NULL;
}
