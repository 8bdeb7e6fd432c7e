#pragma once
#include <glib.h>

/* An IMAP server that answers as a test says: the one that no real server would be. One connection
 * at a time, TLS with the certificates of make-certificates. */

/* What is said to a command. Rules are tried in order before the defaults of a harmless server. */
typedef struct {
	const char *command; /* words in the command line after the tag; "" is the greeting */
	const char *reply;   /* "%T" is the tag; NULL: silence from now on */
	const char *endless; /* repeated after it until the client has enough */
	gboolean hang_up;    /* closes after it */
	guint skip;          /* the first so many such commands get the next rule */
} FakeRule;

typedef struct FakeImap FakeImap;

/** @certificate "cert", "expired", "wrong-host" or "self-signed"; NULL speaks plain text first
 * (STARTTLS, or a server that knows no TLS). @rules ends with a row whose command is NULL. NULL
 * when openssl is not installed. */
FakeImap *fake_imap_start(const char *certificate, gboolean starttls, const FakeRule *rules);
void fake_imap_stop(FakeImap *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeImap, fake_imap_stop)

guint16 fake_imap_port(const FakeImap *fake);
/** The authority of its certificates; borrowed. */
const char *fake_imap_ca_file(const FakeImap *fake);
/** Commands that contained these words so far. */
guint fake_imap_count(FakeImap *fake, const char *words);
/** Connections on which TLS stood, or that spoke without it. */
guint fake_imap_sessions(FakeImap *fake);
