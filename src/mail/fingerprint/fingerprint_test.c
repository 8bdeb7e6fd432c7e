/* What counts as the same message: everything that honest gateways do, nothing that anybody else
 * does. */
#include "mail/fingerprint/fingerprint.h"

#include "base/limits.h"
#include "mail/testing.h"

#define IDS                                                                                        \
	"Message-ID: <a@x.example>\nFrom: A <a@x.example>\nDate: Mon, 23 Nov 2026 09:00:00 "       \
	"+0000\n"
#define HEAD      IDS "Subject: Your invoice\n"
#define BOTH      "Content-Type: multipart/alternative; boundary=b\n\n"
#define TEXT_PART "--b\nContent-Type: text/plain; charset=utf-8\n\n"
#define HTML_PART "--b\nContent-Type: text/html; charset=utf-8\n\n"
#define TEXT                                                                                       \
	"Dear customer,\n\npay the invoice at https://evil.example/pay?a=1&b=2 today.\n\nCafé "   \
	"Müller\n"
#define PAGE                                                                                       \
	"<p>Dear customer,</p><p>pay the invoice <a "                                              \
	"href=\"https://evil.example/pay?a=1&amp;b=2\">here</a> today.</p><p>Café Müller</p>"
#define MESSAGE         HEAD BOTH TEXT_PART TEXT HTML_PART PAGE "\n--b--\n"
#define WITH_TEXT(text) HEAD BOTH TEXT_PART text HTML_PART PAGE "\n--b--\n"
#define WITH_PAGE(page) HEAD BOTH TEXT_PART TEXT HTML_PART page "\n--b--\n"
#define FILES           IDS "Subject: Files\nContent-Type: multipart/mixed; boundary=b\n\n"
#define FILE_PART(name, content)                                                                   \
	"--b\nContent-Type: text/csv\nContent-Disposition: attachment; filename=" name             \
	"\n\n" content "\n"
#define ONE_FILE FILES "--b\n\nSee the file.\n" FILE_PART("a.csv", "1,2") "--b--\n"

#define SAFE_LINK                                                                                  \
	"https://eur01.safelinks.protection.outlook.com/"                                          \
	"?url=https%3A%2F%2Fevil.example%2Fpay%3Fa%3D1%26b%3D2&amp;data=05%7C01&amp;sdata=x&amp;"  \
	"reserved=0"
#define DEFENSE "https://urldefense.com/v3/__https://evil.example/pay?a=1&b=2__;!!abc!def$"
#define DEFENSE_2                                                                                  \
	"https://urldefense.proofpoint.com/v2/"                                                    \
	"url?u=https-3A__evil.example_pay-3Fa-3D1-26b-3D2&amp;d=Dw"
#define MIMECAST "https://protect-eu.mimecast.com/s/AbCdEf?domain=evil.example"

static char *fingerprint(const char *text)
{
	g_autoptr(json_t) document = read_text(text);
	return g_strdup(json_text(document, "message.fingerprint"));
}

typedef struct {
	const char *what, *one, *other;
	FingerprintVerdict verdict;
} Case;

static void check(const Case *cases, guint n_cases)
{
	for (guint i = 0; i < n_cases; i++) {
		g_autofree char *one = fingerprint(cases[i].one);
		g_autofree char *other = fingerprint(cases[i].other);
		g_autofree char *why = NULL;
		FingerprintVerdict there = fingerprint_compare(one, other, &why);
		FingerprintVerdict back = fingerprint_compare(other, one, NULL);
		g_test_message("%s: %d, %s", cases[i].what, there, why);
		g_assert_cmpint(there, ==, cases[i].verdict);
		g_assert_cmpint(back, ==, cases[i].verdict);
		g_assert_cmpint(there == FINGERPRINT_SAME, ==, why == NULL);
		g_autofree char *key = fingerprint_key(one), *other_key = fingerprint_key(other);
		g_assert_cmpint(strcmp(key, other_key) == 0, ==,
		                there == FINGERPRINT_SAME || there == FINGERPRINT_CHANGED);
	}
}

static char *with_crlf(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	return g_strjoinv("\r\n", lines);
}

