/* Forwards inside a text.
 *
 * Mail programs write the original's header fields into the text, in the language of whoever
 * forwards, and disagree about everything else: dashes or a sentence before, "> " or stars around,
 * all on one line. So lines are freed of their decoration and looked for labels; a run of lines
 * with a sender's label and another one is a quoted header. Labels are one table; a language is a
 * few rows more. */
#include "mail/forms/quoted.h"

#include "base/text.h"
#include "mail/describe.h"
#include "mail/findings/findings.h"
#include "mail/message/addresses.h"
#include "mail/message/headers.h"
#include "mail/text/dates.h"

#include <string.h>

typedef enum { FROM, TO, CC, DATE, SUBJECT, REPLY_TO, MESSAGE_ID, ITEM_ID, OTHER, FIELDS } Field;

/* In lower case. A label may stand for two fields in two languages ("da" is a sender in Italian);
 * then the first that is still free in a block counts. */
static const struct {
	Field field;
	const char *labels;
} labels[] = {
	{FROM, "from|von|de|da|van|fra|från|od|lähettäjä|feladó|от|отправитель|від|"
               "відправник|kimden|gönderen|差出人|送信元|发件人|寄件者|寄件人|"
               "보낸 사람|보낸사람|발신|من|מאת|από|expéditeur|remitente|mittente|afzender|"
               "remetente|de "
               "la|expeditorul|expeditor|nadawca|odesílatel|odosielateľ|saatja|kellelt|nuo|no|"
               "pošiljatelj|šalje|dari|จาก|từ|người gửi|avsender|afsender|avsändare|absender|desde|"
               "izvor|от кого|од|шаље|пошиљалац|pošiljalac|frá|sūtītājs|siuntėjas|nork|"
               "bidaltzailea|از|فرستنده|daripada|प्रेषक|ผู้ส่ง|kimdən|göndərən|"
               "кімнен|ումից|ვისგან|nga|oddi wrth|gan|posílá|发 件 人|发信人|"
               "寄信人|發件人|送信者|差出人アドレス|발신자|보내는 사람|보낸이|发件箱|"
               "sender|gesendet von|envoyé par|enviado por|inviato da|nadawca wiadomości|отправил"},
	{TO,
         "to|до|за|an|à|a|para|naar|aan|til|till|do|komu|vastaanottaja|címzett|кому|kime|alıcı|"
         "宛先|"
         "送信先|收件人|收件者|받는 사람|수신|إلى|אל|προς|către|destinatarul|"
         "destinatar|prima|za|kepada|ถึง|đến|pour|destinataire|destinatario|destinatário|adresat|"
         "adresát|pre|kam|kellele|gavėjas|kas|mottaker|modtager|mottagare|empfänger|ontvanger|"
         "получатель|към|получател|прима|коме|adresāts|skirta|nori|hartzailea|"
         "به|گیرنده|प्रति|प्राप्तकर्ता|tới|gửi tới|"
         "người nhận|ผู้รับ|për|te|kimə|prejemnik|primatelj|primalac|at|받는사람|"
         "받는이|수신인|수신자|受信者|宛て先|收信人|至|收 件 人|destinatari|per a|"
         "recipient|odbiorca|příjemce|príjemca|címzettek|alıcılar|παραλήπτης|recipients|"
         "saņēmējs"},
	{CC,
         "cc|kopie|kopie (cc)|copia|copie|copie à|kopia|kopio|másolat|másolatot kap|копия|копія|"
         "bilgi|抄送|副本|참조|نسخة|עותק|κοιν|κοινοποίηση|kópia|kopi|dw|"
         "do wiadomości|kk|cópia|koopia|kopija|с копией|กสำเนา|สำเนา|copy|"
         "afrit|копие|копија|رونوشت|đồng gửi|sk|salinan kepada|salinan|"
         "สำเนาถึง|העתק|نسخة إلى|نسخة كربونية|còpia|kopie an|kopie til|"
         "copia a|copie conforme|copie carbone|抄 送|副本抄送|참조인|bcc|c.c."},
	{DATE,
         "date|datum|fecha|data|dato|päivämäärä|päiväys|dátum|dată|дата|tarih|日付|日期|"
         "날짜|التاريخ|תאריך|ημερομηνία|sent|gesendet|gesendet am|envoyé|enviado|"
         "enviado el|enviada em|enviado "
         "em|inviato|verzonden|sendt|skickat|lähetetty|elküldve|elküldés|"
         "отправлено|надіслано|gönderildi|gönderme tarihi|送信日時|送信済み|"
         "发送时间|發送日期|傳送時間|寄件日期|보낸 날짜|전송|تم الإرسال|"
         "נשלח|στάλθηκε|trimis|wysłano|odesláno|odoslané|poslano|poslato|kuupäev|datums|"
         "tanggal|tarihi|saadetud|išsiųsta|ngày|วันที่|date d'envoi|datum verzonden|dagsetning|"
         "nosūtīts|bidalita|изпратено|изпратен|датум|послато|تاریخ|"
         "ارسال شده|ارسال|đã gửi|vào lúc|gửi lúc|thời gian|tarikh|dihantar|dikirim|"
         "दिनांक|भेजा गया|तारीख|ส่งเมื่อ|ส่ง|"
         "เวลา|enviat|enviat el|відправлено|дата отправки|"
         "дата отправления|日時|送信日|时间|時間|时 间|发送日期|傳送日期|"
         "发件时间|發送時間|日 期|보낸 시간|보낸시간|보낸날짜|일자|일시|"
         "gönderilme tarihi|απεστάλη|posláno|saatmisaeg|verstuurd|sendt den|skickat den|expediat|"
         "date and time|date sent|sent on|sent at|empfangen|reçu|posted at|data wysłania|data "
         "invio|"
         "fecha de envío|data de envio|dyddiad|göndərildi|ամսաթիվ|თარიღი|күні|"
         "data e dërgimit|dërguar"},
	{SUBJECT,
         "subject|betreff|objet|asunto|oggetto|onderwerp|assunto|emne|ämne|aihe|tárgy|тема|konu|"
         "件名|"
         "主题|主題|제목|الموضوع|נושא|θέμα|subiect|subiectul|temat|předmět|predmet|"
         "teema|téma|naslov|zadeva|tēma|tema|perihal|subjek|sujet|ämnesrad|chủ đề|"
         "หัวเรื่อง|titel|efni|temats|gaia|относно|наслов|предмет|"
         "موضوع|tiêu đề|perkara|विषय|เรื่อง|หัวข้อ|assumpte|subjekti|"
         "mövzu|թեմա|თემა|тақырып|pwnc|主 题|标题|標題|题目|표제|"
         "temat wiadomości|onderwerpregel|emnefelt|objet du message|título|sujet du message"},
	{REPLY_TO, "reply-to|antwort an|répondre à|responder a|rispondi a|antwoord aan|responder "
                   "para|svar til|"
                   "svara till|vastausosoite|yanıtla|ответить|返信先|reply to|antwortadresse|"
                   "adresse de réponse|відповісти|odpověď komu|odpowiedz do|válaszcím|répondre"},
	{MESSAGE_ID,
         "message-id|message id|messageid|internet message id|internet "
         "message-id|internetmessageid|"
         "internet-message-id|internet_message_id|original message-id|original message id|rfc822 "
         "message id|"
         "rfc 822 message id|nachrichten-id|message-id header|id de message|id du message|"
         "identificador del mensaje|id messaggio|id da mensagem|bericht-id|meddelande-id|"
         "идентификатор сообщения|id сообщения|邮件id|メッセージid|"
         "メッセージ id|메시지 id"},
	{ITEM_ID,
         "item id|itemid|item-id|ews item id|ewsid|rest item id|rest id|restid|exchange item id|"
         "outlook item id|entry id|entryid|graph message id|network message id|networkmessageid"},
	/* Fields of which nothing is claimed, but which do not end a header either. */
	{OTHER,
         "importance|priority|attachments|sensitivity|categories|wichtigkeit|anlagen|"
         "pièces jointes|importancia|datos adjuntos|priorità|allegati|return-path|delivered-to|"
         "received|mime-version|content-type|content-transfer-encoding|x-mailer|user-agent|"
         "references|in-reply-to|dkim-signature|authentication-results|list-unsubscribe|"
         "received-spf|x-priority|organization"},
};

