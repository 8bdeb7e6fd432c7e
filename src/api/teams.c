/* Teams: who sees what came from which sources, and works on it together.
 *
 * A team is changed as a whole: members, keys and sources are lists of numbers that replace those
 * before. Whoever sees more or less by that reads the lists they keep anew. */
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "auth/account.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/team.h"

#include <string.h>

#define MEMBERS_SENTENCE "member_ids is an array of at most 1000 numbers of users, each once"
#define KEYS_SENTENCE                                                                              \
	"key_ids is an array of at most 1000 numbers of API keys that are nobody's, each once"
#define SOURCES_SENTENCE "source_ids is an array of at most 1000 numbers of sources, each once"

/* clang-format off */
#define TEAM_FIELDS(flags) \
	{"name", FIELD_TEXT, flags, 1, LIMIT_NAME, NULL, \
	 "name is 1 to 200 characters, none of them a control character"}, \
	{"description", FIELD_PROSE, 0, 0, LIMIT_DESCRIPTION, NULL, \
	 "description is at most 4000 characters of text"}, \
	{"member_ids", FIELD_NUMBERS, 0, 0, LIMIT_TEAM, NULL, MEMBERS_SENTENCE}, \
	{"key_ids", FIELD_NUMBERS, 0, 0, LIMIT_TEAM, NULL, KEYS_SENTENCE}, \
	{"source_ids", FIELD_NUMBERS, 0, 0, LIMIT_TEAM, NULL, SOURCES_SENTENCE}

const Field team_query[] = {
	PAGE_FIELDS,
	{"name", FIELD_TEXT, 0, 1, LIMIT_NAME, NULL, "name is 1 to 200 characters"},
	{NULL}
};
const Field team_create_fields[] = {TEAM_FIELDS(FIELD_REQUIRED), {NULL}};
const Field team_update_fields[] = {TEAM_FIELDS(0), {NULL}};

static const struct {
	const char *member, *sentence;
	TeamParts parts;
} lists[] = {
	{"member_ids", MEMBERS_SENTENCE, TEAM_MEMBERS},
	{"key_ids",    KEYS_SENTENCE,    TEAM_KEYS},
	{"source_ids", SOURCES_SENTENCE, TEAM_SOURCES},
};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return team_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const Team *)row)->id;
}

gboolean team_list_some(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) teams = team_list(db, request->sight, error);
	if (!teams || !page_parse(request, &page, error))
		return FALSE;
	const char *name = query_text(request, "name");
	for (guint i = teams->len; name && i-- > 0;)
		if (strcmp(((Team *)teams->pdata[i])->name, name) != 0)
			g_ptr_array_remove_index(teams, i);
	page_cut(&page, teams, row_id);
	page_answer(request, answer, &page, teams, row_show, row_id, NULL);
	return TRUE;
}

/* People, keys and sources that it names are renamed and deleted without it. */
static gboolean answer_team(Answer *answer, int status, const Team *team)
{
	answer_json(answer, status, team_show(team));
	answer_etag(answer, team->revision);
	answer->live = TRUE;
	if (status == 201)
		answer_header(answer, "Location", "/v1/teams/%" G_GINT64_FORMAT, team->id);
	return TRUE;
}

gboolean team_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Team) team = team_load(db, request->id, error);
	return team && answer_team(answer, 200, team);
}

static GArray *sent_numbers(const Request *request, const char *name)
{
	const json_t *numbers = json_object_get(request->body, name);
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (gsize i = 0; i < json_array_size(numbers); i++) {
		gint64 id = json_integer_value(json_array_get(numbers, i));
		g_array_append_val(ids, id);
	}
	return ids;
}

/* What is sent, into the store. */
static gboolean set_parts(const Request *request, Db *db, gint64 team_id, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autoptr(GArray) ids = sent_numbers(request, lists[i].member);
		if (sent_has(request, lists[i].member) &&
		    !team_set_parts(db, team_id, lists[i].parts, ids, lists[i].sentence, error))
			return FALSE;
	}
	return TRUE;
}