static void test_ways_of_writing_do_not_count(void)
{
	g_autofree char *crlf = with_crlf(MESSAGE);
	const Case cases[] = {
		{"line ends", MESSAGE, crlf, FINGERPRINT_SAME},
		{"added headers", MESSAGE,
	         "Received: from a by b; Mon, 23 Nov 2026 09:00:01 +0000\nX-Spam: no\n"
	         "Authentication-Results: mx; spf=pass\nDelivered-To: b@x\n" MESSAGE,
	         FINGERPRINT_SAME},
		{"folding, case of an address, another zone", MESSAGE,
	         "Message-ID:\n <a@x.example>\nFrom: \"A (external)\" <A@X.EXAMPLE>\n"
	         "Date: Mon, 23 Nov 2026 10:00:00 +0100\nSubject: Your\n invoice\n" BOTH TEXT_PART
	                 TEXT HTML_PART PAGE "\n--b--\n",
	         FINGERPRINT_SAME},
		{"wrapped anew", MESSAGE,
	         WITH_TEXT(
			 "Dear customer,\n\npay the invoice at\nhttps://evil.example/pay?a=1&b=2\n"
			 "today.\n\n\nCafé Müller\n"),
	         FINGERPRINT_SAME},
		{"another charset and transfer encoding", MESSAGE,
	         HEAD BOTH
	         "--b\nContent-Type: text/plain; charset=iso-8859-1\n"
	         "Content-Transfer-Encoding: quoted-printable\n\n"
	         "Dear customer,\n\npay the invoice at https://evil.example/pay?a=3D1&b=\n"
	         "=3D2 today.\n\nCaf=E9 M=FCller\n" HTML_PART PAGE "\n--b--\n",
	         FINGERPRINT_SAME},
		{"HTML tidied: head, meta, style, other quotes, blanks between elements", MESSAGE,
	         WITH_PAGE(
			 "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html\">"
			 "<title>x</title><style>P {margin-top:0}</style></head><body dir='ltr'>\n"
			 "<p class='x'>Dear customer,</p>\n<p>pay the invoice <a target=_blank "
			 "title='Original URL' "
			 "href='https://evil.example/pay?a=1&#38;b=2'>here</a> "
			 "today.</p>\n\n<p>Caf&eacute;&nbsp;M&uuml;ller</p></body></html>"),
	         FINGERPRINT_SAME},
		{"accents composed or not", MESSAGE,
	         WITH_TEXT("Dear customer,\n\npay the invoice at https://evil.example/pay?a=1&b=2 "
	                   "today.\n\nCafe\xcc\x81 Mu\xcc\x88ller\n"),
	         FINGERPRINT_SAME},
	};
	check(cases, G_N_ELEMENTS(cases));
}

#define BANNER(text) WITH_PAGE("<div style='background:#ffc'>" text "</div>" PAGE)
#define EXTERNAL                                                                                   \
	"CAUTION: This email originated from outside of the organization. Do not click links or "  \
	"open attachments unless you recognize the sender and know the content is safe."

