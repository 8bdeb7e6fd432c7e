/* OpenID Connect: three answers of a provider are needed for a log-in, and none is believed for
 * having come.
 *
 * What a provider says of itself is used only if it names the very issuer that is configured; keys
 * are fetched at each log-in, so that a new one counts at once and an old one no more. */
#include "signon/oidc.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "net/http.h"
#include "signon/id_token.h"
#include "signon/lines.h"
#include "signon/provider.h"

#include <sodium.h>
#include <string.h>

/* --- what the browser proves -------------------------------------------------------------------
 */

static char *base64url(const void *octets, gsize length)
{
	gsize size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = g_malloc(size);
	return sodium_bin2base64(text, size, octets, length,
	                         sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static char *derive(const char *token, const char *what)
{
	guint8 hash[32];
	crypto_generichash(hash, sizeof hash, (const guint8 *)what, strlen(what),
	                   (const guint8 *)token, MIN(strlen(token), 64));
	return base64url(hash, sizeof hash);
}

/* RFC 7636 §4.2: S256. */
static char *challenge_of(const char *verifier)
{
	guint8 hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, (const guint8 *)verifier, strlen(verifier));
	return base64url(hash, sizeof hash);
}

void oidc_proofs_init(OidcProofs *proofs, const char *token)
{
	proofs->state = derive(token, "state");
	proofs->nonce = derive(token, "nonce");
	proofs->verifier = derive(token, "verifier");
	proofs->challenge = challenge_of(proofs->verifier);
}

void oidc_proofs_clear(OidcProofs *proofs)
{
	g_free(proofs->state);
	g_free(proofs->nonce);
	g_free(proofs->verifier);
	g_free(proofs->challenge);
}

/* --- addresses -----------------------------------------------------------------------------------
 */

static char *append_query(const char *url, const char *const *pairs)
{
	g_autoptr(GString) text = g_string_new(url);
	char separator = strchr(url, '?') ? '&' : '?';
	for (; *pairs; pairs += 2) {
		g_autofree char *value = g_uri_escape_string(pairs[1], NULL, FALSE);
		g_string_append_printf(text, "%c%s=%s", separator, pairs[0], value);
		separator = '&';
	}
	return g_strdup(text->str);
}

char *oidc_authorization_url(const json_t *config, const json_t *metadata, const OidcProofs *proofs)
{
	g_autofree char *redirect = provider_redirect_url(config);
	const char *const pairs[] = {
		"response_type",
		"code",
		"client_id",
		provider_text(config, "client_id", ""),
		"redirect_uri",
		redirect,
		"scope",
		provider_text(config, "scopes", "openid profile email"),
		"state",
		proofs->state,
		"nonce",
		proofs->nonce,
		"code_challenge",
		proofs->challenge,
		"code_challenge_method",
		"S256",
		NULL,
	};
	return append_query(json_text(metadata, "authorization_endpoint"), pairs);
}

char *oidc_logout_url(const json_t *config, const json_t *metadata)
{
	const char *url = json_text(metadata, "end_session_endpoint");
	if (!url || !provider_is_on(config, "logout"))
		return NULL;
	const char *origin = provider_text(config, "console_url", "");
	g_autofree char *back = g_strconcat(origin, g_str_has_suffix(origin, "/") ? "" : "/", NULL);
	const char *const pairs[] = {"client_id", provider_text(config, "client_id", ""),
	                             "post_logout_redirect_uri", back, NULL};
	return append_query(url, pairs);
}

/* --- asking --------------------------------------------------------------------------------------
 */

typedef struct {
	const char *method, *url, *authorization; /* the last: a header line, or NULL */
	GBytes *body;                             /* a form, or NULL */
} Question;

/* The answer as an object; @status (out) for who wants to judge it. */
static json_t *ask(const json_t *config, const Question *question, int *status, gint64 deadline,
                   GError **error)
{
	const HttpOptions options = {.ca_file = provider_text(config, "ca_file", NULL)};
	g_autoptr(HttpClient) client = http_client_new(&options);
	const char *headers[4] = {"Accept: application/json"};
	guint n = 1;
	if (question->body)
		headers[n++] = "Content-Type: application/x-www-form-urlencoded";
	if (question->authorization)
		headers[n++] = question->authorization;
	const HttpRequest request = {.method = question->method,
	                             .url = question->url,
	                             .headers = headers,
	                             .body = question->body,
	                             .at_most = LIMIT_SIGN_ON_ANSWER};
	g_autoptr(HttpAnswer) answer = http_call(client, &request, deadline, error);
	if (!answer)
		return NULL;
	*status = answer->status;
	g_autoptr(json_t) object = json_parse(g_bytes_get_data(answer->body, NULL),
	                                      (gssize)g_bytes_get_size(answer->body), NULL);
	if (json_is_object(object))
		return g_steal_pointer(&object);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE, "%s answered %d, and no JSON object",
	            question->url, answer->status);
	return NULL;
}

