#include "mail/testing.h"

#include "base/limits.h"

typedef struct {
	const char *message, *path, *expected;
} Case;

static void check(const Case *cases, guint n)
{
	for (guint i = 0; i < n; i++) {
		g_autoptr(json_t) document = read_text(cases[i].message);
		g_autofree char *value = value_at(document, cases[i].path);
		if (g_strcmp0(value, cases[i].expected) != 0)
			g_error("case %u, %s: expected %s, is %s", i, cases[i].path,
			        cases[i].expected, value);
	}
}

static void test_header_fields_are_decoded(void)
{
	static const Case cases[] = {
		{"Subject: =?utf-8?B?R3LDvMOfZQ==?=\n\n", "message.subject", "Grüße"},
		{"Subject: one\r\n two\r\n\r\n", "message.subject", "one two"},
		{"Subject: caf\xc3\xa9\n\n", "message.subject", "café"},
		{"Subject: caf\xe9\n\n", "message.subject", "café"},
		{"Subject: =?iso-8859-1?q?a?= =?iso-8859-1?q?b?=\n\n", "message.subject", "ab"},
		{"\n\n", "message.subject", "null"},
		{"Date: Mon, 23 Nov 2026 09:00:00 +0100\n\n", "message.date",
	         "2026-11-23T09:00:00+01:00"},
		{"Date: Fri, 26 Jul 0102 04:37:21 -0400\n\n", "message.date",
	         "0102-07-26T04:37:21-04:00"},
		{"Date: yesterday\n\n", "message.date", "null"},
		{"Date: yesterday\n\n", "message.findings.1.id", "date_invalid"},
		{"From: \"Ann, B.\" <Ann@Corp.EXAMPLE>\n\n", "message.from.0.address",
	         "ann@corp.example"},
		{"From: \"Ann, B.\" <Ann@Corp.EXAMPLE>\n\n", "message.from.0.name", "Ann, B."},
		{"From: =?utf-8?q?J=C3=BCrgen?= <j@b\xc3\xbc"
	         "cher.example>\n\n",
	         "message.from.0.address", "j@xn--bcher-kva.example"},
		{"To: Friends: a@x.example, B <b@x.example>;, c@x.example\n\n",
	         "message.to.1.address", "b@x.example"},
		{"To: Friends: a@x.example, B <b@x.example>;, c@x.example\n\n",
	         "message.to.1.group", "Friends"},
		{"To: Friends: a@x.example, B <b@x.example>;, c@x.example\n\n",
	         "message.to.2.address", "c@x.example"},
		{"From: <>, \"\" <>, \"\", Ann <a@x.example>\n\n", "message.from.0.name", "Ann"},
		{"From: <>\n\n", "message.from", "[]"},
		{"From: Nobody <>\n\n", "message.from.0.name", "Nobody"},
		{"Bcc: hidden@x.example\n\n", "message.bcc.0.address", "hidden@x.example"},
		{"X: =?utf-8?q?=C3=A9?=\n\n", "message.headers.0.raw", "=?utf-8?q?=C3=A9?="},
		{"X: plain\n\n", "message.headers.0.raw", "(absent)"},
		{"From x@y Mon\nSubject: in an mbox\n\n", "message.subject", "in an mbox"},
	};
	check(cases, G_N_ELEMENTS(cases));
}