static void test_what_gateways_add_does_not_count(void)
{
	static const Case cases[] = {
		{"marked subject", MESSAGE,
	         IDS
	         "Subject: [EXTERNAL] ***SPAM*** Your invoice\n" BOTH TEXT_PART TEXT HTML_PART PAGE
	         "\n--b--\n",
	         FINGERPRINT_CHANGED},
		{"two gateways' marks", IDS "Subject: {Spam?} Your invoice\n\nx y\n",
	         IDS "Subject: [EXT] Your invoice\n\nx y\n", FINGERPRINT_CHANGED},
		{"a rule of Exchange", MESSAGE,
	         BANNER("<table><tr><td></td><td>" EXTERNAL "</td></tr></table><br>"),
	         FINGERPRINT_CHANGED},
		{"the same in the text, as a paragraph", MESSAGE, WITH_TEXT(EXTERNAL "\n\n" TEXT),
	         FINGERPRINT_CHANGED},
		{"in the text, between rules, wrapped, without a blank line", MESSAGE,
	         WITH_TEXT("********************\nCAUTION: This email originated from outside of "
	                   "the\n"
	                   "organization. Do not click links or open\nattachments unless you "
	                   "recognize "
	                   "the sender and know the content\nis safe.\n" TEXT),
	         FINGERPRINT_CHANGED},
		{"Microsoft's first contact", MESSAGE,
	         BANNER("You don't often get email from a@x.example. <a "
	                "href='https://aka.ms/LearnAboutSenderIdentification'>Learn why this is "
	                "important</a>"),
	         FINGERPRINT_CHANGED},
		{"Proofpoint, with its hidden first words and signposts", MESSAGE,
	         WITH_PAGE("<div style='display:none;font-size:1px'>Dear customer, pay the invoice "
	                   "here "
	                   "&zwnj; &zwnj; &zwnj;</div><div "
	                   "style='display:none'>ZjQcmQRYFpfptBannerStart"
	                   "</div><!--[if ((ie)|(mso))]><table><tr><td>This Message Is From an "
	                   "External "
	                   "Sender</td></tr></table><![endif]--><div><div>This Message Is From an "
	                   "External Sender</div><div>This message came from outside your "
	                   "organization."
	                   "</div><a "
	                   "href='https://us-phishalarm-ewt.proofpoint.com/EWT/v1/AbC!x'>Report "
	                   "Suspicious</a></div><div "
	                   "style='display:none'>ZjQcmQRYFpfptBannerEnd</div>" PAGE),
	         FINGERPRINT_CHANGED},
		{"Mimecast", MESSAGE,
	         BANNER("<b>External email:</b> This message is from outside your organization. "
	                "Think "
	                "before you click."),
	         FINGERPRINT_CHANGED},
		{"Google", MESSAGE,
	         BANNER("This email is from an external sender. Do not click links or reply unless "
	                "you "
	                "trust the sender."),
	         FINGERPRINT_CHANGED},
		{"behind a picture that counts readers",
	         WITH_PAGE("<div><img src='https://x.example/1.png'></div><p>Pay</p>"),
	         WITH_PAGE("<div><img src='https://x.example/1.png'></div><div>" EXTERNAL
	                   "</div><p>Pay</p>"),
	         FINGERPRINT_CHANGED},
		{"above a page with a style sheet and a background",
	         WITH_PAGE("<html><head><style>.x{display:none}</style></head><body "
	                   "background='https://x.example/1.png'><p>Pay</p></body></html>"),
	         WITH_PAGE("<html><head><style>.x{display:none}</style></head><body "
	                   "background='https://x.example/1.png'><div>" EXTERNAL
	                   "</div><p>Pay</p></body></html>"),
	         FINGERPRINT_CHANGED},
		{"hidden signposts before a picture with words",
	         WITH_PAGE("<img alt='Logo' src='https://x.example/1.png'><p>Pay</p>"),
	         WITH_PAGE("<div>" EXTERNAL "</div><div style='display:none'>ZjQcmQRYFpfptBannerEnd"
	                   "</div><img alt='Logo' src='https://x.example/1.png'><p>Pay</p>"),
	         FINGERPRINT_CHANGED},
		{"German, with the organisation's name", MESSAGE,
	         BANNER("ACHTUNG: Diese E-Mail stammt von einem externen Absender außerhalb der "
	                "Muster "
	                "GmbH. Klicken Sie nicht auf Links und öffnen Sie keine Anhänge."),
	         FINGERPRINT_CHANGED},
		{"French", MESSAGE,
	         BANNER("ATTENTION : ce courriel provient de l'extérieur de l'organisation. Ne "
	                "cliquez "
	                "pas sur les liens et n'ouvrez pas les pièces jointes sauf si vous "
	                "connaissez "
	                "l'expéditeur."),
	         FINGERPRINT_CHANGED},
		{"Spanish", MESSAGE,
	         BANNER("PRECAUCIÓN: este correo proviene de fuera de la organización. No haga "
	                "clic en "
	                "los enlaces ni abra archivos adjuntos a menos que conozca al remitente."),
	         FINGERPRINT_CHANGED},
		{"Dutch", MESSAGE,
	         BANNER("LET OP: deze e-mail komt van buiten de organisatie. Klik niet op links en "
	                "open "
	                "geen bijlagen tenzij u de afzender kent."),
	         FINGERPRINT_CHANGED},
		{"Polish", MESSAGE,
	         BANNER("UWAGA: ta wiadomość pochodzi spoza organizacji. Nie klikaj linków i nie "
	                "otwieraj załączników."),
	         FINGERPRINT_CHANGED},
		{"Russian", MESSAGE,
	         BANNER("ВНИМАНИЕ: внешний отправитель. Не переходите по ссылкам и не открывайте "
	                "вложения."),
	         FINGERPRINT_CHANGED},
		{"Japanese", MESSAGE,
	         BANNER("【注意】このメールは社外から送信されています。添付ファイルを開かないでくだ"
	                "さい。"),
	         FINGERPRINT_CHANGED},
		{"Chinese", MESSAGE, BANNER("警告：此邮件来自组织外部。请勿点击链接或打开附件。"),
	         FINGERPRINT_CHANGED},
		{"two copies, each with another banner", BANNER(EXTERNAL),
	         BANNER("This email is from an external sender."), FINGERPRINT_CHANGED},
		{"footer of a scanner", MESSAGE,
	         WITH_PAGE(PAGE "<hr><p>This email has been scanned for viruses by Symantec. "
	                        "<a href='https://www.symanteccloud.com/'>Learn more</a></p>"),
	         FINGERPRINT_CHANGED},
		{"disclaimer", MESSAGE,
	         WITH_TEXT(TEXT
	                   "\n-- \nThis e-mail and any attachments are confidential and intended "
	                   "solely for the use of the individual or entity to whom they are "
	                   "addressed.\nIf you have received this email in error please notify the "
	                   "sender and delete it.\n"),
	         FINGERPRINT_CHANGED},
		{"a mailing list's footer without an address", MESSAGE,
	         WITH_TEXT(TEXT "_______________________________________________\n"
	                        "staff mailing list\n"),
	         FINGERPRINT_CHANGED},
		{"words of S/MIME", MESSAGE,
	         WITH_TEXT("[Digitally signed: signature could not be verified]\n\n" TEXT),
	         FINGERPRINT_CHANGED},
		{"Safe Links in HTML", MESSAGE,
	         WITH_PAGE("<p>Dear customer,</p><p>pay the invoice <a href=\"" SAFE_LINK
	                   "\" originalsrc=\"https://evil.example/pay?a=1&amp;b=2\">here</a> "
	                   "today.</p><p>Café Müller</p>"),
	         FINGERPRINT_CHANGED},
		{"URL Defense in HTML", MESSAGE,
	         WITH_PAGE("<p>Dear customer,</p><p>pay the invoice <a href=\"" DEFENSE_2
	                   "\">here</a> today.</p><p>Café Müller</p>"),
	         FINGERPRINT_CHANGED},
		{"URL Defense in text", MESSAGE,
	         WITH_TEXT("Dear customer,\n\npay the invoice at " DEFENSE
	                   " today.\n\nCafé Müller\n"),
	         FINGERPRINT_CHANGED},
		{"one gateway's rewriting against another's",
	         WITH_PAGE("<a href=\"" SAFE_LINK "\">here</a>"),
	         WITH_PAGE("<a href=\"" DEFENSE_2 "\">here</a>"), FINGERPRINT_CHANGED},
		{"all at once", MESSAGE,
	         IDS "X-Gateway: 1\nSubject: [External] Your invoice\n" BOTH TEXT_PART EXTERNAL
	             "\n\nDear customer,\n\npay the invoice at " DEFENSE " today.\n\nCafé "
	             "Müller\n" HTML_PART "<div>" EXTERNAL "</div><p>Dear customer,</p><p>pay the "
	             "invoice <a href=\"" SAFE_LINK
	             "\">here</a> today.</p><p>Café Müller</p>\n--b--\n",
	         FINGERPRINT_CHANGED},
		{"a banner above nothing but an attachment",
	         FILES "--b\n\n\n" FILE_PART("a.csv", "1,2") "--b--\n",
	         FILES "--b\n\n" EXTERNAL "\n" FILE_PART("a.csv", "1,2") "--b--\n",
	         FINGERPRINT_CHANGED},
	};
	check(cases, G_N_ELEMENTS(cases));
}

