#pragma once
#include <glib.h>

/* What a word is: the same for what is kept and for what is asked. */

typedef struct {
	gsize start, end; /* where it stands in the text, octets */
	char *folded;     /* as it is compared: without case, accents, and what is not seen */
	char joint;       /* what joins it to the word before, one of . @ - _ +; 0: nothing does */
} SearchWord;

/** The words of a text, in order, at most @most; of SearchWord. Scripts that put no blanks between
 * words give one a character. */
GArray *search_words(const char *text, guint most);

/** Words that are joined, as one: "corp.example" from word @from to before @to; newly allocated. */
char *search_chain(const GArray *words, guint from, guint to);
/** The word after the last that is joined to @from. */
guint search_chain_end(const GArray *words, guint from);

/**
 * What is kept of a text: calls @take with each word; with what joined words are as one, and with
 * the rest of it from each "@" and "." on, so that a host is found by its domain.
 */
typedef void (*SearchTake)(const char *token, gpointer data);
void search_tokens(const char *text, SearchTake take, gpointer data);