static void test_every_odd_message_id_is_a_finding_and_never_a_crash(void)
{
	static const struct {
		const char *fields, *id, *finding;
	} cases[] = {
		{"Message-ID: <a@x.example>\n", "a@x.example", NULL},
		{"Message-ID:\r\n <a@x.example>\r\n", "a@x.example", NULL},
		{"Message-ID: a@x.example\n", "a@x.example", NULL},
		{"Message-ID: <a@x.example> (a comment)\n", "a@x.example", NULL},
		{"", "null", "message_id_missing"},
		{"Message-ID:\n", "null", "message_id_empty"},
		{"Message-ID: <>\n", "null", "message_id_empty"},
		{"Message-ID: <a@x>\nMessage-ID: <b@x>\n", "a@x", "message_id_duplicate"},
		{"Message-ID: <a\"b@x.example>\n", "a\"b@x.example", "message_id_unusual"},
		{"Message-ID: <a b@x.example>\n", "ab@x.example", NULL},
		{"Message-ID: <a) BODY[] OR (ALL@x.example>\n", "a)BODY[]OR(ALL@x.example",
	         "message_id_unusual"},
		{"Message-ID: <\r\n a@x.example\r\n >\r\n", "a@x.example", NULL},
		{"Message-ID: <{5}%00*@x.example>\n", "{5}%00*@x.example", NULL},
		{"Message-ID: <\xff\xfe@x.example>\n", "ÿþ@x.example", "message_id_unusual"},
		{"Message-ID: nothing like it\n", "nothinglikeit", "message_id_unusual"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(cases[i].fields, "Subject: x\n\n", NULL);
		g_autoptr(json_t) document = read_text(text);
		g_autofree char *id = value_at(document, "message.message_id");
		g_assert_cmpstr(id, ==, cases[i].id);
		if (cases[i].finding)
			g_assert_true(has_finding(json_object_get(document, "message"),
			                          cases[i].finding));
	}
}

static void test_a_long_message_id_is_replaced_by_its_hash(void)
{
	g_autofree char *long_one = g_strnfill(5000, 'a');
	g_autofree char *text = g_strconcat("Message-ID: <", long_one, "@x.example>\n\n", NULL);
	g_autoptr(json_t) once = read_text(text);
	g_autoptr(json_t) twice = read_text(text);
	const char *id = json_text(once, "message.message_id");
	g_assert_true(g_str_has_prefix(id, "sha256:"));
	g_assert_cmpuint(strlen(id), ==, 7 + 64);
	g_assert_cmpstr(id, ==, json_text(twice, "message.message_id"));
	g_assert_true(has_finding(json_object_get(once, "message"), "message_id_long"));
}

#define TWO_PARTS                                                                                  \
	"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nhello\n"    \
	"--b\nContent-Type: application/pdf; name*=utf-8''caf%C3%A9.pdf\n"                         \
	"Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nYWJj\n--b--\n"

static void test_bodies_and_attachments_are_told_apart(void)
{
	static const Case cases[] = {
		{"Subject: x\n\nbody\n", "message.text", "body\n"},
		{TWO_PARTS, "message.text", "hello"},
		{TWO_PARTS, "message.attachments.0.name", "café.pdf"},
		{TWO_PARTS, "message.attachments.0.size", "3"},
		{TWO_PARTS, "message.attachments.0.sha256",
	         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{TWO_PARTS, "message.attachments.0.type", "application/pdf"},
		{"Content-Type: text/html; charset=windows-1251\n\n\xcf\xf0\xe8\n", "message.html",
	         "При\n"},
		{"Content-Type: text/plain; charset=no-such\n\nx\xe9\n", "message.text", "xé\n"},
		{"Content-Type: text/plain\nContent-Disposition: attachment\n\nx",
	         "message.attachments.0.size", "1"},
		{"Content-Type: text/plain\nContent-Disposition: attachment\n\nx", "message.text",
	         "null"},
	};
	check(cases, G_N_ELEMENTS(cases));
}

/* Made with openssl cms -sign -nodetach. */
#define SIGNED                                                                                     \
	"Subject: x\nContent-Type: application/pkcs7-mime; name=smime.p7m\n"                       \
	"Content-Transfer-Encoding: base64\n\n"                                                    \
	"MIIB7AYJKoZIhvcNAQcCoIIB3TCCAdkCAQExDTALBglghkgBZQMEAgEwTAYJKoZIhvcNAQcBoD8E\n"           \
	"PUNvbnRlbnQtVHlwZTogdGV4dC9wbGFpbg0KDQpzaWduZWQgd29yZHMgaHR0cHM6Ly94LmV4YW1w\n"           \
	"bGUvDQoxggF1MIIBcQIBATAkMAwxCjAIBgNVBAMMAWECFDnmrWIhXEvHcAaq1cyVVfc7EDJrMAsG\n"           \
	"CWCGSAFlAwQCAaCB5DAYBgkqhkiG9w0BCQMxCwYJKoZIhvcNAQcBMBwGCSqGSIb3DQEJBTEPFw0y\n"           \
	"NjExMjMxODU1NThaMC8GCSqGSIb3DQEJBDEiBCB6GVOAE9KAl1ysXUfHy9G+hNwTSbrnDoOvmTwz\n"           \
	"x8exzDB5BgkqhkiG9w0BCQ8xbDBqMAsGCWCGSAFlAwQBKjALBglghkgBZQMEARYwCwYJYIZIAWUD\n"           \
	"BAECMAoGCCqGSIb3DQMHMA4GCCqGSIb3DQMCAgIAgDANBggqhkiG9w0DAgIBQDAHBgUrDgMCBzAN\n"           \
	"BggqhkiG9w0DAgIBKDAKBggqhkjOPQQDAgRGMEQCIAQL3vG2L88Vno7Y/KELqFZVYcbd9WC3Tgh7\n"           \
	"ZSOeTVbsAiAOUGkAOjf+4NZLcJBb4I4VyueliTbbf16TkJJAdC0G9A==\n"

static void test_what_is_signed_as_a_whole_is_looked_into(void)
{
	static const Case cases[] = {
		{SIGNED, "message.text", "signed words https://x.example/\r\n"},
		{SIGNED, "message.links.0.host", "x.example"},
		{SIGNED, "message.attachments.0.name", "smime.p7m"},
	};
	check(cases, G_N_ELEMENTS(cases));
	g_autoptr(json_t) document = read_text(SIGNED);
	g_assert_true(has_finding(json_object_get(document, "message"), "smime_opaque"));
}

/* Signed twice, the inner one under the type that gateways give it; signed as a stream, which is
 * BER and not DER; encrypted. All by openssl cms. */
#define SIGNED_TWICE                                                                               \
	"Subject: x\nContent-Type: application/pkcs7-mime; name=smime.p7m\n"                       \
	"Content-Transfer-Encoding: base64\n\n"                                                    \
	"MIICcwYJKoZIhvcNAQcCoIICZDCCAmACAQExDTALBglghkgBZQMEAgEwggG5BgkqhkiG9w0BBwGg\n"           \
	"ggGqBIIBpkNvbnRlbnQtVHlwZTogYXBwbGljYXRpb24vb2N0ZXQtc3RyZWFtOyBuYW1lPXNtaW1l\n"           \
	"LnA3bQ0KQ29udGVudC1UcmFuc2Zlci1FbmNvZGluZzogYmFzZTY0DQoNCk1JSHVCZ2txaGtpRzl3\n"           \
	"MEJCd0tnZ2VBd2dkMENBUUV4RFRBTEJnbGdoa2dCWlFNRUFnRXdPQVlKS29aSWh2Y05BUWNCb0Nz\n"           \
	"RUtVTnYKYm5SbGJuUXRWSGx3WlRvZ2RHVjRkQzl3YkdGcGJnMEtEUXBwYm01bGNpQjNiM0prY3cw\n"           \
	"S01ZR09NSUdMQWdFQk1DUXdEREVLTUFnRwpBMVVFQXd3QllRSVVKY3I1RlRjc3A1NlQvMFh4akJT\n"           \
	"MU9pc2p6cDB3Q3dZSllJWklBV1VEQkFJQk1Bb0dDQ3FHU000OUJBTUNCRWN3ClJRSWhBTVVheUhH\n"           \
	"Q2tMR2ZxMkZmYmtUZVBCdXdRUzV6Q2dlR2ZCcWcrckI0STJVaEFpQXFPQThySXUzeVdoSVpVYmxR\n"           \
	"azRQWTJUYzYKMkprOFAreEh2VCtRaUZFMzFBPT0KMYGOMIGLAgEBMCQwDDEKMAgGA1UEAwwBYQIU\n"           \
	"Jcr5FTcsp56T/0XxjBS1Oisjzp0wCwYJYIZIAWUDBAIBMAoGCCqGSM49BAMCBEcwRQIhAO2XtzP2\n"           \
	"veAQls0tpeWJZzU2HCzG6lrjJMXDD3y2Trm1AiAlf9WO6E8O74dGznIQTxhrhV4umnlZQYJz/H4z\n"           \
	"Rwaw6w==\n"
#define SIGNED_STREAM                                                                              \
	"Subject: x\nContent-Type: application/octet-stream; name=smime.p7m\n"                     \
	"Content-Transfer-Encoding: base64\n\n"                                                    \
	"MIAGCSqGSIb3DQEHAqCAMIACAQExDTALBglghkgBZQMEAgEwgAYJKoZIhvcNAQcBoIAkgAQpQ29u\n"           \
	"dGVudC1UeXBlOiB0ZXh0L3BsYWluDQoNCmlubmVyIHdvcmRzDQoAAAAAAAAxgY8wgYwCAQEwJDAM\n"           \
	"MQowCAYDVQQDDAFhAhQlyvkVNyynnpP/RfGMFLU6KyPOnTALBglghkgBZQMEAgEwCgYIKoZIzj0E\n"           \
	"AwIESDBGAiEAmah07JQufya5NsqS4UrLMjBrOnUbGGshXh/ROMwebqYCIQC+Ze23SEqruHnk92eJ\n"           \
	"DlQW6iPGKoGYT55YFopURcvp9QAAAAAAAA==\n"
#define ENCRYPTED                                                                                  \
	"Subject: x\nContent-Type: application/pkcs7-mime; name=smime.p7m\n"                       \
	"Content-Transfer-Encoding: base64\n\n"                                                    \
	"MIIBOQYJKoZIhvcNAQcDoIIBKjCCASYCAQIxgcuhgcgCAQOgUaFPMAkGByqGSM49AgEDQgAEapUu\n"           \
	"5gUkRzvX1iHFxHUbZ35Je6BNSS0QqVtq/ZexSRQYwqKaAwKMLc/iMvdIOLwxGXDeR/J8xYgbQ0kB\n"           \
	"nwG9IDAcBgkrgQUQhkg/AAIwDwYLKoZIhvcNAQkQAwYFADBSMFAwJDAMMQowCAYDVQQDDAFhAhQl\n"           \
	"yvkVNyynnpP/RfGMFLU6KyPOnQQoy20hu56jtY81TQRu8BuaIgUw6K3SHYoJG19fLzO9LXnwcHRG\n"           \
	"58nA0DBTBgkqhkiG9w0BBwEwFAYIKoZIhvcNAwcECFNWkrbfswUpgDBKFvT2g9VfkjkVw2/e5KxA\n"           \
	"OoPzVioSNPIcZ+C5OxD/JgZNT/WKSGg1F8DcSazNLOg=\n"

static void test_what_is_signed_is_found_in_all_its_wraps(void)
{
	static const Case cases[] = {
		{SIGNED_TWICE, "message.text", "inner words\r\n"},
		{SIGNED_STREAM, "message.text", "inner words\r\n"},
		{ENCRYPTED, "message.text", "null"},
		{ENCRYPTED, "message.findings.0.id", "encrypted"},
		{"Subject: x\n\n-----BEGIN PGP MESSAGE-----\nabc\n-----END PGP MESSAGE-----\n",
	         "message.findings.2.id", "encrypted"},
		{"Subject: x\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nabc\n",
	         "message.findings.2.id", "(absent)"},
	};
	check(cases, G_N_ELEMENTS(cases));
}

static void test_what_is_nearly_a_header_is_read_as_mail_programs_do(void)
{
#define BLANK_END                                                                                  \
	"Content-Type: multipart/mixed; boundary=b\n \t\n--b\n\ntext\n--b\n"                       \
	"Content-Type: image/png\n\nx\n--b--\n"
	static const Case cases[] = {
		{BLANK_END, "message.text", "text"},
		{BLANK_END, "message.attachments.0.type", "image/png"},
		{BLANK_END, "message.findings.0.id", "blank_end"},
		/* a line of blanks between two fields is an old way of folding */
		{"Subject: a\n \nX-B: c\n\ntext\n", "message.headers.1.name", "X-B"},
		{"Subject: a\n \n b\n\ntext\n", "message.subject", "a  b"},
		{"Subject: a\r\n \r\nno field here\r\n", "message.text", "no field here\r\n"},
		{"Content-Type: ;\n\tname=\"\"\n\ntext\n", "message.text", "text\n"},
		{"Content-Type:\nContent-Disposition: attachment\n\ntext\n",
	         "message.attachments.0.type", "text/plain"},
	};
	check(cases, G_N_ELEMENTS(cases));
}

#define ORIGINAL                                                                                   \
	"Message-ID: <o@evil.example>\nFrom: Evil <e@evil.example>\nSubject: Prize\n\nclick\n"

static void test_forms_of_report_are_recognised(void)
{
	static const Case cases[] = {
		{"From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
	         "Content-Type: message/rfc822\n\n" ORIGINAL "--b--\n",
	         "originals.0.message.message_id", "o@evil.example"},
		{"From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
	         "Content-Type: message/rfc822\n\n" ORIGINAL "--b--\n",
	         "originals.0.first_hand", "true"},
		{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n"
	         "Content-Transfer-Encoding: base64\n\nTWVzc2FnZS1JRDogPG9AZT4KClgK\n--b--\n",
	         "originals.0.message.message_id", "o@e"},
		{"Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	         "Content-Type: application/octet-stream; name=\"x.EML\"\n\n" ORIGINAL "--b--\n",
	         "originals.0.message.from.0.address", "e@evil.example"},
		{"Content-Type: message/global\n\n" ORIGINAL, "report.form", "rfc822"},
		{"From: A <a@x.example>\nSubject: Fwd: Prize\n"
	         "X-Forwarded-Message-Id: <o@evil.example>\n\nsee\n",
	         "originals.0.message.message_id", "o@evil.example"},
		{"From: A <a@x.example>\nSubject: WG: FW: Prize\nReferences: <r@x> <o@e>\n\nsee\n",
	         "originals.0.message.message_id", "o@e"},
		{"From: A <a@x.example>\nSubject: WG: FW: Prize\nReferences: <r@x> <o@e>\n\nsee\n",
	         "originals.0.message.subject", "Prize"},
		{"Subject: Fwd: x\nIn-Reply-To: <o@e>\n\nsee\n", "originals.0.first_hand", "false"},
		{"Subject: Re: x\nIn-Reply-To: <o@e>\n\nsee\n", "report", "null"},
		{"Subject: x\n\nhello\n", "report", "null"},
		{"X-Trawl-Notice: 1\nContent-Type: message/rfc822\n\n" ORIGINAL, "report.form",
	         "notice"},
		{"Return-Path: <>\nContent-Type: message/rfc822\n\n" ORIGINAL, "report.form",
	         "bounce"},
		{"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
	         "Content-Type: message/rfc822\n\n" ORIGINAL "--b--\n",
	         "report.form", "bounce"},
		{"Auto-Submitted: auto-replied\nSubject: Fwd: x\n\n", "report.form", "auto_reply"},
		{"Auto-Submitted: no\nSubject: Fwd: x\n\n", "report.form", "inline"},
		{"X-Autoreply: yes\n\n", "report.form", "auto_reply"},
		{"Subject: Automatic reply: Fwd: x\n\n", "report.form", "auto_reply"},
		{"From: A <a@x.example>\nSubject: Fwd: x\n\n", "report.reporter.address",
	         "a@x.example"},
	};
	check(cases, G_N_ELEMENTS(cases));
}

static void test_raw_originals_are_exact_octets(void)
{
	static const char octets[] = "Subject: a\r\n\r\n\x00\xff\x80 end without a newline";
	g_autofree char *encoded = g_base64_encode((const guchar *)octets, sizeof octets - 1);
	g_autofree char *text =
		g_strconcat("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n",
	                    encoded, "\n", NULL);
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	g_autoptr(json_t) options = json_pack("{s:b}", "originals_raw", 1);
	g_autoptr(json_t) document = breakdown_new(bytes, options);
	g_assert_cmpstr(json_text(document, "originals.0.raw_base64"), ==, encoded);
}

static void test_of_a_report_only_the_originals(void)
{
	static const struct {
		const char *head;
		gboolean whole; /* the message itself, too */
	} cases[] = {
		{"", FALSE},
		{"Auto-Submitted: auto-replied\n", TRUE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(
			"Message-ID: <r@x.example>\nSubject: look\nFrom: A <a@x.example>\n",
			cases[i].head, "Content-Type: message/rfc822\n\nSubject: phish\n\nbody\n",
			NULL);
		g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
		g_autoptr(json_t) options = json_pack("{s:b}", "originals_only", 1);
		g_autoptr(json_t) document = breakdown_new(bytes, options);
		g_assert_cmpstr(json_text(document, "message.message_id"), ==, "r@x.example");
		g_assert_cmpstr(json_text(document, "message.subject"), ==, "look");
		g_assert_cmpstr(json_text(document, "message.from.0.address"), ==, "a@x.example");
		g_assert_true((json_at(document, "message.headers") != NULL) == cases[i].whole);
		if (!cases[i].whole)
			g_assert_cmpstr(json_text(document, "originals.0.message.text"), ==,
			                "body\n");
	}
}

/* A hostile message of each kind, its finding, and that the rest is still there. */
static GString *many_parts(void)
{
	GString *text = g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");
	for (guint i = 0; i < LIMIT_PARTS + 10; i++)
		g_string_append(text, "--b\n\nx\n");
	return text;
}

static GString *deep_multiparts(void)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < LIMIT_DEPTH + 100; i++)
		g_string_append_printf(
			text, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
	g_string_append(text, "\nx\n");
	return text;
}

static GString *deep_messages(void)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < 2000; i++)
		g_string_append(text, "Content-Type: message/rfc822\n\n");
	return text;
}

