#include "mail/authentication/authentication.h"

#include "../../../tests/support/signer.h"
#include "mail/testing.h"

static Signer *rsa, *ed25519;

static json_t *read_with(const char *message, json_t *options)
{
	g_autoptr(GBytes) bytes = g_bytes_new(message, strlen(message));
	json_t *document = breakdown_new(bytes, options);
	json_decref(options);
	return document;
}

/* Keys for s1._domainkey.DOMAIN. */
static json_t *keys_of(const char *domain, json_t *key)
{
	g_autofree char *name = g_strdup_printf("s1._domainkey.%s", domain);
	return json_pack("{s:{s:o}}", "keys", name, key);
}

static json_t *record_of(const Signer *signer, const char *tags)
{
	g_autofree char *record = signer_record_with(signer, tags);
	return json_string(record);
}

/* ---- canonical forms, as RFC 6376 §3.4 has them ---- */

#define FROM "From: a@bank.example\r\n"

static void test_canonical_forms(void)
{
	static const struct {
		const char *why, *form;
		const char *fields, *names, *canonical_fields;
		const char *body, *canonical_body;
	} cases[] = {
		{"as it is", "simple/simple", FROM "Subject: x\r\n", "from:subject",
	         FROM "Subject: x\r\n", "Hello\r\n", "Hello\r\n"},
		{"folding and blanks stay", "simple/simple", FROM "SUBJECT :  a \r\n\t b  \r\n",
	         "from:subject", FROM "SUBJECT :  a \r\n\t b  \r\n", " a \t b \r\n \r\n",
	         " a \t b \r\n \r\n"},
		{"folding and blanks go", "relaxed/relaxed", FROM "SUBJECT :  a \r\n\t b  \r\n",
	         "from:subject", "from:a@bank.example\r\nsubject:a b\r\n",
	         "\t a \t b \r\n \r\n\r\n", " a b\r\n"},
		{"line feeds alone are line ends", "relaxed/relaxed",
	         "From: a@bank.example\nSubject: a\n b\n", "from:subject",
	         "from:a@bank.example\r\nsubject:a b\r\n", "a\n\nb\n", "a\r\n\r\nb\r\n"},
		{"also in the simple form", "simple/simple",
	         "From: a@bank.example\nSubject: a\n b\n", "from:subject",
	         FROM "Subject: a\r\n b\r\n", "a\n\nb\n", "a\r\n\r\nb\r\n"},
		{"empty lines at the end do not count", "simple/simple", FROM, "from", FROM,
	         "a\r\n\r\nb\r\n\r\n\r\n", "a\r\n\r\nb\r\n"},
		{"nor do blank ones in the relaxed form", "simple/relaxed", FROM, "from", FROM,
	         "a\r\n\r\nb\r\n \t\r\n\r\n", "a\r\n\r\nb\r\n"},
		{"a last line without an end gets one", "relaxed/simple", FROM, "from",
	         "from:a@bank.example\r\n", "a", "a\r\n"},
		{"in both forms", "relaxed/relaxed", FROM, "from", "from:a@bank.example\r\n", "a ",
	         "a\r\n"},
		{"an empty body is one line end", "simple/simple", FROM, "from", FROM, "", "\r\n"},
		{"one of empty lines likewise", "simple/simple", FROM, "from", FROM, "\r\n\r\n",
	         "\r\n"},
		{"in the relaxed form it is nothing", "relaxed/relaxed", FROM, "from",
	         "from:a@bank.example\r\n", "\r\n \r\n", ""},
		{"the body's form is simple unless said", "relaxed", FROM, "from",
	         "from:a@bank.example\r\n", "a  b\r\n", "a  b\r\n"},
		{"names are taken from the bottom up", "relaxed/relaxed",
	         "Comments: one\r\nComments: two\r\n" FROM "Comments: three\r\n",
	         "comments:from:comments",
	         "comments:three\r\nfrom:a@bank.example\r\ncomments:two\r\n", "", ""},
		{"a name without a field covers that there is none", "relaxed/relaxed", FROM,
	         "from:from:cc", "from:a@bank.example\r\n", "", ""},
		{"an empty field", "relaxed/relaxed", FROM "Subject:\r\n", "from:subject",
	         "from:a@bank.example\r\nsubject:\r\n", "", ""},
		{"octets that are no text", "relaxed/relaxed", FROM "Subject: \xe4\xff\r\n",
	         "from:subject", "from:a@bank.example\r\nsubject:\xe4\xff\r\n", "\xe4 \xff\r\n",
	         "\xe4 \xff\r\n"},
		{"a carriage return alone is no line end", "simple/relaxed", FROM, "from", FROM,
	         "a\rb\r\n", "a\rb\r\n"},
	};
	for (guint i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
		const Signer *signer = i % 2 ? rsa : ed25519;
		const char *algorithm = i % 2 ? "rsa-sha256" : "ed25519-sha256";
		const char *form = cases[i / 2].form;
		gboolean relaxed = g_str_has_prefix(form, "relaxed");
		g_autofree char *hash = signer_hash(algorithm, cases[i / 2].canonical_body);
		g_autofree char *tags = g_strdup_printf("v=1; a=%s; c=%s; d=bank.example; s=s1; "
		                                        "h=%s; bh=%s; b=",
		                                        algorithm, form, cases[i / 2].names, hash);
		g_autofree char *covered =
			g_strconcat(cases[i / 2].canonical_fields,
		                    relaxed ? "dkim-signature:" : "DKIM-Signature: ", tags, NULL);
		g_autofree char *signature = signer_sign(signer, algorithm, covered);
		g_autofree char *message =
			g_strconcat("DKIM-Signature: ", tags, signature, "\r\n",
		                    cases[i / 2].fields, "\r\n", cases[i / 2].body, NULL);
		g_autoptr(json_t) document =
			read_with(message, keys_of("bank.example", record_of(signer, "v=DKIM1")));
		const json_t *dkim = json_at(document, "message.authentication.dkim.0");
		if (g_strcmp0(json_text(dkim, "verified"), "pass") != 0)
			g_error("%s (%s): %s", cases[i / 2].why, algorithm,
			        json_text(dkim, "problem"));
	}
}

