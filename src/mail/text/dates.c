/* Dates in forwards: "Montag, 3. März 2026 um 10:21 Uhr", "2026年3月3日 下午3:21", "Mar 3, 2026 at
 * 10:21 AM".
 *
 * No program says which locale it wrote in, but the parts tell themselves apart: a time has a
 * colon, a year has four digits, a month a name. Months are a table of beginnings of names; the
 * weekday, which says nothing new, is left out. */
#include "mail/text/dates.h"

#include <string.h>

/* Beginnings of the names of months, in lower case; the longest that fits counts. Of "lis" and
 * "srp", which Slavic languages give to neighbouring months, the most spoken has it. */
static const char *const months[12] = {
	"jan|ene|gen|ian|led|sty|sau|jaan|oca|tammi|siječ|янв|јан|януари|січ|студз|ιαν|ינו|يناير|"
	"كانون الثاني|ژانویه|ม.ค|มกราคม|जनवरी|urt|xan",
	"feb|fév|fev|úno|uno|lut|vas|veebr|şub|şubat|helmi|velj|фев|феб|лют|φεβ|פבר|فبراير|شباط|"
	"فوریه|ก.พ|กุมภาพันธ์|फ़रवरी|फरवरी|ots|hel",
	"mar|mär|mrz|mrt|maa|bře|bre|kov|märts|ožu|мар|берез|бер|μαρ|μάρ|מרץ|מרס|مارس|آذار|มี.ค|"
	"มีนาคม|मार्च|már|maalis",
	"apr|abr|avr|dub|kwi|bal|nis|huhti|tra|trav|апр|квіт|кві|απρ|אפר|أبريل|ابريل|نيسان|آوریل|"
	"เม.ย|เมษายน|अप्रैल|ápr|api",
	"mai|may|mag|maj|mei|maí|kvě|kve|gegu|touko|svib|máj|maig|maio|май|мая|мај|трав|μαΐ|μαι|"
	"μάι|"
	"מאי|مايو|أيار|مه|พ.ค|พฤษภาคม|मई|maiatz",
	"jun|juin|giu|červn|červen|čvn|cze|birž|juuni|haz|kesä|lipanj|lipnja|iun|jún|juny|xuñ|июн|"
	"юни|јун|червн|черв|ιουν|ιούν|יונ|يونيو|حزيران|ژوئن|มิ.ย|มิถุนายน|जून|jūn|júní|ekain",
	"jul|juil|lug|červenc|červenec|čvc|lip|liep|juuli|tem|heinä|srpanj|srpnja|iul|júl|xul|июл|"
	"юли|јул|лип|ιουλ|ιούλ|יול|يوليو|تموز|ژوئیه|ก.ค|กรกฎาคม|जुलाई|jūl|uztail",
	"aug|ago|aoû|aou|srp|sie|rugp|ağu|elo|kol|авг|август|серп|сер|αυγ|αύγ|אוג|أغسطس|آب|اوت|ส.ค|"
	"สิงหาคม|अगस्त|agt|agu|ág|abuz",
	"sep|set|szept|zář|zar|wrz|rugs|eyl|syys|ruj|сен|сеп|верес|вер|σεπ|ספט|سبتمبر|أيلول|"
	"سپتامبر|"
	"ก.ย|กันยายน|सितंबर|sept|irail",
	"oct|okt|ott|out|říj|rij|paź|paz|spal|eki|loka|outubro|окт|жовт|жов|οκτ|אוק|أكتوبر|"
	"تشرين الأول|اکتبر|ต.ค|ตุลาคม|अक्टूबर|urri",
	"nov|lis|lapkr|kas|marras|stud|ноя|ное|нов|листоп|лис|νοε|νοέ|נוב|نوفمبر|تشرين "
	"الثاني|نوامبر|"
	"พ.ย|พฤศจิกายน|नवंबर|nóv|noi|azar",
	"dec|dez|dic|déc|pro|gru|gruod|dets|ara|joulu|prosin|des|дек|дец|груд|гру|δεκ|דצמ|ديسمبر|"
	"كانون الأول|دسامبر|ธ.ค|ธันวาคม|दिसंबर|dic|abend|abe",
};

