#pragma once
#include "api/request.h"

/* What every way to log in shares. */

typedef struct {
	const Request *request;
	gint64 provider_id;   /* who said who it is; 0: a passphrase of ours */
	const char *provider; /* its name, or NULL */
	User *user;           /* who logs in; NULL: nobody has that name */
	char *token;
	UserSession *session;
} Login;
void login_clear(Login *login);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Login, login_clear)

/** Begins the user's session in the caller's transaction, which is on record. */
gboolean login_begin(Db *db, Login *login, GError **error);
/** 201, and the cookie. */
gboolean login_answer(const Login *login, Answer *answer);

/** Another site logs nobody in here. */
gboolean login_check_site(const Request *request, GError **error);
/** FALSE with TRAWL_ERROR_THROTTLED when too many tries from there failed. */
gboolean login_may_try(const Request *request, GError **error);
/** One try more from there failed. */
void login_note_failed(const Request *request);
/** A wrong passphrase counts, and locks the account for a while when there were many; a DbWork
 * whose data is a Login with a user. */
gboolean login_note_failure(Db *db, gpointer data, GError **error);
/** What is said to any wrong name or passphrase. Returns FALSE. */
gboolean login_refuse(GError **error);
