/* One DKIM signature, as far as it can be judged without a key.
 *
 * What the public-key operation needs is left in the document ("digest", "algorithm", "signature",
 * "key"), so that it can be done later and elsewhere, when somebody has looked up the key. A field
 * that is not well formed signs nothing: a verifier that guesses what was meant is a way in. */
#include "mail/authentication/dkim.h"

#include "base/limits.h"
#include "mail/authentication/dkim_key.h"
#include "mail/authentication/tags.h"
#include "mail/message/headers.h"

#include <string.h>

json_t *dkim_time(gint64 seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
	g_autofree char *text = time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S+00:00") : NULL;
	return json_text_new(text && strlen(text) == 25 ? text : NULL);
}

static void set(json_t *json, const char *key, const char *text)
{
	json_object_set_new(json, key, json_text_new(text));
}

/* The first problem is the one that is told. */
void dkim_refuse(json_t *json, const char *verdict, const char *problem)
{
	if (!json_text(json, "problem"))
		set(json, "problem", problem);
	if (g_strcmp0(json_text(json, "verified"), "unchecked") == 0)
		set(json, "verified", verdict);
}

static gboolean is_under(const char *name, const char *domain)
{
	gsize name_length = strlen(name), length = strlen(domain);
	if (name_length < length || g_ascii_strcasecmp(name + name_length - length, domain) != 0)
		return FALSE;
	return name_length == length || name[name_length - length - 1] == '.';
}

/* A name that can be asked of the DNS: letters, digits, "-", "_" and dots. */
static gboolean is_name(const char *name)
{
	gsize length = name ? strlen(name) : 0;
	if (length == 0 || length > 253 || name[0] == '.' || strstr(name, "..") ||
	    name[length - 1] == '.')
		return FALSE;
	for (const char *c = name; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("-_.", *c))
			return FALSE;
	return TRUE;
}

char *dkim_key_name(const char *selector, const char *domain)
{
	if (!is_name(domain) || !is_name(selector))
		return NULL;
	g_autofree char *name = g_strdup_printf("%s._domainkey.%s", selector, domain);
	return strlen(name) <= 253 ? g_ascii_strdown(name, -1) : NULL;
}

static void read_names(DkimSignature *signature, const Tags *tags, DkimField kind)
{
	json_t *json = signature->json;
	g_autofree char *domain = tags_get_bare(tags, "d"), *selector = tags_get_bare(tags, "s");
	g_autofree char *identity = kind == DKIM_SIGNATURE ? tags_get_bare(tags, "i") : NULL;
	g_autofree char *lower = domain ? g_ascii_strdown(domain, -1) : NULL;
	set(json, "domain", lower);
	set(json, "selector", selector);
	set(json, "identity", identity);
	g_autofree char *key = dkim_key_name(selector, domain);
	set(json, "key", key);
	if (!key) {
		dkim_refuse(json, "invalid", "it does not name a domain and a selector");
		return;
	}
	const char *at = identity ? strrchr(identity, '@') : NULL;
	if (identity && (!at || !is_under(at + 1, domain)))
		dkim_refuse(json, "invalid", "its identity (i=) is not below its domain (d=)");
}

static gboolean parse_canon(const char *text, Canon *canon)
{
	static const char *const names[] = {[CANON_SIMPLE] = "simple", [CANON_RELAXED] = "relaxed"};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_ascii_strcasecmp(text, names[i]) == 0) {
			*canon = (Canon)i;
			return TRUE;
		}
	return FALSE;
}

static Canon read_canonicalization(DkimSignature *signature, const Tags *tags)
{
	g_autofree char *written = tags_get_bare(tags, "c");
	Canon header = CANON_SIMPLE;
	signature->body.canon = CANON_SIMPLE;
	g_auto(GStrv) two = g_strsplit(written ? written : "simple/simple", "/", 2);
	if (!two[0] || !parse_canon(two[0], &header) ||
	    (two[1] && !parse_canon(two[1], &signature->body.canon)))
		dkim_refuse(signature->json, "invalid", "its canonicalization (c=) is not known");
	set(signature->json, "canonicalization", written ? written : "simple/simple");
	return header;
}

