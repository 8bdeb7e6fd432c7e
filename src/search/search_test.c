/* The index and what is found by it, on both databases. */
#include "../tests/support/samples.h"
#include "../tests/support/testdb.h"
#include "base/error.h"
#include "base/limits.h"
#include "search/find.h"
#include "search/index.h"
#include "store/comment.h"
#include "store/incident.h"
#include "store/report.h"
#include "store/search.h"
#include "store/vip.h"

#include <string.h>

#define HASH "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"

/* clang-format off */
static const struct {
	const char *subject, *from, *to, *text, *link, *file, *reporter;
} mails[] = {
	{"Overdue invoice 4711", "billing@pay.evil.example", "ann@corp.example",
	 "Dear customer, your salary account was closed.", "https://login.evil.example/salary?x=1", "invoice.html", "ann@corp.example"},
	{"Your salary account", "hr@corp.example", "bob@corp.example",
	 "Nothing is overdue. The account of your salary is fine.", "https://www.bank.example/", NULL, "bob@corp.example"},
	{"Grüße aus Köln", "Jörg Müller <joerg@post.example>", "ann@corp.example",
	 "Schöne Grüße <b>und</b> ein %_\\ Zeichen", NULL, "Rechnung.pdf", "eve@corp.example"},
	{"請求書のお知らせ", "info@shop.example", "bob@corp.example", "今すぐ確認", NULL, NULL, "bob@corp.example"},
};
/* clang-format on */

static char *breakdown_of(guint i)
{
	g_autoptr(json_t) links = json_array();
	g_autoptr(json_t) files = json_array();
	if (mails[i].link)
		json_array_append_new(links, json_pack("{s:s, s:s, s:n}", "url", mails[i].link,
		                                       "text", "click here", "target"));
	if (mails[i].file)
		json_array_append_new(
			files, json_pack("{s:s, s:s}", "name", mails[i].file, "sha256", HASH));
	g_autoptr(json_t) document = json_pack(
		"{s:{s:s, s:[{s:n, s:s}], s:[{s:n, s:s}], s:s, s:O, s:O}}", "message", "subject",
		mails[i].subject, "from", "name", "address", mails[i].from, "to", "name", "address",
		mails[i].to, "text", mails[i].text, "links", links, "attachments", files);
	return json_format(document);
}

static gboolean fill(Db *db, gpointer unused, GError **error)
{
	gint64 source = sample_source(db, "abuse", sample_server(db, "corp"));
	for (guint i = 0; i < G_N_ELEMENTS(mails); i++) {
		g_autofree char *id = g_strdup_printf("m%u@mail.example", i);
		g_autofree char *breakdown = breakdown_of(i);
		gint64 original = sample_original(db, id, id, breakdown);
		gint64 incident = sample_incident(db, id, original, mails[i].subject);
		gint64 report = sample_report(db, source, id, mails[i].reporter, NULL);
		sample_alert(db, incident, report, mails[i].to);
	}
	return TRUE;
}

static void index_all(TestDb *t)
{
	gboolean more = TRUE;
	while (more) {
		g_autoptr(GError) error = NULL;
		g_assert_true(search_index_some(t->pool, &more, &error));
		g_assert_no_error(error);
	}
}

typedef struct {
	const char *text;
	gboolean content, vips;
	gint64 before;
	guint limit;
	SearchResult *result;
} Asked;

static gboolean ask(Db *db, gpointer data, GError **error)
{
	Asked *asked = data;
	g_autoptr(SearchQuery) query = search_query_parse(asked->text, error);
	asked->result = query ? search_find(db, &sight_everything, query, asked->content,
	                                    asked->vips, asked->before, asked->limit, error)
	                      : NULL;
	return asked->result != NULL;
}

