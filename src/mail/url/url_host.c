/* Hosts as browsers read them (WHATWG URL Standard §3.5): percent-encoded, in any letters that IDNA
 * maps to others, as one number, in octal, in hexadecimal.
 *
 * Names are mapped and checked by UTS #46, by ICU, as browsers do. IDNA 2008 alone knows neither
 * the symbols that people register nor the labels that UTS #46 refuses. */
#include "mail/url/url.h"

#include "base/limits.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>
#include <unicode/uidna.h>

char *url_unescape(const char *text, gssize length)
{
	gsize size = length < 0 ? strlen(text) : (gsize)length;
	g_autofree char *octets = g_malloc(size + 1);
	char *to = octets;
	for (gsize i = 0; i < size; i++) {
		if (text[i] == '%' && i + 2 < size && g_ascii_isxdigit(text[i + 1]) &&
		    g_ascii_isxdigit(text[i + 2])) {
			*to++ = (char)(g_ascii_xdigit_value(text[i + 1]) * 16 +
			               g_ascii_xdigit_value(text[i + 2]));
			i += 2;
		} else {
			*to++ = text[i];
		}
	}
	return g_utf8_make_valid(octets, to - octets);
}

/* ---- IPv4 ---- */

/* One number of an IPv4 address: decimal, 0octal or 0xhex. FALSE when it is none; a number that is
 * too large for anything is G_MAXUINT64. */
static gboolean parse_number(const char *text, guint64 *value)
{
	guint base = 10;
	if (g_ascii_strncasecmp(text, "0x", 2) == 0) {
		base = 16;
		text += 2;
	} else if (text[0] == '0' && text[1]) {
		base = 8;
		text++;
	}
	*value = 0;
	for (; *text; text++) {
		int digit = g_ascii_xdigit_value(*text);
		if (digit < 0 || (guint)digit >= base)
			return FALSE;
		*value = *value > G_MAXUINT32 ? G_MAXUINT64 : *value * base + (guint)digit;
	}
	return TRUE;
}

/* The labels without the empty one after a last full stop. */
static guint label_count(char **labels)
{
	guint count = g_strv_length(labels);
	return count > 1 && !*labels[count - 1] ? count - 1 : count;
}

/* A host whose last label is a number is an address, or nothing. */
static gboolean ends_in_number(char **labels)
{
	const char *last = labels[label_count(labels) - 1];
	guint64 value;
	if (*last && strspn(last, "0123456789") == strlen(last))
		return TRUE;
	return g_ascii_strncasecmp(last, "0x", 2) == 0 && parse_number(last, &value);
}

/* "0x7f.1", "2130706433" to "127.0.0.1"; NULL when it is no address. */
static char *ipv4(char **labels)
{
	guint count = label_count(labels);
	guint64 address = 0;
	if (count > 4)
		return NULL;
	for (guint i = 0; i < count; i++) {
		guint64 number, room = i + 1 < count ? 256 : (guint64)1 << (8 * (5 - count));
		if (!*labels[i] || !parse_number(labels[i], &number) || number >= room)
			return NULL;
		address = (address << (i + 1 < count ? 8 : 8 * (5 - count))) | number;
	}
	return g_strdup_printf("%u.%u.%u.%u", (guint)(address >> 24) & 255,
	                       (guint)(address >> 16) & 255, (guint)(address >> 8) & 255,
	                       (guint)address & 255);
}

/* ---- IPv6 ---- */

/* Where the longest run of two or more zero pieces begins, or 8. */
static guint longest_zeros(const guint16 pieces[8], guint *length)
{
	guint best = 8;
	*length = 1;
	for (guint i = 0; i < 8; i++) {
		guint run = 0;
		while (i + run < 8 && pieces[i + run] == 0)
			run++;
		if (run > *length) {
			best = i;
			*length = run;
		}
		i += run;
	}
	return best;
}

