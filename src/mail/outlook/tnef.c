/* TNEF, the winmail.dat of Outlook (MS-OXTNEF): a run of attributes, two of which hold MAPI
 * properties.
 *
 * Read here and not by libytnef, which loses files and reads memory it never wrote
 * (docs/decisions/tnef.md). Every length is checked against what is left; checksums are not,
 * because senders that get them wrong exist and readers that mind do not. */
#include "mail/outlook/outlook.h"

#include "base/limits.h"
#include "mail/outlook/rtf.h"
#include "mail/text/charset.h"

#include <string.h>

#define SIGNATURE 0x223e9f78u

enum {
	ATTRIBUTE_SUBJECT = 0x8004,
	ATTRIBUTE_DATE_SENT = 0x8005,
	ATTRIBUTE_MESSAGE_ID = 0x8009,
	ATTRIBUTE_BODY = 0x800c,
	ATTRIBUTE_ATTACH_DATA = 0x800f,
	ATTRIBUTE_ATTACH_TITLE = 0x8010,
	ATTRIBUTE_ATTACH_BEGIN = 0x9002,
	ATTRIBUTE_MESSAGE_PROPERTIES = 0x9003,
	ATTRIBUTE_ATTACH_PROPERTIES = 0x9005,
	ATTRIBUTE_CODE_PAGE = 0x9007,
};

/* A window on octets; reading past its end gives nothing and marks it. */
typedef struct {
	const guint8 *at;
	gsize left;
	gboolean broken;
} Window;

static const guint8 *take(Window *window, gsize size)
{
	if (window->left < size) {
		window->broken = TRUE;
		window->left = 0;
		return NULL;
	}
	const guint8 *taken = window->at;
	window->at += size;
	window->left -= size;
	return taken;
}

static guint32 take_number(Window *window, guint octets)
{
	const guint8 *taken = take(window, octets);
	guint32 number = 0;
	for (guint i = 0; taken && i < octets; i++)
		number |= (guint32)taken[i] << (8 * i);
	return number;
}

/* The attachment that is being put together. */
typedef struct {
	gboolean begun, message;
	char *title, *name, *type, *content_id;
	GBytes *data;
	GBytes *object; /* an OLE object as it stands, behind the id of its interface */
} TnefFile;

typedef struct {
	OutlookItem *item;
	TnefFile file;
	char charset[16];
	guint depth;
	char *from_name, *from_address;
} Tnef;

static OutlookItem *read_stream(const guint8 *octets, gsize size, guint depth);

static char *text_of(const Tnef *tnef, guint type, const guint8 *octets, gsize size)
{
	gboolean wide = type == 0x001f;
	while (size > 0 && octets[size - 1] == '\0' &&
	       (!wide || size % 2 || octets[size - 2] == '\0'))
		size -= wide && size >= 2 ? 2 : 1;
	return size ? charset_decode(wide ? "utf-16le" : tnef->charset, octets, size, NULL) : NULL;
}

static void replace(char **field, char *text)
{
	if (!text)
		return;
	g_free(*field);
	*field = text;
}

static void end_file(Tnef *tnef)
{
	TnefFile *file = &tnef->file;
	const char *name = file->name ? file->name : file->title;
	if (file->data)
		outlook_add_file(tnef->item, name, file->type, file->content_id,
		                 g_steal_pointer(&file->data), file->message);
	if (file->object) {
		g_autofree char *object_name = g_strdup_printf("%s.object", name ? name : "");
		outlook_add_file(tnef->item, object_name, NULL, NULL,
		                 g_steal_pointer(&file->object), FALSE);
	}
	g_clear_pointer(&file->title, g_free);
	g_clear_pointer(&file->name, g_free);
	g_clear_pointer(&file->type, g_free);
	g_clear_pointer(&file->content_id, g_free);
	memset(file, 0, sizeof *file);
}

static void set_data(Tnef *tnef, const guint8 *octets, gsize size)
{
	g_clear_pointer(&tnef->file.data, g_bytes_unref);
	tnef->file.data = g_bytes_new(octets, size);
}

/* PidTagAttachDataObject: an interface's id, then an embedded TNEF or an OLE storage. Other readers
 * give the storage with the id before it, so it is there in both ways: to be opened, and by the
 * hash that others know. */
