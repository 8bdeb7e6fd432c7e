/* Banners, footers and marks of gateways.
 *
 * A message that has one and the same without it are held for the same, and one of them may be
 * pulled because of the other. So an attacker gains by everything that passes here: a good mail
 * with a few words more would count as the good mail. A run of blocks is taken for added only where
 * each of its words is one of those that banners are made of, in some language, with room for very
 * few others (the organisation's name); where there are no digits, addresses or hosts; and where it
 * says one of the sentences that make a banner. Such a run may be annoying, but leads nobody
 * anywhere. */
#include "mail/fingerprint/banners.h"

#include "mail/url/url.h"

#include <string.h>

#define MAX_UNKNOWN   4     /* words that are in no vocabulary, of one banner */
#define MAX_BLOCKS    40    /* of one banner                                  */
#define MAX_PARAGRAPH 65536 /* bytes of a paragraph that is looked into for one */
#define MAX_TEXT      4000  /* bytes of one banner                            */

/* Sentences that banners are made of, in lower case. One of them has to be there. */
static const char *const sentences[] = {
	/* banners */
	"external sender",
	"external email",
	"external e-mail",
	"external mail",
	"external message",
	"originated from outside",
	"originated outside",
	"came from outside",
	"comes from outside",
	"is from outside",
	"sent from outside",
	"from outside of",
	"from outside the",
	"from outside your",
	"outside your organi",
	"outside the organi",
	"outside of the organi",
	"outside of your organi",
	"do not click",
	"don't click",
	"don’t click",
	"recognize the sender",
	"recognise the sender",
	"often get email from",
	"why this is important",
	"report suspicious",
	"report phish",
	"mark safe",
	"think before you click",
	"zjqcmqryfpfptbannerstart",
	"zjqcmqryfpfptbannerend",
	"[external]",
	"unverified sender",
	"links contained in this email have been",
	"links in this message have been",
	"links in this email have been",
	"signature could not be verified",
	"digital signature is valid",
	"digitally signed",
	"message was encrypted",
	"externe e-mail",
	"externe mail",
	"externer absender",
	"externen absender",
	"von außerhalb",
	"von ausserhalb",
	"außerhalb der organisation",
	"klicken sie nicht",
	"klicken sie auf keine",
	"öffnen sie keine",
	"expéditeur externe",
	"courriel externe",
	"message externe",
	"mail externe",
	"provient de l'extérieur",
	"provient de l’extérieur",
	"extérieur de l'organisation",
	"extérieur de l’organisation",
	"ne cliquez pas",
	"correo externo",
	"mensaje externo",
	"remitente externo",
	"fuera de la organi",
	"fuera de su organi",
	"no haga clic",
	"no haga click",
	"mittente esterno",
	"e-mail esterna",
	"email esterna",
	"messaggio esterno",
	"esterno all'organizzazione",
	"esterno all’organizzazione",
	"dall'esterno",
	"dall’esterno",
	"non cliccare",
	"non fare clic",
	"remetente externo",
	"e-mail externo",
	"email externo",
	"fora da organi",
	"não clique",
	"externe afzender",
	"buiten de organisatie",
	"buiten uw organisatie",
	"klik niet op",
	"zewnętrzny nadawca",
	"nadawca zewnętrzny",
	"wiadomość zewnętrzna",
	"spoza organizacji",
	"nie klikaj",
	"extern avsändare",
	"utanför organisationen",
	"klicka inte",
	"ekstern afsender",
	"uden for organisationen",
	"klik ikke",
	"ekstern avsender",
	"utenfor organisasjonen",
	"ikke klikk",
	"ulkoinen lähettäjä",
	"organisaation ulkopuolelta",
	"externí odesílatel",
	"mimo organizaci",
	"neklikejte",
	"külső feladó",
	"внешний отправитель",
	"внешнее письмо",
	"внешняя почта",
	"не переходите по ссылкам",
	"зовнішній відправник",
	"harici gönderen",
	"dış kaynaklı",
	"kuruluş dışından",
	"tıklamayın",
	"εξωτερικός αποστολέας",
	/* footers */
	"mailing list",
	"confidential",
	"intended recipient",
	"intended solely",
	"received this message in error",
	"received this email in error",
	"received this e-mail in error",
	"scanned for viruses",
	"scanned by",
	"checked for viruses",
	"virus-free",
	"virus free",
	"vertraulich",
	"rechtlich geschützte",
	"auf viren geprüft",
	"virenfrei",
	"confidentiel",
	"destinataire",
	"vérifié par",
	"sans virus",
	"confidencial",
	"destinatario",
	"destinatário",
	"libre de virus",
	"livre de vírus",
	"riservat",
	"vertrouwelijk",
	"virusvrij",
	"poufne",
	"konfidentiell",
	"fortrolig",
	"конфиденциаль",
};

