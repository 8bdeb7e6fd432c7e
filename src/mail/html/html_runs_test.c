#include "mail/html/html_runs.h"

#include "../../../tests/support/trees.h"

#include <string.h>

static void assert_same(const char *html)
{
	g_autofree char *difference = trees_differ(html);
	if (difference)
		g_error("%s\nin %s", difference, html);
}

static const char *const pages[] = {
	"",
	"words and more words",
	"<p>words &amp;more &copyright &copy;right</p>\r\nand\r\r\nlines\rof them\n",
	"<a href=\"https://corp.example/a?b=c&copy=d&amp;e=f\" title='it says \"words\" to you "
	"all'>",
	"<p title=\"a value > that ends later than it seems < to\">text",
	"<p title=\"two lines\r\nand another\rof twenty-four\">text",
	"<table><tr>words between rows<td>and in one</table>after it",
	"<select>words in a list<option>of words</select>",
	"<title>words with <b>tags</b></title><textarea>\nwords</textarea><pre>\nmore words</pre>",
	"<style>.a { color: red; font-size: 12px } p > a { x: y }</style><p>after the sheet",
	"<style>.long-name</stylesheet> still in the sheet </style > after it",
	"<style></stylesheet><!-- words </style> after it, and --> words",
	"</e= n=\"><p e=\"x>words and words</p><p style=\"",
	"</><one two=\"a value that is long enough/\">words</></><three/four>words",
	"<title></titles><a title=\"words and words </title> after it, and words\">",
	"<script>if (a<b && words) { document.write('<a href=\"words and words\">') }</script>x",
	"<script><!-- words <script> more words </script> and --> words</script>outside of it",
	"<svg><style><a title=\"words in a value of an element\">words</a></style><p>words</svg>",
	"<svg><title>words</title><![CDATA[words > and <a title=\"more of them than "
	"that\">]]></svg>",
	"<math><annotation-xml encoding=\"application/xhtml+xml\"><p>words</p></annotation-xml>",
	"<!-- words --><!--> words --><!---> words --><!-- words --!> words <!- words > words",
	"<!--[if mso]><table><tr><td>words and words</td></tr></table><![endif]-->words",
	"<!doctype html public \"words and words\" \"and even more words\"><html lang=\"words\">",
	"<? words and words ?>words</ words>words</p title=\"words and words and words\">words",
	"<b style=\"color: red; font-size: 12px\"><p>words<b style=\"color: red; font-size: 12px\">"
	"<p>words</b></b>words<p>words",
	"<input type=\"hidden\"><table><input type=\"hidden\"></table>",
	"<frameset> words <frame> words words </frameset> words words",
	"<plaintext> words </plaintext> words",
	"words of \xc3\xa4\xc3\xb6\xc3\xbc, \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e, \xf0\x9f\x98\x80 "
	"and "
	"\xc2\x85 \xef\xbf\xbe \xef\xb7\x90 \xef\xbc\x8c\xc2\xa0",
	"broken: \xff\xc3 words\xe6\x97 words\xed\xa0\x80words \xf3\xa0\x80\x80 words",
	"<p>\x01words\x7fwords\x0cwords\x0bwords",
	"&#983040; words",
	"words &#xf0000 &#99999999999 words",
	"<a title=\"a value that never ends, as long as the page is <p>words",
	"<a =x words words words=\"x\" ==\"y\">words<words-and-words words/words>",
	"<iframe>words <a href=\"https://corp.example/words\"></iframe><noscript>words</noscript>",
};

static void test_the_tree_is_that_of_the_whole_page(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(pages); i++)
		assert_same(pages[i]);
}

/* Pieces of pages, in any order. */
static void test_whatever_the_page_is_made_of(void)
{
	static const char *const pieces[] = {
		"words",
		" ",
		"words and more",
		"<p>",
		"</p>",
		"<table>",
		"<td>",
		"<tr>",
		"</table>",
		"<a href=\"https://corp.example/x?y=z",
		"\"",
		"'",
		"'>",
		"\">",
		">",
		"<",
		"<!--",
		"-->",
		"--",
		"!",
		"-",
		"<style>",
		"</style>",
		"</stylesheet>",
		"</e= n=\"",
		"</style\xc3\xa4>",
		"<script>",
		"</script>",
		"<svg>",
		"</svg>",
		"<math>",
		"<title>",
		"</title>",
		"<textarea>",
		"</textarea>",
		"&amp;",
		"&amp",
		"&",
		"&#x41;",
		"\r\n",
		"\n",
		"<b style='color: red; font-size: 1px'>",
		"</b>",
		"<select>",
		"</select>",
		"<![CDATA[",
		"]]>",
		"<? ",
		"=",
		"/",
		"<template>",
		"</template>",
		"\xc3\xa4",
		"\xe6\x97\xa5",
		"\xc2\x80",
		"<br/>",
		"<iframe>",
		"</iframe>",
		"<a",
		"</>",
		"<one ",
		" title=",
		"long enough to be taken out of a value",
	};
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	for (guint i = 0; i < 20000; i++) {
		g_autoptr(GString) page = g_string_new(NULL);
		for (gint n = g_rand_int_range(random, 1, 30); n > 0; n--)
			g_string_append(page,
			                pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))]);
		assert_same(page->str);
	}
}

static void test_a_page_becomes_shorter(void)
{
	static const char html[] = "<p style=\"font-family: Helvetica, Arial; color: "
				   "#333333\">Words, and more of them: "
				   "all that a reader is told.</p>";
	gsize size;
	g_autoptr(HtmlRuns) runs = html_runs_new(html);
	html_runs_page(runs, &size);
	g_assert_cmpuint(size, <, sizeof html / 2);
}

static void test_a_page_with_marks_of_its_own_is_left_alone(void)
{
	g_assert_null(html_runs_new("words \xf3\xb0\x80\x80 words"));
	g_assert_null(html_runs_new("words &#xF0001; words"));
	g_assert_null(html_runs_new("words &#00983041 words"));
	g_assert_null(html_runs_new("words &#4295950337; words"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/html runs/the tree is that of the whole page",
	                test_the_tree_is_that_of_the_whole_page);
	g_test_add_func("/html runs/whatever the page is made of",
	                test_whatever_the_page_is_made_of);
	g_test_add_func("/html runs/a page becomes shorter", test_a_page_becomes_shorter);
	g_test_add_func("/html runs/a page with marks of its own is left alone",
	                test_a_page_with_marks_of_its_own_is_left_alone);
	return g_test_run();
}