static json_t *get(const json_t *config, const char *url, const char *authorization,
                   gint64 deadline, GError **error)
{
	int status = 0;
	const Question question = {.url = url, .authorization = authorization};
	g_autoptr(json_t) object = ask(config, &question, &status, deadline, error);
	if (!object || status == 200)
		return g_steal_pointer(&object);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE, "%s answered %d", url, status);
	return NULL;
}

/* An address that the provider names: as safe as the issuer's own. */
static gboolean is_safe_url(const json_t *config, const char *url)
{
	g_autoptr(GUri) own =
		g_uri_parse(provider_text(config, "issuer", ""), G_URI_FLAGS_NONE, NULL);
	g_autoptr(GUri) uri = url ? g_uri_parse(url, G_URI_FLAGS_NONE, NULL) : NULL;
	const char *host = uri ? g_uri_get_host(uri) : NULL;
	if (!own || !host || !*host || g_uri_get_userinfo(uri) || g_uri_get_fragment(uri))
		return FALSE;
	gboolean plain = strcmp(g_uri_get_scheme(own), "http") == 0 && http_is_loopback(host);
	return strcmp(g_uri_get_scheme(uri), "https") == 0 ||
	       (plain && strcmp(g_uri_get_scheme(uri), "http") == 0);
}

static gboolean take_address(const json_t *config, const json_t *document, const char *name,
                             gboolean needed, json_t *metadata, GError **error)
{
	const char *url = json_string_value(json_object_get(document, name));
	if (!url && !needed)
		return TRUE;
	if (!is_safe_url(config, url)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE, "the provider's \"%s\" is %s",
		            name, url ? "not an https address" : "missing");
		return FALSE;
	}
	json_object_set_new(metadata, name, json_string(url));
	return TRUE;
}

static gboolean lists(const json_t *document, const char *name, const char *word)
{
	const json_t *array = json_object_get(document, name);
	for (gsize i = 0; i < json_array_size(array); i++)
		if (g_strcmp0(json_string_value(json_array_get(array, i)), word) == 0)
			return TRUE;
	return !array;
}

json_t *oidc_discover(const json_t *config, gint64 deadline, GError **error)
{
	const char *issuer = provider_text(config, "issuer", "");
	g_autofree char *url = g_strconcat(issuer, g_str_has_suffix(issuer, "/") ? "" : "/",
	                                   ".well-known/openid-configuration", NULL);
	g_autoptr(json_t) document = get(config, url, NULL, deadline, error);
	g_autoptr(json_t) metadata = json_object();
	if (!document)
		return NULL;
	if (g_strcmp0(json_string_value(json_object_get(document, "issuer")), issuer) != 0) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		            "the provider calls itself \"%s\"; the issuer has to be written "
		            "exactly so",
		            json_text(document, "issuer") ? json_text(document, "issuer") : "");
		return NULL;
	}
	if (!take_address(config, document, "authorization_endpoint", TRUE, metadata, error) ||
	    !take_address(config, document, "token_endpoint", TRUE, metadata, error) ||
	    !take_address(config, document, "jwks_uri", TRUE, metadata, error) ||
	    !take_address(config, document, "userinfo_endpoint", FALSE, metadata, error) ||
	    !take_address(config, document, "end_session_endpoint", FALSE, metadata, error))
		return NULL;
	if (!lists(document, "response_types_supported", "code")) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		                    "the provider has no authorization code flow");
		return NULL;
	}
	json_object_set_new(metadata, "basic",
	                    json_boolean(lists(document, "token_endpoint_auth_methods_supported",
	                                       "client_secret_basic")));
	json_object_set_new(
		metadata, "pkce",
		json_boolean(!json_object_get(document, "code_challenge_methods_supported") ||
	                     lists(document, "code_challenge_methods_supported", "S256")));
	json_object_set_new(
		metadata, "names_issuer",
		json_boolean(json_bool(document, "authorization_response_iss_parameter_supported",
	                               FALSE)));
	json_object_set_new(metadata, "fetched_at", json_integer(clock_now()));
	return g_steal_pointer(&metadata);
}

json_t *oidc_fetch_keys(const json_t *config, const json_t *metadata, gint64 deadline,
                        GError **error)
{
	return get(config, json_text(metadata, "jwks_uri"), NULL, deadline, error);
}

/* --- a code becomes a person -------------------------------------------------------------------
 */

static void append_field(GString *form, const char *name, const char *value)
{
	g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
	g_string_append_printf(form, "%s%s=%s", form->len ? "&" : "", name, escaped);
}

