/* Trace fields and signatures: the first octets are a header block with a body, read by trusted
 * hosts, with keys for every signature; what is left unchecked is judged again by itself, which
 * must come to the same. */
#include "fuzz.h"

#include "mail/authentication/authentication.h"
#include "mail/breakdown.h"

#define RSA_KEY                                                                                    \
	"v=DKIM1; "                                                                                \
	"p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5"         \
	"bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5Qj" \
	"vHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
#define ED25519_KEY "v=DKIM1; k=ed25519; t=y; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

static void add_key(const char *name, gpointer keys)
{
	json_object_set_new(keys, name, json_pack("[s,s]", RSA_KEY, ED25519_KEY));
}

static void verify_later(json_t *document)
{
	json_t *keys = json_object(), *authentication = json_at(document, "message.authentication");
	authentication_each_key(authentication, add_key, keys);
	g_autoptr(json_t) request =
		json_pack("{s:[O],s:o}", "authentication", authentication, "keys", keys);
	g_autoptr(json_t) answer = authentication_verify(request);
	if (json_array_size(json_object_get(answer, "authentication")) != 1)
		fuzz_failed("an answer for another question");
	/* Judging it once more changes nothing. */
	json_object_set(request, "authentication", json_object_get(answer, "authentication"));
	g_autoptr(json_t) again = authentication_verify(request);
	if (!json_equal(answer, again))
		fuzz_failed("a second judgement differs from the first");
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
	static json_t *options;
	breakdown_init();
	if (!options)
		options = json_pack("{s:[s,s,s,s],s:{s:s,s:n,s:b}}", "trusted_hosts",
		                    "mx.corp.example", ".example.net", "192.0.2.0/24",
		                    "mx2.corp.example/below", "keys", "s._domainkey.a.example",
		                    RSA_KEY, "s._domainkey.b.example", "s._domainkey.c.example", 0);
	g_autoptr(GBytes) message = g_bytes_new(octets, size);
	g_autoptr(json_t) document = breakdown_new(message, options);
	verify_later(document);
	return 0;
}
