#include "signon/id_token.h"

#include "base/clock.h"
#include "base/error.h"

#include <rhonabwy.h>
#include <string.h>

/* A provider: a key pair and what it publishes of it. */
typedef struct {
	jwk_t *private_key, *public_key;
	json_t *set;
	char *id;
} Keys;

static void keys_init(Keys *keys, int type, guint bits, const char *id)
{
	r_jwk_init(&keys->private_key);
	r_jwk_init(&keys->public_key);
	g_assert_cmpint(
		r_jwk_generate_key_pair(keys->private_key, keys->public_key, type, bits, id), ==,
		RHN_OK);
	keys->id = g_strdup(id);
	keys->set = json_pack("{s:[o]}", "keys", r_jwk_export_to_json_t(keys->public_key));
}

static void keys_clear(Keys *keys)
{
	r_jwk_free(keys->private_key);
	r_jwk_free(keys->public_key);
	json_decref(keys->set);
	g_free(keys->id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keys, keys_clear)

#define NOW ((gint64)1800000000)

static json_t *claims(void)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "iss", "https://login.corp.example",
	                 "sub", "7", "aud", "trawl", "iat", (json_int_t)NOW, "exp",
	                 (json_int_t)(NOW + 300), "nonce", "n-1");
}

static char *sign(const Keys *keys, jwa_alg algorithm, const json_t *document)
{
	jws_t *jws;
	g_autofree char *text = json_format(document);
	g_assert_cmpint(r_jws_init(&jws), ==, RHN_OK);
	r_jws_set_alg(jws, algorithm);
	r_jws_set_payload(jws, (const guint8 *)text, strlen(text));
	char *serialised = r_jws_serialize(jws, keys->private_key, 0);
	g_assert_nonnull(serialised);
	char *token = g_strdup(serialised);
	r_free(serialised);
	r_jws_free(jws);
	return token;
}

static json_t *check_at(const char *token, const Keys *keys, gint64 now, GError **error)
{
	const IdTokenExpected expected = {"https://login.corp.example", "trawl", "n-1",
	                                  now * CLOCK_SECOND};
	return id_token_check(token, keys->set, &expected, error);
}

static void every_algorithm_that_counts_counts(void)
{
	static const struct {
		jwa_alg algorithm;
		int type;
		guint bits;
	} cases[] = {
		{R_JWA_ALG_RS256, R_KEY_TYPE_RSA, 2048}, {R_JWA_ALG_RS384, R_KEY_TYPE_RSA, 2048},
		{R_JWA_ALG_RS512, R_KEY_TYPE_RSA, 2048}, {R_JWA_ALG_PS256, R_KEY_TYPE_RSA, 2048},
		{R_JWA_ALG_ES256, R_KEY_TYPE_EC, 256},   {R_JWA_ALG_ES384, R_KEY_TYPE_EC, 384},
		{R_JWA_ALG_ES512, R_KEY_TYPE_EC, 521},   {R_JWA_ALG_EDDSA, R_KEY_TYPE_EDDSA, 256},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(Keys) keys = {0};
		g_autoptr(GError) error = NULL;
		keys_init(&keys, cases[i].type, cases[i].bits, "one");
		g_autoptr(json_t) document = claims();
		g_autofree char *token = sign(&keys, cases[i].algorithm, document);
		g_autoptr(json_t) seen = check_at(token, &keys, NOW, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(json_text(seen, "sub"), ==, "7");
		/* one octet of the signature is another one */
		char *last = token + strlen(token) - 8;
		*last = *last == 'A' ? 'B' : 'A';
		g_autoptr(json_t) forged = check_at(token, &keys, NOW, &error);
		g_assert_null(forged);
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED);
	}
}

static void a_claim_that_is_wrong_is_named(void)
{
	static const struct {
		const char *change, *words; /* a JSON object that is laid over good claims */
	} cases[] = {
		{"{\"iss\":\"https://login.corp.example/\"}", "another issuer"},
		{"{\"iss\":[\"https://login.corp.example\"]}", "another issuer"},
		{"{\"aud\":\"other\"}", "another application"},
		{"{\"aud\":[]}", "another application"},
		{"{\"aud\":{\"trawl\":1}}", "another application"},
		{"{\"aud\":[\"trawl\",\"other\"]}", "several applications"},
		{"{\"azp\":\"other\"}", "asked for by another"},
		{"{\"azp\":7}", "asked for by another"},
		{"{\"sub\":\"\"}", "who it is about"},
		{"{\"sub\":7}", "who it is about"},
		{"{\"exp\":1799999800}", "has expired"},
		{"{\"exp\":\"1800000300\"}", "from when to when"},
		{"{\"exp\":1e300}", "from when to when"},
		{"{\"iat\":1800000200}", "from the future"},
		{"{\"iat\":1799999000}", "is old"},
		{"{\"iat\":-1}", "from when to when"},
		{"{\"nbf\":1800000200}", "does not count yet"},
		{"{\"nonce\":\"n-2\"}", "another log-in"},
		{"{\"nonce\":\"n-1 \"}", "another log-in"},
		{"{\"nonce\":null}", "another log-in"},
	};
	g_auto(Keys) keys = {0};
	keys_init(&keys, R_KEY_TYPE_EC, 256, "one");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(json_t) document = claims();
		g_autoptr(json_t) change = json_parse(cases[i].change, -1, &error);
		g_assert_no_error(error);
		json_object_update(document, change);
		g_autofree char *token = sign(&keys, R_JWA_ALG_ES256, document);
		g_autoptr(json_t) seen = check_at(token, &keys, NOW, &error);
		g_test_message("%s", cases[i].change);
		g_assert_null(seen);
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED);
		g_assert_nonnull(strstr(error->message, cases[i].words));
	}
}

