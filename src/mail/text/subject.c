/* What mail programs put before a subject, in the languages they speak. */
#include "mail/text/subject.h"

#include <string.h>

typedef enum { FORWARD, REPLY } PrefixKind;

/* In lower case, without the colon, which may be full width or have a blank or a count before it
 * ("Re[2]:"). */
static const struct {
	const char *prefix;
	PrefixKind kind;
} prefixes[] = {
	{"fw", FORWARD},
	{"fwd", FORWARD},
	{"wg", FORWARD},
	{"tr", FORWARD},
	{"rv", FORWARD},
	{"enc", FORWARD},
	{"i", FORWARD},
	{"vs", FORWARD},
	{"vb", FORWARD},
	{"vl", FORWARD},
	{"pd", FORWARD},
	{"doorst", FORWARD},
	{"trs", FORWARD},
	{"vid", FORWARD},
	{"videresend", FORWARD},
	{"välitetty", FORWARD},
	{"fwd från", FORWARD},
	{"továbbítás", FORWARD},
	{"tov", FORWARD},
	{"redir", FORWARD},
	{"inoltra", FORWARD},
	{"reenv", FORWARD},
	{"rvd", FORWARD},
	{"ilt", FORWARD},
	{"i̇lt", FORWARD},
	{"yml", FORWARD},
	{"fs", FORWARD},
	{"προθ", FORWARD},
	{"πρθ", FORWARD},
	{"пер", FORWARD},
	{"пересл", FORWARD},
	{"转发", FORWARD},
	{"轉寄", FORWARD},
	{"転送", FORWARD},
	{"전달", FORWARD},
	{"הועבר", FORWARD},
	{"إعادة توجيه", FORWARD},
	{"doorgestuurd", FORWARD},
	{"weitergeleitet", FORWARD},
	{"vidarebefordrat", FORWARD},
	{"vidb", FORWARD},
	{"videresendt", FORWARD},
	{"przekazane", FORWARD},
	{"přep", FORWARD},
	{"prep", FORWARD},
	{"továbbítva", FORWARD},
	{"redirecționat", FORWARD},
	{"redirecţionat", FORWARD},
	{"prosl", FORWARD},
	{"proslijeđeno", FORWARD},
	{"prosleđeno", FORWARD},
	{"posr", FORWARD},
	{"edasi", FORWARD},
	{"persiųsta", FORWARD},
	{"pers", FORWARD},
	{"pārs", FORWARD},
	{"pārsūtīts", FORWARD},
	{"reenviado", FORWARD},
	{"inoltrato", FORWARD},
	{"encaminhado", FORWARD},
	{"transf", FORWARD},
	{"препр", FORWARD},
	{"прос", FORWARD},
	{"пересилання", FORWARD},
	{"переслано", FORWARD},
	{"перес", FORWARD},
	{"προώθηση", FORWARD},
	{"yönlendirilen", FORWARD},
	{"terusan", FORWARD},
	{"diteruskan", FORWARD},
	{"chuyển tiếp", FORWARD},
	{"ส่งต่อ", FORWARD},
	{"轉發", FORWARD},
	{"转寄", FORWARD},
	{"重发", FORWARD},
	{"ارسال", FORWARD},
	{"هدایت", FORWARD},
	{"अग्रे", FORWARD},
	{"re", REPLY},
	{"aw", REPLY},
	{"sv", REPLY},
	{"antw", REPLY},
	{"res", REPLY},
	{"odp", REPLY},
	{"rif", REPLY},
	{"回复", REPLY},
	{"回覆", REPLY},
	{"답장", REPLY},
	{"ynt", REPLY},
	{"απ", REPLY},
	{"σχετ", REPLY},
	{"vá", REPLY},
	{"vast", REPLY},
	{"ats", REPLY},
	{"atb", REPLY},
	{"odg", REPLY},
	{"отг", REPLY},
	{"отв", REPLY},
	{"відп", REPLY},
	{"rép", REPLY},
	{"答复", REPLY},
	{"返信", REPLY},
	{"回信", REPLY},
	{"השב", REPLY},
	{"رد", REPLY},
	{"bls", REPLY},
	{"trả lời", REPLY},
	{"ตอบกลับ", REPLY},
};

