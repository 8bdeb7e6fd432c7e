#include "mail/forms/xarf_rules.h"

#include "base/limits.h"
#include "mail/testing.h"

#define REPORTER_3                                                                                 \
	"\"ReporterInfo\":{\"ReporterOrg\":\"Our Shield\",\"ReporterOrgDomain\":\"shield."         \
	"example\","                                                                               \
	"\"ReporterOrgEmail\":\"abuse@shield.example\"},\"Disclosure\":true"
#define CONTACT_4                                                                                  \
	"{\"org\":\"Shield\",\"contact\":\"abuse@shield.example\",\"domain\":\"shield.example\"}"
#define HEAD_4                                                                                     \
	"\"xarf_version\":\"4.1.0\",\"report_id\":\"0f0e0d0c-0b0a-4908-8706-050403020100\","       \
	"\"timestamp\":\"2026-11-20T10:00:00Z\",\"reporter\":" CONTACT_4 ",\"sender\":" CONTACT_4  \
	",\"source_identifier\":\"192.0.2.9\""
#define SPAM_4                                                                                     \
	"{" HEAD_4 ",\"category\":\"messaging\",\"type\":\"spam\",\"protocol\":\"smtp\","          \
	"\"smtp_from\":\"win@evil.example\",\"source_port\":25,\"subject\":\"You won\""
#define SPAM_3                                                                                     \
	"{\"Version\":\"3\"," REPORTER_3 ",\"Report\":{\"ReportClass\":\"Activity\","              \
	"\"ReportType\":\"Spam\",\"Date\":\"2026-11-20T10:00:00Z\",\"SourceIp\":\"2001:db8::9\""
/* "Message-ID: <bait@evil.example>\nSubject: bait\n\nclick\n" */
#define MESSAGE_64 "TWVzc2FnZS1JRDogPGJhaXRAZXZpbC5leGFtcGxlPgpTdWJqZWN0OiBiYWl0CgpjbGljawo="

