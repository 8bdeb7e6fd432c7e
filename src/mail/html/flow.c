/* The sequence of what is said, for the comparison of two messages.
 *
 * A URL in running text is a link like any other: gateways rewrite both. It is looked for when a
 * block is complete, because HTML may break it up between elements. */
#include "mail/html/flow.h"

#include "base/text.h"
#include "mail/url/links_text.h"
#include "mail/url/rewriters.h"
#include "mail/url/url.h"

#include <string.h>

static void block_free(gpointer data)
{
	FlowBlock *block = data;
	g_string_free(block->text, TRUE);
	g_ptr_array_unref(block->links);
	g_free(block);
}

static FlowBlock *block_new(gboolean hidden)
{
	FlowBlock *block = g_new0(FlowBlock, 1);
	block->text = g_string_new(NULL);
	block->links = g_ptr_array_new_with_free_func(g_free);
	block->hidden = hidden;
	return block;
}

Flow *flow_new(void)
{
	Flow *flow = g_new0(Flow, 1);
	flow->blocks = g_ptr_array_new_with_free_func(block_free);
	flow->asides = g_ptr_array_new_with_free_func(block_free);
	flow->layers = g_string_new(NULL);
	return flow;
}

void flow_free(Flow *flow)
{
	if (!flow)
		return;
	g_ptr_array_unref(flow->blocks);
	g_ptr_array_unref(flow->asides);
	g_clear_pointer(&flow->open, block_free);
	g_string_free(flow->layers, TRUE);
	g_free(flow);
}

/* Rewriters that follow a token and only show a target beside it, which anybody may exchange. */
static gboolean shows_what_it_likes(const char *url)
{
	return g_str_has_prefix(url, "https://secure-web.cisco.com/") ||
	       g_str_has_prefix(url, "http://secure-web.cisco.com/");
}

/* Where a link leads. One that a gateway hides stands for itself. */
static char *target_of(Flow *flow, const char *written, const char *base)
{
	g_autoptr(Url) url = url_parse(written, base);
	if (!url)
		return g_strdup(written);
	if (strcmp(url->scheme, "cid") == 0)
		return g_strdup("");
	g_auto(Rewriting) rewriting = {0};
	g_autoptr(GPtrArray) layers = rewriters_follow(url, &rewriting);
	gboolean opaque = rewriting.opaque || shows_what_it_likes(url->text);
	for (guint i = 0; i < layers->len; i++)
		opaque |= shows_what_it_likes(layers->pdata[i]);
	flow->opaque += opaque;
	if (layers->len == 0 || opaque)
		return g_strdup(url->text);
	if (url->host)
		g_string_append_printf(flow->layers, "%s ", url->host);
	g_autofree char *last = rewriters_as_url(layers->pdata[layers->len - 1]);
	g_autoptr(Url) target = url_parse(last, NULL);
	return g_strdup(target ? target->text : last);
}

static FlowBlock *open_block(Flow *flow)
{
	if (!flow->open)
		flow->open = block_new(flow->hidden);
	return flow->open;
}

/* Nothing in a text may pose as a place of a link. */
void flow_add(Flow *flow, const char *text)
{
	FlowBlock *block = open_block(flow);
	gsize start = block->text->len;
	g_string_append(block->text, text);
	for (char *c = block->text->str + start; *c; c++)
		if ((guchar)*c < ' ' && *c != '\n')
			*c = ' ';
}

void flow_add_link(Flow *flow, const char *written, const char *base)
{
	FlowBlock *block = open_block(flow);
	g_string_append_c(block->text, FLOW_LINK);
	g_ptr_array_add(block->links, target_of(flow, written, base));
}

/* The text of a block while its URLs become links, in their places among the others. */
typedef struct {
	Flow *flow;
	FlowBlock *block;
	const char *at;   /* up to where the old text was taken over */
	GPtrArray *links; /* the old ones, of which @n_links were taken over */
	guint n_links;
} Settle;

static void take_over(Settle *settle, const char *end)
{
	for (const char *c = settle->at; c < end; c++)
		if (*c == FLOW_LINK)
			g_ptr_array_add(settle->block->links,
			                g_strdup(settle->links->pdata[settle->n_links++]));
	g_string_append_len(settle->block->text, settle->at, end - settle->at);
	settle->at = end;
}

static void settle_link(const char *written, const char *url, gboolean bare, gpointer data)
{
	Settle *settle = data;
	/* One that is wrapped over lines is not found as it is given, and stays a text. */
	const char *found = strstr(settle->at, written);
	if (!found)
		return;
	take_over(settle, found);
	g_string_append_c(settle->block->text, FLOW_LINK);
	g_ptr_array_add(settle->block->links, target_of(settle->flow, url, NULL));
	settle->at = found + strlen(written);
}

static void settle_links(Flow *flow, FlowBlock *block)
{
	if (!strpbrk(block->text->str, ".:"))
		return;
	g_autofree char *text = g_string_free(block->text, FALSE);
	g_autoptr(GPtrArray) links = g_steal_pointer(&block->links);
	block->text = g_string_sized_new(strlen(text));
	block->links = g_ptr_array_new_with_free_func(g_free);
	Settle settle = {flow, block, text, links, 0};
	links_text_find(text, settle_link, &settle);
	take_over(&settle, settle.at + strlen(settle.at));
}

static gboolean is_blank(const char *text)
{
	for (; *text; text = g_utf8_next_char(text))
		if (*text == FLOW_LINK || !g_unichar_isspace(g_utf8_get_char(text)))
			return FALSE;
	return TRUE;
}

void flow_end_block(Flow *flow)
{
	FlowBlock *block = g_steal_pointer(&flow->open);
	if (!block)
		return;
	if (!text_is_valid(block->text->str, block->text->len)) {
		g_autofree char *valid =
			g_utf8_make_valid(block->text->str, (gssize)block->text->len);
		g_string_assign(block->text, valid);
	}
	if (is_blank(block->text->str)) {
		block_free(block);
		return;
	}
	settle_links(flow, block);
	g_ptr_array_add(flow->aside ? flow->asides : flow->blocks, block);
}

void flow_set_hidden(Flow *flow, gboolean hidden)
{
	if (flow->hidden != hidden)
		flow_end_block(flow);
	flow->hidden = hidden;
}

void flow_set_aside(Flow *flow, gboolean aside)
{
	if (flow->aside != aside)
		flow_end_block(flow);
	flow->aside = aside;
}

static gboolean is_blank_line(const char *line, gsize length)
{
	g_autofree char *copy = g_strndup(line, length);
	return is_blank(copy);
}

void flow_add_plain(Flow *flow, const char *text)
{
	for (const char *line = text; *line;) {
		gsize length = strcspn(line, "\n");
		gsize whole = length + (line[length] == '\n');
		if (is_blank_line(line, length)) {
			flow_end_block(flow);
		} else {
			g_autofree char *copy = g_strndup(line, whole);
			flow_add(flow, copy);
		}
		line += whole;
	}
	flow_end_block(flow);
}

GPtrArray *flow_split_lines(const FlowBlock *block)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(block_free);
	guint link = 0;
	for (const char *at = block->text->str; *at;) {
		gsize length = strcspn(at, "\n");
		FlowBlock *line = block_new(block->hidden);
		g_string_append_len(line->text, at, (gssize)(length + (at[length] == '\n')));
		for (const char *c = line->text->str; *c; c++)
			if (*c == FLOW_LINK)
				g_ptr_array_add(line->links, g_strdup(block->links->pdata[link++]));
		g_ptr_array_add(lines, line);
		at += line->text->len;
	}
	return lines;
}