static void test_what_a_gateway_hides_proves_nothing(void)
{
	static const Case cases[] = {
		{"Mimecast, against the link itself",
	         WITH_PAGE("<a href='https://evil.example/x'>a</a>"),
	         WITH_PAGE("<a href='" MIMECAST "'>a</a>"), FINGERPRINT_UNPROVED},
		{"Mimecast, two tokens", WITH_PAGE("<a href='" MIMECAST "'>a</a>"),
	         WITH_PAGE("<a href='" MIMECAST "2'>a</a>"), FINGERPRINT_UNPROVED},
		{"Mimecast, one token", WITH_PAGE("<a href='" MIMECAST "'>a</a>"),
	         WITH_PAGE("<p><a href='" MIMECAST "'>a</a></p>"), FINGERPRINT_SAME},
		{"Cisco, which follows its token and not what stands behind it",
	         WITH_PAGE("<a href='https://good.example/x'>a</a>"),
	         WITH_PAGE(
			 "<a "
			 "href='https://secure-web.cisco.com/1abc/https%3A%2F%2Fgood.example%2Fx'>"
			 "a</a>"),
	         FINGERPRINT_UNPROVED},
		{"Mimecast, and other words", WITH_PAGE("<a href='https://evil.example/x'>a</a>"),
	         WITH_PAGE("<a href='" MIMECAST "'>b</a>"), FINGERPRINT_DIFFERENT},
	};
	check(cases, G_N_ELEMENTS(cases));
}