/* Words that begin like a month and are none. */
static const char *const no_months[] = {"mardi",  "martedì",   "martes",   "marți",    "marti",
                                        "mart",   "marketing", "decembra", "sete",     "segunda",
                                        "sábado", "sabado",    "setmana",  "proposed", "lundi",
                                        "pro",    "vasárnap",  "ara ",     "tem.",     "birželio"};

/* Half-days. */
static const struct {
	const char *word;
	gboolean afternoon;
} half_days[] = {
	{"pm", TRUE},    {"p.m", TRUE},   {"p. m", TRUE},  {"下午", TRUE},  {"午後", TRUE},
	{"오후", TRUE},  {"μμ", TRUE},    {"μ.μ", TRUE},   {"晚上", TRUE},  {"du.", TRUE},
	{" م", TRUE},    {"ب.ظ", TRUE},   {" ch", TRUE},   {"am", FALSE},   {"a.m", FALSE},
	{"a. m", FALSE}, {"上午", FALSE}, {"午前", FALSE}, {"오전", FALSE}, {"πμ", FALSE},
	{"π.μ", FALSE},  {"凌晨", FALSE}, {"早上", FALSE}, {"de.", FALSE},  {" ص", FALSE},
	{"ق.ظ", FALSE},  {" sa", FALSE},  {"中午", TRUE},
};

static const struct {
	const char *name;
	int minutes;
} zones[] = {
	{"gmt", 0},    {"utc", 0},    {"cest", 120}, {"cet", 60},   {"mesz", 120}, {"mez", 60},
	{"bst", 60},   {"eest", 180}, {"eet", 120},  {"edt", -240}, {"est", -300}, {"cdt", -300},
	{"cst", -360}, {"mdt", -360}, {"mst", -420}, {"pdt", -420}, {"pst", -480}, {"jst", 540},
	{"kst", 540},  {"msk", 180},  {"aest", 600}, {"aedt", 660},
};

#define NUMBERS 14

/* A run of digits, with what stands around it. */
typedef struct {
	int value;
	guint digits;
	const char *start, *end;
	gboolean used;
} Number;

typedef struct {
	char *text; /* in lower case, digits of all scripts as 0-9 */
	Number numbers[NUMBERS];
	guint count;
	int year, month, day, hour, minute, second, zone;
	gboolean half; /* a half-day was named */
} Parts;

static char *plain_text(const char *text)
{
	GString *plain = g_string_new(NULL);
	g_autofree char *lower = g_utf8_strdown(text, -1);
	for (const char *at = lower; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (g_unichar_isdigit(c))
			g_string_append_c(plain, (char)('0' + g_unichar_digit_value(c)));
		else if (c == 0x200e || c == 0x200f || c == 0x200b || (c >= 0x202a && c <= 0x202e))
			continue;
		else if (g_unichar_isspace(c))
			g_string_append_c(plain, ' ');
		else
			g_string_append_unichar(plain, c);
	}
	return g_string_free(plain, FALSE);
}

static void find_numbers(Parts *parts)
{
	for (const char *at = parts->text; *at && parts->count < NUMBERS - 2;) {
		gsize digits = strspn(at, "0123456789");
		if (digits > 0 && digits <= 4)
			parts->numbers[parts->count++] =
				(Number){(int)g_ascii_strtoll(at, NULL, 10), (guint)digits, at,
			                 at + digits, FALSE};
		at += digits ? digits : 1;
	}
}

/* ---- the time ---- */

static gboolean begins_time(const Parts *parts, guint i, gboolean by_stop)
{
	static const char *const between[] = {":", "h", "點", "点", "时", "時", "시"};
	const Number *hour = &parts->numbers[i], *minute = hour + 1;
	if (i + 1 >= parts->count || hour->digits > 2 || minute->digits > 2 ||
	    (minute->digits == 1 && *hour->end != ' ' && !(*hour->end & 0x80)) ||
	    hour->value > 24 || minute->value > 59)
		return FALSE;
	g_autofree char *gap = g_strndup(hour->end, (gsize)(minute->start - hour->end));
	/* "kl. 10.21", "2026 9.05": a full stop, apart from the numbers of the date. */
	if (by_stop)
		return strcmp(gap, ".") == 0 && minute->digits == 2 && i >= 2 &&
		       (hour[-1].end < hour->start - 1 ||
		        (hour[-1].digits == 4 && *hour[-1].end == ' ')) &&
		       *minute->end != '.';
	g_strstrip(gap);
	for (guint j = 0; j < G_N_ELEMENTS(between); j++)
		if (strcmp(gap, between[j]) == 0)
			return TRUE;
	return FALSE;
}

