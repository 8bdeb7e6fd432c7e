/* The MIME structure of one message, by GMime, kept within our limits.
 *
 * Three things are done here that GMime leaves to its callers. Header blocks and part counts are
 * cut before GMime sees them, because it builds objects for all of them. Attached messages are
 * registered as plain parts: so their exact bytes are at hand, each level is parsed only when it is
 * wanted, and our depth limit holds. And the top level is parsed as a part, not as a message,
 * because GMime's message re-reads all address fields at each repeated one. */
#include "mail/message/message.h"

#include "base/limits.h"
#include "mail/findings/findings.h"
#include "mail/links/links.h"
#include "mail/message/parameters.h"
#include "mail/message/smime.h"
#include "mail/text/words.h"

#include <string.h>

void message_init(void)
{
	static const char *const messages[] = {"rfc822", "rfc2822",       "global",
	                                       "news",   "external-body", "*"};
	for (guint i = 0; i < G_N_ELEMENTS(messages); i++)
		g_mime_object_register_type("message", messages[i], GMIME_TYPE_PART);
}

static void part_free(Part *part)
{
	g_free(part->type);
	g_free(part->path);
	g_bytes_unref(part->raw);
	g_clear_pointer(&part->content, g_bytes_unref);
	g_free(part);
}

void message_free(Message *message)
{
	if (!message)
		return;
	g_ptr_array_unref(message->fields);
	g_clear_object(&message->root);
	g_ptr_array_unref(message->leaves);
	g_ptr_array_unref(message->inner);
	g_bytes_unref(message->bytes);
	links_walk_free(message->file_links);
	json_decref(message->findings);
	g_free(message);
}