static GString *long_header_block(void)
{
	GString *text = g_string_new("Subject: x\nFrom: a@x.example\n");
	while (text->len < LIMIT_HEADER_BLOCK + 100000)
		g_string_append(text, "To: a\n");
	return g_string_append(text, "\nbody\n");
}

static GString *one_long_header(void)
{
	GString *text = g_string_new("Subject: ");
	while (text->len < LIMIT_HEADER_BLOCK + 100000)
		g_string_append(text, "=?utf-8?q?=C3=A9?= (");
	return g_string_append(text, "\n\nbody\n");
}

/* Between two of many addresses: lines of twenty. GMime makes a header longer line by line, and
 * where that copies, as under ASan, a line each takes minutes. */
static const char *comma(guint i)
{
	return i % 20 ? ", " : ",\r\n ";
}

static GString *too_many_addresses(void)
{
	GString *text = g_string_new("To: a@x.example");
	for (guint i = 0; i < LIMIT_ADDRESSES + 10; i++)
		g_string_append_printf(text, "%s%u@x.example", comma(i), i);
	return g_string_append(text, "\n\nbody\n");
}

static GString *long_text(void)
{
	GString *text = g_string_new("Subject: x\n\n");
	while (text->len < 2 * LIMIT_BODY_TEXT)
		g_string_append(text, "é");
	return text;
}

