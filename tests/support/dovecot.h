#pragma once
#include <glib.h>

/* A real Dovecot for C tests, alone in a temporary directory: free loopback ports, TLS with an
 * authority of its own, a master user who reaches every mailbox. It dies with the test. */

#define DOVECOT_PASSWORD        "a user's password"
#define DOVECOT_MASTER          "trawl"
#define DOVECOT_MASTER_PASSWORD "the master's password"

typedef struct {
	char *directory;
	char *ca_file;
	guint16 imap_port, imaps_port, lmtp_port;
	GPid pid;
} Dovecot;

/** Starts one. @extra is more configuration, or NULL. NULL when Dovecot or openssl is not installed
 * (the caller skips); anything else that goes wrong fails the test. */
Dovecot *dovecot_start(const char *extra);
void dovecot_stop(Dovecot *dovecot);

/** Adds a user with an empty INBOX. user0@corp.example to user1999@corp.example cost no time;
 * Dovecot takes note of others after a second. */
void dovecot_add_user(Dovecot *dovecot, const char *address);
/** The directory of a user's Maildir; newly allocated. */
char *dovecot_maildir(const Dovecot *dovecot, const char *address);