/* The end of the header block that begins at @text: past its last line. */
static gsize header_block_size(const char *text, gsize size)
{
	const char *at = text, *end = text + size;
	while (at < end) {
		if (*at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n'))
			return (gsize)(at - text);
		const char *line_end = memchr(at, '\n', (gsize)(end - at));
		at = line_end ? line_end + 1 : end;
	}
	return size;
}

/* Where a block that is too long can be cut: the last field that begins within the limit. */
static gsize last_field_within(const char *text, gsize limit)
{
	for (gsize at = limit; at > 0; at--)
		if (text[at - 1] == '\n' && text[at] != ' ' && text[at] != '\t')
			return at;
	return limit;
}

static GBytes *without_long_headers(Message *message, GBytes *bytes)
{
	gsize size;
	const char *text = g_bytes_get_data(bytes, &size);
	gsize most = message->reading->limits.header_block;
	if (size <= most)
		return g_bytes_ref(bytes);
	gsize block = header_block_size(text, size);
	if (block <= most)
		return g_bytes_ref(bytes);
	gsize kept = last_field_within(text, most);
	findings_add(message->findings, "limit_header_block", NULL,
	             "the header block has %" G_GSIZE_FORMAT " bytes; the first %" G_GSIZE_FORMAT
	             " were read",
	             block, kept);
	GByteArray *shorter = g_byte_array_sized_new((guint)(size - block + kept + 1));
	g_byte_array_append(shorter, (const guint8 *)text, (guint)kept);
	if (kept && text[kept - 1] != '\n')
		g_byte_array_append(shorter, (const guint8 *)"\n", 1);
	g_byte_array_append(shorter, (const guint8 *)text + block, (guint)(size - block));
	return g_byte_array_free_to_bytes(shorter);
}

/* Ten for each part: text has such lines, too. */
static guint part_lines(const Message *message)
{
	return MAX(LIMIT_PART_LINES, 10 * message->reading->limits.parts);
}

/* Every part begins with a line that begins with two hyphens, so their number bounds the parts. */
static GBytes *without_too_many_parts(Message *message, GBytes *bytes)
{
	gsize size;
	const char *text = g_bytes_get_data(bytes, &size);
	guint most = part_lines(message);
	if (size / strlen("\n--") < most) /* there may be no text, not even an empty one */
		return g_bytes_ref(bytes);
	const char *at = text, *end = text + size;
	for (guint lines = 0; at && lines < most; lines++) {
		at = memmem(at, (gsize)(end - at), "\n--", 3);
		at = at ? at + 3 : NULL;
	}
	if (!at)
		return g_bytes_ref(bytes);
	findings_add(message->findings, "limit_parts", NULL,
	             "more than %u lines could begin a part; what comes after is not read", most);
	return g_bytes_new_from_bytes(bytes, 0, (gsize)(at - text));
}

/* An mbox file's first line, and Outlook's habit to quote it. */
static GBytes *without_from_line(Message *message, GBytes *bytes)
{
	gsize size;
	const char *text = g_bytes_get_data(bytes, &size);
	gsize quoted = size > 0 && text[0] == '>';
	if (size < 5 + quoted || memcmp(text + quoted, "From ", 5) != 0)
		return g_bytes_ref(bytes);
	const char *line_end = memchr(text, '\n', size);
	gsize skipped = line_end ? (gsize)(line_end + 1 - text) : size;
	findings_add(message->findings, "mbox_line", NULL,
	             "it begins with a line of the mbox format");
	return g_bytes_new_from_bytes(bytes, skipped, size - skipped);
}

/* U+FEFF before the first field, as text editors write it: it is in no field's name. */
static GBytes *without_byte_order_mark(Message *message, GBytes *bytes)
{
	static const char mark[] = "\xef\xbb\xbf";
	gsize size, length = strlen(mark);
	const char *text = g_bytes_get_data(bytes, &size);
	if (size < length || memcmp(text, mark, length) != 0)
		return g_bytes_ref(bytes);
	findings_add(message->findings, "byte_order_mark", NULL,
	             "it begins with the mark of a text file");
	return g_bytes_new_from_bytes(bytes, length, size - length);
}

/* Apple Mail's own files: a line with the number of octets, the message, a property list. */
static GBytes *within_emlx(Message *message, GBytes *bytes)
{
	static const char list[] = "<?xml";
	gsize size, skipped = 0;
	guint64 length = 0;
	const char *text = g_bytes_get_data(bytes, &size);
	for (; skipped < MIN(size, 12) && g_ascii_isdigit(text[skipped]); skipped++)
		length = length * 10 + (guint64)g_ascii_digit_value(text[skipped]);
	while (length > 0 && skipped < MIN(size, 24) && text[skipped] == ' ')
		skipped++;
	if (length == 0 || skipped >= size || text[skipped] != '\n')
		return g_bytes_ref(bytes);
	skipped++;
	if (size - skipped < strlen(list) || length > size - skipped - strlen(list) ||
	    memcmp(text + skipped + length, list, strlen(list)) != 0)
		return g_bytes_ref(bytes);
	findings_add(message->findings, "emlx", NULL, "it is a file of Apple Mail's");
	return g_bytes_new_from_bytes(bytes, skipped, (gsize)length);
}

/* Blank lines before the first field: most readers skip them, some see an empty header block. */
static GBytes *without_blank_start(Message *message, GBytes *bytes)
{
	gsize size, blank = 0;
	const char *text = g_bytes_get_data(bytes, &size);
	for (gsize at = 0; at < size && g_ascii_isspace(text[at]); at++)
		if (text[at] == '\n')
			blank = at + 1;
	if (blank == 0 || blank == size)
		return g_bytes_ref(bytes);
	const char *line_end = memchr(text + blank, '\n', size - blank);
	const char *colon = memchr(text + blank, ':', size - blank);
	if (!colon || (line_end && colon > line_end))
		return g_bytes_ref(bytes);
	findings_add(message->findings, "blank_start", NULL,
	             "it begins with blank lines; readers differ on whether fields follow");
	return g_bytes_new_from_bytes(bytes, blank, size - blank);
}

static gsize strspn_blanks(const char *at, const char *end)
{
	gsize count = 0;
	while (at + count < end && (at[count] == ' ' || at[count] == '\t'))
		count++;
	return count;
}

static gboolean is_field_line(const char *line, const char *end)
{
	const char *at = line;
	while (at<end && * at> ' ' && *at < 0x7f && *at != ':')
		at++;
	return at > line && at < end && *at == ':';
}

/* The line of blanks that ends a header block, its length without the line end: none follows that
 * could be a field or go on with one. NULL: there is none. */
static const char *blank_end(const char *text, gsize size, gsize *length)
{
	const char *at = text, *end = text + header_block_size(text, size);
	while (at < end) {
		const char *line_end = memchr(at, '\n', (gsize)(end - at));
		const char *next = line_end ? line_end + 1 : end;
		gsize blanks = strspn_blanks(at, line_end ? line_end : end);
		gboolean blank =
			line_end && blanks > 0 && (at[blanks] == '\n' || at[blanks] == '\r');
		if (blank && next < end && *next != ' ' && *next != '\t' &&
		    !is_field_line(next, end)) {
			*length = blanks;
			return at;
		}
		at = next;
	}
	return NULL;
}

/* Blanks alone on the line between header block and text: to some a folded field goes on, most see
 * the end of the block. */
static GBytes *without_blank_end(Message *message, GBytes *bytes)
{
	gsize size, blanks = 0;
	const char *text = g_bytes_get_data(bytes, &size);
	const char *line = size ? blank_end(text, size, &blanks) : NULL;
	if (!line)
		return g_bytes_ref(bytes);
	findings_add(message->findings, "blank_end", NULL,
	             "its header block ends in a line of blanks; readers differ on where its text "
	             "begins");
	GByteArray *without = g_byte_array_sized_new((guint)size);
	gsize before = (gsize)(line - text);
	g_byte_array_append(without, (const guint8 *)text, (guint)before);
	g_byte_array_append(without, (const guint8 *)line + blanks,
	                    (guint)(size - before - blanks));
	return g_byte_array_free_to_bytes(without);
}

static GBytes *within_limits(Message *message)
{
	gsize size = g_bytes_get_size(message->bytes);
	g_autoptr(GBytes) start = g_bytes_ref(message->bytes);
	if (size > LIMIT_MESSAGE_SIZE) {
		findings_add(message->findings, "limit_message_size", NULL,
		             "it has %" G_GSIZE_FORMAT " bytes; the first %d were read", size,
		             LIMIT_MESSAGE_SIZE);
		g_bytes_unref(start);
		start = g_bytes_new_from_bytes(message->bytes, 0, LIMIT_MESSAGE_SIZE);
	}
	g_autoptr(GBytes) opened = within_emlx(message, start);
	g_autoptr(GBytes) plain = without_byte_order_mark(message, opened);
	g_autoptr(GBytes) begun = without_blank_start(message, plain);
	g_autoptr(GBytes) bare = without_from_line(message, begun);
	gsize kept;
	/* Both are windows on the same octets. */
	g_bytes_get_data(bare, &kept);
	message->begin = MIN(size, (gsize)LIMIT_MESSAGE_SIZE) - kept;
	g_autoptr(GBytes) ended = without_blank_end(message, bare);
	g_autoptr(GBytes) shorter = without_long_headers(message, ended);
	g_autoptr(GBytes) fewer = without_too_many_parts(message, shorter);
	Reading *reading = message->reading;
	GBytes *within = parameters_within(fewer, reading->limits.parameters, &reading->parameters);
	if (reading->parameters > LIMIT_ALL_PARAMETERS)
		findings_add(message->findings, "limit_all_parameters", NULL,
		             "its header fields have more than %d parameters; of later fields no "
		             "more than %d each are read",
		             LIMIT_ALL_PARAMETERS, LIMIT_FEW_PARAMETERS);
	return within;
}

/* What GMime noticed, as findings. Whatever is not in the table is no news to an analyst. */
static const struct {
	GMimeParserWarning warning;
	const char *id, *detail;
} warnings[] = {
	{GMIME_WARN_DUPLICATED_PARAMETER, "parameter_duplicate",
         "a parameter is given twice, the same each time"},
	{GMIME_CRIT_CONFLICTING_PARAMETER, "parameter_conflict",
         "a parameter is given twice with different values; readers differ on which counts"},
	{GMIME_WARN_UNENCODED_8BIT_HEADER, "header_8bit",
         "a header field has unencoded 8-bit octets"},
	{GMIME_WARN_INVALID_CONTENT_TYPE, "content_type_invalid", "a Content-Type is not valid"},
	{GMIME_WARN_MALFORMED_MULTIPART, "multipart_malformed",
         "a multipart has no parts, or its boundary never appears"},
	{GMIME_WARN_TRUNCATED_MESSAGE, "truncated", "it ends before its last part does"},
	{GMIME_CRIT_INVALID_HEADER_NAME, "header_name_invalid",
         "a line in the header block is no header field; readers differ on what follows"},
	{GMIME_CRIT_MULTIPART_WITHOUT_BOUNDARY, "multipart_no_boundary",
         "a multipart names no boundary"},
	{GMIME_CRIT_NESTING_OVERFLOW, "limit_depth", "parts are nested too deep to be read"},
	{GMIME_CRIT_PART_WITHOUT_HEADERS_OR_CONTENT, "part_empty",
         "a part has neither header fields nor content"},
};

static void note_warning(gint64 offset, GMimeParserWarning warning, const char *item, gpointer data)
{
	Message *message = data;
	if (message->reading->made > 0)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(warnings); i++)
		if (warnings[i].warning == warning) {
			g_autofree char *what = item ? g_utf8_make_valid(item, -1) : NULL;
			findings_add(message->findings, warnings[i].id, NULL, "%s%s%.200s",
			             warnings[i].detail, what ? ": " : "", what ? what : "");
		}
}

