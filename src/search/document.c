/* Gathers what there is to search of an incident. It is made anew from what the store has, for the
 * index and for what is shown of a hit alike: no second copy of what messages say is kept. */
#include "search/document.h"

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "search/query.h"
#include "store/comment.h"
#include "store/incident.h"
#include "store/report.h"
#include "store/search.h"

#include <string.h>

typedef struct {
	GPtrArray *pieces;
	guint fields;
} Gather;

static void piece_free(gpointer data)
{
	SearchPiece *piece = data;
	g_free(piece->text);
	g_free(piece);
}

static void add(Gather *gather, char field, const char *text)
{
	if (!text || !*text || !(gather->fields & search_field_bit(field)))
		return;
	SearchPiece *piece = g_new(SearchPiece, 1);
	piece->field = field;
	piece->text = g_strdup(text);
	g_ptr_array_add(gather->pieces, piece);
}

static void add_person(Gather *gather, char field, const json_t *person)
{
	const char *name = json_text(person, "name"), *address = json_text(person, "address");
	g_autofree char *both = name && address ? g_strdup_printf("%s <%s>", name, address) : NULL;
	add(gather, field, both ? both : name ? name : address);
}

static void add_people(Gather *gather, char field, const json_t *people)
{
	if (json_is_object(people))
		add_person(gather, field, people);
	for (gsize i = 0; i < json_array_size(people); i++)
		add_person(gather, field, json_array_get(people, i));
}

static void add_links(Gather *gather, const json_t *links)
{
	static const char *const members[] = {"url", "target", "text"};
	for (gsize i = 0; i < json_array_size(links); i++) {
		const json_t *link = json_array_get(links, i);
		for (guint m = 0; m < G_N_ELEMENTS(members); m++) {
			const char *text = json_text(link, members[m]);
			if (m == 0 || g_strcmp0(text, json_text(link, members[0])) != 0)
				add(gather, 'l', text);
		}
	}
}

static void add_message(Gather *gather, const json_t *message, guint depth);

static void add_attachments(Gather *gather, const json_t *attachments, guint depth)
{
	static const char *const hashes[] = {"sha256", "sha1", "md5"};
	for (gsize i = 0; depth < LIMIT_SEARCH_DEPTH && i < json_array_size(attachments); i++) {
		const json_t *one = json_array_get(attachments, i);
		add(gather, 'a', json_text(one, "name"));
		for (guint h = 0; h < G_N_ELEMENTS(hashes); h++)
			add(gather, 'h', json_text(one, hashes[h]));
		add_attachments(gather, json_object_get(one, "parts"), depth + 1);
		add_message(gather, json_object_get(one, "message"), depth + 1);
	}
}

/* Everything but what it says, then that: where words are too many, the rest is what counts. */
static void add_message(Gather *gather, const json_t *message, guint depth)
{
	if (!json_is_object(message))
		return;
	add(gather, 's', json_text(message, "subject"));
	add(gather, 'i', json_text(message, "message_id"));
	static const struct {
		const char *member;
		char field;
	} people[] = {{"from", 'f'}, {"sender", 'f'}, {"reply_to", 'f'},
	              {"to", 't'},   {"cc", 't'},     {"bcc", 't'}};
	for (guint i = 0; i < G_N_ELEMENTS(people); i++)
		add_people(gather, people[i].field, json_object_get(message, people[i].member));
	add_links(gather, json_object_get(message, "links"));
	add_attachments(gather, json_object_get(message, "attachments"), depth);
	const char *text = json_text(message, "text"), *shown = json_text(message, "shown");
	add(gather, SEARCH_BODY, text);
	if (g_strcmp0(text, shown) != 0)
		add(gather, SEARCH_BODY, shown);
}

static gboolean add_original(Gather *gather, Db *db, gint64 id, GError **error)
{
	g_autoptr(Original) original = original_load(db, id, error);
	if (!original)
		return FALSE;
	add(gather, 's', original->subject);
	add(gather, 'f', original->sender);
	add(gather, 'i', original->message_id);
	add(gather, 'h', original->sha256);
	/* One that is damaged ("trawl check" tells) holds up nothing; a database that fails does so
	 * again at the next statement. */
	g_autofree char *text = original_load_breakdown(db, id, NULL);
	g_autoptr(json_t) breakdown = text ? json_parse(text, -1, NULL) : NULL;
	const json_t *message = json_object_get(breakdown, "message");
	add_message(gather, message ? message : breakdown, 0);
	return TRUE;
}

static gboolean add_reports(Gather *gather, Db *db, gint64 incident_id, guint most, GError **error)
{
	g_autoptr(GPtrArray) reports = search_reports(db, incident_id, most, error);
	for (guint i = 0; reports && i < reports->len; i++) {
		const SearchReport *report = reports->pdata[i];
		g_autofree char *both =
			report->name && report->reporter
				? g_strdup_printf("%s <%s>", report->name, report->reporter)
				: NULL;
		add(gather, 'r', both ? both : report->reporter);
		add(gather, 's', report->subject);
		add(gather, 'h', report->sha256);
	}
	return reports != NULL;
}

static gboolean add_comments(Gather *gather, Db *db, gint64 incident_id, GError **error)
{
	if (!(gather->fields & search_field_bit(SEARCH_COMMENT)))
		return TRUE;
	g_autoptr(GPtrArray) comments = comment_list(db, incident_id, 0, LIMIT_COMMENTS, error);
	for (guint i = 0; comments && i < comments->len; i++)
		add(gather, SEARCH_COMMENT, ((const Comment *)comments->pdata[i])->text);
	return comments != NULL;
}

static GPtrArray *gather_all(Db *db, gint64 incident_id, guint fields, guint people,
                             gboolean original, GError **error)
{
	g_autoptr(GPtrArray) pieces = g_ptr_array_new_with_free_func(piece_free);
	Gather gather = {pieces, fields};
	g_autoptr(Incident) incident = incident_load(db, incident_id, error);
	if (!incident)
		return NULL;
	add(&gather, 's', incident->title);
	if (!add_reports(&gather, db, incident_id, people, error) ||
	    !add_comments(&gather, db, incident_id, error))
		return NULL;
	g_autoptr(GPtrArray) recipients = search_recipients(db, incident_id, people, error);
	if (!recipients)
		return NULL;
	for (guint i = 0; i < recipients->len; i++)
		add(&gather, 't', recipients->pdata[i]);
	if (original && incident->original_id &&
	    !add_original(&gather, db, incident->original_id, error))
		return NULL;
	return g_steal_pointer(&pieces);
}

GPtrArray *search_document(Db *db, gint64 incident_id, guint fields, guint people, GError **error)
{
	return gather_all(db, incident_id, fields, people, TRUE, error);
}

GPtrArray *search_document_reports(Db *db, gint64 incident_id, guint fields, guint people,
                                   GError **error)
{
	return gather_all(db, incident_id, fields, people, FALSE, error);
}