/* The number with which the time begins, or NULL. */
static Number *time_start(Parts *parts)
{
	for (guint by_stop = 0; by_stop < 2; by_stop++)
		for (guint i = 0; i + 1 < parts->count; i++)
			if (begins_time(parts, i, by_stop == 1))
				return &parts->numbers[i];
	return NULL;
}

static void find_time(Parts *parts)
{
	Number *at = time_start(parts);
	if (!at)
		return;
	gboolean seconds = at + 2 < parts->numbers + parts->count && at[2].digits == 2 &&
	                   at[2].value < 61 && strchr(":.", *at[1].end) &&
	                   at[2].start == at[1].end + 1;
	parts->hour = at[0].value;
	parts->minute = at[1].value;
	parts->second = seconds ? MIN(at[2].value, 59) : 0;
	at[0].used = at[1].used = TRUE;
	at[2].used = at[2].used || seconds;
}

static void find_half_day(Parts *parts)
{
	for (guint i = 0; i < G_N_ELEMENTS(half_days) && !parts->half; i++) {
		const char *word = strstr(parts->text, half_days[i].word);
		gboolean ascii = g_ascii_isalpha(half_days[i].word[0]);
		/* "am 3. März" is no half-day: the word follows a digit, or blanks after one. */
		const char *before = word;
		while (ascii && before && before > parts->text && before[-1] == ' ')
			before--;
		if (!word || (ascii && (before == parts->text || !g_ascii_isdigit(before[-1]) ||
		                        g_ascii_isalpha(word[strlen(half_days[i].word)]))))
			continue;
		parts->half = parts->hour >= 0 && parts->hour <= 12;
		if (parts->half && half_days[i].afternoon && parts->hour < 12)
			parts->hour += 12;
		else if (parts->half && !half_days[i].afternoon && parts->hour == 12)
			parts->hour = 0;
	}
}

/* "+0100", "+01:00", "gmt+1" behind the time, or a name. */
static void find_zone(Parts *parts)
{
	const char *last = parts->text;
	for (guint i = 0; i < parts->count; i++)
		if (parts->numbers[i].used)
			last = parts->numbers[i].end;
	for (guint i = 0; i < parts->count; i++) {
		Number *at = &parts->numbers[i];
		char sign = at->start > parts->text ? at->start[-1] : ' ';
		if (at->used || at->start < last || !strchr("+-", sign) || at->start - last > 24 ||
		    at->value > 1400)
			continue;
		gboolean split = i + 1 < parts->count && at->digits <= 2 && *at->end == ':' &&
		                 at[1].start == at->end + 1;
		int minutes = at->digits == 4 ? at->value / 100 * 60 + at->value % 100
		                              : at->value * 60 + (split ? at[1].value : 0);
		parts->zone = sign == '-' ? -minutes : minutes;
		at->used = TRUE;
		if (split)
			at[1].used = TRUE;
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(zones); i++) {
		const char *name = strstr(last, zones[i].name);
		gboolean alone = name && !g_ascii_isalpha(name[strlen(zones[i].name)]) &&
		                 name > last && !g_ascii_isalpha(name[-1]);
		if (alone) {
			parts->zone = zones[i].minutes;
			return;
		}
	}
}

/* ---- the date ---- */

/* The month whose name begins at @at; 0: none. */
static int month_at(const char *at)
{
	gsize best = 0;
	int found = 0;
	for (guint i = 0; i < G_N_ELEMENTS(no_months); i++)
		if (g_str_has_prefix(at, no_months[i]) &&
		    !g_unichar_isalpha(g_utf8_get_char(at + strlen(no_months[i]))) &&
		    strcmp(no_months[i], "mart") != 0 && strcmp(no_months[i], "pro") != 0)
			return 0;
	for (guint month = 0; month < 12; month++)
		for (const char *name = months[month]; *name;) {
			gsize length = strcspn(name, "|");
			if (length > best && strncmp(at, name, length) == 0) {
				best = length;
				found = (int)month + 1;
			}
			name += length + (name[length] == '|');
		}
	return found;
}

