/* From an error's code to a sentence that names the setting behind it. */
#include "pipeline/words.h"

#include "base/error.h"
#include "server/server.h"

/* {server}, {mailbox} and {folder} stand for the names. */
static const char *const by_code[TRAWL_ERROR_LAST] = {
	[TRAWL_ERROR_AUTHENTICATION] =
		"Mail server '{server}' refuses the login; check user name and password.",
	[TRAWL_ERROR_DENIED] =
		"Mailbox {mailbox} on mail server '{server}' is closed to Trawl's account; give it "
		"the right to read and change this mailbox.",
	[TRAWL_ERROR_UNREACHABLE] = "There is no connection to mail server '{server}'; check host, "
				    "port, certificate and network.",
	[TRAWL_ERROR_TIMEOUT] =
		"Mail server '{server}' does not answer in time; check that it is well.",
	[TRAWL_ERROR_THROTTLED] =
		"Mail server '{server}' asks Trawl to slow down; it is tried again later.",
	[TRAWL_ERROR_INVALID] =
		"The configuration of mail server '{server}' is not right; correct it.",
	[TRAWL_ERROR_LIMIT] = "Something on mail server '{server}' is larger than a limit allows.",
	[TRAWL_ERROR_REMOTE] = "Mail server '{server}' gave an answer that Trawl does not "
			       "understand; look into its log.",
};

static const char *const by_missing[] = {
	[MISSING_MESSAGE] = "A message is gone from mailbox {mailbox} on mail server '{server}'.",
	[MISSING_FOLDER] = "The folder '{folder}' does not exist in mailbox {mailbox} on mail "
			   "server '{server}'; check the name of the folder.",
	[MISSING_MAILBOX] = "The mailbox {mailbox} does not exist on mail server '{server}'; check "
			    "Mailbox Name (--mailbox).",
};

char *words_for_error(const GError *error, const MailServerRow *server, const char *mailbox,
                      const char *folder)
{
	const char *sentence = g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND)
	                               ? by_missing[mail_server_error_what(error)]
	                               : by_code[error_remedy(error)->code];
	if (!sentence)
		return g_strdup_printf("%s. %s", error->message, error_remedy(error)->remedy);
	GString *text = g_string_new(sentence);
	g_string_replace(text, "{mailbox}", mailbox ? mailbox : "(any)", 1);
	g_string_replace(text, "{folder}", folder ? folder : "", 1);
	g_string_replace(text, "{server}", server->name, 1);
	g_string_append_printf(text, " (%s)", error->message);
	return g_string_free(text, FALSE);
}