static void test_whoever_reuses_a_good_mail_gets_another(void)
{
	static const Case cases[] = {
		{"Message-ID", MESSAGE,
	         "Message-ID: <b@x.example>\nFrom: a@x.example\nDate: Mon, 23 Nov 2026 09:00:00 "
	         "+0000\n"
	         "Subject: Your invoice\n" BOTH TEXT_PART TEXT HTML_PART PAGE "\n--b--\n",
	         FINGERPRINT_DIFFERENT},
		{"sender", MESSAGE,
	         "Message-ID: <a@x.example>\nFrom: b@x.example\nDate: Mon, 23 Nov 2026 09:00:00 "
	         "+0000\n"
	         "Subject: Your invoice\n" BOTH TEXT_PART TEXT HTML_PART PAGE "\n--b--\n",
	         FINGERPRINT_DIFFERENT},
		{"a second From", MESSAGE, "From: b@x.example\n" MESSAGE, FINGERPRINT_DIFFERENT},
		{"a second Subject", MESSAGE,
	         IDS "Subject: Your invoice\nSubject: Other\n" BOTH TEXT_PART TEXT HTML_PART PAGE
	             "\n--b--\n",
	         FINGERPRINT_DIFFERENT},
		{"where a reply goes", MESSAGE, "Reply-To: evil@y.example\n" MESSAGE,
	         FINGERPRINT_DIFFERENT},
		{"date", MESSAGE,
	         "Message-ID: <a@x.example>\nFrom: a@x.example\nDate: Mon, 23 Nov 2026 09:00:01 "
	         "+0000\n"
	         "Subject: Your invoice\n" BOTH TEXT_PART TEXT HTML_PART PAGE "\n--b--\n",
	         FINGERPRINT_DIFFERENT},
		{"a reply's subject", MESSAGE,
	         IDS "Subject: Re: Your invoice\n" BOTH TEXT_PART TEXT HTML_PART PAGE "\n--b--\n",
	         FINGERPRINT_DIFFERENT},
		{"a subject's tag that is no gateway's", MESSAGE,
	         IDS "Subject: [URGENT] Your invoice\n" BOTH TEXT_PART TEXT HTML_PART PAGE
	             "\n--b--\n",
	         FINGERPRINT_DIFFERENT},
		{"one sentence of the text", MESSAGE,
	         WITH_TEXT(
			 "Dear customer,\n\nignore the invoice at https://evil.example/pay?a=1&b=2 "
			 "today.\n\nCafé Müller\n"),
	         FINGERPRINT_DIFFERENT},
		{"one word of the HTML (text and HTML disagree)", MESSAGE,
	         WITH_PAGE("<p>Dear customer,</p><p>pay the bill <a href=\"https://evil.example/"
	                   "pay?a=1&amp;b=2\">here</a> today.</p><p>Café Müller</p>"),
	         FINGERPRINT_DIFFERENT},
		{"one link's target", MESSAGE,
	         WITH_PAGE("<p>Dear customer,</p><p>pay the invoice <a href=\"https://evil.example/"
	                   "pay?a=1&amp;b=3\">here</a> today.</p><p>Café Müller</p>"),
	         FINGERPRINT_DIFFERENT},
		{"a rewritten link that leads elsewhere", MESSAGE,
	         WITH_PAGE("<p>Dear customer,</p><p>pay the invoice <a "
	                   "href=\"https://eur01.safelinks.protection.outlook.com/"
	                   "?url=https%3A%2F%2Fother.example%2F\" "
	                   "originalsrc=\"https://evil.example/pay?a=1&amp;b=2\">here</a> "
	                   "today.</p><p>Café Müller</p>"),
	         FINGERPRINT_DIFFERENT},
		{"links exchanged",
	         WITH_PAGE("<a href='https://a.example/'>a</a> <a href='https://b.example/'>b</a>"),
	         WITH_PAGE("<a href='https://b.example/'>a</a> <a href='https://a.example/'>b</a>"),
	         FINGERPRINT_DIFFERENT},
		{"a link moved to other words", WITH_PAGE("<a href='https://a.example/'>a</a> b"),
	         WITH_PAGE("a <a href='https://a.example/'>b</a>"), FINGERPRINT_DIFFERENT},
		{"a paragraph less", MESSAGE,
	         WITH_PAGE("<p>pay the invoice <a "
	                   "href=\"https://evil.example/pay?a=1&amp;b=2\">here</a> "
	                   "today.</p><p>Café Müller</p>"),
	         FINGERPRINT_DIFFERENT},
		{"paragraphs exchanged", MESSAGE,
	         WITH_PAGE("<p>Café Müller</p><p>Dear customer,</p><p>pay the invoice <a "
	                   "href=\"https://evil.example/pay?a=1&amp;b=2\">here</a> today.</p>"),
	         FINGERPRINT_DIFFERENT},
		{"a link in the banner", MESSAGE,
	         BANNER(EXTERNAL " <a href='https://other.example/'>Learn more</a>"),
	         FINGERPRINT_DIFFERENT},
		{"a host written out in the banner", MESSAGE,
	         BANNER(EXTERNAL " Verify at other.example"), FINGERPRINT_DIFFERENT},
		{"a telephone number in the banner", MESSAGE,
	         BANNER(EXTERNAL " Please contact the sender: 555 0199"), FINGERPRINT_DIFFERENT},
		{"an address in the banner", MESSAGE,
	         BANNER("You don't often get email from a@x.example, ask b@y.example why this is "
	                "important"),
	         FINGERPRINT_DIFFERENT},
		{"a picture in the banner", MESSAGE,
	         BANNER(EXTERNAL "<img src='https://other.example/a.png'>"), FINGERPRINT_DIFFERENT},
		{"a link of the gateway's maker that leads on", MESSAGE,
	         BANNER(EXTERNAL " <a href='https://urldefense.proofpoint.com/v2/"
	                         "url?u=https-3A__other.example_&d=x'>Learn more</a>"),
	         FINGERPRINT_DIFFERENT},
		{"a gateway's link that nobody can read, in the banner", MESSAGE,
	         BANNER(EXTERNAL " <a href='" MIMECAST "'>Learn more</a>"), FINGERPRINT_DIFFERENT},
		{"a story in the banner", MESSAGE,
	         BANNER(EXTERNAL " The director wants gift cards bought before noon."),
	         FINGERPRINT_DIFFERENT},
		{"a story beside the banner", MESSAGE,
	         BANNER(EXTERNAL "</div><div>Buy gift cards before noon."), FINGERPRINT_DIFFERENT},
		{"the words of a banner without its sentence", MESSAGE,
	         BANNER("Please open the attached file"), FINGERPRINT_DIFFERENT},
		{"a banner in the middle", MESSAGE,
	         WITH_PAGE(
			 "<p>Dear customer,</p><p>" EXTERNAL "</p><p>pay the invoice <a "
			 "href=\"https://evil.example/pay?a=1&amp;b=2\">here</a> today.</p><p>Café "
			 "Müller</p>"),
	         FINGERPRINT_DIFFERENT},
		{"hidden words that another style shows", MESSAGE,
	         WITH_PAGE("<style>.x{display:block!important}</style><div class=x "
	                   "style='display:none'>Transfer the money elsewhere</div>" PAGE),
	         FINGERPRINT_DIFFERENT},
		{"hidden first words that do not follow", MESSAGE,
	         WITH_PAGE("<div style='display:none'>Dear customer, transfer everything elsewhere "
	                   "before noon</div><div>" EXTERNAL "</div>" PAGE),
	         FINGERPRINT_DIFFERENT},
		{"a word hidden by its style", WITH_PAGE("<p>do <b>not</b> pay</p>"),
	         WITH_PAGE("<p>do <b style='display:none'>not</b> pay</p>"), FINGERPRINT_DIFFERENT},
		{"a word hidden by a sheet", WITH_PAGE("<p>do <b class=x>not</b> pay</p>"),
	         WITH_PAGE("<style>p > .x{display: none}</style><p>do <b class=x>not</b> pay</p>"),
	         FINGERPRINT_DIFFERENT},
		{"words that a sheet writes", WITH_PAGE("<p class=x>pay</p>"),
	         WITH_PAGE("<style>.x:after{content:\" to other account\"}</style><p "
	                   "class=x>pay</p>"),
	         FINGERPRINT_DIFFERENT},
		{"words for Outlook alone", MESSAGE,
	         WITH_PAGE("<!--[if mso]><a href='https://other.example/'>pay "
	                   "here</a><![endif]-->" PAGE),
	         FINGERPRINT_DIFFERENT},
		{"a second page behind an open comment", WITH_PAGE("<p>good</p>"),
	         WITH_PAGE("<p>good</p><!--\n" HTML_PART "<p>evil</p>"), FINGERPRINT_DIFFERENT},
		{"what shows without scripts", MESSAGE,
	         WITH_PAGE(PAGE "<noscript>call us</noscript>"), FINGERPRINT_DIFFERENT},
		{"a form", MESSAGE,
	         WITH_PAGE(PAGE "<form action='https://other.example/'><input></form>"),
	         FINGERPRINT_DIFFERENT},
		{"a page that leaves by itself", MESSAGE,
	         WITH_PAGE("<meta http-equiv=refresh content='0;url=https://other.example/'>" PAGE),
	         FINGERPRINT_DIFFERENT},
		{"an attachment more", ONE_FILE,
	         FILES "--b\n\nSee the file.\n" FILE_PART("a.csv", "1,2")
	                 FILE_PART("b.csv", "3") "--b--\n",
	         FINGERPRINT_DIFFERENT},
		{"an attachment's content", ONE_FILE,
	         FILES "--b\n\nSee the file.\n" FILE_PART("a.csv", "1,3") "--b--\n",
	         FINGERPRINT_DIFFERENT},
		{"an attachment's name", ONE_FILE,
	         FILES "--b\n\nSee the file.\n" FILE_PART("a.exe", "1,2") "--b--\n",
	         FINGERPRINT_DIFFERENT},
		{"attachments exchanged",
	         FILES "--b\n\nx y\n" FILE_PART("a.csv", "1") FILE_PART("b.csv", "2") "--b--\n",
	         FILES "--b\n\nx y\n" FILE_PART("b.csv", "2") FILE_PART("a.csv", "1") "--b--\n",
	         FINGERPRINT_DIFFERENT},
		{"an empty body against words", HEAD "\n", HEAD "\nHello\n", FINGERPRINT_DIFFERENT},
		{"an empty body against a banner alone", HEAD "\n", HEAD "\n" EXTERNAL "\n",
	         FINGERPRINT_DIFFERENT},
		{"two mails that are nothing but a banner", HEAD "\n" EXTERNAL "\n",
	         HEAD "\nThis email is from an external sender.\n", FINGERPRINT_DIFFERENT},
		{"a picture that is the body",
	         HEAD "Content-Type: text/html\n\n<img src='https://x.example/1.png'>\n",
	         HEAD "Content-Type: text/html\n\n<img src='https://x.example/2.png'>\n",
	         FINGERPRINT_DIFFERENT},
		{"text that poses as a link", WITH_PAGE("<a href='https://a.example/'>x</a>"),
	         WITH_PAGE("&#1;https://a.example/x"), FINGERPRINT_DIFFERENT},
	};
	check(cases, G_N_ELEMENTS(cases));
}