/* What stands before @at, without blanks, full stops and "de", is a number. */
static gboolean follows_number(const char *text, const char *at)
{
	while (at > text) {
		if (strchr(" .,-/º°", at[-1]))
			at--;
		else if (at - text >= 3 && strncmp(at - 2, "de", 2) == 0 && at[-3] == ' ')
			at -= 2;
		else
			break;
	}
	return at > text && g_ascii_isdigit(at[-1]);
}

static void find_named_month(Parts *parts)
{
	gboolean after = FALSE;
	for (const char *at = parts->text; *at && !after; at = g_utf8_next_char(at)) {
		gunichar before = at > parts->text ? g_utf8_get_char(g_utf8_prev_char(at)) : ' ';
		/* Hebrew writes its preposition before the name. */
		gboolean begins = !g_unichar_isalpha(before) || before == 0x5d1;
		int month = begins ? month_at(at) : 0;
		if (!month)
			continue;
		after = follows_number(parts->text, at);
		if (after || !parts->month)
			parts->month = month;
	}
}

static void set_year(Parts *parts, int year)
{
	parts->year = year >= 2400 && year < 2700 ? year - 543 /* Buddhist */
	              : year < 70                 ? year + 2000
	              : year < 100                ? year + 1900
	                                          : year;
}

/* Day and year beside a month's name: the year has four digits, or comes last. */
static void use_named(Parts *parts)
{
	Number *year = NULL, *day = NULL;
	for (guint i = 0; i < parts->count; i++) {
		Number *at = &parts->numbers[i];
		if (at->used)
			continue;
		if (!year && at->digits == 4)
			year = at;
		else if (!day && at->digits <= 2 && at->value >= 1 && at->value <= 31)
			day = at;
		else if (!year && at->digits == 2)
			year = at;
	}
	if (year && day) {
		parts->day = day->value;
		set_year(parts, year->value);
	}
}

/* Three numbers: which is which says the order, then what is possible. */
static void use_numbers(Parts *parts)
{
	Number *three[3];
	guint count = 0;
	for (guint i = 0; i < parts->count && count < 3; i++)
		if (!parts->numbers[i].used)
			three[count++] = &parts->numbers[i];
	if (count < 3)
		return;
	if (three[0]->digits == 4) {
		set_year(parts, three[0]->value);
		parts->month = three[1]->value;
		parts->day = three[2]->value;
		return;
	}
	gboolean american = three[1]->value > 12 ||
	                    (*three[0]->end == '/' && parts->half && three[0]->value <= 12);
	parts->day = three[american ? 1 : 0]->value;
	parts->month = three[american ? 0 : 1]->value;
	set_year(parts, three[2]->value);
}

char *dates_read(const char *text)
{
	if (!text || strlen(text) > 300 || !g_utf8_validate(text, -1, NULL))
		return NULL;
	g_autofree char *plain = plain_text(text);
	Parts parts = {.text = plain, .hour = -1};
	find_numbers(&parts);
	find_time(&parts);
	find_half_day(&parts);
	find_zone(&parts);
	find_named_month(&parts);
	if (parts.month)
		use_named(&parts);
	if (!parts.year) {
		parts.month = 0;
		use_numbers(&parts);
	}
	if (parts.year < 1970 || parts.year > 9998)
		return NULL;
	g_autoptr(GTimeZone) zone =
		ABS(parts.zone) <= 14 * 60 ? g_time_zone_new_offset(parts.zone * 60) : NULL;
	g_autoptr(GDateTime) date =
		zone ? g_date_time_new(zone, parts.year, parts.month, parts.day,
	                               MAX(parts.hour, 0) % 24, parts.minute, parts.second)
		     : NULL;
	return date ? g_date_time_format(date, "%Y-%m-%dT%H:%M:%S%:z") : NULL;
}
