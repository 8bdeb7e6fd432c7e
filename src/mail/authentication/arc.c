/* Takes an ARC chain apart.
 *
 * A chain is whole or nothing: every instance from 1 on has exactly one field of each of the three
 * kinds, the first says cv=none and all later ones cv=pass (RFC 8617 §5.2). Each seal covers all
 * fields of the instances before it, so the digest runs on from seal to seal. Of the message
 * signatures only the newest has to hold. */
#include "mail/authentication/arc.h"

#include "base/limits.h"
#include "mail/authentication/authres.h"
#include "mail/authentication/dkim_key.h"
#include "mail/authentication/tags.h"

#include <string.h>

typedef enum { ARC_RESULTS, ARC_SIGNATURE, ARC_SEAL, ARC_KINDS } ArcKind;

static const char *const names[ARC_KINDS] = {
	[ARC_RESULTS] = "arc-authentication-results",
	[ARC_SIGNATURE] = "arc-message-signature",
	[ARC_SEAL] = "arc-seal",
};

struct Arc {
	const RawField *sets[LIMIT_ARC_SETS][ARC_KINDS];
	guint count; /* the highest instance that is named */
	char *problem;
	gnutls_hash_hd_t hash; /* over the sets so far */
	DkimSignature *signature;
	json_t *list;
};

