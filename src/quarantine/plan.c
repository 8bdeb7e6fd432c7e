/* Plans a quarantine: who may have a copy, and on which mail server. Reads the store and touches
 * nothing; the rows that need no work get their status, and the reason, here. */
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "quarantine/copy.h"
#include "server/config.h"
#include "store/incident.h"
#include "store/listing.h"
#include "store/report.h"
#include "store/response.h"
#include "store/source.h"

/* A mail server as planning needs it. */
typedef struct {
	MailServerRow *row;
	gboolean everybody; /* it names no domains, so it serves every address */
	char *quarantine_mailbox, *quarantine_folder; /* NULL: not configured */
} Place;

static void place_free(Place *place)
{
	g_clear_pointer(&place->row, mail_server_row_free);
	g_free(place->quarantine_mailbox);
	g_free(place->quarantine_folder);
	g_free(place);
}

/* What the configuration says of addresses. */
typedef struct {
	GPtrArray *places;     /* of Place */
	GHashTable *by_domain; /* domain -> Place, or NULL for none; a memory of choose_place() */
	GHashTable *abuse;     /* address -> why it is left alone */
	GHashTable *ours;      /* domains of the organisation */
} Map;

static void map_clear(Map *map)
{
	g_clear_pointer(&map->places, g_ptr_array_unref);
	g_clear_pointer(&map->by_domain, g_hash_table_unref);
	g_clear_pointer(&map->abuse, g_hash_table_unref);
	g_clear_pointer(&map->ours, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Map, map_clear)

static char *config_text(const json_t *config, const char *name)
{
	const char *text = json_text(config, name);
	return text && *text ? g_strdup(text) : NULL;
}

static void map_add_place(Map *map, MailServerRow *row)
{
	g_autoptr(json_t) config = json_parse(row->config, -1, NULL);
	json_t *domains = json_at(config, "domains");
	Place *place = g_new0(Place, 1);
	place->row = row;
	place->everybody = json_array_size(domains) == 0;
	place->quarantine_mailbox = config_text(config, "quarantine_mailbox");
	place->quarantine_folder = config_quarantine_folder(config);
	g_ptr_array_add(map->places, place);
	for (size_t i = 0; i < json_array_size(domains); i++) {
		const char *domain = json_string_value(json_array_get(domains, i));
		if (domain)
			g_hash_table_add(map->ours, g_ascii_strdown(domain, -1));
	}
	char *address = text_address(place->quarantine_mailbox ? place->quarantine_mailbox : "");
	if (address)
		g_hash_table_insert(map->abuse, address, (gpointer) "It is a quarantine mailbox.");
}

static gboolean map_load(Map *map, Db *db, GError **error)
{
	map->places = g_ptr_array_new_with_free_func((GDestroyNotify)place_free);
	map->by_domain = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	map->abuse = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	map->ours = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) servers = mail_server_list(db, error);
	if (!servers)
		return FALSE;
	g_autoptr(GPtrArray) sources = source_list(db, error);
	if (!sources)
		return FALSE;
	while (servers->len > 0)
		map_add_place(map, g_ptr_array_steal_index(servers, 0));
	for (guint i = 0; i < sources->len; i++) {
		const Source *source = sources->pdata[i];
		char *address = text_address(source->mailbox);
		if (address)
			g_hash_table_insert(
				map->abuse, address,
				(gpointer) "It is an abuse mailbox, where reports arrive.");
		for (guint j = 0; source->accepted_domains && source->accepted_domains[j]; j++)
			g_hash_table_add(map->ours,
			                 g_ascii_strdown(source->accepted_domains[j], -1));
	}
	return TRUE;
}

/* The server that names the domain, else one that serves everybody. */
static const Place *choose_place(Map *map, const char *address)
{
	const char *domain = text_address_domain(address);
	gpointer known;
	if (!domain)
		return NULL;
	if (g_hash_table_lookup_extended(map->by_domain, domain, NULL, &known))
		return known;
	Place *best = NULL;
	for (guint i = 0; i < map->places->len; i++) {
		Place *place = map->places->pdata[i];
		if (mail_server_serves(place->row, address) &&
		    (!best || (best->everybody && !place->everybody)))
			best = place;
	}
	g_hash_table_insert(map->by_domain, g_strdup(domain), best);
	return best;
}

static void row_end(QuarantineResult *row, CopyStatus status, const char *reason)
{
	row->status = status;
	row->reason = g_strdup(reason);
}

/* Where this mailbox is and its copies go; or why nothing is to be done there. */
static void row_route(QuarantineResult *row, Map *map)
{
	const char *abuse = g_hash_table_lookup(map->abuse, row->mailbox);
	const char *domain = text_address_domain(row->mailbox);
	const Place *place = choose_place(map, row->mailbox);
	if (abuse) {
		row_end(row, COPY_SKIPPED_ABUSE_MAILBOX, abuse);
	} else if (!place && domain && g_hash_table_contains(map->ours, domain)) {
		row_end(row, COPY_SKIPPED_NO_SERVER,
		        "No configured mail server serves this domain.");
	} else if (!place) {
		row_end(row, COPY_SKIPPED_OUTSIDE,
		        "The address is outside the organisation; its mailbox is out of reach.");
	} else if (!place->quarantine_mailbox) {
		row_end(row, COPY_FAILED_QUARANTINE_MAILBOX,
		        "The mail server has no quarantine mailbox configured.");
	}
	if (!place)
		return;
	row->mail_server_id = place->row->id;
	row->quarantine_server_id = place->row->id;
	row->quarantine_mailbox = g_strdup(place->quarantine_mailbox);
	row->quarantine_folder = g_strdup(place->quarantine_folder);
}