static GMimeObject *parse(Message *message, GBytes *bytes)
{
	gsize size;
	const char *text = g_bytes_get_data(bytes, &size);
	if (size == 0)
		return NULL;
	g_autoptr(GMimeStream) stream = g_mime_stream_mem_new_with_buffer(text, size);
	g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	GMimeParserOptions *options = g_mime_parser_options_new();
	g_mime_parser_options_set_warning_callback(options, note_warning, message);
	GMimeObject *root = g_mime_parser_construct_part(parser, options);
	g_mime_parser_options_free(options);
	return root;
}

/* The leaf's octets, still encoded, without a copy: GMime's stream is a window on them. */
static GBytes *raw_content(GBytes *bytes, GMimePart *leaf, GMimeContentEncoding *encoding)
{
	GMimeDataWrapper *content = g_mime_part_get_content(leaf);
	if (!content)
		return g_bytes_new_static("", 0);
	*encoding = g_mime_data_wrapper_get_encoding(content);
	GMimeStream *stream = g_mime_data_wrapper_get_stream(content);
	gint64 size = (gint64)g_bytes_get_size(bytes);
	gint64 start = CLAMP(stream->bound_start, 0, size);
	gint64 end = stream->bound_end < 0 ? size : CLAMP(stream->bound_end, start, size);
	return g_bytes_new_from_bytes(bytes, (gsize)start, (gsize)(end - start));
}

