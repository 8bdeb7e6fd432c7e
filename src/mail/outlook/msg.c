/* Outlook's .msg: an OLE file whose streams are MAPI properties (MS-OXMSG).
 *
 * Properties of variable size are a stream each, "__substg1.0_" with tag and type; those of fixed
 * size share one stream. Recipients and attachments are storages; an attached item is a storage
 * again, with the whole structure in it. */
#include "mail/outlook/outlook.h"

#include "base/limits.h"
#include "mail/outlook/rtf.h"
#include "mail/text/charset.h"

#include <gsf/gsf-infile-msole.h>
#include <gsf/gsf-infile.h>
#include <gsf/gsf-input-memory.h>
#include <gsf/gsf-utils.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GsfInput, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GsfInfile, g_object_unref)

/* Tags of [MS-OXPROPS] that are read here. */
enum {
	TAG_SUBJECT = 0x0037,
	TAG_SUBMIT_TIME = 0x0039,
	TAG_SENT_REPRESENTING_NAME = 0x0042,
	TAG_SENT_REPRESENTING_ADDRESS = 0x0065,
	TAG_TRANSPORT_HEADERS = 0x007d,
	TAG_RECIPIENT_TYPE = 0x0c15,
	TAG_SENDER_NAME = 0x0c1a,
	TAG_SENDER_ADDRESS = 0x0c1f,
	TAG_DELIVERY_TIME = 0x0e06,
	TAG_BODY = 0x1000,
	TAG_RTF = 0x1009,
	TAG_HTML = 0x1013,
	TAG_MESSAGE_ID = 0x1035,
	TAG_DISPLAY_NAME = 0x3001,
	TAG_ADDRESS = 0x3003,
	TAG_ATTACH_DATA = 0x3701,
	TAG_ATTACH_NAME = 0x3704,
	TAG_ATTACH_LONG_NAME = 0x3707,
	TAG_ATTACH_TYPE = 0x370e,
	TAG_ATTACH_CONTENT_ID = 0x3712,
	TAG_SMTP_ADDRESS = 0x39fe,
	TAG_INTERNET_CODE_PAGE = 0x3fde,
	TAG_CODE_PAGE = 0x3ffd,
	TAG_SENDER_SMTP = 0x5d01,
	TAG_SENT_REPRESENTING_SMTP = 0x5d02,
};

/* One storage with its properties. */
typedef struct {
	GsfInfile *storage;
	GBytes *fixed;    /* its __properties_version1.0, or NULL */
	gsize fixed_from; /* where its entries begin */
	char charset[16]; /* of 8-bit strings */
	char html_charset[16];
	gsize *budget; /* octets that may still be read */
} Properties;

static GBytes *read_stream(GsfInfile *storage, const char *name, gsize *budget)
{
	g_autoptr(GsfInput) stream = gsf_infile_child_by_name(storage, name);
	if (!stream)
		return NULL;
	gsf_off_t size = gsf_input_size(stream);
	if (size < 0 || (gsize)size > *budget)
		return NULL;
	*budget -= (gsize)size;
	if (size == 0)
		return g_bytes_new_static("", 0);
	guint8 *octets = g_malloc((gsize)size);
	if (gsf_input_read(stream, (gsize)size, octets))
		return g_bytes_new_take(octets, (gsize)size);
	g_free(octets);
	return NULL;
}

static GBytes *property(const Properties *of, guint tag, guint type)
{
	char name[40];
	g_snprintf(name, sizeof name, "__substg1.0_%04X%04X", tag, type);
	return read_stream(of->storage, name, of->budget);
}

/* A string property, Unicode or of the item's code page; NULL: none, or empty. */
static char *string_property(const Properties *of, guint tag)
{
	g_autoptr(GBytes) wide = property(of, tag, 0x001f);
	g_autoptr(GBytes) narrow = wide ? NULL : property(of, tag, 0x001e);
	GBytes *octets = wide ? wide : narrow;
	if (!octets)
		return NULL;
	gsize size;
	const char *data = g_bytes_get_data(octets, &size);
	while (size > 0 && data[size - 1] == '\0' && (!wide || size % 2 || data[size - 2] == '\0'))
		size -= wide && size >= 2 ? 2 : 1;
	if (size == 0)
		return NULL;
	return charset_decode(wide ? "utf-16le" : of->charset, data, size, NULL);
}