/* The numbers of the incidents that are found, "4 2 1". */
static char *find(TestDb *t, const char *text, gboolean content)
{
	Asked asked = {.text = text, .content = content, .limit = 100};
	GString *out = g_string_new(NULL);
	testdb_read(t, ask, &asked);
	g_autoptr(SearchResult) result = asked.result;
	for (guint i = 0; i < result->hits->len; i++)
		g_string_append_printf(out, "%s%" G_GINT64_FORMAT, i ? " " : "",
		                       ((SearchHit *)result->hits->pdata[i])->incident->id);
	return g_string_free(out, FALSE);
}

static void assert_found(TestDb *t, const char *text, gboolean content, const char *wanted)
{
	g_autofree char *found = find(t, text, content);
	g_test_message("%s", text);
	g_assert_cmpstr(found, ==, wanted);
}

static void test_words_find_the_incidents_that_have_them(TestDb *t)
{
	testdb_write(t, fill, NULL);
	assert_found(t, "invoice", TRUE, ""); /* not indexed yet */
	index_all(t);
	static const struct {
		const char *text, *found;
	} cases[] = {
		{"invoice", "1"},
		{"INVOICE", "1"},
		{"invo*", "1"},
		{"overdue", "2 1"},
		{"overdue salary", "2 1"},
		{"overdue -fine", "1"},
		{"subject:overdue", "1"},
		{"body:overdue", "2"},
		{"\"salary account\"", "2 1"},
		{"\"account salary\"", ""},
		{"body:\"salary account\"", "1"},
		{"\"salary account\" -subject:\"salary account\"", "1"},
		{"corp.example", "4 3 2 1"},
		{"from:corp.example", "2"},
		{"evil.example", "1"},
		{"link:evil.example", "1"},
		{"link:login.evil.example", "1"},
		{"hxxps://login[.]evil[.]example/salary", "1"},
		{"https://www.bank.example/", "2"},
		{"ann@corp.example", "3 1"},
		{"to:ann", "3 1"},
		{"reporter:eve", "3"},
		{"address:bob", "4 2"},
		{"hash:" HASH, "3 1"},
		{HASH, "3 1"},
		{"attachment:rechnung", "3"},
		{"file:rechnung.pdf", "3"},
		{"message:m2@mail.example", "3"},
		{"grusse", "3"},
		{"GRÜSSE koln", "3"},
		{"请求書", ""},
		{"請求書", "4"},
		{"求書", "4"},
		{"\"% _ Zeichen\"", "3"},
		{"nowhere", ""},
		{"salary nowhere", ""},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_found(t, cases[i].text, TRUE, cases[i].found);
}

static gboolean guard(Db *db, gpointer unused, GError **error)
{
	char *const vips[] = {(char *)"ann@corp.example", NULL};
	return db_run(db, NULL, error, "",
	              "UPDATE alert SET original_id = (SELECT original_id FROM incident "
	              "WHERE incident.id = alert.incident_id)") &&
	       vip_save(db, vips, error);
}

static char *find_as(TestDb *t, const char *text, gboolean vips)
{
	Asked asked = {.text = text, .content = TRUE, .vips = vips, .limit = 100};
	GString *out = g_string_new(NULL);
	testdb_read(t, ask, &asked);
	g_autoptr(SearchResult) result = asked.result;
	for (guint i = 0; i < result->hits->len; i++) {
		const SearchHit *hit = result->hits->pdata[i];
		g_string_append_printf(out, "%s%" G_GINT64_FORMAT "%s", i ? " " : "",
		                       hit->incident->id, hit->body ? "b" : "");
	}
	return g_string_free(out, FALSE);
}

/* 1 and 3 went to ann, who is one. */
static void test_what_vips_mail_says_finds_it_for_few(TestDb *t)
{
	static const struct {
		const char *text, *few, *others;
	} cases[] = {
		{"customer", "1b", ""},      {"salary", "2 1", "2 1"}, /* 1 by its link */
		{"overdue", "2b 1", "2b 1"}, {"salary -customer", "2", "2 1"},
		{"salary -fine", "1", "1"},  {"\"salary account\"", "2 1b", "2"},
		{"invoice", "1", "1"},       {"body:salary", "2b 1b", "2b"},
	};
	testdb_write(t, fill, NULL);
	index_all(t);
	testdb_write(t, guard, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *few = find_as(t, cases[i].text, TRUE);
		g_autofree char *others = find_as(t, cases[i].text, FALSE);
		g_test_message("%s", cases[i].text);
		g_assert_cmpstr(few, ==, cases[i].few);
		g_assert_cmpstr(others, ==, cases[i].others);
	}
}

static void test_what_messages_say_is_for_those_who_may_read_it(TestDb *t)
{
	testdb_write(t, fill, NULL);
	index_all(t);
	assert_found(t, "customer", TRUE, "1");
	assert_found(t, "customer", FALSE, "");
	assert_found(t, "body:customer", FALSE, "");
	assert_found(t, "overdue", FALSE, "1");
	/* What may not be seen takes nothing away either: that would tell that it is there. */
	assert_found(t, "salary -customer", FALSE, "2 1");
	assert_found(t, "salary -customer", TRUE, "2");
	assert_found(t, "salary -\"dear customer\"", FALSE, "2 1");
	Asked asked = {.text = "salary", .content = FALSE, .limit = 10};
	testdb_read(t, ask, &asked);
	g_autoptr(SearchResult) result = asked.result;
	for (guint i = 0; i < result->hits->len; i++) {
		const SearchHit *hit = result->hits->pdata[i];
		g_autofree char *shown = json_format(hit->snippets);
		g_assert_false(hit->body);
		g_assert_null(strstr(shown, "\"body\""));
		g_assert_null(strstr(shown, "customer"));
	}
}

static void test_a_snippet_shows_where_the_words_stand(TestDb *t)
{
	testdb_write(t, fill, NULL);
	index_all(t);
	Asked asked = {.text = "body:\"salary account\"", .content = TRUE, .limit = 10};
	testdb_read(t, ask, &asked);
	g_autoptr(SearchResult) result = asked.result;
	const SearchHit *hit = result->hits->pdata[0];
	g_assert_cmpint(result->total, ==, -1);
	g_assert_true(hit->body);
	const json_t *parts = json_at(hit->snippets, "0.parts");
	g_assert_cmpstr(json_text(hit->snippets, "0.field"), ==, "body");
	g_assert_cmpuint(json_array_size(parts), ==, 3);
	g_assert_cmpstr(json_text(parts, "0.text"), ==, "Dear customer, your ");
	g_assert_cmpstr(json_text(parts, "1.text"), ==, "salary account");
	g_assert_true(json_bool(json_array_get(parts, 1), "hit", FALSE));
	g_assert_false(json_bool(json_array_get(parts, 2), "hit", TRUE));
	g_assert_cmpstr(json_text(parts, "2.text"), ==, " was closed.");
}

static gboolean join_again(Db *db, gpointer unused, GError **error)
{
	gint64 report = sample_report(db, 1, "late", "zoe@corp.example", NULL);
	sample_alert(db, 1, report, "zoe@corp.example");
	return TRUE;
}

static gboolean raise_revision(Db *db, gpointer unused, GError **error)
{
	return incident_recount(db, 1, 5, 1, error) && incident_recount(db, 2, 5, 1, error);
}

static void test_what_comes_later_is_found_too(TestDb *t)
{
	testdb_write(t, fill, NULL);
	index_all(t);
	assert_found(t, "zoe", TRUE, "");
	testdb_write(t, join_again, NULL);
	testdb_write(t, raise_revision, NULL);
	index_all(t);
	assert_found(t, "reporter:zoe to:zoe", TRUE, "1");
	assert_found(t, "customer", TRUE, "1"); /* what was there is there */
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM search_incident"), ==, 4);
}

static gboolean forget(Db *db, gpointer unused, GError **error)
{
	return search_forget(db, 1, error);
}

static void test_what_is_forgotten_leaves_no_word(TestDb *t)
{
	testdb_write(t, fill, NULL);
	index_all(t);
	assert_found(t, "overdue", TRUE, "2 1");
	testdb_write(t, forget, NULL);
	assert_found(t, "overdue", TRUE, "2");
	assert_found(t, "invoice", TRUE, "");
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM search_incident"), ==, 3);
	gint64 left = testdb_int(t, "SELECT count(*) FROM search_word");
	testdb_run(t, "DELETE FROM search_word");
	testdb_run(t, "DELETE FROM search_incident");
	testdb_run(t, "DELETE FROM setting WHERE name = 'search.indexed'");
	testdb_run(t, "DELETE FROM alert_report WHERE alert_id = 1");
	testdb_run(t, "DELETE FROM alert WHERE incident_id = 1");
	testdb_run(t, "DELETE FROM report_incident WHERE incident_id = 1");
	testdb_run(t, "DELETE FROM incident_source WHERE incident_id = 1");
	testdb_run(t, "DELETE FROM incident WHERE id = 1");
	index_all(t);
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM search_word"), ==, left);
}

typedef struct {
	GPtrArray *works; /* of SearchWork */
	gboolean there[2];
} Meanwhile;

static gboolean read_works(Db *db, gpointer data, GError **error)
{
	((Meanwhile *)data)->works = search_next(db, 0, 0, 2, error);
	return ((Meanwhile *)data)->works != NULL;
}

/* A run of retention has one time for all that it removes, so it may be one of long ago. */
static gboolean remove_content(Db *db, gpointer data, GError **error)
{
	Meanwhile *meanwhile = data;
	const SearchWork *first = meanwhile->works->pdata[0];
	if (!db_run(db, NULL, error, "i",
	            "UPDATE incident SET content_removed_at = 1 WHERE id = $1", first->id))
		return FALSE;
	for (guint i = 0; i < 2; i++)
		if (!search_is_there(db, meanwhile->works->pdata[i], &meanwhile->there[i], error))
			return FALSE;
	return TRUE;
}

static void test_words_of_what_is_removed_meanwhile_are_not_taken(TestDb *t)
{
	Meanwhile meanwhile = {0};
	testdb_write(t, fill, NULL);
	testdb_read(t, read_works, &meanwhile);
	testdb_write(t, remove_content, &meanwhile);
	g_assert_false(meanwhile.there[0]);
	g_assert_true(meanwhile.there[1]);
	g_ptr_array_unref(meanwhile.works);
}

typedef struct {
	const char *before, *after;
} Change;

static gboolean say_all(Db *db, gpointer unused, GError **error)
{
	static const char *const texts[] = {"Seen before: Bluebird again",
	                                    "the bluebird campaign of May"};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		Comment comment = {.incident_id = 4,
		                   .author = (char *)"user:mara",
		                   .author_id = -1,
		                   .text = (char *)texts[i],
		                   .created_at = 1,
		                   .revision = 1};
		g_assert_true(comment_insert(db, &comment, error));
	}
	return TRUE;
}