static GMimeParamList *disposition_parameters(const Part *part)
{
	GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(part->object);
	return disposition ? g_mime_content_disposition_get_parameters(disposition) : NULL;
}

static GMimeParamList *type_parameters(const Part *part)
{
	return g_mime_content_type_get_parameters(g_mime_object_get_content_type(part->object));
}

static void note_parameters(const Message *message, const Part *part)
{
	GMimeParamList *disposition = disposition_parameters(part);
	guint most = part->parameters;
	if ((guint)g_mime_param_list_length(type_parameters(part)) > most ||
	    (disposition && (guint)g_mime_param_list_length(disposition) > most))
		findings_add(message->findings, "limit_parameters", part->path,
		             "a header field has more than %u parameters; the others are not read",
		             most);
}

/* Content-Type without a type says nothing, and then a part is text (RFC 2045 §5.2). */
static gboolean names_no_type(GMimeObject *object)
{
	GMimeHeaderList *fields = g_mime_object_get_header_list(object);
	GMimeHeader *field = g_mime_header_list_get_header(fields, "Content-Type");
	const char *raw = field ? g_mime_header_get_raw_value(field) : NULL;
	return raw && strchr(";", raw[strspn(raw, " \t\r\n")]);
}

static void add_leaf(Message *message, GBytes *bytes, GMimePart *leaf, const char *path)
{
	Part *part = g_new0(Part, 1);
	part->object = GMIME_OBJECT(leaf);
	g_autofree char *type =
		g_mime_content_type_get_mime_type(g_mime_object_get_content_type(part->object));
	part->type =
		names_no_type(part->object) ? g_strdup("text/plain") : g_ascii_strdown(type, -1);
	part->path = g_strdup(path);
	part->raw = raw_content(bytes, leaf, &part->encoding);
	const char *disposition = g_mime_object_get_disposition(part->object);
	part->attachment = disposition && g_ascii_strcasecmp(disposition, "attachment") == 0;
	part->parameters = message->reading->limits.parameters;
	note_parameters(message, part);
	g_ptr_array_add(message->leaves, part);
}

