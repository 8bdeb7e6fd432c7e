/* Puts together what bears on the question who really sent a message.
 *
 * The reader has no network, so a signature is judged as far as that goes without its key, and
 * again when keys come: with the message, in the option "keys", or after it, in a second request
 * that holds this document but not the message. authentication_conclude() therefore reads nothing
 * but the document. */
#include "mail/authentication/authentication.h"

#include "base/clock.h"
#include "base/limits.h"
#include "mail/authentication/arc.h"
#include "mail/authentication/authres.h"
#include "mail/authentication/dkim.h"
#include "mail/authentication/dkim_key.h"
#include "mail/authentication/trust.h"
#include "mail/findings/findings.h"
#include "mail/url/domains.h"

#include <string.h>

/* ---- what hosts claim ---- */

typedef struct {
	const Message *message;
	const Trust *trust;
	json_t *results, *spf, *microsoft;
} Claims;

/* Nothing silent: a result that is past the limit may be the one that failed. */
static void note_more(Claims *claims, json_t *field, const char *name)
{
	if (json_object_del(field, "more") == 0)
		findings_add(claims->message->findings, "limit_results", name,
		             "a field of results has more than %d of something; the rest is not "
		             "read",
		             LIMIT_PARAMETERS);
}

static void add_results(Claims *claims, int index, const char *name, const char *value)
{
	gboolean usual = g_ascii_strcasecmp(name, "Authentication-Results") == 0;
	json_t *field = authres_parse(value);
	note_more(claims, field, name);
	json_object_set_new(field, "field", json_text_new(name));
	json_object_set_new(field, "trusted",
	                    json_boolean(usual && trust_believes(claims->trust, index)));
	json_array_append_new(claims->results, field);
}

static void add_spf(Claims *claims, int index, const char *name, const char *value)
{
	json_t *field = authres_parse_spf(value);
	note_more(claims, field, name);
	json_object_set_new(field, "trusted", json_boolean(trust_is_ours(claims->trust, index)));
	json_array_append_new(claims->spf, field);
}

static void add_microsoft(Claims *claims, int index, const char *name, const char *value)
{
	if (json_is_object(claims->microsoft))
		return;
	claims->microsoft = authres_parse_microsoft(value);
}

static const struct {
	const char *name;
	void (*add)(Claims *claims, int index, const char *name, const char *value);
} claim_fields[] = {
	{"Authentication-Results", add_results},
	{"X-MS-Exchange-Authentication-Results", add_results},
	{"Received-SPF", add_spf},
	{"X-Forefront-Antispam-Report", add_microsoft},
};

static void read_claims(Claims *claims)
{
	guint read = 0;
	for (int i = 0; i < message_header_count(claims->message); i++) {
		GMimeHeader *header = message_header_at(claims->message, i);
		const char *name = g_mime_header_get_name(header);
		for (guint j = 0; j < G_N_ELEMENTS(claim_fields); j++) {
			if (g_ascii_strcasecmp(name, claim_fields[j].name) != 0)
				continue;
			if (++read > LIMIT_CLAIMS) {
				findings_add(
					claims->message->findings, "limit_claims", NULL,
					"it has more than %d fields of results; the others are not "
					"read",
					LIMIT_CLAIMS);
				return;
			}
			claim_fields[j].add(claims, i, claim_fields[j].name,
			                    g_mime_header_get_raw_value(header));
		}
	}
}

/* ---- what it was signed with ---- */

typedef struct {
	const Message *message;
	RawMessage *raw;
	gint64 received_at; /* seconds since 1970, 0: not known */
	GPtrArray *read;    /* of DkimSignature */
	Arc *arc;
} Signatures;

/* The last host that took the message, who is nobody's but ours, wrote the time on top. */
static gint64 arrival(const Message *message)
{
	gint64 wall = 0;
	const char *top = message_header_raw(message, "Received");
	g_autoptr(Received) hop = top ? received_parse(top) : NULL;
	return hop && hop->date && clock_parse(hop->date, &wall) ? wall / CLOCK_SECOND : 0;
}