static gboolean change_first(Db *db, gpointer data, GError **error)
{
	const Change *change = data;
	g_autoptr(Comment) comment = comment_load(db, 1, error);
	g_assert_cmpstr(comment->text, ==, change->before);
	g_free(comment->text);
	comment->text = g_strdup(change->after);
	return comment_update(db, comment, 0, error) &&
	       search_comment_changed(db, comment->incident_id, change->before, change->after,
	                              error);
}

static void test_what_was_said_is_found_until_it_is_changed_or_deleted(TestDb *t)
{
	Change edited = {"Seen before: Bluebird again", "Robin, not before"},
	       deleted = {edited.after, ""};
	testdb_write(t, fill, NULL);
	index_all(t);
	testdb_write(t, say_all, NULL);
	assert_found(t, "bluebird", FALSE, "");
	index_all(t);
	assert_found(t, "bluebird seen", FALSE, "4");
	assert_found(t, "comment:\"bluebird campaign\"", FALSE, "4");
	assert_found(t, "body:bluebird", TRUE, "");
	testdb_write(t, change_first, &edited);
	assert_found(t, "seen", FALSE, "");
	assert_found(t, "robin bluebird", FALSE, "4"); /* the other one still says so */
	testdb_write(t, change_first, &deleted);
	index_all(t);
	assert_found(t, "robin", FALSE, "");
	assert_found(t, "may", FALSE, "4");
}