static void collect(Message *message, GBytes *bytes, GMimeObject *object, const char *path,
                    guint depth);

/* A leaf of PKCS #7: what was signed stands in it and is read as if it stood beside it. */
static gboolean is_pkcs7(const Part *part)
{
	static const char *const types[] = {"application/pkcs7-mime", "application/x-pkcs7-mime",
	                                    "application/pkcs7-signed-data"};
	for (guint i = 0; i < G_N_ELEMENTS(types); i++)
		if (strcmp(part->type, types[i]) == 0)
			return TRUE;
	/* By its name, as gateways that know no such type attach it. */
	g_autofree char *name =
		strcmp(part->type, "application/octet-stream") == 0 ? part_name(part) : NULL;
	g_autofree char *lower = name ? g_ascii_strdown(name, -1) : NULL;
	return lower && (g_str_has_suffix(lower, ".p7m") || g_str_has_suffix(lower, ".p7z"));
}

static void collect_signed(Message *message, Part *part, guint depth)
{
	if (!is_pkcs7(part))
		return;
	g_autoptr(GBytes) inside = NULL;
	SmimeKind kind = smime_open(part_content(part), &inside);
	if (kind == SMIME_ENCRYPTED)
		findings_add(message->findings, "encrypted", part->path,
		             "it is encrypted (S/MIME) and cannot be looked into");
	if (!inside)
		return;
	findings_add(message->findings, "smime_opaque", part->path,
	             "it is signed as a whole (S/MIME); the signature was not verified");
	message->reading->parsed += g_bytes_get_size(inside);
	GMimeObject *root =
		message->reading->parsed > LIMIT_PARSED_BYTES ? NULL : parse(message, inside);
	if (!root)
		return;
	g_ptr_array_add(message->inner, root);
	g_autofree char *path = g_strdup_printf("%s.1", part->path);
	collect(message, inside, root, path, depth + 1);
}

static void collect(Message *message, GBytes *bytes, GMimeObject *object, const char *path,
                    guint depth)
{
	Reading *reading = message->reading;
	if (depth > reading->limits.depth) {
		findings_add(message->findings, "limit_depth", NULL,
		             "parts nested deeper than %u are not read", reading->limits.depth);
		return;
	}
	if (++reading->parts > reading->limits.parts) {
		findings_add(message->findings, "limit_parts", NULL,
		             "there are more than %u parts; the others are not read",
		             reading->limits.parts);
		return;
	}
	if (GMIME_IS_PART(object)) {
		add_leaf(message, bytes, GMIME_PART(object), *path ? path : "1");
		collect_signed(message, message->leaves->pdata[message->leaves->len - 1], depth);
	}
	if (GMIME_IS_MULTIPART_ENCRYPTED(object))
		findings_add(message->findings, "encrypted", *path ? path : NULL,
		             "it is encrypted (PGP) and cannot be looked into");
	if (!GMIME_IS_MULTIPART(object))
		return;
	int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
	for (int i = 0; i < count && reading->parts <= reading->limits.parts; i++) {
		g_autofree char *below = g_strdup_printf("%s%s%d", path, *path ? "." : "", i + 1);
		collect(message, bytes, g_mime_multipart_get_part(GMIME_MULTIPART(object), i),
		        below, depth + 1);
	}
}