static gboolean may_spend(const Message *message, gsize octets)
{
	Reading *reading = message->reading;
	if (reading->digested + octets <= LIMIT_DIGESTED_BYTES) {
		reading->digested += octets;
		return TRUE;
	}
	findings_add(message->findings, "limit_digested_bytes", NULL,
	             "its signatures take more than %lu bytes to check; some were not checked",
	             LIMIT_DIGESTED_BYTES);
	return FALSE;
}

static void read_signatures(Signatures *all)
{
	const GArray *indexes = g_hash_table_lookup(all->raw->by_name, "dkim-signature");
	gsize block =
		(gsize)(all->raw->body - (const char *)g_bytes_get_data(all->message->bytes, NULL));
	for (guint i = 0; indexes && i < indexes->len; i++) {
		if (i >= LIMIT_SIGNATURES) {
			findings_add(all->message->findings, "limit_signatures", "DKIM-Signature",
			             "it has %u signatures; the first %d were read", indexes->len,
			             LIMIT_SIGNATURES);
			break;
		}
		if (!may_spend(all->message, block))
			break;
		const RawField *field = &g_array_index(all->raw->fields, RawField,
		                                       g_array_index(indexes, guint, i));
		g_ptr_array_add(all->read,
		                dkim_read(all->raw, field, DKIM_SIGNATURE, all->received_at));
	}
	if (g_hash_table_contains(all->raw->by_name, "arc-seal") &&
	    may_spend(all->message, 3 * block))
		all->arc = arc_read(all->raw, all->received_at);
}

static void digest_bodies(Signatures *all)
{
	g_autoptr(GPtrArray) wanting = g_ptr_array_copy(all->read, NULL, NULL);
	if (all->arc && arc_signature(all->arc))
		g_ptr_array_add(wanting, arc_signature(all->arc));
	g_autofree BodyDigest *wanted = g_new0(BodyDigest, wanting->len + 1);
	guint count = 0;
	gboolean pairs[4] = {FALSE};
	for (guint i = 0; i < wanting->len; i++) {
		const DkimSignature *one = wanting->pdata[i];
		if (!one->wants_body)
			continue;
		wanted[count++] = one->body;
		pairs[one->body.canon + 2 * (one->body.algorithm == GNUTLS_DIG_SHA1)] = TRUE;
	}
	gsize walks = (gsize)pairs[0] + pairs[1] + pairs[2] + pairs[3];
	gboolean own = all->message->reading->made == 0;
	gboolean whole = own && g_bytes_get_size(all->message->bytes) <= LIMIT_MESSAGE_SIZE;
	gboolean may = whole && may_spend(all->message, walks * all->raw->body_size);
	if (may)
		canon_body(all->raw, wanted, count);
	count = 0;
	for (guint i = 0; i < wanting->len; i++) {
		DkimSignature *one = wanting->pdata[i];
		if (one->wants_body)
			one->body = wanted[count++];
		one->wants_body = one->wants_body && may;
	}
}

static void note_signature(const Message *message, const json_t *signature)
{
	const char *domain = json_text(signature, "domain");
	gboolean intact = g_strcmp0(json_text(signature, "body"), "intact") == 0;
	gint64 appended = json_int(signature, "appended", 0);
	if (intact && appended > 0)
		findings_add(message->findings, "dkim_appended", "DKIM-Signature",
		             "the last %" G_GINT64_FORMAT
		             " bytes of the body are not covered by the "
		             "signature of %s (l=): anybody may have appended them",
		             appended, domain ? domain : "its signer");
	if (g_strcmp0(json_text(signature, "algorithm"), "rsa-sha1") == 0)
		findings_add(message->findings, "dkim_obsolete", "DKIM-Signature",
		             "%s signs with rsa-sha1, which proves nothing any more",
		             domain ? domain : "its signer");
	size_t i, j;
	json_t *uncovered, *covered;
	json_array_foreach (json_object_get(signature, "uncovered"), i, uncovered)
		json_array_foreach (json_object_get(signature, "covers"), j, covered)
			if (intact && json_equal(covered, uncovered)) {
				findings_add(
					message->findings, "dkim_field_added",
					json_string_value(uncovered),
					"the signature of %s covers one %s and there are more: "
					"anybody may have added them",
					domain ? domain : "its signer",
					json_string_value(uncovered));
				break;
			}
}