/* Sentences of languages that do not put blanks between words: taken out before words are. */
static const char *const unspaced[] = {
	"このメールは組織外から送信されました",
	"このメールは社外から送信されています",
	"このメールは外部から送信されています",
	"社外からのメールです",
	"外部からのメールです",
	"外部メール",
	"社外メール",
	"リンクや添付ファイルを開く際はご注意ください",
	"リンクをクリックしたり添付ファイルを開いたりしないでください",
	"添付ファイルを開かないでください",
	"ご注意ください",
	"送信者",
	"注意",
	"警告",
	"此邮件来自组织外部",
	"此邮件来自外部发件人",
	"该邮件来自外部",
	"本邮件来自外部",
	"外部邮件",
	"请勿点击链接或打开附件",
	"请勿点击链接",
	"请谨慎点击链接和附件",
	"除非您确认发件人",
	"此電子郵件來自組織外部",
	"外部郵件",
	"請勿點擊連結或開啟附件",
	"이 메일은 외부에서 발송되었습니다",
	"이 이메일은 조직 외부에서 발송되었습니다",
	"외부 메일",
	"링크를 클릭하거나 첨부 파일을 열지 마십시오",
	"주의",
};

/* The words that such sentences are made of, in lower case. */
static const char vocabulary_text[] =
	/* English */
	"a about action actions added additional addressed addressee advised all an and any "
	"anyone appears appear are as ask at attached attachment attachments attention authorised "
	"authorized avoid aware be because been before being believe blocked browser but by came "
	"can cannot careful carefully caution cautious change changes check checked choose clean "
	"click clicking coming company confidential confidentiality confirm contact contacted "
	"contain contained contains content contents contact copy copying could credentials danger "
	"dangerous delete department details didn't disclose disclosed disclosure display "
	"distribute distribution do does don don't don’t download each email e-mail emails "
	"employee "
	"encrypted entity enter error exercise expected expecting external extra false file files "
	"first following for forward from full get given group guarantee hasn't has have haven't "
	"help "
	"helpdesk hide how however if immediately important in include included includes "
	"including individual inform information intended internal internet is it its "
	"it's know known learn legal legally liable like link links list longer look mail mailing "
	"malicious malware mark marked may message messages more must name named never new no "
	"non not notice notify number of off often on only open opening or organisation "
	"organisation's organization organization's organizations originate originated originates "
	"originating other our outside part party password passwords permission person phish "
	"phishing please potentially privileged prior privacy prohibited proceed protect protected "
	"provide purpose read reading received receive receiving recipient recipients recognise "
	"recognize recognized regarding reliance rely reply report request requests respond "
	"responsible risk s safe safely safety scan scanned scanning secure security see seems "
	"sender senders sender's send sending sensitive sent service signature signed similar "
	"software solely someone source sources spam strictly subject such sure suspect suspicious "
	"system t taken team than that the their them there these they think this those threat "
	"through to tool trust trusted unauthorised unauthorized unexpected unknown unless unsafe "
	"unsubscribe unsolicited until unusual unverified up url urls us use user using valid "
	"verified verify via virus viruses virus-free warning was we were what when where which "
	"who "
	"why will with within without you you're your yourself "
	"zjqcmqryfpfptbannerstart zjqcmqryfpfptbannerend bannerstart bannerend ext "
	/* names of gateways */
	"365 avast avg barracuda cisco defender egress exchange fortimail google hornetsecurity "
	"inky "
	"ironscales mailscanner messagelabs microsoft mimecast office outlook proofpoint sophos "
	"symantec trend micro trustwave zscaler cloud antivirus "
	/* German */
	"absender absenders abseits achtung adressat alle als an anhang anhänge anhängen auf aus "
	"außerhalb ausserhalb bedenken bei bekannt benachrichtigen bestimmt bitte das dass dem den "
	"der des die diese dieser diesem dieses e-mails ein eine einem einen einer enthält "
	"enthalten "
	"erhalten erkennen es extern externe externem externen externer externes für geprüft "
	"geschützte geschickt gesendet handelt haben hinweis hat ich ihre ihrem ihren ihrer im in "
	"informationen inhalt intern ist kam kein keine kennen klicken können kommt links löschen "
	"nachricht nicht nur oder öffnen ohne ordnung organisation passwort prüfen sein sich "
	"sicher "
	"sie sind sofern stammt unbekannten und uns unternehmen unternehmens vertrauen "
	"vertrauenswürdig vertraulich vertrauliche verdächtig viren virenfrei von vor vorsicht "
	"warnung "
	"weitergabe weiterleiten wenn werden wird wurde zu zum zur rechtlich versehentlich "
	"irrtümlich "
	"empfänger vernichten sofort "
	/* French */
	"à adresse afin alerte au aucun aux attention avant avec avez avis cet ce ces cette "
	"cliquez confiance confidentiel connaissez contenu courriel dans de depuis des "
	"destinataire "
	"destiné du émetteur en entreprise envoyé erreur est et êtes expéditeur expéditrice "
	"extérieur "
	"externe fichiers il jointe jointes l la le les liens lien mail merci moins n ne ni nous "
	"ou ouvrez par pas pièce pièces pour prudence prudent provenance provient que qu sauf "
	"savez sécurité si soyez sur sûr supprimer toute une un veuillez vérifié vérifiez virus "
	"vous votre d "
	/* Spanish, Portuguese, Italian */
	"abra abrir abra adjunto adjuntos advertencia al aviso archivo archivos atención clic "
	"click "
	"confía conoce conozca contenido correo cuidado da das de del dentro desconocido "
	"dos e el electrónico em en enlace enlaces enviado es esta este externo externa fuera "
	"fue haga ha las los mensaje menos no nuestra o organización origen para pero por "
	"precaución proviene que remitente reconoce reconozca sea seguro ser si sin su sus un una "
	"verifique y ligações anexo anexos antes aos atenção cautela clique conheça conteúdo "
	"cuidado da desta deste do esse este foi fora mensagem na não nem no nos nossa "
	"organização originado originou os ou pela pelo remetente reconheça sabe saiba se segura "
	"são seja um uma veio allegati allegato apra aprire attenzione che clic cliccare con "
	"conosci contenuto da dal dall dalla della di e esterna esterno fare fuori gli ha il la "
	"link messaggio mittente nè né non organizzazione posta proviene provenire puoi questa "
	"questo riconosca riconosci sia sicuri sicuro sono su un una "
	"confidencial privado erro error destinatario destinatário riservata riservato errore "
	"vírus "
	/* Dutch, Danish, Norwegian, Swedish */
	"aan afkomstig afzender bent bericht bij bijlage bijlagen buiten de deze dit een en "
	"extern externe gekomen herkent het inhoud is kent klik let links niet of op open opgelet "
	"organisatie tenzij u uw van vanuit veilig verstuurd vertrouwt voor voorzichtig "
	"waarschuwing "
	"wees weet zeker zijn af afsender afsenderen avsender avsenderen avsändare avsändaren att "
	"bifogade bilagor denna denne dette det den du e-post e-postmeddelandet en er eller "
	"ekstern "
	"externt fra från för for filer genkender gjenkjenner ikke innehållet inte indholdet "
	"indhold "
	"innholdet klicka klikk kommer känner länkar lenker links med meddelande meddelelse med "
	"mindre "
	"om og och organisationen organisasjonen på sendt skickades säkert sikker sikkert som "
	"uden utanför utenfor vær var varning vedhæftede vedlegg vet at åbn åpne öppna advarsel "
	/* Polish, Czech, Finnish, Hungarian, Turkish */
	"i jest linki linków lub nadawca nadawcę nadawcy nie od oraz organizacji otwieraj pochodzi "
	"poza przed spoza się ta te ten tej to treść uwaga wiadomość z za załączników załączniki "
	"załącznik został zewnętrzna zewnętrzny zewnętrznego znasz ostrożność bezpieczna że klikaj "
	"tato zpráva pochází mimo organizaci neklikejte na odkazy ani neotvírejte přílohy pokud "
	"neznáte odesílatele a nevíte že je obsah bezpečný upozornění pozor odesílatel externí "
	"tämä viesti on tullut organisaation ulkopuolelta älä avaa linkkejä liitteitä ellet tunne "
	"lähettäjää ja tiedä sisällön olevan turvallista huomio varoitus ulkoinen lähettäjä tai "
	"ez az üzenet a szervezeten kívülről érkezett ne kattintson hivatkozásokra külső feladó "
	"figyelem bu e-posta ileti kuruluş dışından gönderildi göndereni tanımıyorsanız ve "
	"içeriğin "
	"güvenli olduğundan emin değilseniz bağlantılara tıklamayın veya ekleri açmayın dikkat "
	"uyarı "
	"harici gönderen kaynaklı dış "
	/* Russian, Ukrainian, Greek */
	"внимание осторожно это письмо сообщение получено отправлено от из за внешнего внешний "
	"внешнее "
	"отправителя отправитель вне организации пределов не переходите по ссылкам и открывайте "
	"вложения если вы уверены в безопасности содержимого знаете что оно безопасно нажимайте на "
	"ссылки конфиденциально конфиденциальная информация увага цей лист зовнішній відправник "
	"надійшов ззовні προσοχή αυτό το μήνυμα προέρχεται από εξωτερικός αποστολέας εκτός του "
	"οργανισμού μην κάνετε κλικ σε συνδέσμους ";