static void read_algorithm(DkimSignature *signature, const Tags *tags)
{
	g_autofree char *written = tags_get_bare(tags, "a");
	g_autofree char *name = written ? g_ascii_strdown(written, -1) : NULL;
	const DkimAlgorithm *algorithm = name ? dkim_algorithm_find(name) : NULL;
	set(signature->json, "algorithm", name);
	signature->body.algorithm = algorithm ? algorithm->digest : GNUTLS_DIG_SHA256;
	if (!algorithm)
		dkim_refuse(signature->json, "invalid", "its algorithm (a=) is not known");
}

static void read_times(DkimSignature *signature, const Tags *tags, gint64 received_at)
{
	gint64 made = -1, expires = -1;
	if (!tags_get_number(tags, "t", &made) || !tags_get_number(tags, "x", &expires))
		dkim_refuse(signature->json, "invalid", "its times (t=, x=) are no numbers");
	json_object_set_new(signature->json, "signed_at", made < 0 ? json_null() : dkim_time(made));
	json_object_set_new(signature->json, "expires",
	                    expires < 0 ? json_null() : dkim_time(expires));
	if (expires >= 0 && made >= 0 && expires < made)
		dkim_refuse(signature->json, "invalid", "it expired before it was made");
	if (expires >= 0 && received_at > expires)
		dkim_refuse(signature->json, "expired", "it had expired when the message arrived");
}

static void read_body_hash(DkimSignature *signature, const Tags *tags)
{
	g_autofree char *encoded = tags_get_bare(tags, "bh");
	gsize size = 0, wanted = gnutls_hash_get_len(signature->body.algorithm);
	g_autofree guchar *octets = encoded ? g_base64_decode(encoded, &size) : NULL;
	signature->body.length = -1;
	if (!tags_get_number(tags, "l", &signature->body.length))
		dkim_refuse(signature->json, "invalid", "its length (l=) is no number");
	json_object_set_new(signature->json, "length",
	                    signature->body.length < 0 ? json_null()
	                                               : json_integer(signature->body.length));
	if (size != wanted) {
		dkim_refuse(signature->json, "invalid",
		            "it has no hash of the body (bh=) of its size");
		return;
	}
	memcpy(signature->body_hash, octets, size);
	signature->body_hash_size = size;
	signature->wants_body = TRUE;
}

/* ---- which fields it covers ---- */

/* What people and programs go by; a second one of these that is not covered was put in later. */
static const char *const shown[] = {"from", "to",       "cc",           "subject",
                                    "date", "reply-to", "content-type", "message-id"};

static void note_uncovered(const RawMessage *raw, GHashTable *used, json_t *json)
{
	json_t *uncovered = json_array();
	for (guint i = 0; i < G_N_ELEMENTS(shown); i++) {
		const GArray *indexes = g_hash_table_lookup(raw->by_name, shown[i]);
		guint covered = GPOINTER_TO_UINT(g_hash_table_lookup(used, shown[i]));
		if (indexes && covered < indexes->len)
			json_array_append_new(uncovered, json_string(shown[i]));
	}
	json_object_set_new(json, "uncovered", uncovered);
}

/* From the last one of each name upwards (RFC 6376 §5.4.2); a name without a field left covers that
 * there is none. */
static void cover(const RawMessage *raw, DkimSignature *signature, GHashTable *used,
                  const char *name, Canon canon)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);
	const GArray *indexes = g_hash_table_lookup(raw->by_name, lower);
	guint before = GPOINTER_TO_UINT(g_hash_table_lookup(used, lower));
	json_array_append_new(json_object_get(signature->json, "covers"), json_text_new(lower));
	if (indexes && before < indexes->len) {
		guint index = g_array_index(indexes, guint, indexes->len - 1 - before);
		canon_field(signature->covered, &g_array_index(raw->fields, RawField, index), canon,
		            TRUE);
	}
	g_hash_table_insert(used, g_steal_pointer(&lower), GUINT_TO_POINTER(before + 1));
}