/* RFC 6749 §2.3.1: both are form-encoded before they are put together. */
static char *basic_authorization(const char *id, const char *secret)
{
	g_autofree char *left = g_uri_escape_string(id, NULL, FALSE);
	g_autofree char *right = g_uri_escape_string(secret, NULL, FALSE);
	g_autofree char *both = g_strconcat(left, ":", right, NULL);
	g_autofree char *encoded = g_base64_encode((const guchar *)both, strlen(both));
	return g_strconcat("Authorization: Basic ", encoded, NULL);
}

static json_t *ask_for_tokens(const json_t *config, const json_t *secret, const json_t *metadata,
                              const char *code, const char *verifier, gint64 deadline,
                              GError **error)
{
	int status = 0;
	const char *id = provider_text(config, "client_id", "");
	const char *password = provider_text(secret, "client_secret", NULL);
	gboolean basic = password && json_bool(metadata, "basic", TRUE);
	g_autofree char *redirect = provider_redirect_url(config);
	g_autofree char *authorization = basic ? basic_authorization(id, password) : NULL;
	g_autoptr(GString) form = g_string_new(NULL);
	append_field(form, "grant_type", "authorization_code");
	append_field(form, "code", code);
	append_field(form, "redirect_uri", redirect);
	append_field(form, "code_verifier", verifier);
	if (!basic)
		append_field(form, "client_id", id);
	if (password && !basic)
		append_field(form, "client_secret", password);
	g_autoptr(GBytes) body = g_bytes_new(form->str, form->len);
	const Question question = {"POST", json_text(metadata, "token_endpoint"), authorization,
	                           body};
	g_autoptr(json_t) tokens = ask(config, &question, &status, deadline, error);
	if (!tokens || status == 200)
		return g_steal_pointer(&tokens);
	const char *problem = json_text(tokens, "error");
	if (g_strcmp0(problem, "invalid_grant") == 0)
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
		                    "the provider does not take this code: it was used before, or "
		                    "too late; log in again");
	else
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		            "the provider refuses Trawl: %s (%d)%s%s",
		            problem ? problem : "no reason", status,
		            json_text(tokens, "error_description") ? ": " : "",
		            json_text(tokens, "error_description")
		                    ? json_text(tokens, "error_description")
		                    : "");
	return NULL;
}

/* "realm_access.roles": members inside each other; a claim whose own name has dots comes first. */
static json_t *claim_at(const json_t *claims, const char *path)
{
	json_t *whole = json_object_get(claims, path);
	return whole ? whole : json_at(claims, path);
}

/* What a token leaves out is asked for, and counts only if it is of the same person. */
static gboolean complete(const json_t *config, const json_t *metadata, const json_t *tokens,
                         json_t *claims, gint64 deadline, GError **error)
{
	const char *url = json_text(metadata, "userinfo_endpoint");
	const char *access = json_text(tokens, "access_token");
	const char *group_claim = provider_text(config, "role_claim", "groups");
	const char *name_claim = provider_text(config, "name_claim", "preferred_username");
	if (!url || !access ||
	    (json_object_get(claims, "email") && claim_at(claims, group_claim) &&
	     claim_at(claims, name_claim)))
		return TRUE;
	if (strpbrk(access, "\r\n") || strlen(access) > LIMIT_ID_TOKEN) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		                    "the provider's access token is none");
		return FALSE;
	}
	g_autofree char *line = g_strconcat("Authorization: Bearer ", access, NULL);
	g_autoptr(json_t) more = get(config, url, line, deadline, error);
	if (!more)
		return FALSE;
	if (g_strcmp0(json_text(more, "sub"), json_text(claims, "sub")) != 0) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
		                    "the provider answered about somebody else");
		return FALSE;
	}
	json_object_update_missing(claims, more);
	return TRUE;
}

static json_t *groups_of(const json_t *config, const json_t *claims)
{
	const json_t *value = claim_at(claims, provider_text(config, "role_claim", "groups"));
	json_t *groups = json_array();
	if (json_is_string(value))
		json_array_append(groups, (json_t *)value);
	for (gsize i = 0; i < json_array_size(value) && i < LIMIT_GROUPS; i++)
		if (json_is_string(json_array_get(value, i)))
			json_array_append(groups, json_array_get(value, i));
	return groups;
}

/* Some providers leave the groups out when they are many: then nobody knows who is refused. */
static gboolean check_groups(const json_t *config, const json_t *claims, GError **error)
{
	const char *name = provider_text(config, "role_claim", "groups");
	const json_t *elsewhere = json_object_get(claims, "_claim_names");
	if (!json_object_get(elsewhere, name) && !json_bool(claims, "hasgroups", FALSE))
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	            "you are in more groups than the provider tells; an administrator may have it "
	            "tell fewer, or roles, in the claim \"%s\"",
	            name);
	return FALSE;
}