/* Where the links of banners lead: pages of gateways' makers, none of which leads on. */
static const char *const makers[] = {
	"aka.ms",         "support.microsoft.com", ".proofpoint.com",       "www.mimecast.com",
	"www.avast.com",  "www.avg.com",           "www.symanteccloud.com", "www.messagelabs.com",
	"www.sophos.com", "www.barracuda.com",     "www.mailscanner.info",  "support.google.com",
};

static GHashTable *vocabulary(void)
{
	static GHashTable *words;
	static gsize once;
	if (g_once_init_enter(&once)) {
		words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		g_auto(GStrv) all = g_strsplit(vocabulary_text, " ", -1);
		for (guint i = 0; all[i]; i++)
			if (*all[i])
				g_hash_table_add(words, g_strdup(all[i]));
		g_once_init_leave(&once, 1);
	}
	return words;
}

void banners_init(void)
{
	vocabulary();
}

/* ---- one block ---- */

/* What a block could be to a banner. */
typedef struct {
	gboolean possible; /* nothing in it that a banner never has */
	gboolean says;     /* one of the sentences                  */
	guint unknown;     /* words                                 */
	gsize size;
} Look;

static gboolean is_makers(const char *target)
{
	g_autoptr(Url) url = *target ? url_parse(target, NULL) : NULL;
	if (!url || !url->host || !g_str_has_prefix(url->scheme, "http") || url->userinfo)
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(makers); i++)
		if (*makers[i] == '.' ? g_str_has_suffix(url->host, makers[i])
		                      : strcmp(url->host, makers[i]) == 0)
			return TRUE;
	return FALSE;
}

