/* The right message, or none: proves that what lies in a mailbox is what was reported.
 *
 * A Message-ID proves nothing, because an attacker may choose that of a good mail. The same bytes
 * do, and so does the fingerprint that the sandboxed reader takes of the content: the copies of one
 * message differ in what gateways and the delivery wrote into them. */
#include "base/error.h"
#include "base/text.h"
#include "mail/fingerprint/fingerprint.h"
#include "quarantine/copy.h"

#define DESCRIBED 120 /* characters of a subject or address that fit into a sentence */

static char *identity_excerpt(const char *text, const char *without)
{
	if (!text || !*text)
		return g_strdup(without);
	if (g_utf8_strlen(text, -1) <= DESCRIBED)
		return g_strdup(text);
	g_autofree char *head = g_utf8_substring(text, 0, DESCRIBED);
	return g_strconcat(head, "…", NULL);
}

static char *identity_describe(const json_t *breakdown)
{
	g_autofree char *subject =
		identity_excerpt(json_text(breakdown, "message.subject"), "no subject");
	g_autofree char *from =
		identity_excerpt(json_text(breakdown, "message.from.0.address"), "nobody");
	return g_strdup_printf("“%s” from %s", subject, from);
}

/* A reader that dies or hangs does so because of the message: then nothing is proved. */
static gboolean identity_unreadable(const GError *error)
{
	return g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE) ||
	       g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT) ||
	       g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT);
}

static void identity_judge(const Copy *copy, const json_t *breakdown, Identity *identity,
                           char **what)
{
	static const Identity identities[] = {
		[FINGERPRINT_SAME] = IDENTITY_SAME,
		[FINGERPRINT_CHANGED] = IDENTITY_SAME,
		[FINGERPRINT_UNPROVED] = IDENTITY_UNREADABLE,
		[FINGERPRINT_DIFFERENT] = IDENTITY_DIFFERENT,
	};
	g_autofree char *why = NULL;
	FingerprintVerdict verdict = fingerprint_compare(
		copy->original->fingerprint, json_text(breakdown, "message.fingerprint"), &why);
	*identity = identities[verdict];
	if (verdict == FINGERPRINT_CHANGED)
		*what = g_strdup_printf(IDENTITY_CHANGED "%s.", why);
	if (*identity == IDENTITY_SAME)
		return;
	g_autofree char *described = identity_describe(breakdown);
	*what = g_strdup_printf("%s; %s", described, why);
}

gboolean identity_check(Copy *copy, GBytes *message, const char *sha256, Identity *identity,
                        char **what, GError **error)
{
	*what = NULL;
	*identity = IDENTITY_SAME;
	if (g_strcmp0(sha256, copy->original->sha256) == 0)
		return TRUE;

	/* a fingerprint does not ask what stands inside of attachments */
	g_autoptr(json_t) options = json_pack("{s:b}", "documents", 0);
	g_autoptr(GError) failure = NULL;
	g_autoptr(json_t) breakdown =
		reader_read(copy->tools->readers, message, options, copy->deadline, &failure);
	if (!breakdown && identity_unreadable(failure)) {
		*what = g_strdup(failure->message);
		*identity = IDENTITY_UNREADABLE;
		return TRUE;
	}
	if (!breakdown) {
		copy->own_fault = TRUE;
		g_propagate_prefixed_error(error, g_steal_pointer(&failure), "reader: ");
		return FALSE;
	}
	identity_judge(copy, breakdown, identity, what);
	return TRUE;
}
