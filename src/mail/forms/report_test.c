#include "mail/testing.h"

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

#define ORIGINAL                                                                                   \
	"Message-ID: <o@evil.example>\nFrom: Evil <e@evil.example>\nSubject: Prize\n"              \
	"Date: Mon, 23 Nov 2026 09:00:00 +0100\n\nclick\n"
#define ATTACHED                                                                                   \
	"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nlook\n--b\n"                          \
	"Content-Type: message/rfc822\n\n" ORIGINAL "--b--\n"
#define ARF(fields)                                                                                \
	"From: fbl@provider.example\nContent-Type: multipart/report; "                             \
	"report-type=feedback-report; boundary=b\n\n--b\n\nA complaint.\n--b\n"                    \
	"Content-Type: message/feedback-report\n\n" fields                                         \
	"\n--b\nContent-Type: message/rfc822\n\n" ORIGINAL "--b--\n"
#define ARF_HEAD "Feedback-Type: abuse\nUser-Agent: OurTest/1\nVersion: 1\n"

static void test_feedback_reports_have_their_fields(void)
{
	static const Case cases[] = {
		{ARF(ARF_HEAD), "report.form", "arf"},
		{ARF(ARF_HEAD), "originals.0.message.message_id", "o@evil.example"},
		{ARF(ARF_HEAD "Reported-Domain: a.example\nReported-Domain: b.example\n"),
	         "report.feedback.reported_domain.1", "b.example"},
		{ARF(ARF_HEAD "Authentication-Results: mx.example;\n spf=fail\n"),
	         "report.feedback.authentication_results", "mx.example; spf=fail"},
		{ARF(ARF_HEAD "Source-IP: 192.0.2.9\nSource-Port: 4711\n"),
	         "report.feedback.source_port", "4711"},
		{ARF("User-Agent: x\nVersion: 1\n"), "report.form", "rfc822"},
		{ARF("User-Agent: x\nVersion: 1\n"), "originals.0.message.message_id",
	         "o@evil.example"},
		{"Auto-Submitted: auto-generated\n" ARF("Feedback-Type: abuse\nVersion: 1\n"),
	         "report.form", "rfc822"},
		{ARF("Feedback-Type: auth-failure\nUser-Agent: x\nVersion: 1\n"
	             "Auth-Failure: dmarc\n"),
	         "report.form", "dmarc"},
		{"Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n"
	         "Content-Type: message/feedback-report\nContent-Transfer-Encoding: base64\n\n"
	         "RmVlZGJhY2stVHlwZTogYWJ1c2UKVXNlci1BZ2VudDogeApWZXJzaW9uOiAxCg==\n"
	         "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <o@evil.example>\n--b--\n",
	         "originals.0.first_hand", "false"},
		{"Content-Type: multipart/report; report-type=tlsrpt; boundary=b\n\n--b\n\nx\n"
	         "--b--\n",
	         "report.form", "dmarc"},
	};
	check(cases, G_N_ELEMENTS(cases));
	static const struct {
		const char *message, *finding, *detail;
	} findings[] = {
		{ARF("User-Agent: x\nVersion: 1\n"), "feedback_invalid",
	         "Feedback-Type is missing"},
		{ARF("Feedback-Type: abuse\nUser-Agent: x\n"), "feedback_invalid",
	         "Version is missing"},
		{ARF(ARF_HEAD "Version: 1\n"), "feedback_invalid", "Version comes more than once"},
		{ARF(ARF_HEAD "Source-IP: nowhere\n"), "feedback_field", "Source-IP"},
		{ARF(ARF_HEAD "Incidents: many\n"), "feedback_field", "Incidents"},
		{ARF(ARF_HEAD "Arrival-Date: once\n"), "feedback_field", "Arrival-Date"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(findings); i++) {
		g_autoptr(json_t) document = read_text(findings[i].message);
		const char *detail =
			finding_detail(json_object_get(document, "message"), findings[i].finding);
		if (!detail || !strstr(detail, findings[i].detail))
			g_error("finding %u: %s", i, detail ? detail : "(none)");
	}
}

#define COFENSE                                                                                    \
	"From: a@corp.example\nSubject: [SUSPECT] Your parcel\n\n-----BEGIN REPORTER AGENT-----\n" \
	"Reporter agent: Phone|1\n-----END REPORTER AGENT-----\n\n-----BEGIN URLS-----\n"          \
	"Link text: track\nURL: hxxps://evil[.]example/track\n-----END URLS-----\n"                \
	"-----BEGIN ATTACHMENTS-----\nFile Name: bill.html\nFile Size: 12\n"                       \
	"MD5: 0123456789ABCDEF0123456789ABCDEF\nSHA1: no hash\n-----END ATTACHMENTS-----\n"
#define MICROSOFT                                                                                  \
	"From: a@corp.example\nSubject: 3|01234567-89ab-cdef-0123-456789abcdef|203.0.113.9|"       \
	"Win@Evil.example|(You (really) won)\n"

static void test_add_ins_tell_what_they_know(void)
{
	static const Case cases[] = {
		{COFENSE, "report.add_in", "cofense_reporter"},
		{COFENSE, "originals.0.first_hand", "false"},
		{COFENSE, "originals.0.message.subject", "Your parcel"},
		{COFENSE, "originals.0.message.links.0.host", "evil.example"},
		{COFENSE, "originals.0.message.attachments.0.name", "bill.html"},
		{COFENSE, "originals.0.message.attachments.0.size", "12"},
		{COFENSE, "originals.0.message.attachments.0.md5",
	         "0123456789abcdef0123456789abcdef"},
		{COFENSE, "originals.0.message.attachments.0.sha1", "(absent)"},
		{MICROSOFT "\nx\n", "report.microsoft.sender_ip", "203.0.113.9"},
		{MICROSOFT "\nx\n", "originals.0.message.from.0.address", "win@evil.example"},
		{MICROSOFT "\nx\n", "originals.0.message.subject", "You (really) won"},
		{MICROSOFT "\nx\n", "originals.0.network_message_id",
	         "01234567-89ab-cdef-0123-456789abcdef"},
		{MICROSOFT "\nx\n", "report.verdict", "phishing"},
		{MICROSOFT ATTACHED, "originals.0.message.message_id", "o@evil.example"},
		{MICROSOFT ATTACHED, "originals.1", "(absent)"},
		{"Subject: Not junk: hello\n" ATTACHED, "report.verdict", "not_junk"},
		{"Subject: 3|not a guid|x|y|(z)\n\nx\n", "report", "null"},
		{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "
	         "message/rfc822\n\n"
	         "X-MS-Exchange-Organization-Network-Message-Id: n-1\n"
	         "X-MS-Exchange-CrossTenant-id: t-1\nMessage-ID: <o@e>\n\nx\n--b--\n",
	         "originals.0.tenant_id", "t-1"},
		{"X-PhishAlarm-Sender: \"Evil, Inc <e@evil.example>\nX-PhishAlarm-Format: html\n"
	         "X-PhishAlarm-Category: Suspicious\nSubject: Potential Phish: Prize\n\nx\n",
	         "originals.0.message.from.0.address", "e@evil.example"},
		{"X-PhishAlarm-Sender: e@evil.example\nX-PhishAlarm-Format: html\n"
	         "X-PhishAlarm-Category: Suspicious\nSubject: Potential Phish: Prize\n\nx\n",
	         "report.verdict", "suspicious"},
		{"X-PhishAlarm-Sender: e@evil.example\nX-PhishAlarm-Format: safe\n"
	         "Subject: Potential Phish: Prize\n\nx\n",
	         "report.verdict", "null"},
		{"X-PhishAlarm-Sender: e@evil.example\nSubject: Potential Phish: Prize\n\nx\n",
	         "originals.0.message.subject", "Prize"},
	};
	check(cases, G_N_ELEMENTS(cases));
}

#define REBUILT                                                                                    \
	"Subject: report\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"                    \
	"InternetMessageId: <o@evil.example>\n--b\nContent-Type: message/rfc822\n\n"               \
	"From: e@evil.example\nSubject: Prize\n\nclick\n--b--\n"
#define ITEM "AAMkAGI2TG93AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void test_ids_in_the_text_are_claims(void)
{
	static const Case cases[] = {
		{"Subject: report\n\nMessage-ID: <o@evil.example>\n",
	         "originals.0.message.message_id", "o@evil.example"},
		{"Subject: report\n\n{\n  \"internetMessageId\": \"<o@evil.example>\",\n}\n",
	         "originals.0.message.message_id", "o@evil.example"},
		{"Subject: report\n\nItem ID: " ITEM "\n", "originals.0.message.item_id", ITEM},
		{"Subject: report\n\nItem ID: none\n", "report", "null"},
		{"Subject: report\n\nMessage-ID: see below\n", "report", "null"},
		{"Subject: r\n\nInternet Message ID: <o@evil.example>\n\nFrom: E <e@evil.example>\n"
	         "To: a@corp.example\nSubject: Prize\n\nclick\n",
	         "originals.0.message.message_id", "o@evil.example"},
		{"Subject: r\n\nInternet Message ID: <o@evil.example>\n\nFrom: E <e@evil.example>\n"
	         "To: a@corp.example\nSubject: Prize\n\nclick\n",
	         "originals.0.message.subject", "Prize"},
		/* What the phish itself says of ids does not count. */
		{"Subject: Fwd: Prize\n\n---- Forwarded message ----\nFrom: e@evil.example\n"
	         "Subject: Prize\n\nclick\n\nMessage-ID: <boss@corp.example>\n",
	         "originals.0.message.message_id", "null"},
		{REBUILT, "originals.0.message.message_id", "o@evil.example"},
		{REBUILT, "originals.0.first_hand", "false"},
		{REBUILT, "originals.0.message.fingerprint", "null"},
	};
	check(cases, G_N_ELEMENTS(cases));
	g_autoptr(json_t) document = read_text(REBUILT);
	g_assert_true(has_finding(json_object_get(document, "message"), "original_rebuilt"));
}

static void test_what_machines_send_is_no_report_by_a_person(void)
{
	static const Case cases[] = {
		{"From: MAILER-DAEMON <>\nSubject: Mail delivery failed\n\n"
	         "Message-Id: <x@corp.example>\nFrom: a@corp.example\nSubject: Hi\n",
	         "report.form", "bounce"},
		{"From: post@mx.example\nSubject: Unzustellbar: Hallo\n" ATTACHED, "report.form",
	         "bounce"},
		{"From: post@mx.example\nSubject: Non remis : bonjour\n" ATTACHED, "report.form",
	         "bounce"},
		{"From: post@mx.example\nSubject: 配信不能: x\n" ATTACHED, "report.form", "bounce"},
		{"From: post@mx.example\nSubject: Недоставлено: x\n" ATTACHED, "report.form",
	         "bounce"},
		/* A fake bounce is a lure that people report. */
		{"From: a@corp.example\nSubject: WG: Unzustellbar: Hallo\n" ATTACHED, "report.form",
	         "rfc822"},
		{"From: a@corp.example\nSubject: Fwd: Returned mail: x\n\nFrom: MAILER-DAEMON\n"
	         "Subject: Returned mail\n\nFinal-Recipient: rfc822; x@y\nStatus: 5.1.1\n",
	         "report.form", "bounce"},
		{"Subject: Automatická odpověď: x\n" ATTACHED, "report.form", "auto_reply"},
		{"Subject: Otomatik Yanıt: x\n" ATTACHED, "report.form", "auto_reply"},
		{"Subject: رد تلقائي: x\n" ATTACHED, "report.form", "auto_reply"},
		{"Subject: 自动回复: x\n" ATTACHED, "report.form", "auto_reply"},
		{"Subject: Accepted: meeting\nContent-Type: text/calendar; method=REPLY\n\n"
	         "BEGIN:VCALENDAR\n",
	         "report.form", "auto_reply"},
		{"Subject: Invitation\nContent-Type: text/calendar; method=REQUEST\n\n"
	         "BEGIN:VCALENDAR\n",
	         "report", "null"},
		{"Subject: Gelesen: x\nContent-Type: multipart/report; boundary=b; "
	         "report-type=disposition-notification\n\n--b\n\nx\n--b\n"
	         "Content-Type: message/rfc822\n\n" ORIGINAL "--b--\n",
	         "report.form", "bounce"},
		{"List-Id: <talk.example>\nSubject: talk Digest, Vol 3, Issue 4\n" ATTACHED,
	         "report.form", "list"},
		{"List-Id: <talk.example>\nSubject: Today\nContent-Type: multipart/digest; "
	         "boundary=b\n\n--b\n\n" ORIGINAL "--b--\n",
	         "report.form", "list"},
		/* The abuse mailbox may be a list itself. */
		{"List-Id: <abuse.corp.example>\nSubject: look\n" ATTACHED, "report.form",
	         "rfc822"},
	};
	check(cases, G_N_ELEMENTS(cases));
}

static void test_simulations_are_claims(void)
{
	static const struct {
		const char *field, *vendor;
	} cases[] = {
		{"X-PHISHTEST: 1234\n", "knowbe4"},
		{"X-PhishTest: FortiPhish\n", "fortiphish"},
		{"X-ThreatSim-ID: 1\n", "proofpoint"},
		{"X-PhishMe: 1\n", "cofense"},
		{"X-PhishMeTracking: 1\n", "cofense"},
		{"X-Gophish-Contact: it@corp.example\n", "gophish"},
		{"X-Hoxhunt-Token: 1\n", "hoxhunt"},
		{"Return-Path: <bounce@simulator.office.com>\n", "microsoft"},
		{"X-Mailer: Thunderbird\n", NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat("Content-Type: message/rfc822\n\n",
		                                    cases[i].field, ORIGINAL, NULL);
		g_autoptr(json_t) document = read_text(text);
		g_assert_cmpstr(json_text(document, "originals.0.simulation"), ==, cases[i].vendor);
		const char *detail =
			finding_detail(json_at(document, "originals.0.message"), "simulation");
		g_assert_cmpint(detail && strstr(detail, "claims to be"), ==,
		                cases[i].vendor != NULL);
	}
}

#define HTML(body) "Subject: Fwd: Prize\nContent-Type: text/html; charset=utf-8\n\n" body "\n"
#define FILE_OF(name, start, end)                                                                  \
	"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nlook\n--b\n"                          \
	"Content-Type: application/octet-stream; name=" name "\n\n" start ORIGINAL end "--b--\n"

static void test_originals_are_found_whatever_stands_around_them(void)
{
	static const Case cases[] = {
		/* "<br>" and the line end after it are one line end */
		{HTML("<p>---- Begin Email Headers ----<br>\nMessage-ID: &lt;o@evil.example&gt;"
	              "<br>\nFrom: Evil &lt;e@evil.example&gt;<br>\nSubject: Prize<br>\n"
	              "---- End Email Headers ----</p>"),
	         "originals.0.message.from.0.address", "e@evil.example"},
		{HTML("<pre>---- Forwarded Message ----\nSubject: Prize\nFrom: e@evil.example\n"
	              "To: ann@corp.example\n\nclick</pre>"),
	         "originals.0.message.to.0.address", "ann@corp.example"},
		/* all fields of the original, as Thunderbird forwards them when told so */
		{"Subject: Fwd: Prize\n\n---- Forwarded Message ----\nReturn-Path: "
	         "\t<b@evil.example>"
	         "\nReceived: \tfrom x by y; Mon, 23 Nov 2026 09:00:01 +0100\nSubject: \tPrize\n"
	         "Date: \tMon, 23 Nov 2026 09:00:00 +0100\nFrom: \te@evil.example\n"
	         "Message-ID: \t<o@evil.example>\n\nclick\n",
	         "originals.0.message.date", "2026-11-23T09:00:00+01:00"},
		{"Subject: Fwd: x\n\nFrom: e@evil.example\nSubject: Prize\nImportance: High\n\n"
	         "click\n",
	         "originals.0.message.text", "click"},
		{"Subject: Fwd: x\n\n---- Forwarded message ----\nFrom: *Eve Doe* "
	         "<e@evil.example>\n"
	         "Subject: Prize\n\nclick\n",
	         "originals.0.message.from.0.name", "Eve Doe"},
		{FILE_OF("a.eml", "\xef\xbb\xbf", ""), "originals.0.message.message_id",
	         "o@evil.example"},
		{FILE_OF("1.emlx", "117       \n", "<?xml version=\"1.0\"?>\n"),
	         "originals.0.message.message_id", "o@evil.example"},
		{FILE_OF("1.emlx", "117       \n", "<?xml version=\"1.0\"?>\n"),
	         "originals.0.message.text", "click\n"},
	};
	check(cases, G_N_ELEMENTS(cases));
}

/* Each a forward of the same mail as another program writes it. */
static void test_forwards_are_read_in_many_languages(void)
{
	static const struct {
		const char *subject, *text;
	} cases[] = {
		{"Fwd: Gift", "---------- Forwarded message ---------\nFrom: Eve Doe "
	                      "<eve@evil.example>\nDate: Mon, Nov 23, 2026 at 9:05 AM\nSubject: "
	                      "Gift\nTo: <ann@corp.example>\n\nclick"},
		{"WG: Gift", "Von: Eve Doe <eve@evil.example>\nGesendet: Montag, 23. November 2026 "
	                     "09:05\nAn: ann@corp.example\nBetreff: Gift\n\nclick"},
		{"x",
	         "Anfang der weitergeleiteten Nachricht:\n\n> Von: Eve Doe <eve@evil.example>\n"
	         "> Betreff: Gift\n> Datum: 23. November 2026 um 09:05:00 MEZ\n> An: "
	         "ann@corp.example\n> \n> click"},
		{"x",
	         "-------- Message transféré --------\nSujet :\tGift\nDate :\tMon, 23 Nov 2026 "
	         "09:05:00 +0100\nDe :\tEve Doe <eve@evil.example>\nPour :\t"
	         "ann@corp.example\n\n\nclick"},
		{"RV: Gift",
	         "*De:* Eve Doe <eve@evil.example>\n*Enviado el:* lunes, 23 de noviembre "
	         "de 2026 9:05\n*Para:* ann@corp.example\n*Asunto:* Gift\n\nclick"},
		{"Fwd: Gift", "Начало переадресованного сообщения:\n\nОт: Eve Doe "
	                      "<eve@evil.example>\nДата: 23 ноября 2026 г., 09:05\nКому: "
	                      "ann@corp.example\nТема: Gift\n\nclick"},
		{"Fwd: Gift", "-------- Пересылаемое сообщение --------\nОт кого: Eve Doe "
	                      "<eve@evil.example>\nКому: ann@corp.example\nДата: Понедельник, 23 "
	                      "ноября 2026, 9:05 +03:00\nТема: Gift\n\nclick"},
		{"转发:Gift", "------------------ 原始邮件 ------------------\n发件人: \"Eve Doe\" "
	                      "<eve@evil.example>;\n发送时间: 2026年11月23日(星期一) "
	                      "上午9:05\n收件人: \"ann\"<ann@corp.example>;\n主题: Gift\n\nclick"},
		{"x", "---- Forwarded Message ----\n| From | Eve Doe<eve@evil.example> |\n| Date | "
	              "11/23/2026 09:05 |\n| To | <ann@corp.example> |\n| Subject | Gift |\n\n"
	              "click"},
		{"x", "---- 转发的邮件 ----\n| 发件人 | Eve Doe<eve@evil.example> |\n| 日期 | "
	              "2026年11月23日 09:05 |\n| 收件人 | <ann@corp.example> |\n| 主题 | Gift |\n\n"
	              "click"},
		{"FW: Gift", "差出人: Eve Doe <eve@evil.example>\n送信日時: 2026年11月23日 "
	                     "9:05\n宛先: ann@corp.example\n件名: Gift\n\nclick"},
		{"전달: Gift",
	         "보낸 사람: Eve Doe <eve@evil.example>\n보낸 날짜: 2026년 11월 23일 "
	         "월요일 오전 9:05\n받는 사람: ann@corp.example\n제목: Gift\n\nclick"},
		{"x", "---------- Препратено съобщение ----------\nОт: Eve Doe "
	              "<eve@evil.example>\nДата: пн, 23 ноември 2026 г., 9:05\nОтносно: Gift\n"
	              "До: ann@corp.example\n\nclick"},
		{"Fwd: Gift", "---------- Áframsend skilaboð ----------\nFrá: Eve Doe "
	                      "<eve@evil.example>\nDagsetning: 23. nóv. 2026 09:05\nEfni: Gift\n"
	                      "Til: ann@corp.example\n\nclick"},
		{"Fwd: Gift", "---------- Persiųstas laiškas ----------\nNuo: Eve Doe "
	                      "<eve@evil.example>\nData: 2026-11-23 09:05\nTema: Gift\nKam: "
	                      "ann@corp.example\n\nclick"},
		{"Fwd: Gift", "---------- Pārsūtītā ziņa ----------\nNo: Eve Doe "
	                      "<eve@evil.example>\nDatums: 2026. gada 23. nov. 9:05\nTemats: Gift\n"
	                      "Kam: ann@corp.example\n\nclick"},
		{"Fwd: Gift", "---------- Thư được chuyển tiếp ----------\nTừ: Eve Doe "
	                      "<eve@evil.example>\nNgày: 23/11/2026 09:05\nTiêu đề: Gift\nĐến: "
	                      "ann@corp.example\n\nclick"},
		{"Fwd: Gift", "---------- ข้อความที่ส่งต่อ ----------\nจาก: Eve Doe "
	                      "<eve@evil.example>\nวันที่: 23 พ.ย. 2569 09:05\nหัวข้อ: Gift\nถึง: "
	                      "ann@corp.example\n\nclick"},
		{"Fwd: Gift", "---------- پیام هدایت‌شده ----------\nاز: Eve Doe "
	                      "<eve@evil.example>\nتاریخ: 2026/11/23 09:05\nموضوع: Gift\nبه: "
	                      "ann@corp.example\n\nclick"},
		{"Fwd: Gift", "---------- رسالة معاد توجيهها ----------\n\xe2\x80\x8fمن: "
	                      "\xe2\x80\xaa"
	                      "Eve Doe\xe2\x80\xac <eve@evil.example>\nالتاريخ: ٢٣ نوفمبر ٢٠٢٦ "
	                      "٠٩:٠٥\nالموضوع: Gift\nإلى: ann@corp.example\n\nclick"},
		{"Fwd: Gift", "---------- अग्रेषित संदेश ----------\nप्रेषक: Eve Doe "
	                      "<eve@evil.example>\nदिनांक: 23 नवंबर 2026 09:05\nविषय: Gift\n"
	                      "प्रति: ann@corp.example\n\nclick"},
		{"Fwd: Gift", "---------- Missatge reenviat ----------\nDe: Eve Doe "
	                      "<eve@evil.example>\nData: 23 de novembre de 2026 9:05\nAssumpte: "
	                      "Gift\nPer a: ann@corp.example\n\nclick"},
		{"Прос: Gift", "---------- Прослеђена порука ----------\nОд: Eve Doe "
	                       "<eve@evil.example>\nДатум: 23. новембар 2026. 09:05\nНаслов: Gift\n"
	                       "За: ann@corp.example\n\nclick"},
		/* nothing but fields out of order, one of them wrapped */
		{"x", "----- Forwarded by Ann/Corp on 11/23/2026 -----\nFrom:\tEve Doe\n"
	              "<eve@evil.example>\nTo:\tann@corp.example\nDate:\t11/23/2026 09:05 AM\n"
	              "Subject:\tGift\n\nclick"},
		{"x", "Begin forwarded message:\n\n\xc2\xa0\nSubject:\xc2\xa0Gift\nFrom:\xc2\xa0"
	              "Eve Doe \xe2\x80\x8b<eve@evil.example>\nDate: 23 November 2026 at 09:05:00 "
	              "GMT\nTo:\xc2\xa0"
	              "ann@corp.example\n\nclick"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message = g_strconcat("From: ann@corp.example\nContent-Type: "
		                                       "text/plain; charset=utf-8\nSubject: ",
		                                       cases[i].subject, "\n\nplease look\n\n",
		                                       cases[i].text, "\n", NULL);
		g_autoptr(json_t) document = read_text(message);
		const json_t *original = json_at(document, "originals.0.message");
		const char *date = json_text(original, "date");
		if (g_strcmp0(json_text(original, "from.0.address"), "eve@evil.example") != 0 ||
		    g_strcmp0(json_text(original, "from.0.name"), "Eve Doe") != 0 ||
		    g_strcmp0(json_text(original, "to.0.address"), "ann@corp.example") != 0 ||
		    g_strcmp0(json_text(original, "subject"), "Gift") != 0 ||
		    g_strcmp0(json_text(original, "text"), "click") != 0 || !date ||
		    !g_str_has_prefix(date, "2026-11-23T09:05:00")) {
			g_autofree char *shown =
				original ? json_format(original) : g_strdup("none");
			g_error("case %u: %s", i, shown);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/report/feedback", test_feedback_reports_have_their_fields);
	g_test_add_func("/report/add-ins", test_add_ins_tell_what_they_know);
	g_test_add_func("/report/ids", test_ids_in_the_text_are_claims);
	g_test_add_func("/report/machines", test_what_machines_send_is_no_report_by_a_person);
	g_test_add_func("/report/simulations", test_simulations_are_claims);
	g_test_add_func("/report/around", test_originals_are_found_whatever_stands_around_them);
	g_test_add_func("/report/languages", test_forwards_are_read_in_many_languages);
	return g_test_run();
}