static void blank_out(char *text, const char *what)
{
	for (char *at = strstr(text, what); at; at = strstr(at, what))
		memset(at, ' ', strlen(what));
}

static gboolean is_word(gunichar c)
{
	return g_unichar_isalnum(c) || g_unichar_ismark(c) || c == '\'' || c == 0x2019 || c == '-';
}

static void look_at_word(const char *word, gsize length, Look *look)
{
	g_autofree char *copy = g_strndup(word, length);
	char *bare = copy;
	while (*bare == '\'' || *bare == '-')
		bare++;
	for (char *end = bare + strlen(bare); end > bare && strchr("'-", end[-1]);)
		*--end = '\0';
	if (!*bare || g_hash_table_contains(vocabulary(), bare))
		return;
	look->unknown++;
	for (const char *c = bare; *c; c = g_utf8_next_char(c))
		if (g_unichar_isdigit(g_utf8_get_char(c)))
			look->possible = FALSE;
	/* A sentence without blanks is no word. */
	if (g_utf8_strlen(bare, -1) > 30)
		look->possible = FALSE;
}

/* "evil.example" in running text becomes a link in many readers. */
static gboolean has_host(const char *text)
{
	for (const char *dot = strchr(text, '.'); dot; dot = strchr(dot + 1, '.'))
		if (dot > text && g_ascii_isalnum(dot[-1]) && g_ascii_isalnum(dot[1]))
			return TRUE;
	return FALSE;
}

