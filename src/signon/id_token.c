/* ID tokens, believed last.
 *
 * The header is ours to judge before any library sees the token: which algorithms count is decided
 * here, so that neither "none" nor a signature made with the public key as a password (HS256) is
 * even tried. rhonabwy then does the arithmetic, with a key that we have picked. */
#include "signon/id_token.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <rhonabwy.h>
#include <sodium.h>
#include <string.h>

#define SKEW_SECONDS 120 /* by which two clocks may differ */
#define OLD_SECONDS  600 /* after which a token was not made for this log-in */

/* clang-format off */
static const struct {
	const char *name, *key_type, *curve;
	guint least_bits;
} algorithms[] = {
	{"RS256", "RSA", NULL,      2048},
	{"RS384", "RSA", NULL,      2048},
	{"RS512", "RSA", NULL,      2048},
	{"PS256", "RSA", NULL,      2048},
	{"PS384", "RSA", NULL,      2048},
	{"PS512", "RSA", NULL,      2048},
	{"ES256", "EC",  "P-256",   0},
	{"ES384", "EC",  "P-384",   0},
	{"ES512", "EC",  "P-521",   0},
	{"EdDSA", "OKP", "Ed25519", 0},
};
/* clang-format on */

static gboolean refuse(GError **error, const char *sentence)
{
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED, sentence);
	return FALSE;
}