static void test_what_is_changed_before_it_is_indexed_is_as_it_is_now(TestDb *t)
{
	Change edited = {"Seen before: Bluebird again", "Robin, not before"};
	testdb_write(t, fill, NULL);
	testdb_write(t, say_all, NULL);
	testdb_write(t, change_first, &edited);
	index_all(t);
	assert_found(t, "again", FALSE, "");
	assert_found(t, "robin", FALSE, "4");
}

/* --- many ---------------------------------------------------------------------------------------
 */

#define MANY 260

static const char *const vocabulary[] = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta"};

/* Three words of an incident, by its number. */
static char *title_of(guint i)
{
	return g_strdup_printf("%s %s %s", vocabulary[i % 6], vocabulary[i / 6 % 6],
	                       vocabulary[i / 36 % 6]);
}

static gboolean fill_many(Db *db, gpointer unused, GError **error)
{
	for (guint i = 0; i < MANY; i++) {
		g_autofree char *title = title_of(i);
		sample_incident(db, NULL, 0, title);
	}
	return TRUE;
}

/* What a person would find by reading them all. */
static char *read_all(const char *phrase, const char *not_wanted)
{
	GString *out = g_string_new(NULL);
	for (guint i = MANY; i-- > 0;) {
		g_autofree char *title = title_of(i);
		if (strstr(title, phrase) && (!not_wanted || !strstr(title, not_wanted)))
			g_string_append_printf(out, "%s%u", out->len ? " " : "", i + 1);
	}
	return g_string_free(out, FALSE);
}