/* Whether other numbers are sent than those that are there. */
static gboolean changes_parts(const Request *request, const json_t *before)
{
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		const json_t *sent = json_object_get(request->body, lists[i].member);
		const json_t *there = json_object_get(before, lists[i].member);
		g_autoptr(GHashTable) known =
			g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
		for (gsize j = 0; j < json_array_size(there); j++) {
			gint64 id = json_integer_value(json_array_get(there, j));
			g_hash_table_add(known, g_memdup2(&id, sizeof id));
		}
		gboolean same = json_array_size(sent) == json_array_size(there);
		for (gsize j = 0; same && j < json_array_size(sent); j++) {
			gint64 id = json_integer_value(json_array_get(sent, j));
			same = g_hash_table_contains(known, &id);
		}
		if (sent && !same)
			return TRUE;
	}
	return FALSE;
}

gboolean team_create(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 last;
	g_autofree char *hash = NULL;
	g_autoptr(Team) team = g_new0(Team, 1);
	team->description = g_strdup("");
	sent_take_text(request, "name", &team->name);
	sent_take_text(request, "description", &team->description);
	team->created_at = clock_now();
	/* The chain is held from here on, so the record that follows gets the next number. */
	if (!audit_head(db, &last, &hash, error))
		return FALSE;
	team->revision = last + 1;
	if (!team_insert(db, team, error) || !set_parts(request, db, team->id, error) ||
	    !team_note_change(db, team->id, team->revision, error))
		return FALSE;
	g_autoptr(Team) made = team_load(db, team->id, error);
	return made &&
	       audit_append(db, request->actor, "team.create", "team", made->id, 0,
	                    json_pack("{s:o}", "team", team_show(made)), NULL, error) &&
	       answer_team(answer, 201, made);
}

/* The one who is going to see less is told so, and the one who is going to see more. */
static gboolean change_parts(const Request *request, Db *db, const Team *team, GError **error)
{
	return team_note_change(db, team->id, team->revision, error) &&
	       set_parts(request, db, team->id, error) &&
	       team_note_change(db, team->id, team->revision, error);
}

gboolean team_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 last;
	g_autofree char *hash = NULL;
	g_autoptr(Team) team =
		audit_head(db, &last, &hash, error) ? team_load(db, request->id, error) : NULL;
	if (!team || !request_if_match(request, team->revision, error))
		return FALSE;
	gint64 expected = team->revision;
	g_autoptr(json_t) before = team_show(team);
	team->revision = last + 1;
	sent_take_text(request, "name", &team->name);
	sent_take_text(request, "description", &team->description);
	gboolean parts = changes_parts(request, before);
	if (parts && !change_parts(request, db, team, error))
		return FALSE;
	if (!team_update(db, team, expected, error))
		return FALSE;
	g_autoptr(Team) changed = team_load(db, team->id, error);
	if (!changed)
		return FALSE;
	g_autoptr(json_t) after = team_show(changed);
	json_t *changes = show_changes(request->body, before, after);
	if (!changes) { /* its revision is that of the record that made it what it is */
		changed->revision = expected;
		return team_update(db, changed, 0, error) && answer_team(answer, 200, changed);
	}
	return audit_append(db, request->actor, "team.update", "team", team->id, 0,
	                    json_pack("{s:s, s:o}", "name", changed->name, "changes", changes),
	                    NULL, error) &&
	       answer_team(answer, 200, changed);
}

gboolean team_remove(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 revision, open;
	g_autoptr(Team) team = team_load(db, request->id, error);
	if (!team || !request_if_match(request, team->revision, error) ||
	    !audit_append(db, request->actor, "team.delete", "team", team->id, 0,
	                  json_pack("{s:o}", "team", team_show(team)), &revision, error) ||
	    !team_count_incidents(db, team->id, &open, error))
		return FALSE;
	if (open) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "%" G_GINT64_FORMAT
		            " open incidents are assigned to this team; hand them on first",
		            open);
		return FALSE;
	}
	if (!team_delete(db, team->id, clock_now(), revision, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}