/* The value of "b" is cut out of its own field, wherever it stands and however it is folded. */
static void test_the_signature_in_its_own_field(void)
{
	static const struct {
		const char *before, *after; /* of the signature's octets, as in the message */
		const char *simple;         /* the field as it is covered */
	} cases[] = {
		{"b=", "; s=s1", "DKIM-Signature: TAGS; b=; s=s1"},
		{"b = ", "\r\n ; s=s1", "DKIM-Signature: TAGS; b =; s=s1"},
		{"b=\r\n  ", "; s=s1;", "DKIM-Signature: TAGS; b=; s=s1;"},
		{"s=s1;\r\n\tb=", "", "DKIM-Signature: TAGS; s=s1;\r\n\tb="},
	};
	g_autofree char *hash = signer_hash("rsa-sha256", "\r\n");
	g_autofree char *tags =
		g_strdup_printf("v=1; a=rsa-sha256; d=bank.example; h=from; bh=%s", hash);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) parts = g_strsplit(cases[i].simple, "TAGS", 2);
		g_autofree char *covered = g_strconcat(FROM, parts[0], tags, parts[1], NULL);
		g_autofree char *signature = signer_sign(rsa, "rsa-sha256", covered);
		g_autofree char *message =
			g_strconcat("DKIM-Signature: ", tags, "; ", cases[i].before, signature,
		                    cases[i].after, "\r\n", FROM, "\r\n", NULL);
		g_autoptr(json_t) document =
			read_with(message, keys_of("bank.example", record_of(rsa, "v=DKIM1")));
		g_test_message("%u: %s", i,
		               json_text(document, "message.authentication.dkim.0.problem"));
		g_assert_cmpstr(json_text(document, "message.authentication.dkim.0.verified"), ==,
		                "pass");
	}
}

/* ---- verdicts ---- */

static char *usual(const Signer *signer, const char *domain, const char *rest)
{
	return signer_message(signer, domain, "from:subject",
	                      "from:a@bank.example\r\nsubject:x\r\n", "Hello\r\n", rest);
}

#define REST "From: a@bank.example\r\nSubject: x\r\n\r\nHello\r\n"