static void refuse(Arc *arc, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void refuse(Arc *arc, const char *format, ...)
{
	va_list arguments;
	if (arc->problem)
		return;
	va_start(arguments, format);
	arc->problem = g_strdup_vprintf(format, arguments);
	va_end(arguments);
}

static char *value_of(const RawField *field)
{
	gsize length;
	const char *value = raw_field_value(field, &length);
	return g_strndup(value, length);
}

/* "i=1" is a tag of its own in two of the kinds, and what the results begin with. */
static guint instance_of(const RawField *field, ArcKind kind)
{
	g_autofree char *value = value_of(field);
	gint64 number = 0;
	if (kind == ARC_RESULTS)
		value[strcspn(value, ";")] = '\0';
	g_autoptr(Tags) tags = tags_parse(value);
	return tags_get_number(tags, "i", &number) && number >= 1 && number <= LIMIT_ARC_SETS
	               ? (guint)number
	               : 0;
}

static void collect(Arc *arc, const RawMessage *raw, ArcKind kind)
{
	const GArray *indexes = g_hash_table_lookup(raw->by_name, names[kind]);
	for (guint i = 0; indexes && i < MIN(indexes->len, 2U * LIMIT_ARC_SETS); i++) {
		const RawField *field =
			&g_array_index(raw->fields, RawField, g_array_index(indexes, guint, i));
		guint instance = instance_of(field, kind);
		if (!instance) {
			refuse(arc, "a field of it has no instance from 1 to %d", LIMIT_ARC_SETS);
			continue;
		}
		if (arc->sets[instance - 1][kind])
			refuse(arc, "instance %u has more than one field of a kind", instance);
		else
			arc->sets[instance - 1][kind] = field;
		arc->count = MAX(arc->count, instance);
	}
	if (indexes && indexes->len > LIMIT_ARC_SETS)
		refuse(arc, "it has more than %d instances", LIMIT_ARC_SETS);
}

static void hash_field(gnutls_hash_hd_t hash, const RawField *field, gboolean itself)
{
	g_autoptr(GString) text = g_string_new(NULL);
	if (itself)
		canon_field_unsigned(text, field, CANON_RELAXED);
	else
		canon_field(text, field, CANON_RELAXED, TRUE);
	gnutls_hash(hash, text->str, text->len);
}

static char *seal_digest(Arc *arc, guint index)
{
	guint8 digest[32];
	const RawField *const *set = arc->sets[index];
	for (guint kind = 0; kind < ARC_SEAL; kind++)
		if (set[kind])
			hash_field(arc->hash, set[kind], FALSE);
	if (!set[ARC_SEAL])
		return NULL;
	gnutls_hash_hd_t here = gnutls_hash_copy(arc->hash);
	hash_field(arc->hash, set[ARC_SEAL], FALSE);
	if (!here)
		return NULL;
	hash_field(here, set[ARC_SEAL], TRUE);
	gnutls_hash_deinit(here, digest);
	return dkim_hex(digest, sizeof digest);
}

static void set_bare(json_t *json, const char *key, const Tags *tags, const char *tag)
{
	g_autofree char *value = tags_get_bare(tags, tag);
	json_object_set_new(json, key, json_text_new(value));
}

static json_t *time_of_tag(const Tags *tags)
{
	gint64 seconds = -1;
	return tags_get_number(tags, "t", &seconds) && seconds >= 0 ? dkim_time(seconds)
	                                                            : json_null();
}

static const char *seal_problem(const Tags *tags, const char *cv, guint instance)
{
	const char *algorithm = tags_get(tags, "a");
	if (!tags->valid || tags_get(tags, "h"))
		return "it is not a list of a seal's tags";
	if (g_strcmp0(algorithm, "rsa-sha256") != 0 && g_strcmp0(algorithm, "ed25519-sha256") != 0)
		return "its algorithm (a=) is not known";
	if (!tags_get(tags, "d") || !tags_get(tags, "s") || !tags_get(tags, "b"))
		return "it lacks its domain, selector or signature";
	if (g_strcmp0(cv, "fail") != 0 && g_strcmp0(cv, instance == 1 ? "none" : "pass") != 0)
		return "its verdict on the chain (cv=) cannot be right";
	return NULL;
}

static json_t *describe_seal(Arc *arc, guint index, char **cv)
{
	g_autofree char *digest = seal_digest(arc, index);
	if (!arc->sets[index][ARC_SEAL])
		return json_null();
	g_autofree char *text = value_of(arc->sets[index][ARC_SEAL]);
	g_autoptr(Tags) tags = tags_parse(text);
	json_t *seal = json_object();
	*cv = tags_get_bare(tags, "cv");
	const char *problem = seal_problem(tags, *cv, index + 1);
	set_bare(seal, "domain", tags, "d");
	set_bare(seal, "selector", tags, "s");
	set_bare(seal, "algorithm", tags, "a");
	set_bare(seal, "signature", tags, "b");
	json_object_set_new(seal, "signed_at", time_of_tag(tags));
	json_object_set_new(seal, "digest", json_text_new(digest));
	g_autofree char *key =
		dkim_key_name(json_text(seal, "selector"), json_text(seal, "domain"));
	json_object_set_new(seal, "key", json_text_new(key));
	json_object_set_new(seal, "problem", json_text_new(problem));
	json_object_set_new(seal, "verified",
	                    json_string(problem || !key ? "invalid" : "unchecked"));
	if (problem)
		refuse(arc, "seal %u: %s", index + 1, problem);
	return seal;
}

static void describe_results(json_t *set, const RawField *field)
{
	g_autofree char *text = field ? value_of(field) : NULL;
	const char *past = text ? strchr(text, ';') : NULL;
	json_t *results = past ? authres_parse(past + 1) : NULL;
	json_t *host = json_object_get(results, "host"),
	       *list = json_object_get(results, "results");
	json_object_set(set, "host", host ? host : json_null());
	json_object_set_new(set, "results", list ? json_incref(list) : json_array());
	json_decref(results);
}

static void read_set(Arc *arc, guint index)
{
	g_autofree char *cv = NULL;
	for (guint kind = 0; kind < ARC_KINDS; kind++)
		if (!arc->sets[index][kind])
			refuse(arc, "instance %u is not complete", index + 1);
	json_t *set = json_object();
	json_object_set_new(set, "instance", json_integer(index + 1));
	describe_results(set, arc->sets[index][ARC_RESULTS]);
	json_t *seal = describe_seal(arc, index, &cv);
	json_object_set_new(set, "cv", json_text_new(cv));
	json_object_set_new(set, "seal", seal);
	json_array_append_new(arc->list, set);
}

Arc *arc_read(const RawMessage *raw, gint64 received_at)
{
	Arc *arc = g_new0(Arc, 1);
	for (guint kind = 0; kind < ARC_KINDS; kind++)
		collect(arc, raw, kind);
	if ((!arc->count && !arc->problem) || gnutls_hash_init(&arc->hash, GNUTLS_DIG_SHA256) < 0) {
		g_free(arc->problem);
		g_free(arc);
		return NULL;
	}
	arc->list = json_array();
	for (guint i = 0; i < arc->count; i++)
		read_set(arc, i);
	gnutls_hash_deinit(arc->hash, NULL);
	const RawField *newest = arc->count ? arc->sets[arc->count - 1][ARC_SIGNATURE] : NULL;
	if (newest)
		arc->signature = dkim_read(raw, newest, DKIM_ARC_SIGNATURE, received_at);
	return arc;
}

DkimSignature *arc_signature(const Arc *arc)
{
	return arc->signature;
}

json_t *arc_describe(Arc *arc)
{
	json_t *json = json_object();
	const json_t *newest = json_array_get(arc->list, json_array_size(arc->list) - 1);
	json_object_set_new(json, "instances", json_integer(arc->count));
	json_object_set_new(json, "cv", json_text_new(json_text(newest, "cv")));
	json_object_set_new(json, "problem", json_text_new(arc->problem));
	json_object_set_new(json, "verified", json_string(arc->problem ? "invalid" : "unchecked"));
	json_object_set_new(json, "signature",
	                    arc->signature ? dkim_describe(arc->signature) : json_null());
	json_object_set_new(json, "sets", arc->list);
	g_free(arc->problem);
	g_free(arc);
	return json;
}

void arc_each_signature(json_t *arc, void (*each)(json_t *signature, gpointer data), gpointer data)
{
	size_t i;
	json_t *set, *signature = json_object_get(arc, "signature");
	if (json_is_object(signature))
		each(signature, data);
	json_array_foreach (json_object_get(arc, "sets"), i, set)
		if (json_is_object(json_object_get(set, "seal")))
			each(json_object_get(set, "seal"), data);
}

/* The worst of the verdicts, or "unchecked" as long as one is missing. */
static void find_worst(json_t *signature, gpointer data)
{
	const char **worst = data;
	const char *verdict = json_text(signature, "verified");
	if (!*worst || strcmp(*worst, "pass") == 0)
		*worst = verdict;
}

void arc_conclude(json_t *arc)
{
	const char *worst = NULL;
	if (!json_is_object(arc) || json_text(arc, "problem"))
		return;
	arc_each_signature(arc, find_worst, &worst);
	if (g_strcmp0(json_text(arc, "cv"), "fail") == 0) {
		json_object_set_new(arc, "verified", json_string("fail"));
		json_object_set_new(arc, "problem",
		                    json_string("its last host found it broken (cv=fail)"));
		return;
	}
	json_object_set_new(arc, "verified", json_string(worst ? worst : "unchecked"));
}