static const json_t *key_of(const json_t *keys, const json_t *signature)
{
	const char *name = json_text(signature, "key");
	return name ? json_object_get(keys, name) : NULL;
}

static void verify_one(json_t *signature, gpointer keys)
{
	dkim_verify(signature, key_of(keys, signature));
}

static gboolean has_signatures(const Message *message)
{
	return message_header_raw(message, "DKIM-Signature") ||
	       message_header_raw(message, "ARC-Seal");
}

static void describe_signatures(const Message *message, json_t *authentication)
{
	json_t *dkim = json_array(), *arc = json_null();
	if (has_signatures(message)) {
		g_autoptr(RawMessage) raw = raw_message_new(message->bytes, message->begin);
		Signatures all = {message, raw, arrival(message), g_ptr_array_new(), NULL};
		read_signatures(&all);
		digest_bodies(&all);
		for (guint i = 0; i < all.read->len; i++) {
			json_t *signature = dkim_describe(all.read->pdata[i]);
			if (message->reading->made > 0)
				dkim_refuse(signature, "not_first_hand",
				            "these are not the octets that were signed");
			note_signature(message, signature);
			json_array_append_new(dkim, signature);
		}
		arc = all.arc ? arc_describe(all.arc) : arc;
		g_ptr_array_unref(all.read);
	}
	json_object_set_new(authentication, "dkim", dkim);
	json_object_set_new(authentication, "arc", arc);
}

/* ---- what follows from it ---- */

/* What bears From out, or would if it were about From. */
typedef struct {
	const char *method, *domain, *host;
	gboolean verified; /* by us; else believed */
} Proof;

static const char *domain_of(const char *value)
{
	const char *at = value ? strrchr(value, '@') : NULL;
	return at ? at + 1 : value;
}

/* Our own verification first, because it takes nobody's word. */
static gboolean find_verified(const json_t *authentication, const char *from, gboolean aligned,
                              Proof *proof)
{
	size_t i;
	json_t *signature;
	json_array_foreach (json_object_get(authentication, "dkim"), i, signature) {
		const char *domain = json_text(signature, "domain");
		/* A signer who says that he only tests is to be treated as if he did not sign. */
		if (g_strcmp0(json_text(signature, "verified"), "pass") != 0 ||
		    json_bool(signature, "testing", FALSE) ||
		    domains_aligned(domain, from) != aligned)
			continue;
		*proof = (Proof){"DKIM", domain, NULL, TRUE};
		return TRUE;
	}
	return FALSE;
}

static const char *subject_of(const json_t *result)
{
	static const char *const properties[] = {"header.d", "header.i", "smtp.mailfrom",
	                                         "header.from"};
	for (guint i = 0; i < G_N_ELEMENTS(properties); i++) {
		const char *value = json_string_value(
			json_object_get(json_object_get(result, "properties"), properties[i]));
		if (value)
			return domain_of(value);
	}
	return NULL;
}

static gboolean is_passed(const json_t *result)
{
	static const char *const methods[] = {"dkim", "spf", "dmarc"};
	for (guint i = 0; i < G_N_ELEMENTS(methods); i++)
		if (g_strcmp0(json_text(result, "method"), methods[i]) == 0)
			return g_strcmp0(json_text(result, "result"), "pass") == 0;
	return FALSE;
}