static void test_many_are_found_page_by_page(TestDb *t)
{
	testdb_write(t, fill_many, NULL);
	index_all(t);
	for (guint a = 0; a < 6; a++)
		for (guint b = 0; b < 6; b++) {
			g_autofree char *phrase =
				g_strdup_printf("%s %s", vocabulary[a], vocabulary[b]);
			g_autofree char *text =
				g_strdup_printf("\"%s\" -%s", phrase, vocabulary[(b + 1) % 6]);
			g_autofree char *all = read_all(phrase, vocabulary[(b + 1) % 6]);
			g_autoptr(GString) found = g_string_new(NULL);
			Asked asked = {.text = text, .content = TRUE, .limit = 3};
			do {
				testdb_read(t, ask, &asked);
				g_autoptr(SearchResult) result = asked.result;
				for (guint i = 0; i < result->hits->len; i++)
					g_string_append_printf(found, "%s%" G_GINT64_FORMAT,
					                       found->len ? " " : "",
					                       ((SearchHit *)result->hits->pdata[i])
					                               ->incident->id);
				asked.before = result->next;
			} while (asked.before);
			g_assert_cmpstr(found->str, ==, all);
		}
	Asked asked = {.text = "alpha", .content = TRUE, .limit = 1};
	testdb_read(t, ask, &asked);
	g_autoptr(SearchResult) result = asked.result;
	g_autofree char *alphas = read_all("alpha", NULL);
	g_auto(GStrv) each = g_strsplit(alphas, " ", -1);
	g_assert_cmpint(result->total, ==, g_strv_length(each));
}

/* Messages as long as they may be, all of them of words that are asked for. */
static gboolean fill_long(Db *db, gpointer unused, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	while (text->len + 8 < LIMIT_BODY_TEXT)
		g_string_append(text, "spam ham ");
	g_autoptr(json_t) document = json_pack("{s:{s:s}}", "message", "text", text->str);
	g_autofree char *breakdown = json_format(document);
	for (guint i = 0; i < 12; i++) {
		g_autofree char *id = g_strdup_printf("long%u", i);
		sample_incident(db, id, sample_original(db, id, id, breakdown), "a long one");
	}
	return TRUE;
}