/* A property of fixed size: eight octets, as a number. */
static gboolean fixed_property(const Properties *of, guint tag, guint64 *value)
{
	gsize size;
	const guint8 *data = of->fixed ? g_bytes_get_data(of->fixed, &size) : NULL;
	for (gsize at = of->fixed_from; data && at + 16 <= size; at += 16) {
		if (GSF_LE_GET_GUINT16(data + at + 2) != tag)
			continue;
		*value = GSF_LE_GET_GUINT64(data + at + 8);
		return TRUE;
	}
	return FALSE;
}

static void set_charset(char *charset, gsize size, guint64 page)
{
	g_snprintf(charset, size, (guint32)page == 65001 ? "utf-8" : "cp%u", (guint32)page);
}

static void properties_open(Properties *of, GsfInfile *storage, gsize fixed_from,
                            const char *charset, gsize *budget)
{
	of->storage = storage;
	of->budget = budget;
	of->fixed = read_stream(storage, "__properties_version1.0", budget);
	of->fixed_from = fixed_from;
	g_strlcpy(of->charset, charset, sizeof of->charset);
	guint64 page;
	/* The page of the strings, and that of the body as it came over the Internet. */
	if (fixed_property(of, TAG_CODE_PAGE, &page))
		set_charset(of->charset, sizeof of->charset, page);
	g_strlcpy(of->html_charset, of->charset, sizeof of->html_charset);
	if (fixed_property(of, TAG_INTERNET_CODE_PAGE, &page))
		set_charset(of->html_charset, sizeof of->html_charset, page);
}

static void properties_close(Properties *of)
{
	g_clear_pointer(&of->fixed, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Properties, properties_close)

/* FILETIME (100 ns since 1601) as an RFC 5322 date. */
static char *date_property(const Properties *of, guint tag)
{
	guint64 time;
	if (!fixed_property(of, tag, &time) || time < 116444736000000000ULL)
		return NULL;
	g_autoptr(GDateTime) date =
		g_date_time_new_from_unix_utc((gint64)((time - 116444736000000000ULL) / 10000000));
	return date ? g_date_time_format(date, "%d %b %Y %H:%M:%S +0000") : NULL;
}

/* The first of several properties that is there; @need_at: and holds an address. */
static char *first_of(const Properties *of, gboolean need_at, guint one, guint two, guint three)
{
	const guint tags[] = {one, two, three};
	for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
		char *value = tags[i] ? string_property(of, tags[i]) : NULL;
		if (value && (!need_at || strchr(value, '@')))
			return value;
		g_free(value);
	}
	return NULL;
}

static char *html_property(const Properties *of)
{
	g_autoptr(GBytes) octets = property(of, TAG_HTML, 0x0102);
	if (!octets)
		return string_property(of, TAG_HTML);
	gsize size;
	const char *data = g_bytes_get_data(octets, &size);
	return charset_decode(of->html_charset, data, size, NULL);
}

static void read_bodies(const Properties *of, OutlookItem *item)
{
	item->text = string_property(of, TAG_BODY);
	item->html = html_property(of);
	g_autoptr(GBytes) packed = item->html ? NULL : property(of, TAG_RTF, 0x0102);
	gsize size;
	const void *octets = packed ? g_bytes_get_data(packed, &size) : NULL;
	g_autoptr(GBytes) rtf = octets ? rtf_decompress(octets, size) : NULL;
	if (!rtf)
		return;
	gboolean is_html;
	g_autofree char *text = rtf_to_text(rtf, &is_html);
	char **into = is_html ? &item->html : &item->text;
	if (!*into)
		*into = g_steal_pointer(&text);
}

static void read_recipient(GsfInfile *storage, const Properties *of, OutlookItem *item)
{
	g_auto(Properties) who = {0};
	properties_open(&who, storage, 8, of->charset, of->budget);
	guint64 type = 1;
	fixed_property(&who, TAG_RECIPIENT_TYPE, &type);
	g_autofree char *name = string_property(&who, TAG_DISPLAY_NAME);
	g_autofree char *address = first_of(&who, TRUE, TAG_SMTP_ADDRESS, TAG_ADDRESS, 0);
	GString *list = (guint32)type == 2 ? item->cc : (guint32)type == 3 ? item->bcc : item->to;
	outlook_add_person(list, name, address);
}

static OutlookItem *read_item(GsfInfile *storage, gsize fixed_from, gsize *budget, guint depth);