/* The first believed result that @wanted accepts. */
static gboolean find_believed(const json_t *authentication, const char *from,
                              gboolean (*wanted)(const json_t *result, const char *from),
                              Proof *proof)
{
	size_t i, j;
	json_t *field, *result;
	json_array_foreach (json_object_get(authentication, "results"), i, field)
		json_array_foreach (json_object_get(field, "results"), j, result) {
			if (!json_bool(field, "trusted", FALSE) || !wanted(result, from))
				continue;
			const char *host = json_text(field, "host");
			*proof = (Proof){json_text(result, "method"), subject_of(result),
			                 host ? host : "the receiving host", FALSE};
			return TRUE;
		}
	return FALSE;
}

static gboolean bears_out(const json_t *result, const char *from)
{
	return trust_voucher(result, from) != NULL;
}

static gboolean is_about_another(const json_t *result, const char *from)
{
	return is_passed(result) && subject_of(result) && !trust_voucher(result, from);
}

static gboolean is_dmarc_fail(const json_t *result, const char *from)
{
	return g_strcmp0(json_text(result, "method"), "dmarc") == 0 &&
	       g_strcmp0(json_text(result, "result"), "fail") == 0;
}

/* The first signature that was not verified, of From's own organisation or of another. */
static const json_t *find_unproven(const json_t *authentication, const char *from, gboolean aligned)
{
	size_t i;
	json_t *signature;
	json_array_foreach (json_object_get(authentication, "dkim"), i, signature)
		if (json_text(signature, "domain") &&
		    domains_aligned(json_text(signature, "domain"), from) == aligned)
			return signature;
	return NULL;
}

static char *words_for_unproven(const json_t *authentication, const char *from)
{
	const json_t *own = find_unproven(authentication, from, TRUE);
	const json_t *other = own ? NULL : find_unproven(authentication, from, FALSE);
	const char *domain = json_text(own ? own : other, "domain");
	const char *problem = json_text(own, "problem");
	if (own && problem)
		return g_strdup_printf("DKIM of %s does not hold: %s.", domain, problem);
	if (own)
		return g_strdup_printf(
			"It is signed by %s and its body is the one that was signed; "
			"the signer's key was not looked up.",
			domain);
	if (other)
		return g_strdup_printf("It is signed by %s, but From is %s: not aligned, whatever "
		                       "its key says.",
		                       domain, from);
	return g_strdup_printf("Nothing shows that it comes from %s.", from);
}

static char *words_for(const json_t *authentication, const char *from, const Proof *proof,
                       gboolean aligned)
{
	Proof other;
	if (aligned && proof->verified)
		return g_strdup_printf(
			"DKIM of %s passed, verified here, and is aligned with From.",
			proof->domain);
	if (aligned)
		return g_strdup_printf("%s found %s=pass for %s.", proof->host, proof->method,
		                       from);
	if (find_believed(authentication, from, is_dmarc_fail, &other))
		return g_strdup_printf("%s found dmarc=fail for %s.", other.host, from);
	if (find_verified(authentication, from, FALSE, &other))
		return g_strdup_printf("DKIM of %s passed, but From is %s: not aligned.",
		                       other.domain, from);
	if (find_believed(authentication, from, is_about_another, &other)) {
		g_autofree char *method = g_ascii_strup(other.method, -1);
		return g_strdup_printf("%s of %s passed, but From is %s: not aligned.", method,
		                       other.domain, from);
	}
	return words_for_unproven(authentication, from);
}

static void conclude(json_t *authentication)
{
	Proof proof = {0};
	size_t i;
	json_t *signature;
	const char *from = json_text(authentication, "from_domain");
	gboolean aligned = from && (find_verified(authentication, from, TRUE, &proof) ||
	                            find_believed(authentication, from, bears_out, &proof));
	json_array_foreach (json_object_get(authentication, "dkim"), i, signature)
		json_object_set_new(
			signature, "aligned",
			json_boolean(domains_aligned(json_text(signature, "domain"), from)));
	arc_conclude(json_object_get(authentication, "arc"));
	json_t *alignment = json_object();
	json_object_set_new(alignment, "aligned", json_boolean(aligned));
	g_autofree char *method = aligned ? g_ascii_strdown(proof.method, -1) : NULL;
	json_object_set_new(alignment, "method", json_text_new(method));
	json_object_set_new(alignment, "domain", json_text_new(aligned ? proof.domain : NULL));
	json_object_set_new(alignment, "basis",
	                    !aligned ? json_null()
	                             : json_string(proof.verified ? "verified" : "believed"));
	json_object_set_new(authentication, "alignment", alignment);
	g_autofree char *summary =
		from ? words_for(authentication, from, &proof, aligned)
		     : g_strdup(
			       "It does not name exactly one author, so nothing can bear him out.");
	json_object_set_new(authentication, "summary", json_text_new(summary));
}