/* @from  the sender's address, in lower case: some banners name it */
static Look look_at(const FlowBlock *block, const char *from)
{
	Look look = {.possible = TRUE, .size = block->text->len};
	for (guint i = 0; i < block->links->len; i++)
		look.possible &= is_makers(block->links->pdata[i]);
	if (!look.possible || block->text->len > MAX_TEXT) {
		look.possible = FALSE;
		return look;
	}
	g_autofree char *text = g_utf8_strdown(block->text->str, -1);
	g_strdelimit(text, "\n\t\r\f", ' ');
	if (from && *from)
		blank_out(text, from);
	g_auto(GStrv) words = g_strsplit(text, "\xc2\xa0", -1);
	g_autofree char *spaced = g_strjoinv(" ", words);
	look.possible = !strchr(spaced, '@') && !has_host(spaced);
	if (!look.possible)
		return look;
	g_autofree char *whole = g_strdup(spaced);
	for (guint i = 0; i < G_N_ELEMENTS(unspaced); i++) {
		look.says |= strstr(spaced, unspaced[i]) != NULL;
		blank_out(spaced, unspaced[i]);
	}
	for (const char *at = spaced; *at && look.possible && look.unknown <= MAX_UNKNOWN;) {
		const char *end = at;
		while (*end && is_word(g_utf8_get_char(end)))
			end = g_utf8_next_char(end);
		if (end > at)
			look_at_word(at, (gsize)(end - at), &look);
		at = *end ? g_utf8_next_char(end) : end;
	}
	/* last, because there are many, and most blocks have too many other words */
	if (look.possible && look.unknown <= MAX_UNKNOWN)
		for (guint i = 0; i < G_N_ELEMENTS(sentences) && !look.says; i++)
			look.says = strstr(whole, sentences[i]) != NULL;
	return look;
}

/* ---- runs of blocks ---- */

/* Does the sentence of line @one go on in line @next? */
static gboolean goes_on(const FlowBlock *one, const FlowBlock *next)
{
	g_autofree char *text = g_strdup(one->text->str);
	g_autofree char *below = g_strdup(next->text->str);
	g_strchomp(text);
	return *text && !strchr(".!?:;)]*-_=", text[strlen(text) - 1]) &&
	       g_unichar_islower(g_utf8_get_char(g_strchug(below)));
}

/* "-- ", "*****": what sets a footer off. */
static gboolean is_rule(const FlowBlock *block)
{
	const char *text = block->text->str;
	return text[strspn(text, "-_=*#~| \t\r\n")] == '\0';
}