/* Who may have what. */
typedef struct {
	const Response *response;
	Map map;
	GPtrArray *originals; /* of Original, those seen so far */
	gint64 fallback;      /* the incident's original, or 0 */
	GHashTable *seen;     /* "original/mailbox" of the rows made */
	GPtrArray *rows;      /* of QuarantineResult */
} Plan;

static void plan_clear(Plan *plan)
{
	map_clear(&plan->map);
	g_clear_pointer(&plan->originals, g_ptr_array_unref);
	g_clear_pointer(&plan->seen, g_hash_table_unref);
	g_clear_pointer(&plan->rows, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plan, plan_clear)

static const Original *plan_original(Plan *plan, Db *db, gint64 id, GError **error)
{
	for (guint i = 0; i < plan->originals->len; i++) {
		const Original *known = plan->originals->pdata[i];
		if (known->id == id)
			return known;
	}
	Original *original = original_load(db, id, error);
	if (original)
		g_ptr_array_add(plan->originals, original);
	return original;
}

/* What is searched for on behalf of an alert: its own original, or the incident's when nobody has
 * shown us the alert's own but the incident's was seen. */
static gboolean choose_original(Plan *plan, Db *db, gint64 id, const Original **chosen,
                                GError **error)
{
	*chosen = NULL;
	if (id && !(*chosen = plan_original(plan, db, id, error)))
		return FALSE;
	if (!plan->fallback || (*chosen && (*chosen)->first_hand))
		return TRUE;
	const Original *incidents = plan_original(plan, db, plan->fallback, error);
	if (!incidents)
		return FALSE;
	if (!*chosen || incidents->first_hand)
		*chosen = incidents;
	return TRUE;
}

static gboolean plan_add(Plan *plan, Db *db, const char *mailbox, gint64 original_id,
                         gint64 alert_id, GError **error)
{
	const Original *original;
	if (!choose_original(plan, db, original_id, &original, error))
		return FALSE;
	g_autofree char *address = text_address(mailbox);
	if (!original || !address)
		return TRUE;
	if (!g_hash_table_add(plan->seen,
	                      g_strdup_printf("%" G_GINT64_FORMAT "/%s", original->id, address)))
		return TRUE;
	QuarantineResult *row = g_new0(QuarantineResult, 1);
	row->response_id = plan->response->id;
	row->incident_id = plan->response->incident_id;
	row->original_id = original->id;
	row->alert_id = alert_id;
	row->mailbox = g_steal_pointer(&address);
	row->found_how = FOUND_RECIPIENT;
	row->status = COPY_PENDING;
	row->step = STEP_PLANNED;
	row->was_read = -1;
	row->restore_status = -1;
	row->updated_at = clock_now();
	row->revision = plan->response->revision;
	row_route(row, &plan->map);
	if (row->status == COPY_PENDING && !original->first_hand)
		row_end(row, COPY_NOT_ATTEMPTED,
		        "Nobody has shown Trawl the content of the original, so no message can be "
		        "proved to be it.");
	g_ptr_array_add(plan->rows, row);
	return TRUE;
}

static gboolean plan_alerts(Plan *plan, Db *db, GError **error)
{
	g_autoptr(GPtrArray) alerts = alert_list(db, plan->response->incident_id, error);
	for (guint i = 0; alerts && i < alerts->len; i++) {
		const Alert *alert = alerts->pdata[i];
		if (!plan_add(plan, db, alert->recipient, alert->original_id, alert->id, error))
			return FALSE;
	}
	return alerts != NULL;
}

/* Who reported it had it, whether or not the headers name them. */
static gboolean plan_reporters(Plan *plan, Db *db, GError **error)
{
	ReportFilter filter = {
		.state = -1, .trusted = -1, .incident_id = plan->response->incident_id};
	Page page = {.sight = &sight_everything, .limit = LIMIT_PAGE};
	for (;;) {
		g_autoptr(GPtrArray) reports = report_list(db, &filter, &page, error);
		if (!reports)
			return FALSE;
		for (guint i = 0; i < reports->len; i++) {
			const Report *report = reports->pdata[i];
			page.before_id = report->id;
			if (report->reporter && !plan_add(plan, db, report->reporter, 0, 0, error))
				return FALSE;
		}
		if (reports->len < LIMIT_PAGE)
			return TRUE;
	}
}

/* After a crash: the rows that are there already are not made again. */
static gboolean plan_known(Plan *plan, Db *db, GError **error)
{
	g_autoptr(GPtrArray) known = quarantine_result_list(db, plan->response->id, error);
	for (guint i = 0; known && i < known->len; i++) {
		const QuarantineResult *row = known->pdata[i];
		g_hash_table_add(plan->seen, g_strdup_printf("%" G_GINT64_FORMAT "/%s",
		                                             row->original_id, row->mailbox));
	}
	return known != NULL;
}

GPtrArray *quarantine_plan(Db *db, const Response *response, GError **error)
{
	g_autoptr(Incident) incident = incident_load(db, response->incident_id, error);
	if (!incident)
		return NULL;
	g_auto(Plan) plan = {.response = response, .fallback = incident->original_id};
	plan.originals = g_ptr_array_new_with_free_func((GDestroyNotify)original_free);
	plan.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	plan.rows = g_ptr_array_new_with_free_func((GDestroyNotify)quarantine_result_free);
	if (!map_load(&plan.map, db, error) || !plan_known(&plan, db, error) ||
	    !plan_alerts(&plan, db, error) || !plan_reporters(&plan, db, error))
		return NULL;
	return g_steal_pointer(&plan.rows);
}