GBytes *id_token_decode(const char *text, gssize length)
{
	gsize size = length < 0 ? strlen(text) : (gsize)length, written = 0;
	g_autofree guint8 *octets = g_malloc(size + 1);
	const char *end = NULL;
	if (sodium_base642bin(octets, size + 1, text, size, NULL, &written, &end,
	                      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    end != text + size)
		return NULL;
	return g_bytes_new_take(g_steal_pointer(&octets), written);
}

static json_t *decode_object(const char *text, gsize length)
{
	g_autoptr(GBytes) octets = id_token_decode(text, (gssize)length);
	if (!octets || !g_bytes_get_size(octets))
		return NULL;
	g_autoptr(json_t) object =
		json_parse(g_bytes_get_data(octets, NULL), (gssize)g_bytes_get_size(octets), NULL);
	return json_is_object(object) ? g_steal_pointer(&object) : NULL;
}

static int find_algorithm(const json_t *header)
{
	const char *name = json_text(header, "alg");
	for (guint i = 0; name && i < G_N_ELEMENTS(algorithms); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Is this key meant for such a signature? */
static gboolean key_fits(const json_t *key, int algorithm, const char *id)
{
	const char *use = json_text(key, "use"), *alg = json_text(key, "alg");
	const char *curve = algorithms[algorithm].curve;
	return g_strcmp0(json_text(key, "kty"), algorithms[algorithm].key_type) == 0 &&
	       (!curve || g_strcmp0(json_text(key, "crv"), curve) == 0) &&
	       (!use || strcmp(use, "sig") == 0) &&
	       (!alg || strcmp(alg, algorithms[algorithm].name) == 0) &&
	       (!id || g_strcmp0(json_text(key, "kid"), id) == 0);
}

/* Of a key, only what makes it a public one: no certificates, no addresses of others. */
static json_t *public_part(const json_t *key)
{
	static const char *const members[] = {"kty", "n", "e", "crv", "x", "y", NULL};
	json_t *part = json_object();
	for (guint i = 0; members[i]; i++) {
		const char *value = json_string_value(json_object_get(key, members[i]));
		if (value)
			json_object_set_new(part, members[i], json_string(value));
	}
	return part;
}

static gboolean start_library(void)
{
	static gsize state; /* 1: it works, 2: it does not */
	if (g_once_init_enter(&state))
		g_once_init_leave(&state, r_global_init() == RHN_OK ? 1 : 2);
	return state == 1;
}

static gboolean verify(const char *token, const json_t *key, int algorithm)
{
	jws_t *jws = NULL;
	jwk_t *jwk = NULL;
	guint bits = 0;
	g_autoptr(json_t) part = public_part(key);
	gboolean good = start_library() && r_jws_init(&jws) == RHN_OK &&
	                r_jwk_init(&jwk) == RHN_OK &&
	                r_jwk_import_from_json_t(jwk, part) == RHN_OK &&
	                (r_jwk_key_type(jwk, &bits, R_FLAG_IGNORE_REMOTE) & R_KEY_TYPE_PUBLIC) &&
	                bits >= algorithms[algorithm].least_bits &&
	                r_jws_advanced_compact_parsen(jws, token, strlen(token), R_PARSE_NONE,
	                                              R_FLAG_IGNORE_REMOTE) == RHN_OK &&
	                r_jws_verify_signature(jws, jwk, R_FLAG_IGNORE_REMOTE) == RHN_OK;
	r_jws_free(jws);
	r_jwk_free(jwk);
	return good;
}

static gboolean check_signature(const char *token, const json_t *header, const json_t *keys,
                                GError **error)
{
	int algorithm = find_algorithm(header);
	const char *id = json_text(header, "kid");
	const json_t *list = json_object_get(keys, "keys");
	guint tried = 0;
	if (algorithm < 0)
		return refuse(error, "the provider's token is not signed in a way that counts: it "
		                     "has to be RS, PS or ES with 256 to 512, or EdDSA");
	if (json_object_get(header, "crit"))
		return refuse(error, "the provider's token needs an extension that Trawl lacks");
	for (gsize i = 0; i < json_array_size(list) && tried < LIMIT_SIGN_ON_KEYS; i++) {
		const json_t *key = json_array_get(list, i);
		if (!key_fits(key, algorithm, id))
			continue;
		tried++;
		if (verify(token, key, algorithm))
			return TRUE;
	}
	if (tried)
		return refuse(error, "the signature of the provider's token is wrong");
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
	                    "the provider's token is signed with a key that the provider does not "
	                    "publish");
	return FALSE;
}

/* --- what it says -------------------------------------------------------------------------------
 */

static gboolean has_audience(const json_t *audience, const char *client_id)
{
	if (json_is_string(audience))
		return strcmp(json_string_value(audience), client_id) == 0;
	for (gsize i = 0; i < json_array_size(audience); i++)
		if (g_strcmp0(json_string_value(json_array_get(audience, i)), client_id) == 0)
			return TRUE;
	return FALSE;
}

static gboolean check_parties(const json_t *claims, const IdTokenExpected *expected, GError **error)
{
	const json_t *audience = json_object_get(claims, "aud");
	const json_t *party = json_object_get(claims, "azp");
	const char *subject = json_string_value(json_object_get(claims, "sub"));
	if (g_strcmp0(json_string_value(json_object_get(claims, "iss")), expected->issuer) != 0)
		return refuse(error, "the provider's token is of another issuer");
	if (!has_audience(audience, expected->client_id))
		return refuse(error, "the provider's token is for another application");
	if (!party && json_array_size(audience) > 1)
		return refuse(error, "the provider's token is for several applications and does "
		                     "not say who asked for it");
	if (party && g_strcmp0(json_string_value(party), expected->client_id) != 0)
		return refuse(error, "the provider's token was asked for by another application");
	if (!subject || !*subject || strlen(subject) > LIMIT_SUBJECT)
		return refuse(error, "the provider's token does not say who it is about");
	return TRUE;
}

/* A NumericDate (RFC 7519 §2) in seconds; FALSE when it is none. */
static gboolean read_date(const json_t *claims, const char *name, double *seconds)
{
	const json_t *value = json_object_get(claims, name);
	*seconds = json_number_value(value);
	return json_is_number(value) && *seconds > 0 && *seconds < 1e11;
}

static gboolean check_times(const json_t *claims, const IdTokenExpected *expected, GError **error)
{
	double now = (double)expected->now / (double)CLOCK_SECOND, expires, issued, begins;
	if (!read_date(claims, "exp", &expires) || !read_date(claims, "iat", &issued))
		return refuse(error, "the provider's token does not say from when to when it "
		                     "counts");
	if (now >= expires + SKEW_SECONDS)
		return refuse(error, "the provider's token has expired; are both clocks right?");
	if (issued > now + SKEW_SECONDS)
		return refuse(error, "the provider's token is from the future; are both clocks "
		                     "right?");
	if (issued < now - OLD_SECONDS - SKEW_SECONDS)
		return refuse(error, "the provider's token is old; are both clocks right?");
	if (json_object_get(claims, "nbf") &&
	    (!read_date(claims, "nbf", &begins) || begins > now + SKEW_SECONDS))
		return refuse(error, "the provider's token does not count yet; are both clocks "
		                     "right?");
	return TRUE;
}

static gboolean check_nonce(const json_t *claims, const IdTokenExpected *expected, GError **error)
{
	const char *nonce = json_string_value(json_object_get(claims, "nonce"));
	gsize length = strlen(expected->nonce);
	if (nonce && strlen(nonce) == length && sodium_memcmp(nonce, expected->nonce, length) == 0)
		return TRUE;
	return refuse(error, "the provider's token was made for another log-in");
}

json_t *id_token_check(const char *token, const json_t *keys, const IdTokenExpected *expected,
                       GError **error)
{
	const char *first = strchr(token, '.');
	const char *second = first ? strchr(first + 1, '.') : NULL;
	g_autoptr(json_t) header = NULL, claims = NULL;
	if (second && !strchr(second + 1, '.') && strlen(token) <= LIMIT_ID_TOKEN) {
		header = decode_object(token, (gsize)(first - token));
		claims = decode_object(first + 1, (gsize)(second - first - 1));
	}
	if (!header || !claims) {
		refuse(error, "the provider's token is not a signed JSON web token");
		return NULL;
	}
	return check_signature(token, header, keys, error) &&
	                       check_parties(claims, expected, error) &&
	                       check_times(claims, expected, error) &&
	                       check_nonce(claims, expected, error)
	               ? g_steal_pointer(&claims)
	               : NULL;
}