/* Is this line a part of the sentence in the one before it, seen from the end of the flow? */
static gboolean is_rest(const GPtrArray *lines, gint at, gint step)
{
	return step > 0 ? goes_on(lines->pdata[at - 1], lines->pdata[at])
	                : goes_on(lines->pdata[at], lines->pdata[at + 1]);
}

/* How many of the blocks from @start on (in steps of @step) are one banner: up to the last that
 * says a sentence, as long as all could be of one. @lines  they are lines of a text, which break
 * sentences: the rest of such a sentence is the banner's, too. */
static guint run_of(const GPtrArray *blocks, guint start, gint step, gboolean lines,
                    const char *from)
{
	guint run = 0, unknown = 0, left = step > 0 ? blocks->len - start : start + 1;
	gsize size = 0;
	for (guint i = 0; i < left && i < MAX_BLOCKS; i++) {
		const FlowBlock *block = blocks->pdata[(gint)start + (gint)i * step];
		const Look look = look_at(block, from);
		unknown += look.unknown;
		size += look.size;
		if (!look.possible || unknown > MAX_UNKNOWN || size > MAX_TEXT)
			break;
		if (look.says || (run > 0 && run == i &&
		                  (is_rule(block) ||
		                   (lines && is_rest(blocks, (gint)start + (gint)i * step, step)))))
			run = i + 1;
	}
	return run;
}

/* A banner on its own lines above or below a text, without a blank line between: its paragraph
 * becomes one block a line. Gives how many of them are the banner, 0 when it is none or all. */
static guint split_end(Flow *flow, guint at, gint step, const char *from)
{
	const FlowBlock *block = flow->blocks->pdata[at];
	if (block->text->len > MAX_PARAGRAPH)
		return 0;
	g_autoptr(GPtrArray) lines = flow_split_lines(block);
	guint run =
		lines->len < 2 ? 0 : run_of(lines, step < 0 ? lines->len - 1 : 0, step, TRUE, from);
	if (run == 0 || run == lines->len)
		return 0;
	g_ptr_array_remove_index(flow->blocks, at);
	for (guint i = lines->len; i > 0; i--)
		g_ptr_array_insert(flow->blocks, (gint)at, g_ptr_array_steal_index(lines, i - 1));
	return run;
}

/* Gateways look for <body>, and may find it behind the first pictures of a page. */
static gboolean has_no_words(const FlowBlock *block)
{
	return block->text->str[strspn(block->text->str, " \t\r\n\f")] == '\0';
}

static guint count_wordless(const Flow *flow, gint step)
{
	guint count = 0, n_blocks = flow->blocks->len;
	while (count < n_blocks && count < MAX_BLOCKS &&
	       has_no_words(flow->blocks->pdata[step > 0 ? count : n_blocks - 1 - count]))
		count++;
	return count;
}

static guint find_end(Flow *flow, gint step, guint skipped, const char *from)
{
	if (flow->blocks->len <= skipped)
		return 0;
	guint at = step < 0 ? flow->blocks->len - 1 - skipped : skipped;
	guint run = split_end(flow, at, step, from);
	return run > 0 ? run : run_of(flow->blocks, at, step, FALSE, from);
}

/* The text without white space and what pads it. */
static char *squeezed(const FlowBlock *block)
{
	GString *bare = g_string_new(NULL);
	for (const char *at = block->text->str; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (g_unichar_isgraph(c) && g_unichar_type(c) != G_UNICODE_FORMAT &&
		    !g_unichar_ismark(c) && c != 0x2026 && c != 0x200c)
			g_string_append_unichar(bare, c);
	}
	while (g_str_has_suffix(bare->str, "..."))
		g_string_truncate(bare, bare->len - 3);
	return g_string_free(bare, FALSE);
}

/* Before their banner some gateways put the first words of the message once more, hidden, so that
 * lists of messages do not all begin with the banner. It says nothing that does not follow. */