static void test_what_keys_say(void)
{
	g_autoptr(Signer) small = signer_new(768), other = signer_new(1024);
	const struct {
		const char *why;
		const Signer *signer, *published;
		const char *tags; /* of the record; NULL: @record */
		const char *record, *verified;
	} cases[] = {
		{"the signer's key", rsa, rsa, "v=DKIM1", NULL, "pass"},
		{"Ed25519", ed25519, ed25519, "v=DKIM1", NULL, "pass"},
		{"a key of 1024 bits", other, other, "v=DKIM1", NULL, "pass"},
		{"a key of 768 bits", small, small, "v=DKIM1", NULL, "weak_key"},
		{"another key", rsa, other, "v=DKIM1", NULL, "fail"},
		{"a key of another kind", rsa, ed25519, "v=DKIM1", NULL, "key_refused"},
		{"for every service", rsa, rsa, "v=DKIM1; s=*", NULL, "pass"},
		{"for mail", rsa, rsa, "v=DKIM1; s=x:email", NULL, "pass"},
		{"for something else", rsa, rsa, "v=DKIM1; s=tlsrpt", NULL, "key_refused"},
		{"for other digests", rsa, rsa, "v=DKIM1; h=sha1", NULL, "key_refused"},
		{"for these digests, too", rsa, rsa, "v=DKIM1; h=sha1:sha256", NULL, "pass"},
		{"for its own domain only", rsa, rsa, "v=DKIM1; t=s", NULL, "pass"},
		{"without a version", rsa, rsa, "n=x", NULL, "pass"},
		{"a version that is not first", rsa, rsa, "n=x; v=DKIM1", NULL, "key_invalid"},
		{"another version", rsa, rsa, "v=DKIM2", NULL, "key_invalid"},
		{"revoked", rsa, NULL, NULL, "v=DKIM1; p=", "revoked"},
		{"no key", rsa, NULL, NULL, "hello", "key_invalid"},
		{"no base64", rsa, NULL, NULL, "v=DKIM1; p=!", "key_invalid"},
		{"no DER", rsa, NULL, NULL, "v=DKIM1; p=AAAA", "key_invalid"},
		{"nothing", rsa, NULL, NULL, "", "key_invalid"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message = usual(cases[i].signer, "bank.example", REST);
		json_t *key = cases[i].tags ? record_of(cases[i].published, cases[i].tags)
		                            : json_string(cases[i].record);
		g_autoptr(json_t) document = read_with(message, keys_of("bank.example", key));
		const json_t *dkim = json_at(document, "message.authentication.dkim.0");
		if (g_strcmp0(json_text(dkim, "verified"), cases[i].verified) != 0)
			g_error("%s: %s, %s", cases[i].why, json_text(dkim, "verified"),
			        json_text(dkim, "problem"));
	}
}

static void test_keys_that_did_not_come(void)
{
	g_autofree char *message = usual(rsa, "bank.example", REST);
	g_autofree char *record = signer_record(rsa);
	const struct {
		json_t *key;
		const char *verified;
	} cases[] = {
		{json_null(), "no_key"},
		{json_false(), "unreachable"},
		{json_array(), "no_key"},
		{json_pack("[s,s]", "v=spf1 -all", record), "pass"},
		{json_pack("[s]", "v=spf1 -all"), "key_invalid"},
		{json_integer(7), "no_key"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) document =
			read_with(message, keys_of("bank.example", cases[i].key));
		g_assert_cmpstr(json_text(document, "message.authentication.dkim.0.verified"), ==,
		                cases[i].verified);
	}
	g_autoptr(json_t) document = read_text(message);
	g_assert_cmpstr(json_text(document, "message.authentication.dkim.0.verified"), ==,
	                "unchecked");
}

/* A field and a message of the test's own making, never right enough to need a key. */
static void test_what_needs_no_key(void)
{
#define TAGS "v=1; a=rsa-sha256; d=bank.example; s=s1; h=from; b=AAAA; "
#define HASH "bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=" /* of "\r\n", simple */
	static const struct {
		const char *tags, *verified;
	} cases[] = {
		{TAGS HASH, "unchecked"},
		{TAGS "bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaX=", "body_changed"},
		{TAGS "bh=AAAA", "invalid"},
		{TAGS, "invalid"},
		{TAGS HASH "; l=2", "unchecked"},
		{TAGS HASH "; l=3", "body_changed"},
		{TAGS HASH "; l=x", "invalid"},
		{TAGS HASH "; l=-1", "invalid"},
		{TAGS HASH "; l=99999999999999999999", "invalid"},
		{TAGS HASH "; v=1", "invalid"},
		{TAGS HASH "; nonsense", "invalid"},
		{TAGS HASH "; c=nofws", "invalid"},
		{TAGS HASH "; i=a@bank.example", "unchecked"},
		{TAGS HASH "; i=@sub.bank.example", "unchecked"},
		{TAGS HASH "; i=a@evilbank.example", "invalid"},
		{TAGS HASH "; i=bank.example", "invalid"},
		{TAGS HASH "; q=dns/txt", "unchecked"},
		{TAGS HASH "; q=other", "invalid"},
		{TAGS HASH "; x=1795424400", "unchecked"}, /* the very second it arrived */
		{TAGS HASH "; x=1795424399", "expired"},
		{TAGS HASH "; t=20; x=10", "invalid"},
		{TAGS HASH "; t=-", "invalid"},
		{"v=2; a=rsa-sha256; d=b.example; s=s; h=from; b=A; " HASH, "invalid"},
		{"a=rsa-sha256; d=b.example; s=s; h=from; b=A; " HASH, "invalid"},
		{"v=1; a=rsa-md5; d=b.example; s=s; h=from; b=A; " HASH, "invalid"},
		{"v=1; d=b.example; s=s; h=from; b=A; " HASH, "invalid"},
		{"v=1; a=rsa-sha256; s=s; h=from; b=A; " HASH, "invalid"},
		{"v=1; a=rsa-sha256; d=b.example; h=from; b=A; " HASH, "invalid"},
		{"v=1; a=rsa-sha256; d=b.example; s=s; h=subject; b=A; " HASH, "invalid"},
		{"v=1; a=rsa-sha256; d=b.example; s=s; b=A; " HASH, "invalid"},
		{"v=1; a=rsa-sha256; d=b.example; s=s; h=from; " HASH, "invalid"},
		{"v=1; a=rsa-sha256; d=../b; s=s; h=from; b=A; " HASH, "invalid"},
		{"", "invalid"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message =
			g_strconcat("Received: from a by b; Mon, 23 Nov 2026 09:00:00 +0000\n"
		                    "DKIM-Signature: ",
		                    cases[i].tags, "\nFrom: a@bank.example\n\n", NULL);
		g_autoptr(json_t) document = read_text(message);
		const json_t *dkim = json_at(document, "message.authentication.dkim.0");
		if (g_strcmp0(json_text(dkim, "verified"), cases[i].verified) != 0)
			g_error("%s: %s, %s", cases[i].tags, json_text(dkim, "verified"),
			        json_text(dkim, "problem"));
	}
}

static void test_sha1_proves_nothing(void)
{
	g_autofree char *hash = signer_hash("rsa-sha1", "\r\n");
	g_autofree char *tags =
		g_strdup_printf("v=1; a=rsa-sha1; d=bank.example; s=s1; h=from; bh=%s; b=", hash);
	g_autofree char *covered = g_strconcat(FROM, "DKIM-Signature: ", tags, NULL);
	g_autofree char *signature = signer_sign(rsa, "rsa-sha1", covered);
	for (guint i = 0; i < 2; i++) {
		g_autofree char *message =
			g_strconcat("DKIM-Signature: ", tags, signature, "\r\n",
		                    i ? "From: b@bank.example\r\n" : FROM, "\r\n", NULL);
		g_autoptr(json_t) document =
			read_with(message, keys_of("bank.example", record_of(rsa, "v=DKIM1")));
		g_assert_cmpstr(json_text(document, "message.authentication.dkim.0.verified"), ==,
		                i ? "fail" : "obsolete");
		g_assert_false(
			json_bool(document, "message.authentication.alignment.aligned", TRUE));
		g_assert_true(has_finding(json_object_get(document, "message"), "dkim_obsolete"));
	}
}

static void test_what_was_put_in_after_signing(void)
{
	g_autofree char *hash = signer_hash("rsa-sha256", "Hello\r\n");
	g_autofree char *tags = g_strdup_printf("v=1; a=rsa-sha256; d=bank.example; s=s1; "
	                                        "h=from:subject; l=7; bh=%s; b=",
	                                        hash);
	g_autofree char *covered = g_strconcat(FROM "Subject: x\r\nDKIM-Signature: ", tags, NULL);
	g_autofree char *signature = signer_sign(rsa, "rsa-sha256", covered);
	static const struct {
		const char *above, *appended, *finding;
		gboolean found;
		gint64 octets;
	} cases[] = {
		{"", "", "dkim_appended", FALSE, 0},
		{"", "Pay here\r\n", "dkim_appended", TRUE, 10},
		{"", "", "dkim_field_added", FALSE, 0},
		{"Subject: urgent\r\n", "", "dkim_field_added", TRUE, 0},
		{"To: b@corp.example\r\n", "", "dkim_field_added", FALSE, 0},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message =
			g_strconcat("DKIM-Signature: ", tags, signature, "\r\n", cases[i].above,
		                    FROM "Subject: x\r\n\r\nHello\r\n", cases[i].appended, NULL);
		g_autoptr(json_t) document =
			read_with(message, keys_of("bank.example", record_of(rsa, "v=DKIM1")));
		const json_t *read = json_object_get(document, "message");
		g_assert_cmpstr(json_text(read, "authentication.dkim.0.verified"), ==, "pass");
		g_assert_cmpint(json_int(read, "authentication.dkim.0.appended", -1), ==,
		                cases[i].octets);
		g_assert_cmpint(has_finding(read, cases[i].finding), ==, cases[i].found);
	}
}

static void test_a_signature_does_not_survive_a_change(void)
{
	static const struct {
		const char *rest, *verified;
	} cases[] = {
		{REST, "pass"},
		{"To: b@corp.example\r\n" REST, "pass"},
		{"From: a@bank.example\r\nSubject: y\r\n\r\nHello\r\n", "fail"},
		{"From: a@bank.example\r\nSubject: x\r\n\r\nHello!\r\n", "body_changed"},
		{"From: a@bank.example\r\n\r\nHello\r\n", "fail"},
		{"Subject: x\r\nFrom: a@bank.example\r\n\r\nHello\r\n", "pass"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message = usual(ed25519, "bank.example", cases[i].rest);
		g_autoptr(json_t) document =
			read_with(message, keys_of("bank.example", record_of(ed25519, "v=DKIM1")));
		g_assert_cmpstr(json_text(document, "message.authentication.dkim.0.verified"), ==,
		                cases[i].verified);
	}
}

/* ---- what follows ---- */

static void test_one_sentence_sums_it_up(void)
{
	g_autofree char *record = signer_record(rsa);
#define BORDER "Received: from o (o [203.0.113.9]) by mx.corp.example with ESMTP; x\r\n"
	const struct {
		const char *domain, *above, *rest;
		json_t *key;
		const char *summary;
		gboolean aligned;
	} cases[] = {
		{"bank.example", "", REST, json_string(record),
	         "DKIM of bank.example passed, verified here, and is aligned with From.", TRUE},
		{"mail.bank.example", "", REST, json_string(record),
	         "DKIM of mail.bank.example passed, verified here, and is aligned with From.",
	         TRUE},
		{"evil.example", "", REST, json_string(record),
	         "DKIM of evil.example passed, but From is bank.example: not aligned.", FALSE},
		{"bank.example", "", REST, json_null(),
	         "DKIM of bank.example does not hold: the DNS has no key of that name.", FALSE},
		{"bank.example", "", REST, json_string("-"),
	         "DKIM of bank.example does not hold: what stands there is no DKIM key.", FALSE},
		{"bank.example", "", "From: a@bank.example\r\n\r\nHello, you\r\n",
	         json_string(record),
	         "DKIM of bank.example does not hold: the body is not the one that was signed.",
	         FALSE},
		{"evil.example", "", REST, json_null(),
	         "It is signed by evil.example, but From is bank.example: not aligned, whatever "
	         "its "
	         "key says.",
	         FALSE},
		{NULL, "", REST, json_null(), "Nothing shows that it comes from bank.example.",
	         FALSE},
		{NULL, "", "Subject: x\r\n\r\n", json_null(),
	         "It does not name exactly one author, so nothing can bear him out.", FALSE},
		{NULL,
	         "Authentication-Results: mx.corp.example; dmarc=pass "
	         "header.from=bank.example\r\n" BORDER,
	         REST, json_null(), "mx.corp.example found dmarc=pass for bank.example.", TRUE},
		{NULL,
	         "Authentication-Results: mx.corp.example; dmarc=fail "
	         "header.from=bank.example\r\n" BORDER,
	         REST, json_null(), "mx.corp.example found dmarc=fail for bank.example.", FALSE},
		{NULL,
	         "Authentication-Results: mx.corp.example; spf=pass "
	         "smtp.mailfrom=b@evil.example\r\n" BORDER,
	         REST, json_null(),
	         "SPF of evil.example passed, but From is bank.example: not aligned.", FALSE},
		{NULL, BORDER "Authentication-Results: mx.corp.example; dmarc=pass\r\n", REST,
	         json_null(), "Nothing shows that it comes from bank.example.", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *domain = cases[i].domain ? cases[i].domain : "bank.example";
		g_autofree char *signed_ = cases[i].domain ? usual(rsa, domain, cases[i].rest)
		                                           : g_strdup(cases[i].rest);
		g_autofree char *message = g_strconcat(cases[i].above, signed_, NULL);
		json_t *options = keys_of(domain, cases[i].key);
		json_object_set_new(options, "trusted_hosts", json_pack("[s]", "mx.corp.example"));
		g_autoptr(json_t) document = read_with(message, options);
		const json_t *read = json_at(document, "message.authentication");
		g_assert_cmpstr(json_text(read, "summary"), ==, cases[i].summary);
		g_assert_cmpint(json_bool(read, "alignment.aligned", !cases[i].aligned), ==,
		                cases[i].aligned);
	}
}

static void test_a_signer_who_only_tests_proves_nothing(void)
{
	g_autofree char *message = usual(rsa, "bank.example", REST);
	g_autoptr(json_t) document =
		read_with(message, keys_of("bank.example", record_of(rsa, "v=DKIM1; t=y:s")));
	g_assert_cmpstr(json_text(document, "message.authentication.dkim.0.verified"), ==, "pass");
	g_assert_true(json_bool(document, "message.authentication.dkim.0.testing", FALSE));
	g_assert_false(json_bool(document, "message.authentication.alignment.aligned", TRUE));
}

static void test_several_signatures_are_judged_each_by_its_key(void)
{
	g_autofree char *inner = usual(ed25519, "evil.example", REST);
	g_autofree char *message = usual(rsa, "bank.example", inner);
	json_t *options = keys_of("bank.example", record_of(rsa, "v=DKIM1"));
	json_object_set_new(json_object_get(options, "keys"), "s1._domainkey.evil.example",
	                    record_of(rsa, "v=DKIM1"));
	g_autoptr(json_t) document = read_with(message, options);
	const json_t *dkim = json_at(document, "message.authentication.dkim");
	g_assert_cmpuint(json_array_size(dkim), ==, 2);
	g_assert_cmpstr(json_text(dkim, "0.verified"), ==, "pass");
	g_assert_cmpstr(json_text(dkim, "1.verified"), ==, "key_refused");
	g_assert_true(json_bool(dkim, "0.aligned", FALSE));
	g_assert_false(json_bool(dkim, "1.aligned", TRUE));
}

static void collect_key(const char *name, gpointer data)
{
	g_ptr_array_add(data, g_strdup(name));
}

static void test_keys_may_come_later(void)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *message = usual(rsa, "bank.example", REST);
	g_autoptr(json_t) document = read_text(message);
	json_t *authentication = json_at(document, "message.authentication");
	authentication_each_key(authentication, collect_key, names);
	g_assert_cmpuint(names->len, ==, 1);
	g_assert_cmpstr(names->pdata[0], ==, "s1._domainkey.bank.example");
	json_t *request = keys_of("bank.example", record_of(rsa, "v=DKIM1"));
	json_object_set_new(request, "authentication", json_pack("[O,n]", authentication));
	g_autoptr(json_t) answer = read_with("", json_pack("{s:o}", "verify", request));
	g_assert_cmpstr(json_text(answer, "authentication.0.dkim.0.verified"), ==, "pass");
	g_assert_true(json_bool(answer, "authentication.0.alignment.aligned", FALSE));
	g_assert_cmpuint(json_array_size(json_object_get(answer, "authentication")), ==, 2);
}

static void test_limits_are_told(void)
{
	g_autoptr(GString) message = g_string_new(NULL);
	for (guint i = 0; i < 21; i++)
		g_string_append(message, "DKIM-Signature: v=1; a=rsa-sha256\r\n");
	for (guint i = 0; i < 101; i++)
		g_string_append(message, "Authentication-Results: mx.example; spf=pass\r\n");
	g_string_append(message, REST);
	g_autoptr(json_t) document = read_text(message->str);
	const json_t *read = json_object_get(document, "message");
	g_assert_true(has_finding(read, "limit_signatures"));
	g_assert_true(has_finding(read, "limit_claims"));
	g_assert_cmpuint(json_array_size(json_at(read, "authentication.dkim")), ==, 20);
	g_assert_cmpuint(json_array_size(json_at(read, "authentication.results")), ==, 100);
	g_string_assign(message, "DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s; b=A; " HASH
	                         "; h=from");
	for (guint i = 0; i < 500; i++)
		g_string_append(message, ":x");
	g_string_append(message, "\r\n" REST);
	g_autoptr(json_t) long_ = read_text(message->str);
	g_assert_cmpstr(json_text(long_, "message.authentication.dkim.0.problem"), ==,
	                "it covers more fields than are read");
}

/* Two hundred attached messages of which each asks for twenty times its own header block. */
static void test_hashing_has_an_end(void)
{
	g_autoptr(GString) block = g_string_new(NULL);
	for (guint i = 0; i < 20; i++)
		g_string_append(block, "DKIM-Signature: " TAGS HASH "\n");
	g_string_append(block, "X-Filler: ");
	for (guint i = 0; i < 170000; i++)
		g_string_append_c(block, 'x');
	g_string_append(block, "\n\nx\n");
	g_autoptr(GString) message =
		g_string_new("From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n");
	for (guint i = 0; i < 200; i++)
		g_string_append_printf(message, "--b\nContent-Type: message/rfc822\n\n%s",
		                       block->str);
	g_string_append(message, "--b--\n");
	g_autoptr(json_t) document = read_text(message->str);
	g_autofree char *text = json_format(document);
	g_assert_nonnull(strstr(text, "\"limit_digested_bytes\""));
}

/* ---- ARC ---- */

typedef struct {
	GString *fields;  /* as in the message, the newest on top */
	GString *covered; /* by the next seal: the canonical fields of the sets so far */
} Chain;

/* Puts one set on top, with forms that are canonical as they are. */
static void seal(Chain *chain, guint instance, const char *cv, const char *body)
{
	g_autofree char *hash = signer_hash("rsa-sha256", body);
	g_autofree char *results = g_strdup_printf("i=%u; mx%u.list.example; spf=pass "
	                                           "smtp.mailfrom=bank.example",
	                                           instance, instance);
	g_autofree char *tags = g_strdup_printf("i=%u; a=rsa-sha256; c=relaxed/relaxed; "
	                                        "d=list.example; s=s1; h=from; bh=%s; b=",
	                                        instance, hash);
	g_autofree char *signed_ =
		g_strconcat("from:a@bank.example\r\narc-message-signature:", tags, NULL);
	g_autofree char *signature = signer_sign(rsa, "rsa-sha256", signed_);
	g_string_append_printf(chain->covered,
	                       "arc-authentication-results:%s\r\narc-message-signature:%s%s\r\n",
	                       results, tags, signature);
	g_autofree char *seal_tags = g_strdup_printf(
		"i=%u; a=rsa-sha256; cv=%s; d=list.example; s=s1; b=", instance, cv);
	g_autofree char *sealed = g_strconcat(chain->covered->str, "arc-seal:", seal_tags, NULL);
	g_autofree char *seal_signature = signer_sign(rsa, "rsa-sha256", sealed);
	g_string_append_printf(chain->covered, "arc-seal:%s%s\r\n", seal_tags, seal_signature);
	g_autofree char *set = g_strdup_printf("ARC-Seal: %s%s\r\nARC-Message-Signature: "
	                                       "%s%s\r\nARC-Authentication-Results: %s\r\n",
	                                       seal_tags, seal_signature, tags, signature, results);
	g_string_prepend(chain->fields, set);
}

static void test_an_arc_chain_is_whole_or_nothing(void)
{
	static const struct {
		const char *why;
		const char *cv[3];     /* of the sets that are made */
		const char *from, *to; /* what is exchanged in the message; NULL: nothing */
		const char *verified, *problem;
	} cases[] = {
		{"one set", {"none"}, NULL, NULL, "pass", NULL},
		{"three sets", {"none", "pass", "pass"}, NULL, NULL, "pass", NULL},
		{"the body was changed after the last",
	         {"none", "pass"},
	         "Hello",
	         "Hullo",
	         "body_changed",
	         NULL},
		{"an author who was changed", {"none"}, "From: a@", "From: b@", "fail", NULL},
		{"results that were changed",
	         {"none", "pass"},
	         "mx1.list",
	         "mx7.list",
	         "fail",
	         NULL},
		{"the last host found it broken",
	         {"none", "fail"},
	         NULL,
	         NULL,
	         "fail",
	         "its last host found it broken (cv=fail)"},
		{"a first set that continues something",
	         {"pass"},
	         NULL,
	         NULL,
	         "invalid",
	         "seal 1: its verdict on the chain (cv=) cannot be right"},
		{"a second that continues nothing",
	         {"none", "none"},
	         NULL,
	         NULL,
	         "invalid",
	         "seal 2: its verdict on the chain (cv=) cannot be right"},
		{"a set without its results",
	         {"none"},
	         "ARC-Authentication-Results",
	         "X-Results",
	         "invalid",
	         "instance 1 is not complete"},
		{"a set without its signature",
	         {"none"},
	         "ARC-Message-Signature",
	         "X-Signature",
	         "invalid",
	         "instance 1 is not complete"},
		{"a first set that is missing",
	         {"none"},
	         "i=1",
	         "i=2",
	         "invalid",
	         "instance 1 is not complete"},
		{"an instance of nothing",
	         {"none"},
	         "Seal: i=1",
	         "Seal: i=0",
	         "invalid",
	         "a field of it has no instance from 1 to 50"},
		{"two fields of a kind",
	         {"none", "pass"},
	         "Seal: i=2",
	         "Seal: i=1",
	         "invalid",
	         "instance 1 has more than one field of a kind"},
		{"a seal that names fields",
	         {"none"},
	         "cv=none",
	         "cv=none; h=from",
	         "invalid",
	         "seal 1: it is not a list of a seal's tags"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		Chain chain = {g_string_new(NULL), g_string_new(NULL)};
		for (guint j = 0; j < 3 && cases[i].cv[j]; j++)
			seal(&chain, j + 1, cases[i].cv[j], "Hello\r\n");
		g_string_append(chain.fields, REST);
		if (cases[i].from)
			g_string_replace(chain.fields, cases[i].from, cases[i].to, 0);
		g_autoptr(json_t) document = read_with(
			chain.fields->str, keys_of("list.example", record_of(rsa, "v=DKIM1")));
		const json_t *arc = json_at(document, "message.authentication.arc");
		if (g_strcmp0(json_text(arc, "verified"), cases[i].verified) != 0 ||
		    g_strcmp0(json_text(arc, "problem"), cases[i].problem) != 0)
			g_error("%s: %s, %s", cases[i].why, json_text(arc, "verified"),
			        json_text(arc, "problem"));
		g_string_free(chain.fields, TRUE);
		g_string_free(chain.covered, TRUE);
	}
}

static void test_a_chain_says_who_found_what(void)
{
	Chain chain = {g_string_new(NULL), g_string_new(NULL)};
	seal(&chain, 1, "none", "Hello\r\n");
	seal(&chain, 2, "pass", "Hello\r\n");
	g_string_append(chain.fields, REST);
	g_autoptr(json_t) document = read_text(chain.fields->str);
	const json_t *arc = json_at(document, "message.authentication.arc");
	g_assert_cmpint(json_int(arc, "instances", 0), ==, 2);
	g_assert_cmpstr(json_text(arc, "cv"), ==, "pass");
	g_assert_cmpstr(json_text(arc, "verified"), ==, "unchecked");
	g_assert_cmpstr(json_text(arc, "sets.0.host"), ==, "mx1.list.example");
	g_assert_cmpstr(json_text(arc, "sets.1.results.0.method"), ==, "spf");
	g_assert_cmpstr(json_text(arc, "sets.1.seal.key"), ==, "s1._domainkey.list.example");
	g_assert_cmpstr(json_text(arc, "signature.body"), ==, "intact");
	g_string_free(chain.fields, TRUE);
	g_string_free(chain.covered, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	rsa = signer_new(2048);
	ed25519 = signer_new(0);
#define ADD(name, function) g_test_add_func("/authentication/" name, function)
	ADD("canonical forms", test_canonical_forms);
	ADD("the signature in its own field", test_the_signature_in_its_own_field);
	ADD("what keys say", test_what_keys_say);
	ADD("keys that did not come", test_keys_that_did_not_come);
	ADD("what needs no key", test_what_needs_no_key);
	ADD("SHA-1 proves nothing", test_sha1_proves_nothing);
	ADD("what was put in after signing", test_what_was_put_in_after_signing);
	ADD("a signature does not survive a change", test_a_signature_does_not_survive_a_change);
	ADD("one sentence sums it up", test_one_sentence_sums_it_up);
	ADD("a signer who only tests proves nothing", test_a_signer_who_only_tests_proves_nothing);
	ADD("several signatures are judged each by its key",
	    test_several_signatures_are_judged_each_by_its_key);
	ADD("keys may come later", test_keys_may_come_later);
	ADD("limits are told", test_limits_are_told);
	ADD("hashing has an end", test_hashing_has_an_end);
	ADD("an ARC chain is whole or nothing", test_an_arc_chain_is_whole_or_nothing);
	ADD("a chain says who found what", test_a_chain_says_who_found_what);
	int result = g_test_run();
	signer_free(rsa);
	signer_free(ed25519);
	return result;
}