static void test_limits_end_in_findings(void)
{
	static const struct {
		GString *(*make)(void);
		const char *finding;
	} cases[] = {
		{many_parts, "limit_parts"},
		{deep_multiparts, "limit_depth"},
		{long_header_block, "limit_header_block"},
		{one_long_header, "limit_header_block"},
		{too_many_addresses, "limit_addresses"},
		{long_text, "limit_body_text"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) text = cases[i].make();
		g_autoptr(json_t) document = read_text(text->str);
		if (!has_finding(json_object_get(document, "message"), cases[i].finding))
			g_error("no %s", cases[i].finding);
	}
	g_autoptr(GString) text = deep_messages();
	g_autoptr(json_t) document = read_text(text->str);
	g_assert_cmpstr(json_text(document, "report.form"), ==, "rfc822");
}

static void test_30000_addresses_are_all_there(void)
{
	GString *text = g_string_new("To: list: p0@x.example");
	for (guint i = 1; i < 30000; i++)
		g_string_append_printf(text, "%s\"P, %u\" <p%u@x.example>", comma(i), i, i);
	g_string_append(text, ";\r\n\r\nbody\r\n");
	g_autoptr(json_t) document = read_text(text->str);
	g_string_free(text, TRUE);
	g_assert_cmpuint(json_array_size(json_at(document, "message.to")), ==, 30000);
	g_assert_cmpstr(json_text(document, "message.to.29999.address"), ==, "p29999@x.example");
}

