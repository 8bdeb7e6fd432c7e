/* Whose mail takes a permission of its own, on both databases. */
#include "store/vip.h"

#include "../tests/support/samples.h"
#include "../tests/support/testdb.h"
#include "store/report.h"

#define BREAKDOWN "{\"message\":{}}"

typedef struct {
	const char *const *recipients, *const *reporters; /* each ends with NULL */
	gboolean trusted, is;
} Case;

static gint64 make_mail(Db *db, guint number, const Case *one, GError **error)
{
	g_autofree char *name = g_strdup_printf("m%u@x", number);
	gint64 source = sample_source(db, name, sample_server(db, name));
	gint64 original = sample_original(db, name, name, BREAKDOWN);
	gint64 incident = sample_incident(db, name, original, "Subject");
	gint64 report = 0;
	for (guint i = 0; one->reporters[i]; i++) {
		g_autofree char *uid = g_strdup_printf("%u", i);
		report = sample_report(db, source, uid, one->reporters[i], NULL);
		g_assert_true(db_run(db, NULL, error, "ii",
		                     "UPDATE report SET trusted = $1 WHERE id = $2",
		                     (gint64)one->trusted, report));
		g_assert_true(report_join(db, report, incident, original, error));
	}
	for (guint i = 0; one->recipients[i]; i++) {
		gint64 alert = sample_alert(db, incident, report, one->recipients[i]);
		g_assert_true(db_run(db, NULL, error, "ii",
		                     "UPDATE alert SET original_id = $1 WHERE id = $2", original,
		                     alert));
	}
	return original;
}

static gboolean judge_all(Db *db, gpointer unused, GError **error)
{
	static const char *const boss[] = {"boss@corp.example", NULL};
	static const char *const loud[] = {" <BOSS@Corp.Example> ", NULL};
	static const char *const ann[] = {"ann@corp.example", NULL};
	static const char *const both[] = {"ann@corp.example", "boss@corp.example", NULL};
	const Case cases[] = {
		{boss, boss, TRUE, TRUE},  {boss, loud, TRUE, TRUE}, {ann, ann, TRUE, FALSE},
		{both, boss, TRUE, TRUE}, /* others have it, and only the VIP has shown it */
		{both, ann, TRUE, FALSE}, /* handed over by who got it, too */
		{boss, ann, FALSE, TRUE}, /* anybody can claim to be ann */
		{both, both, TRUE, FALSE}, {ann, boss, TRUE, TRUE},
	};
	char *const vips[] = {(char *)"boss@corp.example", NULL};
	gint64 originals[G_N_ELEMENTS(cases)];
	gboolean is;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		originals[i] = make_mail(db, i, &cases[i], error);
		g_assert_true(vip_is_original(db, originals[i], &is, error));
		g_assert_false(is); /* there are none yet */
	}
	g_assert_true(vip_save(db, vips, error));
	g_auto(GStrv) kept = vip_list(db, error);
	g_assert_cmpuint(g_strv_length(kept), ==, 1);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_assert_true(vip_is_original(db, originals[i], &is, error));
		g_test_message("%u", i);
		g_assert_cmpint(is, ==, cases[i].is);
		g_assert_true(vip_is_incident(db, (gint64)i + 1, &is, error));
		g_assert_cmpint(is, ==, cases[i].is);
	}
	g_assert_true(vip_is_report(db, 1, &is, error));
	g_assert_true(is);
	g_assert_true(vip_is_report(db, 3, &is, error));
	g_assert_false(is);
	return TRUE;
}

static void test_a_vips_mail_is_told_from_what_many_have(TestDb *t)
{
	testdb_write(t, judge_all, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add("/vip/a VIP's mail is told from what many have",
	           test_a_vips_mail_is_told_from_what_many_have);
	return g_test_run();
}
