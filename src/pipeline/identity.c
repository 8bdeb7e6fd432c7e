/* Compares what was reported with what was found.
 *
 * This decides whose mail is called the original, so it errs to the side of "another message": an
 * attacker who reuses the Message-ID of a good mail gets a finding, not a good mail pulled. */
#include "pipeline/identity.h"

#include "base/text.h"
#include "mail/text/subject.h"

#include <string.h>

/* The next octet that counts; -1 at the end. */
static int next_octet(const guint8 *octets, gsize size, gsize *at)
{
	while (*at < size && octets[*at] == '\r')
		(*at)++;
	return *at < size ? octets[(*at)++] : -1;
}

static gsize without_empty_end(const guint8 *octets, gsize size)
{
	while (size && (octets[size - 1] == '\n' || octets[size - 1] == '\r'))
		size--;
	return size;
}

gboolean identity_same_octets(GBytes *one, GBytes *other)
{
	gsize size, other_size, at = 0, other_at = 0;
	const guint8 *octets = g_bytes_get_data(one, &size);
	const guint8 *others = g_bytes_get_data(other, &other_size);
	size = without_empty_end(octets, size);
	other_size = without_empty_end(others, other_size);
	int octet;
	do {
		octet = next_octet(octets, size, &at);
		if (octet != next_octet(others, other_size, &other_at))
			return FALSE;
	} while (octet >= 0);
	return TRUE;
}

FingerprintVerdict identity_compare(const json_t *reported, const json_t *found, char **why)
{
	return fingerprint_compare(json_text(reported, "fingerprint"),
	                           json_text(found, "fingerprint"), why);
}

/* Without prefixes, case and the white space that mail programs add when they fold. */
static char *bare_subject(const char *subject)
{
	g_autofree char *stripped = subject_without_prefixes(subject ? subject : "");
	g_autofree char *folded = g_utf8_casefold(stripped, -1);
	g_auto(GStrv) words = g_strsplit_set(folded, " \t\r\n", -1);
	GString *bare = g_string_new(NULL);
	for (guint i = 0; words[i]; i++)
		if (*words[i])
			g_string_append_printf(bare, "%s%s", bare->len ? " " : "", words[i]);
	return g_string_free(bare, FALSE);
}

gboolean identity_agrees(const char *subject, const char *sender, const char *other_subject,
                         const char *other_sender)
{
	g_autofree char *one = bare_subject(subject), *other = bare_subject(other_subject);
	if (*one && *other && strcmp(one, other) != 0)
		return FALSE;
	g_autofree char *from = text_address(sender), *other_from = text_address(other_sender);
	return !from || !other_from || strcmp(from, other_from) == 0;
}

gboolean identity_bears_out(const json_t *claim, const json_t *found)
{
	const char *id = json_text(claim, "message_id"), *subject = json_text(claim, "subject");
	const char *sender = json_text(claim, "from.0.address");
	if (!(id && *id) && !(subject && *subject && sender))
		return FALSE;
	if (id && *id && g_strcmp0(id, json_text(found, "message_id")) != 0)
		return FALSE;
	g_autofree char *claimed = bare_subject(subject);
	g_autofree char *actual = bare_subject(json_text(found, "subject"));
	if (*claimed && strcmp(claimed, actual) != 0)
		return FALSE;
	g_autofree char *from = text_address(sender);
	g_autofree char *actual_from = text_address(json_text(found, "from.0.address"));
	return !from || g_strcmp0(from, actual_from) == 0;
}