/* The length of the colon at @at with what may stand before it, or 0. */
static gsize colon_size(const char *at)
{
	const char *c = at;
	if (*c == '[' || *c == '(') {
		gsize digits = strspn(c + 1, "0123456789");
		if (digits == 0 || digits > 3 || !strchr("])", c[digits + 1]) || !c[digits + 1])
			return 0;
		c += digits + 2;
	}
	c += strspn(c, " ");
	if (*c == ':')
		return (gsize)(c + 1 - at);
	return g_str_has_prefix(c, "：") ? (gsize)(c - at) + strlen("：") : 0;
}

/* The length of the prefix @text begins with, or 0. Lower case may have another length, so the
 * comparison walks both. */
static gsize prefix_size(const char *text, PrefixKind *kind)
{
	for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		const char *at = text, *expected = prefixes[i].prefix;
		while (*expected && *at &&
		       g_unichar_tolower(g_utf8_get_char(at)) == g_utf8_get_char(expected)) {
			at = g_utf8_next_char(at);
			expected = g_utf8_next_char(expected);
		}
		gsize colon = *expected ? 0 : colon_size(at);
		if (colon) {
			*kind = prefixes[i].kind;
			return (gsize)(at - text) + colon;
		}
	}
	return 0;
}

static const char *skip_blanks(const char *text)
{
	while (*text && g_unichar_isspace(g_utf8_get_char(text)))
		text = g_utf8_next_char(text);
	return text;
}

gboolean subject_is_forward(const char *subject)
{
	PrefixKind kind;
	const char *at = skip_blanks(subject ? subject : "");
	return prefix_size(at, &kind) > 0 && kind == FORWARD;
}

char *subject_without_prefixes(const char *subject)
{
	if (!subject)
		return NULL;
	PrefixKind kind;
	const char *at = skip_blanks(subject);
	for (gsize size = prefix_size(at, &kind); size > 0; size = prefix_size(at, &kind))
		at = skip_blanks(at + size);
	return g_strchomp(g_strdup(at));
}

static const char *const auto_replies[] = {
	"automatic reply:",
	"auto reply:",
	"autoreply:",
	"auto-reply:",
	"out of office",
	"out-of-office",
	"automatische antwort",
	"abwesenheit",
	"réponse automatique",
	"respuesta automática",
	"risposta automatica",
	"resposta automática",
	"automatisch antwoord",
	"autosvar",
	"automaattinen vastaus",
	"automatyczna odpowiedź",
	"автоответ",
	"自动答复",
	"自動応答",
	"자동 회신",
	"automatická odpověď",
	"automatická odpoveď",
	"automatikus válasz",
	"răspuns automat",
	"automatski odgovor",
	"samodejni odgovor",
	"automatinis atsakymas",
	"automātiskā atbilde",
	"automaatvastus",
	"automatiskt svar",
	"automatisk svar",
	"автоматический ответ",
	"автоматична відповідь",
	"автоматичен отговор",
	"аутоматски одговор",
	"otomatik yanıt",
	"αυτόματη απάντηση",
	"תשובה אוטומטית",
	"رد تلقائي",
	"پاسخ خودکار",
	"自动回复",
	"自動回覆",
	"自動返信",
	"자동 응답",
	"balasan otomatis",
	"trả lời tự động",
	"การตอบกลับอัตโนมัติ",
	"resposta automàtica",
	"out of the office",
	"fuera de la oficina",
	"fora do escritório",
	"vacation reply",
	"i am away",
	"away from my mail",
};

gboolean subject_is_auto_reply(const char *subject)
{
	g_autofree char *lower = subject ? g_utf8_strdown(skip_blanks(subject), -1) : NULL;
	for (guint i = 0; lower && i < G_N_ELEMENTS(auto_replies); i++)
		if (g_str_has_prefix(lower, auto_replies[i]))
			return TRUE;
	return FALSE;
}