static void set_object(Tnef *tnef, guint type, const guint8 *octets, gsize size)
{
	const gsize whole = size;
	if (type == 0x000d && size > 16) {
		octets += 16;
		size -= 16;
	}
	Window inner = {octets, size, FALSE};
	if (size < 4 || take_number(&inner, 4) != SIGNATURE) {
		set_data(tnef, octets, size);
		g_clear_pointer(&tnef->file.object, g_bytes_unref);
		if (size < whole)
			tnef->file.object = g_bytes_new(octets - 16, whole);
		return;
	}
	g_autoptr(OutlookItem) item = tnef->depth < LIMIT_OUTLOOK_DEPTH
	                                      ? read_stream(octets, size, tnef->depth + 1)
	                                      : NULL;
	if (!item) {
		tnef->item->cut = TRUE;
		return;
	}
	g_clear_pointer(&tnef->file.data, g_bytes_unref);
	tnef->file.data = outlook_to_mime(item);
	tnef->file.message = TRUE;
}

static void set_rtf(Tnef *tnef, const guint8 *octets, gsize size)
{
	g_autoptr(GBytes) rtf = rtf_decompress(octets, size);
	if (!rtf)
		return;
	gboolean is_html;
	char *text = rtf_to_text(rtf, &is_html);
	char **into = is_html ? &tnef->item->html : &tnef->item->text;
	if (*into)
		g_free(text);
	else
		*into = text;
}

/* One variable property of the message or of the present attachment. */
static void use_property(Tnef *tnef, gboolean of_file, guint tag, guint type, const guint8 *octets,
                         gsize size)
{
	gboolean is_text = type == 0x001e || type == 0x001f;
	g_autofree char *text = is_text ? text_of(tnef, type, octets, size) : NULL;
	OutlookItem *item = tnef->item;
	const struct {
		gboolean of_file;
		guint tag;
		char **field;
	} fields[] = {
		{FALSE, 0x0037, &item->subject},        {FALSE, 0x007d, &item->headers},
		{FALSE, 0x1000, &item->text},           {FALSE, 0x1013, &item->html},
		{FALSE, 0x1035, &item->message_id},     {FALSE, 0x0c1a, &tnef->from_name},
		{FALSE, 0x0c1f, &tnef->from_address},   {FALSE, 0x5d01, &tnef->from_address},
		{TRUE, 0x3707, &tnef->file.name},       {TRUE, 0x370e, &tnef->file.type},
		{TRUE, 0x3712, &tnef->file.content_id},
	};
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		if (fields[i].of_file == of_file && fields[i].tag == tag)
			replace(fields[i].field, g_steal_pointer(&text));
	if (text && of_file && (tag == 0x3704 || tag == 0x3001) && !tnef->file.name)
		tnef->file.name = g_steal_pointer(&text);
	if (of_file && tag == 0x3701)
		set_object(tnef, type, octets, size);
	else if (!of_file && tag == 0x1013 && type == 0x0102)
		replace(&item->html, charset_decode(tnef->charset, octets, size, NULL));
	else if (!of_file && tag == 0x1009)
		set_rtf(tnef, octets, size);
}

static gsize fixed_size(guint type)
{
	static const struct {
		guint type;
		gsize size;
	} sizes[] = {
		{0x0002, 4},  {0x0003, 4}, {0x0004, 4}, {0x0005, 8}, {0x0006, 8},
		{0x0007, 8},  {0x000a, 4}, {0x000b, 4}, {0x0014, 8}, {0x0040, 8},
		{0x0048, 16}, {0x0001, 4}, {0x0000, 4},
	};
	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
		if (sizes[i].type == type)
			return sizes[i].size;
	return 0;
}

static void skip_name(Window *window)
{
	take(window, 16);
	guint32 kind = take_number(window, 4);
	guint32 number = take_number(window, 4);
	if (kind == 1)
		take(window, (number + 3) & ~(gsize)3);
}