static json_t *identity_of(const json_t *config, const json_t *claims)
{
	const char *email = json_string_value(json_object_get(claims, "email"));
	const char *name = json_string_value(
		claim_at(claims, provider_text(config, "name_claim", "preferred_username")));
	const char *display = json_string_value(json_object_get(claims, "name"));
	gboolean verified = json_bool(claims, "email_verified", FALSE) ||
	                    g_strcmp0(json_text(claims, "email_verified"), "true") == 0 ||
	                    strcmp(provider_text(config, "email_trust", "verified"), "any") == 0;
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:o}", "issuer",
	                 provider_text(config, "issuer", ""), "subject", json_text(claims, "sub"),
	                 "name", json_text_new(name ? name : email), "display_name",
	                 json_text_new(display), "email", json_text_new(email), "email_verified",
	                 verified && email, "groups", groups_of(config, claims));
}

json_t *oidc_redeem(const json_t *config, const json_t *secret, const json_t *metadata,
                    const char *code, const char *verifier, const char *nonce, gint64 deadline,
                    GError **error)
{
	g_autoptr(json_t) keys = oidc_fetch_keys(config, metadata, deadline, error);
	g_autoptr(json_t) tokens =
		keys ? ask_for_tokens(config, secret, metadata, code, verifier, deadline, error)
		     : NULL;
	if (!tokens)
		return NULL;
	const char *token = json_text(tokens, "id_token");
	if (!token) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
		                    "the provider's answer holds no ID token");
		return NULL;
	}
	const IdTokenExpected expected = {provider_text(config, "issuer", ""),
	                                  provider_text(config, "client_id", ""), nonce,
	                                  clock_now()};
	g_autoptr(json_t) claims = id_token_check(token, keys, &expected, error);
	return claims && check_groups(config, claims, error) &&
	                       complete(config, metadata, tokens, claims, deadline, error) &&
	                       check_groups(config, claims, error)
	               ? identity_of(config, claims)
	               : NULL;
}

/* --- does it work? ------------------------------------------------------------------------------
 */

static void check_keys(const json_t *config, const json_t *metadata, gint64 deadline, json_t *lines)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(json_t) keys = oidc_fetch_keys(config, metadata, deadline, &problem);
	gsize count = json_array_size(json_object_get(keys, "keys"));
	if (!keys)
		lines_add_error(lines, "signatures' keys", problem);
	else if (!count)
		lines_add(lines, CHECK_FAILED, "signatures' keys", "the provider publishes none");
	else
		lines_add(lines, CHECK_OK, "signatures' keys", "%" G_GSIZE_FORMAT " published",
		          count);
}

/* A code that nobody gave is refused in another way than a client that nobody knows. */
static void check_client(const json_t *config, const json_t *secret, const json_t *metadata,
                         gint64 deadline, json_t *lines)
{
	g_autoptr(GError) problem = NULL;
	OidcProofs proofs;
	oidc_proofs_init(&proofs, "only a test");
	g_autoptr(json_t) tokens = ask_for_tokens(config, secret, metadata, "trawl-test",
	                                          proofs.verifier, deadline, &problem);
	oidc_proofs_clear(&proofs);
	if (tokens)
		lines_add(lines, CHECK_FAILED, "client", "the provider takes any code");
	else if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_DENIED))
		lines_add(lines, CHECK_OK, "client", "the provider knows \"%s\"%s",
		          provider_text(config, "client_id", ""),
		          provider_text(secret, "client_secret", NULL) ? " and its secret" : "");
	else
		lines_add_error(lines, "client", problem);
}

json_t *oidc_check(const json_t *config, const json_t *secret, gint64 deadline, json_t **metadata)
{
	json_t *lines = json_array();
	g_autoptr(GError) problem = NULL;
	g_autofree char *redirect = provider_redirect_url(config);
	*metadata = oidc_discover(config, deadline, &problem);
	if (!*metadata) {
		lines_add_error(lines, "what the provider says of itself", problem);
		return lines;
	}
	lines_add(lines, CHECK_OK, "what the provider says of itself", "it is %s",
	          provider_text(config, "issuer", ""));
	lines_add(lines, json_bool(*metadata, "pkce", TRUE) ? CHECK_OK : CHECK_WARNING, "PKCE",
	          json_bool(*metadata, "pkce", TRUE)
	                  ? "codes are bound to the browser (S256)"
	                  : "the provider does not say that it knows S256; it is sent anyway");
	check_keys(config, *metadata, deadline, lines);
	check_client(config, secret, *metadata, deadline, lines);
	if (provider_is_on(config, "logout") && !json_text(*metadata, "end_session_endpoint"))
		lines_add(lines, CHECK_WARNING, "log out there, too",
		          "the provider has no place for that");
	lines_add(lines, CHECK_OK, "way back",
	          "has to be registered with the provider, exactly so: %s", redirect);
	return lines;
}