static void test_what_is_the_same_says_nothing_and_the_rest_says_why(void)
{
	static const struct {
		const char *other, *words;
	} cases[] = {
		{BANNER(EXTERNAL), "a banner was added on the way"},
		{WITH_PAGE("<p>Dear customer,</p><p>pay the invoice <a href=\"" DEFENSE_2
	                   "\">here</a> today.</p><p>Café Müller</p>"),
	         "its links were rewritten on the way"},
		{IDS "Subject: [EXT] Your invoice\n" BOTH TEXT_PART EXTERNAL
	             "\n\n" TEXT HTML_PART PAGE "\n--b--\n",
	         "a mark was put before its subject and a banner was added on the way"},
		{WITH_PAGE("<p>Dear customer,</p><p>pay the invoice <a "
	                   "href=\"https://x.example/\">here</a> "
	                   "today.</p><p>Café Müller</p>"),
	         "it differs in where its links lead"},
		{WITH_TEXT("No\n"),
	         "it differs in the words of its plain text and where its links lead"},
	};
	g_autofree char *one = fingerprint(MESSAGE);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *other = fingerprint(cases[i].other), *why = NULL;
		fingerprint_compare(one, other, &why);
		g_assert_cmpstr(why, ==, cases[i].words);
	}
}

/* A body past the limit is not read to its end, so all of it has to be the same. */
static void test_what_is_not_read_counts_too(void)
{
	g_autofree char *body = g_strnfill(3 * 1024 * 1024, 'a');
	for (gsize i = 70; i < 3 * 1024 * 1024; i += 71)
		body[i] = '\n';
	g_autofree char *one = g_strconcat(HEAD "\n", body, "one\n", NULL);
	g_autofree char *two = g_strconcat(HEAD "\n", body, "two\n", NULL);
	const Case cases[] = {
		{"itself", one, one, FINGERPRINT_SAME},
		{"past the limit of a body", one, two, FINGERPRINT_DIFFERENT},
	};
	check(cases, G_N_ELEMENTS(cases));
}

