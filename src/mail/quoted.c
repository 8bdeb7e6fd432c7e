/* Forwards inside a text.
 *
 * Mail programs write the original's header fields into the text, in the language of whoever
 * forwards, and disagree about everything else: dashes or a sentence before, "> " or stars around,
 * all on one line. So lines are freed of their decoration and looked for labels; a run of lines
 * with a sender's label and another one is a quoted header. Labels are one table; a language is a
 * few rows more. */
#include "mail/quoted.h"

#include "mail/addresses.h"
#include "mail/describe.h"
#include "mail/findings.h"
#include "mail/headers.h"

#include <string.h>

typedef enum { FROM, TO, CC, DATE, SUBJECT, REPLY_TO, FIELDS } Field;

/* In lower case. A label may stand for two fields in two languages ("da" is a sender in Italian);
 * then the first that is still free in a block counts. */
static const struct {
	Field field;
	const char *labels;
} labels[] = {
	{FROM,
         "from|von|de|da|van|fra|från|od|lähettäjä|feladó|от|отправитель|від|відправник|kimden|"
         "gönderen|差出人|送信元|发件人|寄件者|寄件人|보낸 사람|보낸사람|발신|من|מאת|από|"
         "expéditeur|remitente|mittente|afzender|remetente|de la|expeditorul|expeditor|nadawca|"
         "odesílatel|odosielateľ|saatja|kellelt|nuo|no|pošiljatelj|šalje|dari|จาก|từ|người gửi|"
         "avsender|afsender|avsändare|absender|desde|izvor|pošiljatelj"},
	{TO,
         "to|an|à|a|para|naar|aan|til|till|do|komu|vastaanottaja|címzett|кому|kime|alıcı|宛先|"
         "送信先|收件人|收件者|받는 사람|수신|إلى|אל|προς|către|destinatarul|destinatar|prima|za|"
         "kepada|ถึง|đến|pour|destinataire|destinatario|destinatário|adresat|adresát|pre|kam|"
         "kellele|gavėjas|kas|mottaker|modtager|mottagare|empfänger|ontvanger|получатель"},
	{CC,
         "cc|kopie|kopie (cc)|copia|copie|copie à|kopia|kopio|másolat|másolatot kap|копия|копія|"
         "bilgi|抄送|副本|참조|نسخة|עותק|κοιν|κοινοποίηση|kópia|kopi|dw|do wiadomości|kk|"
         "cópia|koopia|kopija|с копией|กสำเนา|สำเนา"},
	{DATE,
         "date|datum|fecha|data|dato|päivämäärä|päiväys|dátum|dată|дата|tarih|日付|日期|날짜|"
         "التاريخ|תאריך|ημερομηνία|sent|gesendet|gesendet am|envoyé|enviado|enviado el|"
         "enviada em|enviado em|inviato|verzonden|sendt|skickat|lähetetty|elküldve|elküldés|"
         "отправлено|надіслано|gönderildi|gönderme tarihi|送信日時|送信済み|发送时间|發送日期|"
         "傳送時間|寄件日期|보낸 날짜|전송|تم الإرسال|נשלח|στάλθηκε|trimis|wysłano|odesláno|"
         "odoslané|poslano|poslato|kuupäev|datums|tanggal|tarihi|saadetud|išsiųsta|ngày|"
         "วันที่|date d'envoi|datum verzonden"},
	{SUBJECT,
         "subject|betreff|objet|asunto|oggetto|onderwerp|assunto|emne|ämne|aihe|tárgy|тема|"
         "konu|件名|主题|主題|제목|الموضوع|נושא|θέμα|subiect|subiectul|temat|předmět|predmet|"
         "teema|téma|naslov|zadeva|tēma|tema|perihal|subjek|sujet|ämnesrad|"
         "chủ đề|หัวเรื่อง|titel"},
	{REPLY_TO,
         "reply-to|antwort an|répondre à|responder a|rispondi a|antwoord aan|responder para|"
         "svar til|svara till|vastausosoite|yanıtla|ответить|返信先|reply to"},
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

/* Blanks of all kinds, quote marks, invisible characters. */
static const char *skip_decoration(const char *line)
{
	for (;;) {
		gunichar c = g_utf8_get_char(line);
		if (!c || !(g_unichar_isspace(c) || c == '>' || c == '|' || c == 0xa0 ||
		            c == 0x200b || c == 0xfeff || c == 0x200e || c == 0x200f))
			return line;
		line = g_utf8_next_char(line);
	}
}

static gboolean is_blank(const char *line)
{
	return !*skip_decoration(line);
}

/* "Label:" at the beginning of a line: which fields it may mean, and what follows. */
static guint parse_label(const char *line, const char **value)
{
	if (!strchr(line, ':') && !strstr(line, "："))
		return 0;
	const char *start = skip_decoration(line);
	start += strspn(start, "*_ ");
	const char *colon = start;
	for (guint i = 0; i < 40 && *colon && *colon != ':' && !g_str_has_prefix(colon, "："); i++)
		colon = g_utf8_next_char(colon);
	if (*colon != ':' && !g_str_has_prefix(colon, "："))
		return 0;
	g_autofree char *written = g_strndup(start, (gsize)(colon - start));
	g_strdelimit(written, "*_", ' ');
	for (char *nbsp = strstr(written, "\xc2\xa0"); nbsp; nbsp = strstr(written, "\xc2\xa0"))
		memcpy(nbsp, "  ", 2);
	g_autofree char *label = g_utf8_strdown(g_strstrip(written), -1);
	guint fields = GPOINTER_TO_UINT(g_hash_table_lookup(label_fields, label));
	const char *rest = colon + (*colon == ':' ? 1 : strlen("："));
	*value = skip_decoration(rest);
	*value += strspn(*value, "*_ \t");
	return fields;
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
		if ((fields & 1u << field) && !block->values[field])
			return field;
	return -1;
}

static gboolean is_header(const Block *block)
{
	return block->values[FROM] &&
	       (block->values[SUBJECT] || block->values[DATE] || block->values[TO]);
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
			block->values[field] = g_strchomp(g_strdup(value));
			last = field;
			end = i + 1;
		} else if (is_blank(lines[i])) {
			const char *unused;
			if (!lines[i + 1] || !parse_label(lines[i + 1], &unused))
				break;
			last = -1;
		} else if (last == TO || last == CC ||
		           (last >= 0 && !*block->values[last] && i == end)) {
			char *joined = g_strconcat(block->values[last], " ",
			                           skip_decoration(lines[i]), NULL);
			g_free(block->values[last]);
			block->values[last] = g_strchomp(joined);
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
	"wrote:",      "schrieb:", "écrit :", "écrit:",   "escribió:", "escreveu:",
	"geschreven:", "schreef:", "írta:",   "scritto:", "skrev:",    "skrev følgende den"};

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
	g_autofree char *date = headers_date(block->values[DATE]);
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

json_t *quoted_find(const char *text, const char **marker)
{
	init_labels();
	*marker = NULL;
	if (!text)
		return NULL;
	g_auto(GStrv) lines = split_lines(text);
	const char *announced = NULL;
	guint since = 0;
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
		if (!is_header(&block)) {
			i = MAX(i, end > 0 ? end - 1 : 0);
			continue;
		}
		*marker = announced && i - since <= 3 ? announced : NULL;
		return claims_of(&block, lines, end);
	}
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