static void read_covered(const RawMessage *raw, DkimSignature *signature, const Tags *tags,
                         Canon canon)
{
	g_autofree char *list = tags_get_bare(tags, "h");
	g_auto(GStrv) names = g_strsplit(list ? list : "", ":", LIMIT_SIGNED_FIELDS + 1);
	g_autoptr(GHashTable) used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	json_object_set_new(signature->json, "covers", json_array());
	if (g_strv_length(names) > LIMIT_SIGNED_FIELDS)
		dkim_refuse(signature->json, "invalid", "it covers more fields than are read");
	else
		for (guint i = 0; names[i]; i++)
			if (*names[i])
				cover(raw, signature, used, names[i], canon);
	if (!g_hash_table_contains(used, "from"))
		dkim_refuse(signature->json, "invalid", "it does not cover From");
	note_uncovered(raw, used, signature->json);
	canon_field_unsigned(signature->covered, signature->field, canon);
}

static void set_digest(DkimSignature *signature, const Tags *tags)
{
	guint8 digest[32];
	gnutls_digest_algorithm_t algorithm = signature->body.algorithm;
	g_autofree char *encoded = tags_get_bare(tags, "b");
	gboolean hashed = gnutls_hash_fast(algorithm, signature->covered->str,
	                                   signature->covered->len, digest) == 0;
	g_autofree char *hex = hashed ? dkim_hex(digest, gnutls_hash_get_len(algorithm)) : NULL;
	set(signature->json, "digest", hex);
	set(signature->json, "signature", encoded);
	if (!encoded || !*encoded)
		dkim_refuse(signature->json, "invalid", "it has no signature (b=)");
}

DkimSignature *dkim_read(const RawMessage *raw, const RawField *field, DkimField kind,
                         gint64 received_at)
{
	gsize length;
	const char *value = raw_field_value(field, &length);
	g_autofree char *text = g_strndup(value, length);
	g_autoptr(Tags) tags = tags_parse(text);
	DkimSignature *signature = g_new0(DkimSignature, 1);
	signature->field = field;
	signature->json = json_object();
	signature->covered = g_string_new(NULL);
	set(signature->json, "verified", "unchecked");
	if (!tags->valid || strlen(text) != length)
		dkim_refuse(signature->json, "invalid", "it is not a list of tags");
	if (kind == DKIM_SIGNATURE && g_strcmp0(tags_get(tags, "v"), "1") != 0)
		dkim_refuse(signature->json, "invalid", "its version (v=) is not 1");
	g_autofree char *query = tags_get_bare(tags, "q");
	if (query && !g_strrstr(query, "dns/txt"))
		dkim_refuse(signature->json, "invalid", "its key cannot be asked of the DNS (q=)");
	read_names(signature, tags, kind);
	read_algorithm(signature, tags);
	Canon canon = read_canonicalization(signature, tags);
	read_times(signature, tags, received_at);
	read_body_hash(signature, tags);
	read_covered(raw, signature, tags, canon);
	set_digest(signature, tags);
	return signature;
}

static const char *judge_body(DkimSignature *signature)
{
	const BodyDigest *body = &signature->body;
	if (!signature->wants_body)
		return "not_checked";
	if (!body->done) {
		dkim_refuse(signature->json, "body_changed",
		            "the body is shorter than what was signed (l=)");
		return "changed";
	}
	if (memcmp(body->digest, signature->body_hash, signature->body_hash_size) != 0) {
		dkim_refuse(signature->json, "body_changed",
		            "the body is not the one that was signed");
		return "changed";
	}
	return "intact";
}

json_t *dkim_describe(DkimSignature *signature)
{
	json_t *json = signature->json;
	set(json, "body", judge_body(signature));
	json_object_set_new(json, "appended",
	                    signature->wants_body && signature->body.done &&
	                                    signature->body.length >= 0
	                            ? json_integer(signature->body.appended)
	                            : json_null());
	if (!json_object_get(json, "problem"))
		json_object_set_new(json, "problem", json_null());
	g_string_free(signature->covered, TRUE);
	g_free(signature);
	return json;
}
