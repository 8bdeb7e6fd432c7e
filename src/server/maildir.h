#pragma once
#include "server/server.h"

/**
 * Maildirs on a file system this host sees.
 *
 * config: "path": pattern of a user's Maildir with %u (address), %n (local part), %d (domain), e.g.
 * "/srv/mail/%d/%n/Maildir"; "quarantine_mailbox", "quarantine_folder"; "domains": array of domains
 * whose mailboxes are here.
 */
extern const MailServerKind maildir_server_kind;