static void test_a_page_is_bounded_however_long_messages_are(TestDb *t)
{
	testdb_write(t, fill_long, NULL);
	index_all(t);
	Asked asked = {.text = "\"ham ham\"", .content = TRUE, .limit = 50};
	guint pages = 0;
	do {
		testdb_read(t, ask, &asked);
		g_autoptr(SearchResult) result = asked.result;
		g_assert_cmpuint(result->hits->len, ==, 0);
		g_assert_cmpint(result->next, !=, asked.before); /* it gets somewhere */
		asked.before = result->next;
		pages++;
	} while (asked.before);
	g_assert_cmpuint(pages, >, 1);
	g_assert_cmpuint(pages, <=, 12);
}

static gpointer index_in_thread(gpointer data)
{
	index_all(data);
	return NULL;
}

static void test_several_index_at_once(TestDb *t)
{
	testdb_write(t, fill_many, NULL);
	GThread *threads[4];
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("index", index_in_thread, t);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	index_all(t);
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM search_incident"), ==, MANY);
	Asked asked = {.text = "al* be* ga* de*", .content = TRUE, .limit = 1};
	testdb_read(t, ask, &asked);
	g_autoptr(SearchResult) result = asked.result;
	g_assert_cmpint(result->total, ==, 0); /* none has four words */
}

/* --- sets ---------------------------------------------------------------------------------------
 */

static gboolean sets_are_kept(Db *db, gpointer unused, GError **error)
{
	g_autoptr(GArray) some = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (gint64 id = 1; id < 20000; id += id < 4096 ? 3 : 700)
		g_array_append_val(some, id);
	g_assert_true(search_add(db, "swide", some, error));
	g_autoptr(SearchSet) set = search_set_new();
	guint found;
	g_assert_true(search_look_up(db, "swide", FALSE, 100, set, &found, error));
	g_assert_cmpint(search_set_count(set), ==, some->len);
	gint64 id = 0;
	for (guint i = some->len; i-- > 0;) {
		id = search_set_before(set, id);
		g_assert_cmpint(id, ==, g_array_index(some, gint64, i));
	}
	g_assert_cmpint(search_set_before(set, id), ==, 0);
	g_assert_true(search_remove(db, "swide", some, error));
	g_autoptr(SearchSet) empty = search_set_new();
	g_assert_true(search_look_up(db, "s", TRUE, 100, empty, &found, error));
	g_assert_cmpuint(found, ==, 0);
	return TRUE;
}

static void test_sets_are_kept_short_and_long(TestDb *t)
{
	testdb_write(t, sets_are_kept, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add("/search/sets are kept, short and long", test_sets_are_kept_short_and_long);
	testdb_add("/search/words find the incidents that have them",
	           test_words_find_the_incidents_that_have_them);
	testdb_add("/search/what messages say is for those who may read it",
	           test_what_messages_say_is_for_those_who_may_read_it);
	testdb_add("/search/what VIPs' mail says finds it for few",
	           test_what_vips_mail_says_finds_it_for_few);
	testdb_add("/search/a snippet shows where the words stand",
	           test_a_snippet_shows_where_the_words_stand);
	testdb_add("/search/what comes later is found, too", test_what_comes_later_is_found_too);
	testdb_add("/search/what is forgotten leaves no word",
	           test_what_is_forgotten_leaves_no_word);
	testdb_add("/search/words of what is removed meanwhile are not taken",
	           test_words_of_what_is_removed_meanwhile_are_not_taken);
	testdb_add("/search/what was said is found until it is changed or deleted",
	           test_what_was_said_is_found_until_it_is_changed_or_deleted);
	testdb_add("/search/what is changed before it is indexed is as it is now",
	           test_what_is_changed_before_it_is_indexed_is_as_it_is_now);
	testdb_add("/search/many are found page by page", test_many_are_found_page_by_page);
	testdb_add("/search/a page is bounded, however long messages are",
	           test_a_page_is_bounded_however_long_messages_are);
	testdb_add("/search/several index at once", test_several_index_at_once);
	return g_test_run();
}