static gboolean repeats_what_follows(const Flow *flow, guint after)
{
	const FlowBlock *first = flow->blocks->pdata[0];
	if (!first->hidden || first->links->len > 0)
		return FALSE;
	g_autofree char *words = squeezed(first);
	gsize length = strlen(words);
	g_autoptr(GString) rest = g_string_new(NULL);
	for (guint i = after; i < flow->blocks->len && rest->len < length; i++) {
		g_autofree char *one = squeezed(flow->blocks->pdata[i]);
		g_string_append(rest, one);
	}
	return strncmp(rest->str, words, length) == 0;
}

static guint find_top(Flow *flow, guint skipped, const char *from)
{
	guint top = find_end(flow, 1, skipped, from);
	if (top > 0 || skipped > 0 || flow->blocks->len < 2)
		return top;
	guint run = run_of(flow->blocks, 1, 1, FALSE, from);
	return run > 0 && repeats_what_follows(flow, run + 1) ? run + 1 : 0;
}

Banners banners_find(Flow *flow, const char *from)
{
	g_autofree char *lower = from ? g_utf8_strdown(from, -1) : NULL;
	Banners banners = {.above = count_wordless(flow, 1)};
	banners.top = find_top(flow, banners.above, lower);
	banners.below = count_wordless(flow, -1);
	banners.bottom = find_end(flow, -1, banners.below, lower);
	/* One run that is all there is was found from both ends. */
	if (banners.above + banners.top + banners.bottom + banners.below > flow->blocks->len)
		banners.bottom = 0;
	if (banners.bottom == 0)
		banners.below = 0;
	return banners;
}

/* ---- subjects ---- */

/* What stands in the brackets of a mark, in lower case. */
static const char *const marks[] = {
	"external",
	"ext",
	"extern",
	"externe",
	"externo",
	"externa",
	"esterno",
	"esterna",
	"ekstern",
	"external email",
	"external e-mail",
	"external mail",
	"external sender",
	"external message",
	"extern e-mail",
	"externe e-mail",
	"externe mail",
	"zewnętrzny",
	"zewnętrzna",
	"ulkoinen",
	"внешнее",
	"внешний",
	"внешняя почта",
	"harici",
	"dış",
	"外部",
	"外部メール",
	"社外",
	"外部邮件",
	"외부",
	"spam",
	"spam?",
	"suspected spam",
	"possible spam",
	"probable spam",
	"spam-verdacht",
	"spamverdacht",
	"junk",
	"bulk",
	"marketing",
	"suspicious",
	"suspected phish",
	"suspected phishing",
	"phishing?",
	"possible phishing",
	"phish alert",
	"caution",
	"warning",
	"unverified sender",
	"suspect",
	"graymail",
};

static const struct {
	const char *open, *close;
} brackets[] = {
	{"[", "]"}, {"{", "}"},   {"(", ")"}, {"***", "***"}, {"**", "**"},
	{"*", "*"}, {"【", "】"}, {"<", ">"}, {"", ":"},
};

/* The length of the mark that @text begins with, or 0. */
static gsize mark_size(const char *text)
{
	for (guint i = 0; i < G_N_ELEMENTS(brackets); i++) {
		gsize open = strlen(brackets[i].open);
		if (strncmp(text, brackets[i].open, open) != 0)
			continue;
		const char *close = strstr(text + open, brackets[i].close);
		if (!close || close == text + open || close - text > 60)
			continue;
		g_autofree char *inside = g_strndup(text + open, (gsize)(close - text) - open);
		g_autofree char *lower = g_utf8_strdown(g_strstrip(inside), -1);
		for (guint mark = 0; mark < G_N_ELEMENTS(marks); mark++)
			if (strcmp(lower, marks[mark]) == 0)
				return (gsize)(close - text) + strlen(brackets[i].close);
	}
	return 0;
}

char *banners_bare_subject(const char *subject)
{
	const char *at = subject ? subject : "";
	for (gsize size = 1; size > 0; at += size) {
		while (*at && g_unichar_isspace(g_utf8_get_char(at)))
			at = g_utf8_next_char(at);
		size = mark_size(at);
	}
	return g_strdup(at);
}