static void verify_all(json_t *authentication, const json_t *keys)
{
	size_t i;
	json_t *signature, *arc = json_object_get(authentication, "arc");
	json_array_foreach (json_object_get(authentication, "dkim"), i, signature)
		verify_one(signature, (gpointer)keys);
	if (json_is_object(arc))
		arc_each_signature(arc, verify_one, (gpointer)keys);
}

/* ---- the whole ---- */

static json_t *describe_entry(const Trust *trust)
{
	if (trust->entered < 0)
		return json_null();
	json_t *entered = json_object();
	json_object_set_new(entered, "hop", json_integer(trust->entered));
	json_object_set_new(entered, "address", json_text_new(trust->entered_address));
	return entered;
}

static void describe_claims(const Message *message, json_t *authentication)
{
	g_autoptr(Trust) trust = trust_new(message);
	Claims claims = {message, trust, json_array(), json_array(), json_null()};
	read_claims(&claims);
	if (trust->misplaced)
		findings_add(
			message->findings, "results_misplaced", "Authentication-Results",
			"results in the name of %s stand where the sender could have put them; "
			"they are not believed",
			trust->misplaced);
	json_object_set_new(authentication, "entered", describe_entry(trust));
	json_object_set_new(authentication, "results", claims.results);
	json_object_set_new(authentication, "received_spf", claims.spf);
	json_object_set_new(authentication, "microsoft", claims.microsoft);
}

json_t *authentication_describe(const Message *message, const json_t *from)
{
	json_t *authentication = json_object();
	const char *address =
		json_array_size(from) == 1 ? json_text(json_array_get(from, 0), "address") : NULL;
	json_object_set_new(authentication, "summary", json_null()); /* its place in the document */
	json_object_set_new(authentication, "from_domain", json_text_new(domain_of(address)));
	json_object_set_new(authentication, "alignment", json_null());
	describe_claims(message, authentication);
	describe_signatures(message, authentication);
	verify_all(authentication, json_object_get(message->reading->options, "keys"));
	conclude(authentication);
	return authentication;
}

typedef struct {
	void (*each)(const char *name, gpointer data);
	gpointer data;
} KeyWalk;

static void name_key(json_t *signature, gpointer data)
{
	const KeyWalk *walk = data;
	const char *key = json_text(signature, "key");
	if (key && g_strcmp0(json_text(signature, "verified"), "unchecked") == 0)
		walk->each(key, walk->data);
}

void authentication_each_key(json_t *authentication, void (*each)(const char *name, gpointer data),
                             gpointer data)
{
	size_t i;
	json_t *signature, *arc = json_object_get(authentication, "arc");
	KeyWalk walk = {each, data};
	json_array_foreach (json_object_get(authentication, "dkim"), i, signature)
		name_key(signature, &walk);
	if (json_is_object(arc))
		arc_each_signature(arc, name_key, &walk);
}

json_t *authentication_verify(const json_t *request)
{
	size_t i;
	json_t *one, *answer = json_object(), *list = json_array();
	json_array_foreach (json_object_get(request, "authentication"), i, one) {
		json_t *judged = json_deep_copy(one);
		if (json_is_object(judged)) {
			verify_all(judged, json_object_get(request, "keys"));
			conclude(judged);
		}
		json_array_append_new(list, judged);
	}
	json_object_set_new(answer, "authentication", list);
	return answer;
}