static void clocks_may_differ_a_little(void)
{
	static const struct {
		gint64 now;
		gboolean good;
	} cases[] = {{NOW - 121, FALSE}, {NOW - 119, TRUE}, {NOW + 419, TRUE}, {NOW + 421, FALSE}};
	g_auto(Keys) keys = {0};
	keys_init(&keys, R_KEY_TYPE_EC, 256, "one");
	g_autoptr(json_t) document = claims();
	g_autofree char *token = sign(&keys, R_JWA_ALG_ES256, document);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) seen = check_at(token, &keys, cases[i].now, NULL);
		g_assert_cmpint(seen != NULL, ==, cases[i].good);
	}
}

/* What a header says, with the claims and the signature of a good token. */
static char *with_header(const char *token, const char *header)
{
	g_autofree char *encoded = g_base64_encode((const guchar *)header, strlen(header));
	g_strdelimit(encoded, "+", '-');
	g_strdelimit(encoded, "/", '_');
	encoded[strcspn(encoded, "=")] = '\0';
	return g_strconcat(encoded, strchr(token, '.'), NULL);
}

static void what_a_header_asks_for_is_not_done(void)
{
	static const struct {
		const char *header;
		TrawlError code;
	} cases[] = {
		{"{\"alg\":\"none\"}", TRAWL_ERROR_DENIED},
		{"{\"alg\":\"NONE\"}", TRAWL_ERROR_DENIED},
		{"{\"alg\":\"\"}", TRAWL_ERROR_DENIED},
		{"{}", TRAWL_ERROR_DENIED},
		{"{\"alg\":[\"ES256\"]}", TRAWL_ERROR_DENIED},
		{"{\"alg\":\"HS256\"}", TRAWL_ERROR_DENIED},
		{"{\"alg\":\"ES256K\"}", TRAWL_ERROR_DENIED},
		{"{\"alg\":\"RSA-OAEP\",\"enc\":\"A128GCM\"}", TRAWL_ERROR_DENIED},
		{"{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", TRAWL_ERROR_DENIED},
		{"{\"alg\":\"RS256\"}", TRAWL_ERROR_NOT_FOUND}, /* no key of that type */
		{"{\"alg\":\"ES384\"}", TRAWL_ERROR_NOT_FOUND},
		{"{\"alg\":\"ES256\",\"kid\":\"two\"}", TRAWL_ERROR_NOT_FOUND},
		{"{\"alg\":\"ES256\",\"alg\":\"ES256\"}", TRAWL_ERROR_DENIED},
	};
	g_auto(Keys) keys = {0};
	keys_init(&keys, R_KEY_TYPE_EC, 256, "one");
	g_autoptr(json_t) document = claims();
	g_autofree char *token = sign(&keys, R_JWA_ALG_ES256, document);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *forged = with_header(token, cases[i].header);
		g_autoptr(json_t) seen = check_at(forged, &keys, NOW, &error);
		g_test_message("%s", cases[i].header);
		g_assert_null(seen);
		g_assert_error(error, TRAWL_ERROR, (int)cases[i].code);
	}
}

static void a_key_that_is_not_for_signatures_is_not_used(void)
{
	g_auto(Keys) keys = {0};
	keys_init(&keys, R_KEY_TYPE_EC, 256, "one");
	g_autoptr(json_t) document = claims();
	g_autofree char *token = sign(&keys, R_JWA_ALG_ES256, document);
	json_t *key = json_at(keys.set, "keys.0");
	static const char *const members[][2] = {{"use", "enc"}, {"alg", "ES384"}};
	for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
		g_autoptr(GError) error = NULL;
		json_object_set_new(key, members[i][0], json_string(members[i][1]));
		g_autoptr(json_t) seen = check_at(token, &keys, NOW, &error);
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
		json_object_del(key, members[i][0]);
	}
	g_autoptr(json_t) seen = check_at(token, &keys, NOW, NULL);
	g_assert_nonnull(seen);
}

static void what_is_no_token_is_refused(void)
{
	static const char *const cases[] = {"",
	                                    ".",
	                                    "..",
	                                    "a.b",
	                                    "a.b.c",
	                                    "a.b.c.d",
	                                    "e30.e30.",
	                                    "e30.e30.e30",
	                                    "W10.W10.x",
	                                    "eyJhbGciOiJFUzI1NiJ9.bm9uc2Vuc2U.AA",
	                                    "eyJhbGciOiJFUzI1NiJ9 .e30.AA"};
	g_auto(Keys) keys = {0};
	keys_init(&keys, R_KEY_TYPE_EC, 256, "one");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) seen = check_at(cases[i], &keys, NOW, NULL);
		g_assert_null(seen);
	}
	g_autofree char *endless = g_strnfill(70000, 'a');
	endless[10] = endless[20] = '.';
	g_autoptr(json_t) seen = check_at(endless, &keys, NOW, NULL);
	g_assert_null(seen);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(r_global_init(), ==, RHN_OK);
#define TEST(name, function) g_test_add_func("/id_token/" name, function)
	TEST("every algorithm that counts counts", every_algorithm_that_counts_counts);
	TEST("a claim that is wrong is named", a_claim_that_is_wrong_is_named);
	TEST("clocks may differ a little", clocks_may_differ_a_little);
	TEST("what a header asks for is not done", what_a_header_asks_for_is_not_done);
	TEST("a key that is not for signatures is not used",
	     a_key_that_is_not_for_signatures_is_not_used);
	TEST("what is no token is refused", what_is_no_token_is_refused);
	return g_test_run();
}
