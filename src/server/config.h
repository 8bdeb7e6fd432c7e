#pragma once
#include "server/server.h"

/* What every kind checks of its configuration in the same way. Errors are TRAWL_ERROR_INVALID and
 * name the member. */

/** No member that the kind does not know, and the members that all kinds share are well-formed:
 * "domains", "quarantine_mailbox", "quarantine_folder". */
gboolean config_check(const MailServerKind *kind, const json_t *config, const json_t *secret,
                      GError **error);

/** The member is there and a string that is not empty. @document says where for the message. */
gboolean config_require_text(const json_t *document, const char *member, const char *expected,
                             GError **error);

/** The member, when it is there, is an integer in [@min, @max]. */
gboolean config_check_int(const json_t *document, const char *member, gint64 min, gint64 max,
                          GError **error);

/** Into which folder of the quarantine mailbox copies go: INBOX unless said; newly allocated, NULL
 * without such a mailbox. */
char *config_quarantine_folder(const json_t *config);

/** Says what is wrong with a member. Returns FALSE. */
gboolean config_invalid(GError **error, const char *member, const char *expected);

/** A line of a check. @detail is formatted. */
void check_add(GPtrArray *lines, CheckLevel level, const char *what, const char *detail, ...)
	G_GNUC_PRINTF(4, 5);
/** The line of what failed, with what to do about it: the error's own advice, after "; ", or its
 * remedy. */
void check_add_error(GPtrArray *lines, const char *what, const GError *error);

/* What a member of a configuration or of its secret is, for people and for forms; the same in all
 * kinds. */
typedef enum {
	MEMBER_TEXT,
	MEMBER_INTEGER,
	MEMBER_CHOICE,
	MEMBER_TEXTS,
	MEMBER_ADDRESS
} MemberType;
extern const char *const config_member_type_names[];
typedef struct {
	const char *name, *title;
	MemberType type;
	gboolean needed;            /* always */
	const char *needed_unless;  /* "login=user": also needed, unless another member says this */
	const char *const *choices; /* of MEMBER_CHOICE, the one that counts unless said first */
	const char *help;
} ConfigMember;

/** NULL: no kind has it. */
const ConfigMember *config_member(const char *name);