static void test_a_document_is_valid_or_its_wrong_member_is_named(void)
{
	static const struct {
		const char *document, *generation, *problem;
	} cases[] = {
		{SPAM_4 "}", "4", NULL},
		{SPAM_4 ",\"confidence\":1.5}", "4", "confidence is out of range"},
		{SPAM_4 ",\"tags\":[\"a:b\",\"Not a tag\"]}", "4", "tags.1 does not have the form"},
		{SPAM_4 ",\"evidence\":[{\"content_type\":\"text/plain\"}]}", "4",
	         "evidence.0.payload is missing"},
		{SPAM_4 ",\"evidence\":[5]}", "4", "evidence.0 is no object"},
		{"{" HEAD_4 ",\"category\":\"messaging\",\"type\":\"spam\",\"protocol\":\"smtp\"}",
	         "4", "smtp_from is missing"},
		{"{" HEAD_4 ",\"category\":\"messaging\",\"type\":\"pigeon\","
	         "\"protocol\":\"sms\"}",
	         "4", "type is no type"},
		{"{" HEAD_4 ",\"category\":\"rumour\",\"type\":\"spam\"}", "4",
	         "category is not one of the words"},
		{"{" HEAD_4 ",\"category\":\"content\",\"type\":\"phishing\"}", "4",
	         "url is missing"},
		{"{\"xarf_version\":\"5.0.0\"}", "4", "xarf_version does not have the form"},
		{SPAM_3 "}}", "3", NULL},
		{SPAM_3 ",\"SmtpMailFromAddress\":\"nobody\"}}", "3",
	         "Report.SmtpMailFromAddress is no e-mail address"},
		{SPAM_3 ",\"Samples\":[]}}", "3", "Report.Samples has too few items"},
		{SPAM_3 ",\"DestinationPort\":[25,70000]}}", "3",
	         "Report.DestinationPort is no port"},
		{"{\"Version\":\"3\"," REPORTER_3 ",\"Report\":{\"ReportClass\":\"Content\","
	         "\"ReportType\":\"Phishing\",\"Date\":\"2026-11-20T10:00:00Z\","
	         "\"SourceIp\":\"192.0.2.9\"}}",
	         "3", "Report.SourceUrl is missing"},
		{"{\"Version\":\"3\"," REPORTER_3 ",\"Report\":{\"ReportClass\":\"Activity\","
	         "\"ReportType\":\"Spam\",\"Date\":\"on Friday\",\"SourceIp\":\"192.0.2.9\"}}",
	         "3", "Report.Date is no time"},
		{"{\"Version\":\"3\"," REPORTER_3 ",\"Report\":{\"ReportClass\":\"Activity\","
	         "\"ReportType\":\"Spam\",\"Date\":\"2026-13-40T10:00:00Z\","
	         "\"SourceIp\":\"192.0.2.9\"}}",
	         "3", "Report.Date is no time"},
		{"{\"Version\":\"9\"," REPORTER_3 ",\"Report\":{}}", NULL, "Version is none"},
		{"{\"Version\":\"3.0.0\"," REPORTER_3 ",\"Report\":{\"ReportClass\":\"Messaging\","
	         "\"ReportType\":\"spam\",\"Date\":\"2026-11-20T10:00:00Z\","
	         "\"Source\":{\"IP\":\"192.0.2.9\"}}}",
	         "3-legacy", NULL},
		{"{\"xarf_version\":\"4.0.0\",\"report_id\":\"x\","
	         "\"timestamp\":\"2026-11-20T10:00:00Z\",\"source_identifier\":\"192.0.2.9\","
	         "\"reporter\":{\"org\":\"S\",\"contact\":\"a@b.example\",\"type\":\"manual\"},"
	         "\"category\":\"messaging\",\"type\":\"spam\",\"evidence_source\":\"trap\"}",
	         "4-draft", "protocol is missing"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *generation;
		g_autoptr(json_t) document = json_parse(cases[i].document, -1, NULL);
		g_assert_nonnull(document);
		g_autofree char *problem = xarf_check(document, &generation);
		if ((problem == NULL) != (cases[i].problem == NULL) ||
		    (problem && !g_str_has_prefix(problem, cases[i].problem)))
			g_error("case %u: %s", i, problem ? problem : "valid");
		g_assert_cmpstr(generation, ==, cases[i].generation);
	}
}

#define MAIL "From: Desk <desk@shield.example>\nSubject: Abuse\n"
#define PART(type, content)                                                                        \
	MAIL "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee the report.\n--b\n"          \
	     "Content-Type: " type "\n\n" content "\n--b--\n"
#define EVIDENCE                                                                                   \
	",\"evidence\":[{\"content_type\":\"message/rfc822\",\"payload\":\"" MESSAGE_64 "\"}]}"
#define YAML                                                                                       \
	"---\nReported-From: desk@shield.example\nCategory: abuse\nReport-Type: spam\n"            \
	"Report-ID: 7#1\nDate: Fri, 20 Nov 2026 10:00:00 +0000\nSource: 192.0.2.9\n"               \
	"Source-Type: ipv4\nAttachment: none\n"                                                    \
	"Schema-URL: http://shield.example/abuse.json\n"

static void test_reports_are_read_wherever_the_document_stands(void)
{
	static const struct {
		const char *message, *path, *expected;
	} cases[] = {
		{PART("application/json", SPAM_4 EVIDENCE), "report.form", "xarf"},
		{PART("application/json", SPAM_4 EVIDENCE), "report.xarf.subject", "You won"},
		{PART("application/json", SPAM_4 EVIDENCE), "originals.0.message.message_id",
	         "bait@evil.example"},
		{PART("application/json", SPAM_4 EVIDENCE), "originals.0.first_hand", "true"},
		{PART("application/octet-stream; name=a.JSON", SPAM_4 EVIDENCE), "report.form",
	         "xarf"},
		{PART("application/json", SPAM_4 "}"), "originals.0.message.from.0.address",
	         "win@evil.example"},
		{PART("application/json", SPAM_4 "}"), "originals.0.first_hand", "false"},
		{PART("application/json", "{\"colour\":\"red\"}"), "report", "null"},
		{PART("application/json", SPAM_3 ",\"Samples\":[{\"ContentType\":\"message/"
	                                         "rfc822\",\"Base64Encoded\":true,"
	                                         "\"Payload\":\"" MESSAGE_64 "\"}]}}"),
	         "originals.0.message.message_id", "bait@evil.example"},
		{SPAM_3 "}}", "report.xarf_generation", "3"},
		{"\xef\xbb\xbf\r\n" SPAM_4 "}", "report.form", "xarf"},
		{SPAM_4 "}", "report.reporter", "null"},
		{SPAM_4 "}", "report.reporter_named", "abuse@shield.example"},
		{"X-ARF: YES\n" PART("text/plain; name=report.txt", YAML), "report.xarf.Report-ID",
	         "7#1"},
		{"X-ARF: YES\nAuto-Submitted: auto-generated\n" PART("text/plain", YAML),
	         "report.xarf_generation", "0"},
		{PART("text/plain", YAML), "report", "null"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) document = read_text(cases[i].message);
		g_autofree char *value = value_at(document, cases[i].path);
		if (g_strcmp0(value, cases[i].expected) != 0)
			g_error("case %u, %s: expected %s, is %s", i, cases[i].path,
			        cases[i].expected, value);
	}
}

static void test_what_is_no_valid_document_is_refused_with_the_reason(void)
{
	static const struct {
		const char *message, *detail;
	} cases[] = {
		{SPAM_4 ",}", "not JSON"},
		{SPAM_4 ",\"subject\":\"twice\"}", "duplicate"},
		{"{\"colour\":\"red\"}", "xarf_version"},
		{PART("application/json", SPAM_4 ",\"confidence\":2}"), "confidence"},
		{PART("application/xarf+json", "{}"), "xarf_version"},
		{"X-XARF: PLAIN\n" PART("application/json", "nothing"), "no JSON object"},
		{"X-ARF: YES\n" PART("text/plain", "Reported-From: a@b\nSource: [1, 2]\n"), "flat"},
		{"X-ARF: YES\n" PART("text/plain", "Reported-From: a@b.example\n"), "Category"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) document = read_text(cases[i].message);
		g_autofree char *report = value_at(document, "report");
		g_assert_cmpstr(report, ==, "null");
		const char *detail =
			finding_detail(json_object_get(document, "message"), "xarf_invalid");
		if (!detail || !strstr(detail, cases[i].detail))
			g_error("case %u: %s", i, detail ? detail : "no finding");
	}
}

static void test_a_document_stays_within_the_limits(void)
{
	GString *deep = g_string_new(SPAM_4 ",\"x\":");
	for (guint i = 0; i < LIMIT_XARF_DEPTH + 5; i++)
		g_string_append(deep, "[");
	for (guint i = 0; i < LIMIT_XARF_DEPTH + 5; i++)
		g_string_append(deep, "]");
	g_string_append(deep, "}");
	g_autoptr(json_t) document = read_text(deep->str);
	g_string_free(deep, TRUE);
	g_assert_true(has_finding(json_object_get(document, "message"), "xarf_invalid"));
	g_autofree char *payload = g_strnfill(LIMIT_XARF_TEXT + 100, 'A');
	g_autofree char *long_one =
		g_strconcat(SPAM_4 ",\"evidence\":[{\"content_type\":\"text/plain\",\"payload\":\"",
	                    payload, "\"}]}", NULL);
	g_autoptr(json_t) cut = read_text(long_one);
	g_assert_true(has_finding(json_object_get(cut, "message"), "limit_xarf_text"));
	g_assert_cmpuint(strlen(json_text(cut, "report.xarf.evidence.0.payload")), ==,
	                 LIMIT_XARF_TEXT);
	g_autofree char *blanks = g_strnfill(LIMIT_XARF_SIZE, ' ');
	g_autofree char *large = g_strconcat(SPAM_4, blanks, "}", NULL);
	g_autoptr(json_t) refused = read_text(large);
	g_assert_true(has_finding(json_object_get(refused, "message"), "limit_xarf_size"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/xarf/check", test_a_document_is_valid_or_its_wrong_member_is_named);
	g_test_add_func("/xarf/places", test_reports_are_read_wherever_the_document_stands);
	g_test_add_func("/xarf/refused", test_what_is_no_valid_document_is_refused_with_the_reason);
	g_test_add_func("/xarf/limits", test_a_document_stays_within_the_limits);
	return g_test_run();
}