static void read_properties(Tnef *tnef, Window window, gboolean of_file)
{
	guint32 count = take_number(&window, 4);
	for (guint32 i = 0; i < count && !window.broken && window.left > 0; i++) {
		guint type = take_number(&window, 2), tag = take_number(&window, 2);
		gboolean many = type & 0x1000;
		type &= 0x0fff;
		if (tag >= 0x8000)
			skip_name(&window);
		gsize size = fixed_size(type);
		guint32 values = size && !many ? 1 : take_number(&window, 4);
		for (guint32 value = 0; value < values && !window.broken; value++) {
			gsize length = size ? size : take_number(&window, 4);
			gsize padded = size ? size : (length + 3) & ~(gsize)3;
			/* The last one is not always padded. */
			const guint8 *octets = take(&window, MIN(padded, MAX(length, window.left)));
			if (octets && !size && value == 0)
				use_property(tnef, of_file, tag, type, octets, length);
		}
		if (!size && type != 0x001e && type != 0x001f && type != 0x000d && type != 0x0102)
			return; /* of a type with a size that is not known */
	}
}

static char *date_of(const guint8 *octets, gsize size)
{
	if (size < 12)
		return NULL;
	Window window = {octets, size, FALSE};
	gint year = (gint)take_number(&window, 2), month = (gint)take_number(&window, 2);
	gint day = (gint)take_number(&window, 2), hour = (gint)take_number(&window, 2);
	gint minute = (gint)take_number(&window, 2), second = (gint)take_number(&window, 2);
	g_autoptr(GDateTime) date =
		g_date_time_new_utc(MIN(year, 9999), month, day, hour, minute, second);
	return date ? g_date_time_format(date, "%d %b %Y %H:%M:%S +0000") : NULL;
}

static void use_attribute(Tnef *tnef, guint id, const guint8 *octets, gsize size)
{
	OutlookItem *item = tnef->item;
	const Window window = {octets, size, FALSE};
	Window page = window;
	switch (id) {
	case ATTRIBUTE_CODE_PAGE:
		g_snprintf(tnef->charset, sizeof tnef->charset, "cp%u", take_number(&page, 4));
		break;
	case ATTRIBUTE_SUBJECT:
		replace(&item->subject, text_of(tnef, 0x001e, octets, size));
		break;
	case ATTRIBUTE_BODY:
		replace(&item->text, text_of(tnef, 0x001e, octets, size));
		break;
	case ATTRIBUTE_DATE_SENT:
		replace(&item->date, date_of(octets, size));
		break;
	case ATTRIBUTE_MESSAGE_PROPERTIES:
		read_properties(tnef, window, FALSE);
		break;
	case ATTRIBUTE_ATTACH_BEGIN:
		end_file(tnef);
		tnef->file.begun = TRUE;
		break;
	case ATTRIBUTE_ATTACH_TITLE:
		replace(&tnef->file.title, text_of(tnef, 0x001e, octets, size));
		break;
	case ATTRIBUTE_ATTACH_DATA:
		set_data(tnef, octets, size);
		break;
	case ATTRIBUTE_ATTACH_PROPERTIES:
		read_properties(tnef, window, TRUE);
		break;
	default:
		break;
	}
}

static OutlookItem *read_stream(const guint8 *octets, gsize size, guint depth)
{
	Window window = {octets, size, FALSE};
	Tnef tnef = {.depth = depth, .charset = "windows-1252"};
	if (take_number(&window, 4) != SIGNATURE)
		return NULL;
	take(&window, 2);
	tnef.item = outlook_item_new();
	while (window.left > 9 && !window.broken) {
		take(&window, 1);
		guint id = take_number(&window, 2);
		take(&window, 2);
		gsize length = take_number(&window, 4);
		/* Cut short in the middle of its last attribute: what is there counts. */
		if (length > window.left) {
			length = window.left;
			tnef.item->cut = TRUE;
		}
		const guint8 *data = take(&window, length);
		if (data)
			use_attribute(&tnef, id, data, length);
		if (window.left >= 2)
			take(&window, 2);
	}
	end_file(&tnef);
	GString *sender = g_string_new(NULL);
	outlook_add_person(sender, tnef.from_name, tnef.from_address);
	tnef.item->sender = g_string_free(sender, FALSE);
	g_free(tnef.from_name);
	g_free(tnef.from_address);
	return tnef.item;
}

GBytes *tnef_to_mime(GBytes *content, gboolean *cut)
{
	gsize size;
	const guint8 *octets = g_bytes_get_data(content, &size);
	g_autoptr(OutlookItem) item = read_stream(octets, size, 0);
	if (!item)
		return NULL;
	*cut = item->cut;
	return outlook_to_mime(item);
}