static GHashTable *label_fields; /* label -> bits of Field */

static void init_labels(void)
{
	static gsize once;
	if (!g_once_init_enter(&once))
		return;
	label_fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(labels); i++) {
		g_auto(GStrv) words = g_strsplit(labels[i].labels, "|", -1);
		for (guint j = 0; words[j]; j++) {
			guint bits = GPOINTER_TO_UINT(g_hash_table_lookup(label_fields, words[j]));
			g_hash_table_replace(label_fields, g_strdup(words[j]),
			                     GUINT_TO_POINTER(bits | 1u << labels[i].field));
		}
	}
	g_once_init_leave(&once, 1);
}

/* ---- lines ---- */

/* Marks of direction, joiners and the like, which programs put around names and dates. */
static gboolean is_invisible(gunichar c)
{
	return c == 0x200b || c == 0xfeff || c == 0x200e || c == 0x200f || c == 0xad ||
	       c == 0x61c || c == 0x2060 || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* Without invisible characters, all blanks alike. */
static char *visible(const char *text, gsize length)
{
	GString *clean = g_string_new(NULL);
	for (const char *at = text; at < text + length; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (g_unichar_isspace(c))
			g_string_append_c(clean, ' ');
		else if (!is_invisible(c))
			g_string_append_unichar(clean, c);
	}
	return g_string_free(clean, FALSE);
}

/* Blanks of all kinds, quote marks, invisible characters. */
static const char *skip_decoration(const char *line)
{
	for (;;) {
		gunichar c = g_utf8_get_char(line);
		if (!c || !(g_unichar_isspace(c) || c == '>' || c == '|' || is_invisible(c)))
			return line;
		line = g_utf8_next_char(line);
	}
}

static gboolean is_blank(const char *line)
{
	return !*skip_decoration(line);
}

/* Where the label that begins at @start ends: at its colon, or at the border of a table's cell. */
static const char *label_end(const char *start, gboolean in_table)
{
	const char *end = start;
	for (guint i = 0; i < 40 && *end; i++, end = g_utf8_next_char(end))
		if (*end == ':' || *end == '\t' || (in_table && *end == '|') ||
		    g_str_has_prefix(end, "："))
			return end;
	return NULL;
}

/* The fields that a label may mean; the blanks in "主 题" are for looks only. */
static guint label_meaning(const char *start, const char *end)
{
	g_autofree char *written = visible(start, (gsize)(end - start));
	g_strdelimit(written, "*_\"#", ' ');
	g_autofree char *label = g_utf8_strdown(g_strstrip(written), -1);
	guint fields = GPOINTER_TO_UINT(g_hash_table_lookup(label_fields, label));
	if (fields || !strchr(label, ' ') || g_ascii_isalpha(*label))
		return fields;
	g_auto(GStrv) words = g_strsplit(label, " ", -1);
	g_autofree char *joined = g_strjoinv("", words);
	return GPOINTER_TO_UINT(g_hash_table_lookup(label_fields, joined));
}

/* "Label:" at the beginning of a line, or "| Label | value |" as NetEase writes it: which fields it
 * may mean, and what follows. */
static guint parse_label(const char *line, const char **value)
{
	if (!strpbrk(line, ":|\t") && !strstr(line, "："))
		return 0;
	const char *first = line + strspn(line, "> ");
	const char *start = skip_decoration(line);
	start += strspn(start, "*_#\"{, ");
	const char *end = label_end(start, *first == '|');
	if (!end || end == start)
		return 0;
	*value = skip_decoration(end + (*end & 0x80 ? strlen("：") : 1));
	*value += strspn(*value, "*_ \t");
	return label_meaning(start, end);
}

/* A field's value without what belongs to the table or the marks around it. */
static char *clean_value(const char *value)
{
	char *clean = visible(value, strlen(value));
	g_strchomp(clean);
	for (gsize length = strlen(clean); length > 0 && strchr("|*; ", clean[length - 1]);
	     length--)
		clean[length - 1] = '\0';
	return clean;
}

/* ---- what announces a forward ---- */

/* In lower case; between dashes, or before a colon. */
static const char *const announcements[] = {
	"forwarded message",
	"forwarded by",
	"original message",
	"weitergeleitete nachricht",
	"weitergeleiteten nachricht",
	"ursprüngliche nachricht",
	"originalnachricht",
	"message transféré",
	"message réexpédié",
	"message d'origine",
	"mensaje reenviado",
	"mensaje original",
	"messaggio inoltrato",
	"messaggio originale",
	"inoltrato",
	"doorgestuurd bericht",
	"oorspronkelijk bericht",
	"mensagem encaminhada",
	"mensagem reencaminhada",
	"mensagem original",
	"videresendt melding",
	"videresendt meddelelse",
	"videresendt besked",
	"videresend",
	"opprinnelig melding",
	"oprindelig meddelelse",
	"vidarebefordrat meddelande",
	"vidarebefordrat mejl",
	"ursprungligt meddelande",
	"edelleenlähetetty viesti",
	"välitetty viesti",
	"alkuperäinen viesti",
	"továbbított üzenet",
	"továbbított levél",
	"eredeti üzenet",
	"przekazana wiadomość",
	"przekazanej wiadomości",
	"wiadomość oryginalna",
	"přeposlaná zpráva",
	"přeposlané zprávy",
	"původní zpráva",
	"preposlaná správa",
	"preposlanej správy",
	"mesaj redirecționat",
	"mesajul redirecționat",
	"mesaj inițial",
	"proslijeđena poruka",
	"posredovano sporočilo",
	"edastatud kiri",
	"edastatud sõnum",
	"пересылаемое сообщение",
	"пересланное сообщение",
	"перенаправленное сообщение",
	"переадресованного сообщения",
	"исходное сообщение",
	"переслане повідомлення",
	"перенаправлене повідомлення",
	"iletilmiş mesaj",
	"i̇letilmiş mesaj",
	"yönlendirilen ileti",
	"i̇letilen mesaj",
	"iletilen mesaj",
	"i̇leti başlangıcı",
	"ileti başlangıcı",
	"iletilmiş",
	"προωθημένο μήνυμα",
	"メッセージを転送",
	"転送メッセージ",
	"転送された",
	"元のメッセージ",
	"转发的邮件",
	"转发邮件",
	"原始邮件",
	"轉寄的郵件",
	"轉寄郵件",
	"전달된 메시지",
	"원본 메시지",
	"הודעה שהועברה",
	"رسالة معاد توجيهها",
	"الرسالة المعاد توجيهها",
	"pesan diteruskan",
	"replied message",
	"forwarded mail",
	"forwarded email",
	"forwarded e-mail",
	"original mail",
	"original email",
	"begin forwarded",
	"anfang der weitergeleiteten",
	"ursprungsnachricht",
	"originalmeldung",
	"weitergeleitete mail",
	"weitergeleitete e-mail",
	"message original",
	"message initial",
	"courriel original",
	"message transmis",
	"e-mail original",
	"correo original",
	"correo reenviado",
	"mensaje transferido",
	"messaggio trasmesso",
	"email inoltrata",
	"e-mail originale",
	"doorgezonden bericht",
	"origineel bericht",
	"oorspronkelijke e-mail",
	"mensagem reenviada",
	"mensagem encaminhado",
	"videresendt e-post",
	"videresendt mail",
	"oprindelig besked",
	"oprindelig mail",
	"opprinnelig e-post",
	"vidarebefordrat brev",
	"vidarebefordrad",
	"ursprungligt brev",
	"originalmeddelande",
	"edelleen lähetetty",
	"välitetty sähköposti",
	"lähetetty edelleen",
	"alkuperäinen sähköposti",
	"áframsend skilaboð",
	"upprunaleg skilaboð",
	"pārsūtītā ziņa",
	"pārsūtīts ziņojums",
	"pārsūtīta vēstule",
	"sākotnējais ziņojums",
	"sākotnējā ziņa",
	"persiųstas laiškas",
	"persiųsta žinutė",
	"persiųstas pranešimas",
	"pradinis laiškas",
	"pradinis pranešimas",
	"originalus pranešimas",
	"edastatud e-kiri",
	"edasi saadetud",
	"algne kiri",
	"algsõnum",
	"przesłana wiadomość",
	"przekazany e-mail",
	"przekazywanej wiadomości",
	"oryginalna wiadomość",
	"wiadomość pierwotna",
	"přeposílaná zpráva",
	"přeposílané zprávy",
	"přeposlaný e-mail",
	"původní e-mail",
	"preposielaná správa",
	"pôvodná správa",
	"átirányított üzenet",
	"továbbított e-mail",
	"mesaj redirecţionat",
	"mesaj redirectionat",
	"mesaj retransmis",
	"mesaj original",
	"mesajul original",
	"mesaj iniţial",
	"proslijeđena poruke",
	"proslijeđene poruke",
	"prosleđena poruka",
	"prosleđena poruke",
	"originalna poruka",
	"izvorna poruka",
	"posredovane pošte",
	"izvirno sporočilo",
	"originalno sporočilo",
	"препратено съобщение",
	"препратено писмо",
	"оригинално съобщение",
	"първоначално съобщение",
	"прослеђена порука",
	"оригинална порука",
	"препратена порака",
	"оригинална порака",
	"пересылаемое письмо",
	"пересланное письмо",
	"переадресованное сообщение",
	"оригинальное сообщение",
	"первоначальное сообщение",
	"исходное письмо",
	"пересланий лист",
	"пересилане повідомлення",
	"пересланого повідомлення",
	"оригінальне повідомлення",
	"вихідне повідомлення",
	"початкове повідомлення",
	"перасланае паведамленне",
	"προωθούμενο μήνυμα",
	"προωθημένου μηνύματος",
	"αρχικό μήνυμα",
	"yönlendirilmiş ileti",
	"yönlendirilen mesaj",
	"iletilen ileti",
	"i̇letilen ileti",
	"iletilen e-posta",
	"orijinal mesaj",
	"orijinal ileti",
	"özgün ileti",
	"asıl ileti",
	"missatge reenviat",
	"missatge original",
	"birbidalitako mezua",
	"jatorrizko mezua",
	"mensaxe reenviada",
	"mensaxe orixinal",
	"neges wedi'i hanfon",
	"neges wreiddiol",
	"mesazh i përcjellë",
	"mesazhi origjinal",
	"göndərilən mesaj",
	"yönləndirilmiş mesaj",
	"პირველადი შეტყობინება",
	"გადაგზავნილი",
	"վերահասցեավորված",
	"転送されたメール",
	"転送メール",
	"オリジナルメッセージ",
	"元のメール",
	"转发的消息",
	"转发邮件信息",
	"被转发的邮件",
	"轉寄的訊息",
	"轉寄訊息",
	"轉發郵件",
	"轉發的郵件",
	"原始信件",
	"原始郵件",
	"原邮件",
	"原郵件",
	"原始信息",
	"回复的原邮件",
	"전달된 메일",
	"전달 메시지",
	"전달한 메시지",
	"원본메일",
	"원본 메일",
	"원본메시지",
	"הודעה מועברת",
	"ההודעה שהועברה",
	"הודעה מקורית",
	"ההודעה המקורית",
	"الرسالة الأصلية",
	"رسالة محولة",
	"رسالة معاد إرسالها",
	"الرسالة المُعاد توجيهها",
	"پیام هدایت‌شده",
	"پیام هدایت شده",
	"پیام فوروارد شده",
	"پیام ارجاع",
	"پیام اصلی",
	"अग्रेषित संदेश",
	"अग्रेषित किया गया संदेश",
	"मूल संदेश",
	"pesan terusan",
	"pesan yang diteruskan",
	"pesan asli",
	"mesej dimajukan",
	"mesej yang dimajukan",
	"mesej asal",
	"ipinasang mensahe",
	"thư được chuyển tiếp",
	"thư đã chuyển tiếp",
	"tin nhắn chuyển tiếp",
	"thư gốc",
	"tin nhắn gốc",
	"ข้อความที่ส่งต่อ",
	"ข้อความส่งต่อ",
	"ข้อความเดิม",
	"ข้อความต้นฉบับ",
	"อีเมลที่ส่งต่อ",
};

/* Outlook's line of underscores announces nothing but where a quotation begins. */
static const char *announcement(const char *line)
{
	const char *start = skip_decoration(line);
	gsize length = strlen(start);
	while (length > 0 && g_ascii_isspace(start[length - 1]))
		length--;
	gboolean dashes = strspn(start, "-_=*") >= 3;
	if (length == 0 || length > 200 || (!dashes && start[length - 1] != ':'))
		return NULL;
	g_autofree char *lower = g_utf8_strdown(start, (gssize)length);
	for (guint i = 0; i < G_N_ELEMENTS(announcements); i++)
		if (strstr(lower, announcements[i]))
			return announcements[i];
	return NULL;
}

/* ---- one block ---- */

typedef struct {
	char *values[FIELDS];
} Block;

static void block_clear(Block *block)
{
	for (guint i = 0; i < FIELDS; i++)
		g_clear_pointer(&block->values[i], g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Block, block_clear)

static int free_field(const Block *block, guint fields)
{
	for (int field = 0; field < FIELDS; field++)
		if ((fields & 1u << field) && (!block->values[field] || field == OTHER))
			return field;
	return -1;
}

static gboolean is_header(const Block *block)
{
	return block->values[FROM] &&
	       (block->values[SUBJECT] || block->values[DATE] || block->values[TO]);
}

/* A line without a label goes on with the field before it when that is a list, is empty yet, lacks
 * its address, or when another label follows. */
static gboolean continues(const Block *block, int last, char **lines, guint i, guint end)
{
	const char *value = block->values[last], *line = skip_decoration(lines[i]), *unused;
	if (last == TO || last == CC)
		return TRUE;
	if (i != end)
		return FALSE;
	return !*value || (last == FROM && !strchr(value, '@') && strchr("<[", *line) && *line) ||
	       (lines[i + 1] && parse_label(lines[i + 1], &unused) && strlen(line) < 200);
}

/* Reads label lines from @at on; returns the line after the last one. A blank line ends a block
 * unless another label follows it; a line without a label continues a list of addresses. */
static guint read_block(char **lines, guint at, Block *block)
{
	int last = -1;
	guint end = at;
	for (guint i = at; lines[i] && i < at + 60; i++) {
		const char *value;
		guint fields = parse_label(lines[i], &value);
		int field = free_field(block, fields);
		if (field >= 0) {
			g_free(block->values[field]);
			block->values[field] = clean_value(value);
			last = field;
			end = i + 1;
		} else if (is_blank(lines[i])) {
			const char *unused;
			if (!lines[i + 1] || !parse_label(lines[i + 1], &unused))
				break;
			last = -1;
		} else if (last >= 0 && continues(block, last, lines, i, end)) {
			g_autofree char *more = clean_value(skip_decoration(lines[i]));
			char *joined = g_strconcat(block->values[last],
			                           *block->values[last] ? " " : "", more, NULL);
			g_free(block->values[last]);
			block->values[last] = joined;
			end = i + 1;
		} else {
			break;
		}
	}
	return end;
}

/* ---- addresses ---- */

/* "a@b.example<mailto:a@b.example>" and "Name [mailto:a@b.example]" as address lists have them. */
static char *without_mailto(const char *value)
{
	GString *plain = g_string_new(NULL);
	for (const char *at = value; *at;) {
		gsize mark = g_str_has_prefix(at, "<mailto:") || g_str_has_prefix(at, "[mailto:")
		                     ? strlen("<mailto:")
		                     : 0;
		gsize inside = mark ? strcspn(at + mark, ">]") : 0;
		if (!mark || !at[mark + inside]) {
			g_string_append_c(plain, *at++);
			continue;
		}
		g_autofree char *address = g_strndup(at + mark, inside);
		gboolean known = strstr(value, address) < at; /* it stands before, in plain */
		if (!known)
			g_string_append_printf(plain, "<%s>", address);
		at += mark + inside + 1;
	}
	char *on_behalf = strstr(plain->str, " on behalf of ");
	if (on_behalf)
		g_string_truncate(plain, (gsize)(on_behalf - plain->str));
	return g_string_free(plain, FALSE);
}

/* Outlook puts some names in single quotes: 'Doe, John' <john@corp.example>. */
static void use_double_quotes(char *list)
{
	for (char *at = list; (at = strchr(at, '\'')); at++) {
		gboolean begins = at == list || strchr(",; ", at[-1]);
		char *end = begins ? strstr(at, "' <") : NULL;
		if (!end || memchr(at, '<', (gsize)(end - at)))
			continue;
		*at = *end = '"';
		at = end;
	}
}

/* "Doe, John <john@corp.example>" without quotes: what has no address belongs to what follows. */
static void join_split_names(json_t *list)
{
	for (size_t i = 0; i + 1 < json_array_size(list);) {
		json_t *who = json_array_get(list, i), *next = json_array_get(list, i + 1);
		const char *name = json_text(who, "name"), *rest = json_text(next, "name");
		if (json_text(who, "address") || !name || !rest || !json_text(next, "address")) {
			i++;
			continue;
		}
		g_autofree char *whole = g_strconcat(name, ", ", rest, NULL);
		describe_set(next, "name", whole);
		json_array_remove(list, i);
	}
}

/* Without an address that hangs on it ("Name<a@b.example>") and single quotes around it. */
static char *bare_name(const char *written)
{
	char *name = g_strstrip(g_strndup(written, strcspn(written, "<")));
	gsize length = strlen(name);
	/* "*Eve Doe*": bold, the first star went with the label */
	if (length > 1 && name[length - 1] == '*')
		name[--length] = '\0';
	if (length > 2 && name[0] == '\'' && name[length - 1] == '\'') {
		name[length - 1] = '\0';
		memmove(name, name + 1, length - 1);
	}
	return name;
}

static json_t *people(const char *value)
{
	g_autoptr(json_t) unused = findings_new();
	g_autofree char *plain = without_mailto(value ? value : "");
	use_double_quotes(plain);
	json_t *list = addresses_parse(unused, "", plain);
	size_t i;
	json_t *who;
	if (!strchr(plain, ';'))
		join_split_names(list);
	/* Outlook writes an address where there is no name. */
	json_array_foreach (list, i, who) {
		const char *written = json_text(who, "name"), *address = json_text(who, "address");
		g_autofree char *name = written ? bare_name(written) : NULL;
		gboolean twice = name && address && g_ascii_strcasecmp(name, address) == 0;
		if (name)
			describe_set(who, "name", twice ? NULL : name);
	}
	return list;
}

/* ---- lines from text ---- */

/* A label may begin at @at: a capital right after the end of a value. */
static gboolean may_begin_label(const char *start, const char *at)
{
	gunichar here = g_utf8_get_char(at);
	gunichar before = at > start ? g_utf8_get_char(g_utf8_prev_char(at)) : ' ';
	gunichar after = g_utf8_get_char(g_utf8_next_char(at));
	if (before == ' ' || !(g_unichar_isupper(here) || !g_unichar_islower(here)))
		return FALSE;
	return !(g_unichar_isupper(before) && g_unichar_isupper(after));
}

/* Yahoo writes "----- Forwarded Message ----- From: aTo: bSent: cSubject: d" on one line: a line
 * end before each label that stands there. NULL when it is no such line. */
static char *split_one_liner(const char *line)
{
	const char *start = skip_decoration(line);
	const char *close = g_str_has_prefix(start, "-----") ? strstr(start + 5, "----- ") : NULL;
	if (!close || close - start > 150)
		return NULL;
	const char *tail = close + strlen("----- ");
	g_autofree char *head = g_strndup(start, (gsize)(tail - start));
	const char *value;
	if (!announcement(head) || !parse_label(tail, &value))
		return NULL;
	GString *split = g_string_new(head);
	g_string_append_c(split, '\n');
	for (const char *at = tail; *at; at = g_utf8_next_char(at)) {
		if (at > tail && may_begin_label(tail, at) && parse_label(at, &value))
			g_string_append_c(split, '\n');
		g_string_append_unichar(split, g_utf8_get_char(at));
	}
	return g_string_free(split, FALSE);
}

static char **split_lines(const char *text)
{
	GString *all = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		g_strchomp(lines[i]);
		g_autofree char *more = i < 200 ? split_one_liner(lines[i]) : NULL;
		g_string_append(all, more ? more : lines[i]);
		g_string_append_c(all, '\n');
	}
	char **split = g_strsplit(all->str, "\n", -1);
	g_string_free(all, TRUE);
	return split;
}

/* What follows the block, without the quote marks. */
static char *body_from(char **lines, guint at)
{
	GString *body = g_string_new(NULL);
	while (lines[at] && is_blank(lines[at]))
		at++;
	for (; lines[at]; at++) {
		const char *line = lines[at];
		while (*line == '>')
			line += line[1] == ' ' ? 2 : 1;
		g_string_append_printf(body, "%s\n", line);
	}
	return g_strchomp(g_string_free(body, FALSE));
}

/* ---- "On 28/10/2021 12:46, John Doe <john@corp.example> wrote:" ---- */

static const char *const wrote[] = {
	"wrote:",      "schrieb:",     "écrit :",        "écrit:",
	"escribió:",   "escreveu:",    "geschreven:",    "schreef:",
	"írta:",       "scritto:",     "skrev:",         "skrev følgende den",
	"napisał(a):", "napisał:",     "napisała:",      "napsal(a):",
	"napsal:",     "napísal(a):",  "kirjoitti:",     "пишет:",
	"написал:",    "написала:",    "написал(а):",    "писал(а):",
	"пише:",       "написав:",     "wrote：",        "a scris:",
	"yazdı:",      "έγραψε:",      "のメール:",      "写道:",
	"写道：",      "寫道:",        "寫道：",         "님이 작성:",
	"כתב:",        "כתב/ה:",       "كتب:",           "menulis:",
	"đã viết:",    "เขียน:",        "je napisao/la:", "je napisal:",
	"написа:",     "parašė:",      "rakstīja:",      "kirjutas:",
	"skrifaði:",   "va escriure:", "escreveu no dia"};

static json_t *attribution(const char *line)
{
	const char *start = skip_decoration(line);
	const char *verb = NULL;
	for (guint i = 0; i < G_N_ELEMENTS(wrote) && !verb; i++)
		verb = strstr(start, wrote[i]);
	const char *at = strchr(start, '@');
	if (!verb || !at || strlen(start) > 500)
		return NULL;
	const char *open = at;
	while (open > start && !strchr("<(", *open))
		open--;
	gsize length = strcspn(open, ">)");
	const char *name = open;
	while (name > start && name[-1] != ',' && !g_ascii_isdigit(name[-1]))
		name--;
	/* "időpontban John Doe", "heeft « John Doe »": words of the sentence are in lower case. */
	name = skip_decoration(name);
	while (name < open && g_unichar_islower(g_utf8_get_char(name)))
		name = skip_decoration(name + strcspn(name, " "));
	g_autofree char *between = g_strndup(name, open > name ? (gsize)(open - name) : 0);
	g_auto(GStrv) quotes = g_strsplit(between, "«", 2);
	g_autofree char *joined = g_strjoinv("", quotes);
	g_auto(GStrv) closing = g_strsplit(joined, "»", 2);
	g_autofree char *bare = g_strjoinv("", closing);
	const char *first = skip_decoration(bare);
	g_autofree char *raw_name = g_strdup(first);
	g_autofree char *address = g_strndup(open + 1, length > 0 ? length - 1 : 0);
	g_autofree char *value = g_strdup_printf("%s <%s>", g_strstrip(raw_name), address);
	return strchr(address, '@') ? people(value) : NULL;
}

json_t *quoted_empty(void)
{
	static const char *const lists[] = {"from",        "reply_to", "to",       "cc",
	                                    "bcc",         "headers",  "received", "links",
	                                    "attachments", "findings"};
	json_t *message = json_object();
	describe_set(message, "message_id", NULL);
	describe_set(message, "date", NULL);
	describe_set(message, "subject", NULL);
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
		json_object_set_new(message, lists[i], json_array());
	describe_set(message, "text", NULL);
	describe_set(message, "html", NULL);
	describe_set(message, "fingerprint", NULL);
	return message;
}

static json_t *claims_of(const Block *block, char **lines, guint after)
{
	json_t *message = quoted_empty();
	g_autofree char *read = dates_read(block->values[DATE]);
	g_autofree char *date = read ? g_strdup(read) : headers_date(block->values[DATE]);
	g_autofree char *text = body_from(lines, after);
	describe_set(message, "date", date);
	describe_set(message, "date_text", block->values[DATE]);
	describe_set(message, "subject", block->values[SUBJECT]);
	json_object_set_new(message, "from", people(block->values[FROM]));
	json_object_set_new(message, "to", people(block->values[TO]));
	json_object_set_new(message, "cc", people(block->values[CC]));
	json_object_set_new(message, "reply_to", people(block->values[REPLY_TO]));
	describe_set(message, "text", text);
	return message;
}

/* A Message-ID that stands by its label; anything else there is none. */
static char *id_of(const Block *block)
{
	const char *value = block->values[MESSAGE_ID];
	const char *open = value ? strchr(value, '<') : NULL;
	g_autofree char *bare = g_strdup(open ? open : value ? value : "");
	bare[strcspn(bare, "\",")] = '\0';
	char *close = strchr(bare, '>');
	if (close)
		close[1] = '\0';
	g_strstrip(bare);
	return strchr(bare, '@') && !strchr(bare, ' ') ? text_message_id(bare, strlen(bare)) : NULL;
}

/* The id that a mailbox gives to the message: long, and of one word. */
static char *item_id_of(const Block *block)
{
	const char *value = block->values[ITEM_ID];
	g_autofree char *bare = g_strdup(value ? value : "");
	g_strdelimit(bare, "\",;", ' ');
	g_strstrip(bare);
	gsize length = strlen(bare);
	return length >= 32 && length <= 600 && !strchr(bare, ' ') ? g_steal_pointer(&bare) : NULL;
}

/* Ids that stand in the text before the quoted header, or in it. */
typedef struct {
	char *message_id, *item_id;
} Ids;

static void ids_clear(Ids *ids)
{
	g_free(ids->message_id);
	g_free(ids->item_id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Ids, ids_clear)

static void take_ids(Ids *ids, const Block *block)
{
	if (!ids->message_id)
		ids->message_id = id_of(block);
	if (!ids->item_id)
		ids->item_id = item_id_of(block);
}

static json_t *with_ids(json_t *message, const Ids *ids)
{
	if (ids->message_id)
		describe_set(message, "message_id", ids->message_id);
	if (ids->item_id)
		describe_set(message, "item_id", ids->item_id);
	return message;
}

/* "On … wrote:" and what follows, when there is no quoted header. */
static json_t *find_attribution(char **lines)
{
	for (guint i = 0; lines[i] && i < 100; i++) {
		json_t *from = attribution(lines[i]);
		if (!from)
			continue;
		json_t *message = quoted_empty();
		g_autofree char *body = body_from(lines, i + 1);
		json_object_set_new(message, "from", from);
		describe_set(message, "text", body);
		return message;
	}
	return NULL;
}

json_t *quoted_find(const char *text, const char **marker)
{
	init_labels();
	*marker = NULL;
	if (!text)
		return NULL;
	g_auto(GStrv) lines = split_lines(text);
	const char *announced = NULL;
	guint since = 0;
	g_auto(Ids) ids = {NULL, NULL};
	for (guint i = 0; lines[i]; i++) {
		const char *says = announcement(lines[i]), *value;
		if (says) {
			announced = says;
			since = i;
			continue;
		}
		if (!parse_label(lines[i], &value))
			continue;
		g_auto(Block) block = {{NULL}};
		guint end = read_block(lines, i, &block);
		take_ids(&ids, &block);
		if (!is_header(&block)) {
			i = MAX(i, end > 0 ? end - 1 : 0);
			continue;
		}
		*marker = announced && i - since <= 3 ? announced : NULL;
		return with_ids(claims_of(&block, lines, end), &ids);
	}
	json_t *message = find_attribution(lines);
	if (!message && (ids.message_id || ids.item_id))
		message = quoted_empty();
	return message ? with_ids(message, &ids) : NULL;
}