static GPtrArray *fields_of(GMimeObject *root)
{
	GPtrArray *fields = g_ptr_array_new();
	GMimeHeaderList *list = root ? g_mime_object_get_header_list(root) : NULL;
	int count = list ? g_mime_header_list_get_count(list) : 0;
	for (int i = 0; i < count; i++)
		g_ptr_array_add(fields, g_mime_header_list_get_header_at(list, i));
	return fields;
}

Message *message_parse(Reading *reading, GBytes *bytes, guint depth)
{
	Message *message = g_new0(Message, 1);
	message->reading = reading;
	message->depth = depth;
	message->bytes = g_bytes_ref(bytes);
	message->leaves = g_ptr_array_new_with_free_func((GDestroyNotify)part_free);
	message->inner = g_ptr_array_new_with_free_func(g_object_unref);
	message->findings = findings_new();
	message->file_links = links_walk_new(message->findings, reading->limits.links);
	g_autoptr(GBytes) readable = within_limits(message);
	reading->parsed += g_bytes_get_size(readable);
	message->root = parse(message, readable);
	message->fields = fields_of(message->root);
	if (message->root)
		collect(message, readable, message->root, "", depth);
	else
		findings_add(message->findings, "empty", NULL, "there is nothing in it");
	return message;
}

GBytes *message_body(const Message *message)
{
	gsize size;
	const char *text = g_bytes_get_data(message->bytes, &size);
	gsize block = header_block_size(text, size);
	return g_bytes_new_from_bytes(message->bytes, block, size - block);
}

int message_header_count(const Message *message)
{
	return (int)message->fields->len;
}

GMimeHeader *message_header_at(const Message *message, int index)
{
	return message->fields->pdata[index];
}

static GMimeHeader *header(const Message *message, const char *name)
{
	return message->root ? g_mime_header_list_get_header(
				       g_mime_object_get_header_list(message->root), name)
	                     : NULL;
}

const char *message_header_raw(const Message *message, const char *name)
{
	GMimeHeader *field = header(message, name);
	return field ? g_mime_header_get_raw_value(field) : NULL;
}

char *message_header(const Message *message, const char *name)
{
	const char *raw = message_header_raw(message, name);
	return raw ? words_decode(raw) : NULL;
}

GBytes *part_content(Part *part)
{
	if (part->content)
		return part->content;
	gsize size;
	const char *raw = g_bytes_get_data(part->raw, &size);
	switch (part->encoding) {
	case GMIME_CONTENT_ENCODING_BASE64:
	case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
	case GMIME_CONTENT_ENCODING_UUENCODE:
		break;
	default:
		return part->content = g_bytes_ref(part->raw);
	}
	GMimeEncoding decoder;
	g_mime_encoding_init_decode(&decoder, part->encoding);
	char *decoded = g_malloc(g_mime_encoding_outlen(&decoder, size) + 16);
	gsize length = g_mime_encoding_flush(&decoder, raw, size, decoded);
	return part->content = g_bytes_new_take(g_realloc(decoded, length + 1), length);
}

/* One of those that are within the limit. */
static const char *parameter(const Part *part, GMimeParamList *list, const char *name)
{
	int count = list ? MIN(g_mime_param_list_length(list), (int)part->parameters) : 0;
	for (int i = 0; i < count; i++) {
		GMimeParam *one = g_mime_param_list_get_parameter_at(list, i);
		if (g_ascii_strcasecmp(g_mime_param_get_name(one), name) == 0)
			return g_mime_param_get_value(one);
	}
	return NULL;
}

const char *part_parameter(const Part *part, const char *name)
{
	return parameter(part, type_parameters(part), name);
}

char *part_name(const Part *part)
{
	const char *name = parameter(part, disposition_parameters(part), "filename");
	if (!name || !*name)
		name = part_parameter(part, "name");
	return name && *name ? g_utf8_make_valid(name, -1) : NULL;
}
