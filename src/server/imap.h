#pragma once
#include "server/server.h"

/**
 * IMAP4rev1 (RFC 3501) with UIDPLUS (RFC 4315); MOVE (6851), IDLE (2177), SPECIAL-USE (6154),
 * OBJECTID (8474) when there.
 *
 * config: "host", "port", "tls": "implicit" (default) or "starttls" (there is no plain text),
 * "ca_file": PEM of additional authorities; "login": "master" (user*master), "authzid" (SASL PLAIN,
 * RFC 4616) or "user" (one mailbox, own password); "master_user", "master_separator" ("*"),
 * "user_name": "address" or "local_part"; "connections" (LIMIT_CONNECTIONS), "commands_per_minute"
 * (0: no limit), "domains", "quarantine_mailbox", "quarantine_folder". secret: "password".
 */
extern const MailServerKind imap_server_kind;