/* Style sheets past their limits end in a finding, and then all of the body counts. */
static void test_style_sheets_have_limits(void)
{
	g_autoptr(GString) many = g_string_new(HEAD "Content-Type: text/html\n\n<style>\n");
	for (guint i = 0; i <= LIMIT_STYLE_RULES; i++)
		g_string_append_printf(many, ".c%u{margin:0}\n", i);
	g_string_append(many, "</style><p>Pay</p>\n");
	g_autofree char *name = g_strnfill(LIMIT_STYLE_NAME, 'c');
	g_autofree char *text = g_strnfill(LIMIT_STYLE_RULE, 'm');
	g_autofree char *long_name = g_strconcat(HEAD "Content-Type: text/html\n\n<style>.", name,
	                                         "{margin:0}</style><p>Pay</p>\n", NULL);
	g_autofree char *long_rule = g_strconcat(HEAD "Content-Type: text/html\n\n<style>.c{", text,
	                                         ":0}</style><p>Pay</p>\n", NULL);
	const struct {
		const char *message;
		gboolean cut;
	} cases[] = {
		{many->str, TRUE},
		{long_name, TRUE},
		{long_rule, TRUE},
		{HEAD "Content-Type: text/html\n\n<style>.c{margin:0}</style><p>Pay</p>\n", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) document = read_text(cases[i].message);
		g_assert_cmpint(
			has_finding(json_object_get(document, "message"), "limit_style_rules"), ==,
			cases[i].cut);
		g_autofree char *with_blank = g_strconcat(cases[i].message, " \n", NULL);
		g_autofree char *one = fingerprint(cases[i].message);
		g_autofree char *other = fingerprint(with_blank);
		g_assert_cmpint(fingerprint_compare(one, other, NULL), ==,
		                cases[i].cut ? FINGERPRINT_DIFFERENT : FINGERPRINT_SAME);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/fingerprint/ways of writing do not count",
	                test_ways_of_writing_do_not_count);
	g_test_add_func("/fingerprint/what gateways add does not count",
	                test_what_gateways_add_does_not_count);
	g_test_add_func("/fingerprint/what a gateway hides proves nothing",
	                test_what_a_gateway_hides_proves_nothing);
	g_test_add_func("/fingerprint/whoever reuses a good mail gets another",
	                test_whoever_reuses_a_good_mail_gets_another);
	g_test_add_func("/fingerprint/what is the same says nothing, and the rest says why",
	                test_what_is_the_same_says_nothing_and_the_rest_says_why);
	g_test_add_func("/fingerprint/what is not read counts, too",
	                test_what_is_not_read_counts_too);
	g_test_add_func("/fingerprint/style sheets have limits", test_style_sheets_have_limits);
	return g_test_run();
}
