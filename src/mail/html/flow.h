#pragma once
#include <glib.h>

/* What a body says, without its layout: blocks of text in order, with the places in them where
 * links stand. Copies of one message give the same flow whichever gateways wrapped their lines,
 * encoded them anew or rewrote their links. */

/* Stands in a block's text where a link or an image does: white space, so that it ends a URL. */
#define FLOW_LINK '\f'

typedef struct {
	GString *text;    /* UTF-8; FLOW_LINK where a link stands; white space as it was */
	GPtrArray *links; /* of char *: where each leads, rewriters taken off; "" a part of the
	                     message */
	gboolean hidden;
} FlowBlock;

typedef struct {
	GPtrArray *blocks; /* of FlowBlock; without those that have neither words nor links */
	GPtrArray *
		asides; /* of FlowBlock: what stands in no order with them (style sheets, a head) */
	FlowBlock *open; /* being filled, or NULL */
	gboolean aside;  /* what comes next belongs there */
	gboolean hidden; /* what comes next is not shown */
	guint opaque;    /* links whose target a gateway hides */
	gboolean cut;    /* there is more that was not read */
	GString *layers; /* the hosts of rewriters that were taken off */
} Flow;

Flow *flow_new(void);
void flow_free(Flow *flow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Flow, flow_free)

/** More text of the present block. */
void flow_add(Flow *flow, const char *text);
/** A link or image as written; @base as for url_parse(). */
void flow_add_link(Flow *flow, const char *written, const char *base);
/** The next text is in another block. */
void flow_end_block(Flow *flow);
/** Whether what comes next is hidden; another block begins where that changes. */
void flow_set_hidden(Flow *flow, gboolean hidden);

/** Whether what comes next is an aside. */
void flow_set_aside(Flow *flow, gboolean aside);

/** All of a plain text: a block is a paragraph. */
void flow_add_plain(Flow *flow, const char *text);
/** A block of one paragraph as blocks of its lines. */
GPtrArray *flow_split_lines(const FlowBlock *block);