static void test_any_octets_give_a_document(void)
{
	static const char seed[] = TWO_PARTS;
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	for (guint i = 0; i < 300; i++) {
		g_autofree char *text = g_memdup2(seed, sizeof seed);
		for (guint j = 0; j < i / 10; j++)
			text[g_rand_int_range(random, 0, sizeof seed)] =
				(char)g_rand_int_range(random, 0, 256);
		g_autoptr(GBytes) bytes =
			g_bytes_new(text, (gsize)g_rand_int_range(random, 0, sizeof seed));
		g_autoptr(json_t) document = breakdown_new(bytes, NULL);
		g_autofree char *json = json_format(document);
		g_assert_true(g_utf8_validate(json, -1, NULL));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/breakdown/signed in all wraps",
	                test_what_is_signed_is_found_in_all_its_wraps);
	g_test_add_func("/breakdown/nearly a header",
	                test_what_is_nearly_a_header_is_read_as_mail_programs_do);
	g_test_add_func("/breakdown/header fields are decoded", test_header_fields_are_decoded);
	g_test_add_func("/breakdown/every odd Message-ID is a finding and never a crash",
	                test_every_odd_message_id_is_a_finding_and_never_a_crash);
	g_test_add_func("/breakdown/a long Message-ID is replaced by its hash",
	                test_a_long_message_id_is_replaced_by_its_hash);
	g_test_add_func("/breakdown/bodies and attachments are told apart",
	                test_bodies_and_attachments_are_told_apart);
	g_test_add_func("/breakdown/forms of report are recognised",
	                test_forms_of_report_are_recognised);
	g_test_add_func("/breakdown/what is signed as a whole is looked into",
	                test_what_is_signed_as_a_whole_is_looked_into);
	g_test_add_func("/breakdown/originals-only", test_of_a_report_only_the_originals);
	g_test_add_func("/breakdown/raw originals are exact octets",
	                test_raw_originals_are_exact_octets);
	g_test_add_func("/breakdown/limits end in findings", test_limits_end_in_findings);
	g_test_add_func("/breakdown/30,000 addresses are all there",
	                test_30000_addresses_are_all_there);
	g_test_add_func("/breakdown/any octets give a document", test_any_octets_give_a_document);
	return g_test_run();
}
