#pragma once
#include <gumbo.h>

#include <glib.h>

/* Which text of an HTML page nobody sees, by what its styles say. Not a layout engine: it knows the
 * ways in which mail hides text, in style attributes, old attributes (bgcolor, <font color>) and
 * rules of style sheets for one element, class or id. */

typedef enum {
	SHOWN,
	HIDDEN_DISPLAY,    /* display: none, or the attribute "hidden"       */
	HIDDEN_VISIBILITY, /* visibility: hidden                             */
	HIDDEN_OPACITY,    /* opacity: 0                                     */
	HIDDEN_FONT_SIZE,  /* letters of no size                             */
	HIDDEN_COLOUR,     /* the colour of what is behind it, or none       */
	HIDDEN_BOX,        /* a box without size that cuts off what is in it */
	HIDDEN_OFF_SCREEN, /* moved out of the page                          */
	HIDDEN_OUTLOOK,    /* mso-hide: by Outlook alone                     */
	N_HIDDEN,
} Hiding;

/** "display", "font-size", … as findings name them, and what it means. */
extern const char *const hiding_names[N_HIDDEN];
extern const char *const hiding_details[N_HIDDEN];

typedef struct HiddenRules HiddenRules;

/** What the page's style sheets hide. @node  its outermost. */
HiddenRules *hidden_rules_new(const GumboNode *node);
/** Some were left out because a limit was reached. */
gboolean hidden_rules_are_cut(const HiddenRules *rules);
void hidden_rules_free(HiddenRules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HiddenRules, hidden_rules_free)

/* The style that text has at one place: what it inherits. */
typedef struct {
	Hiding whole;          /* the whole element is hidden, whatever its children say */
	gint32 colour, behind; /* 0xRRGGBB; -1: none (transparent) */
	gdouble font;          /* pixels */
	gboolean invisible;    /* visibility, which a child may change */
	gboolean outlook;      /* mso-hide */
} HiddenStyle;

/** Black on white, of usual size. */
extern const HiddenStyle hidden_start;

/** The style inside @element, which stands in @around. */
HiddenStyle hidden_style(const HiddenRules *rules, const GumboNode *element,
                         const HiddenStyle *around);
/** Is text of this style seen, and why not? */
Hiding hidden_why(const HiddenStyle *style);