static void read_attachment(GsfInfile *storage, const Properties *of, OutlookItem *item,
                            guint depth)
{
	g_auto(Properties) file = {0};
	properties_open(&file, storage, 8, of->charset, of->budget);
	g_autofree char *name =
		first_of(&file, FALSE, TAG_ATTACH_LONG_NAME, TAG_ATTACH_NAME, TAG_DISPLAY_NAME);
	g_autofree char *type = string_property(&file, TAG_ATTACH_TYPE);
	g_autofree char *content_id = string_property(&file, TAG_ATTACH_CONTENT_ID);
	g_autoptr(GsfInput) inner = gsf_infile_child_by_name(storage, "__substg1.0_3701000D");
	if (inner && GSF_IS_INFILE(inner)) {
		g_autoptr(OutlookItem) attached =
			depth < LIMIT_OUTLOOK_DEPTH
				? read_item(GSF_INFILE(inner), 24, of->budget, depth + 1)
				: NULL;
		if (attached)
			outlook_add_file(item, name, NULL, content_id, outlook_to_mime(attached),
			                 TRUE);
		else
			item->cut = TRUE;
		return;
	}
	GBytes *content = property(&file, TAG_ATTACH_DATA, 0x0102);
	if (content)
		outlook_add_file(item, name, type, content_id, content, FALSE);
}

static void read_children(GsfInfile *storage, const Properties *of, OutlookItem *item, guint depth)
{
	int children = gsf_infile_num_children(storage);
	for (int i = 0; i < MIN(children, LIMIT_PARTS); i++) {
		const char *name = gsf_infile_name_by_index(storage, i);
		gboolean recipient = name && g_str_has_prefix(name, "__recip_version1.0_");
		if (!recipient && !(name && g_str_has_prefix(name, "__attach_version1.0_")))
			continue;
		g_autoptr(GsfInput) child = gsf_infile_child_by_index(storage, i);
		if (!child || !GSF_IS_INFILE(child))
			continue;
		if (recipient)
			read_recipient(GSF_INFILE(child), of, item);
		else
			read_attachment(GSF_INFILE(child), of, item, depth);
	}
}

static OutlookItem *read_item(GsfInfile *storage, gsize fixed_from, gsize *budget, guint depth)
{
	g_auto(Properties) of = {0};
	properties_open(&of, storage, fixed_from, "windows-1252", budget);
	OutlookItem *item = outlook_item_new();
	item->headers = string_property(&of, TAG_TRANSPORT_HEADERS);
	item->message_id = string_property(&of, TAG_MESSAGE_ID);
	item->subject = string_property(&of, TAG_SUBJECT);
	item->date = date_property(&of, TAG_SUBMIT_TIME);
	item->date = item->date ? item->date : date_property(&of, TAG_DELIVERY_TIME);
	g_autofree char *name =
		first_of(&of, FALSE, TAG_SENT_REPRESENTING_NAME, TAG_SENDER_NAME, 0);
	g_autofree char *smtp = first_of(&of, TRUE, TAG_SENT_REPRESENTING_SMTP, TAG_SENDER_SMTP, 0);
	g_autofree char *address =
		first_of(&of, TRUE, TAG_SENT_REPRESENTING_ADDRESS, TAG_SENDER_ADDRESS, 0);
	GString *sender = g_string_new(NULL);
	outlook_add_person(sender, name, smtp ? smtp : address);
	item->sender = g_string_free(sender, FALSE);
	read_bodies(&of, item);
	read_children(storage, &of, item, depth);
	return item;
}

/* libgsf calls a broken file a mistake of the program's and says so in the log, once a block:
 * hostile files could fill it. */
static void be_silent(const char *domain, GLogLevelFlags level, const char *text, gpointer data)
{
}

void msg_init(void)
{
	g_log_set_handler("libgsf:msole", G_LOG_LEVEL_MASK, be_silent, NULL);
	gsf_init();
}

/* There where the program is built with a leak detector. */
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));

/* libgsf loses an entry of a directory that is broken: some 200 octets a file. */
static GsfInfile *open_ole(GsfInput *input)
{
	if (__lsan_disable)
		__lsan_disable();
	GsfInfile *root = gsf_infile_msole_new(input, NULL);
	if (__lsan_enable)
		__lsan_enable();
	return root;
}

GBytes *msg_to_mime(GBytes *content, gboolean *cut)
{
	gsize size;
	const guint8 *octets = g_bytes_get_data(content, &size);
	g_autoptr(GsfInput) input = gsf_input_memory_new(octets, (gsf_off_t)size, FALSE);
	g_autoptr(GsfInfile) root = input ? open_ole(input) : NULL;
	g_autoptr(GsfInput) properties =
		root ? gsf_infile_child_by_name(root, "__properties_version1.0") : NULL;
	if (!properties)
		return NULL;
	gsize budget = LIMIT_UNPACKED;
	g_autoptr(OutlookItem) item = read_item(root, 32, &budget, 0);
	*cut = item->cut;
	return outlook_to_mime(item);
}
