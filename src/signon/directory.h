#pragma once
#include "base/json.h"

/* A directory that knows people and their passphrases: LDAP (RFC 4511), always over TLS whose
 * certificate is verified. */

/** A value as a filter has it (RFC 4515 §3); newly allocated. */
char *directory_escape_filter(const char *text);
/** A value as a distinguished name has it (RFC 4514 §2.4); newly allocated. */
char *directory_escape_dn(const char *text);

/**
 * Finds somebody by a name that was typed, and tries the passphrase by a bind of its own.
 *
 * An empty passphrase is refused before anything is asked: a directory takes it for no log-in at
 * all, and says yes (RFC 4513 §5.1.2).
 *
 * @secret    {"bind_password": …}, or {}
 * @provider  whose directory; becomes the identity's issuer
 * @subject   (out, newly allocated) whom the name means, also when the passphrase is wrong; NULL:
 * not known
 * @return    (transfer full) an identity (signon/sign_on.h); TRAWL_ERROR_AUTHENTICATION for a wrong
 *            name or passphrase, with the reason for the record; any other for what an
 * administrator has to look after
 */
json_t *directory_identify(const json_t *config, const json_t *secret, gint64 provider,
                           const char *name, const char *password, gint64 deadline, char **subject,
                           GError **error);
/** The issuer of a directory's identities; newly allocated. */
char *directory_issuer(gint64 provider);

/** Lines for a person: does it work, as far as can be told without a passphrase? (transfer full) */
json_t *directory_check(const json_t *config, const json_t *secret, gint64 deadline);