static char *ipv6(const char *text, gsize size)
{
	struct in6_addr address;
	g_autofree char *bare = g_strndup(text, size);
	if (inet_pton(AF_INET6, bare, &address) != 1)
		return NULL;
	guint16 pieces[8];
	for (guint i = 0; i < 8; i++)
		pieces[i] = (guint16)(address.s6_addr[2 * i] << 8 | address.s6_addr[2 * i + 1]);
	guint zeros, start = longest_zeros(pieces, &zeros);
	GString *host = g_string_new("[");
	for (guint i = 0; i < 8; i++) {
		if (i == start) {
			g_string_append(host, i == 0 ? "::" : ":");
			i += zeros - 1;
			continue;
		}
		g_string_append_printf(host, "%x%s", pieces[i], i < 7 ? ":" : "");
	}
	g_string_append_c(host, ']');
	return g_string_free(host, FALSE);
}

/* ---- names ---- */

static gboolean is_plain_ascii(const char *host)
{
	for (const char *c = host; *c; c++)
		if ((guchar)*c >= 0x80)
			return FALSE;
	return !g_str_has_prefix(host, "xn--") && !strstr(host, ".xn--");
}

/* What the standard does not mind (§3.3, "domain to ASCII"): CheckHyphens and VerifyDnsLength are
 * off. */
#define ALLOWED                                                                                    \
	(UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG | UIDNA_ERROR_DOMAIN_NAME_TOO_LONG | \
	 UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4)

static const UIDNA *idna(void)
{
	static gsize once;
	static UIDNA *tables;
	if (g_once_init_enter(&once)) {
		UErrorCode failed = U_ZERO_ERROR;
		tables = uidna_openUTS46(UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_CHECK_BIDI |
		                                 UIDNA_CHECK_CONTEXTJ,
		                         &failed);
		if (U_FAILURE(failed))
			g_error("ICU has no tables of names: %s", u_errorName(failed));
		g_once_init_leave(&once, 1);
	}
	return tables;
}

void url_init(void)
{
	idna();
}

static char *to_ascii(const char *host)
{
	g_autofree char *lower = g_utf8_strdown(host, -1);
	if (is_plain_ascii(lower))
		return g_steal_pointer(&lower);
	/* a label may take the square of its length */
	gsize size = strlen(host);
	if (size > LIMIT_HOST)
		return NULL;
	char ascii[16 * LIMIT_HOST];
	UErrorCode failed = U_ZERO_ERROR;
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	int32_t length = uidna_nameToASCII_UTF8(idna(), host, (int32_t)size, ascii,
	                                        (int32_t)sizeof ascii, &info, &failed);
	if (U_FAILURE(failed) || (info.errors & ~(uint32_t)ALLOWED) != 0)
		return NULL;
	return g_strndup(ascii, (gsize)length);
}

static gboolean has_forbidden(const char *name)
{
	for (const char *c = name; *c; c++)
		if ((guchar)*c <= ' ' || *c == 0x7f || strchr("#%/:<>?@[\\]^|", *c))
			return TRUE;
	return FALSE;
}

char *url_host(const char *written, gssize length)
{
	gsize size = length < 0 ? strlen(written) : (gsize)length;
	if (size > 2 && written[0] == '[')
		return written[size - 1] == ']' ? ipv6(written + 1, size - 2) : NULL;
	g_autofree char *bare = url_unescape(written, (gssize)size);
	/* an octet 0 ends the text that unescaping gives, and is forbidden */
	g_autofree char *lower = g_ascii_strdown(written, (gssize)size);
	if (strstr(lower, "%00") || !*bare)
		return NULL;
	g_autofree char *name = to_ascii(bare);
	if (!name || !*name || has_forbidden(name))
		return NULL;
	g_auto(GStrv) labels = g_strsplit(name, ".", -1);
	return ends_in_number(labels) ? ipv4(labels) : g_steal_pointer(&name);
}
