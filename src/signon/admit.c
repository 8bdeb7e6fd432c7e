/* Who somebody whom a provider names is among our accounts.
 *
 * Issuer and subject are the only name that lasts: addresses and user names are given to other
 * people when somebody leaves. An address therefore finds an account once, at the first log-in,
 * where an administrator wanted it so, and never one that has a passphrase or an identity. */
#include "audit/audit.h"
#include "auth/account.h"
#include "auth/api_key_auth.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "signon/provider.h"
#include "signon/sign_on.h"
#include "store/audit.h"

#include <string.h>

typedef struct {
	Db *db;
	const IdentityProvider *provider;
	const json_t *config, *identity;
	const char *actor;
	gint64 now;
	Admission *admission;
} Door;

void admission_clear(Admission *admission)
{
	g_clear_pointer(&admission->user, user_free);
	g_clear_pointer(&admission->linked, user_identity_free);
	g_clear_pointer(&admission->refusal, g_free);
}

char *sign_on_actor(const IdentityProvider *provider)
{
	return g_strconcat("provider:", provider->name, NULL);
}

gboolean sign_on_note_refusal(Db *db, const IdentityProvider *provider, const char *who,
                              const char *reason, const char *address, GError **error)
{
	g_autofree char *actor = sign_on_actor(provider);
	return audit_append(db, actor, "session.refuse", "identity_provider", provider->id, 0,
	                    json_pack("{s:o, s:o, s:s}", "who", json_text_new(who), "reason",
	                              json_text_new(reason), "address", address),
	                    NULL, error);
}

/* The rest of the transaction still commits: the refusal is on record. */
static gboolean refuse(const Door *door, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean refuse(const Door *door, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_free(door->admission->refusal);
	door->admission->refusal = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return TRUE;
}

static const char *text_of(const Door *door, const char *member)
{
	const char *text = json_string_value(json_object_get(door->identity, member));
	return text && *text ? text : NULL;
}

/* An address that counts: the provider vouches for it. */
static char *address_of(const Door *door)
{
	gboolean verified = json_bool(door->identity, "email_verified", FALSE);
	const char *text = verified ? text_of(door, "email") : NULL;
	return text ? text_address(text) : NULL;
}

/* A name as accounts have them, from what a provider says; NULL when nothing is left of it. */
static char *name_of(const Door *door)
{
	const char *text = text_of(door, "name");
	g_autofree char *clean = text ? text_from_bytes(text, (gsize)strlen(text)) : NULL;
	g_autofree char *name = clean ? account_name(clean) : NULL;
	if (!name || !*name || strpbrk(name, "\t\n") || g_utf8_strlen(name, -1) > LIMIT_NAME)
		return NULL;
	return g_steal_pointer(&name);
}

/* --- an account that is there -------------------------------------------------------------------
 */

static gboolean link_account(const Door *door, User *user, GError **error)
{
	UserIdentity *identity = g_new0(UserIdentity, 1);
	g_clear_pointer(&door->admission->linked, user_identity_free);
	door->admission->linked = identity;
	identity->user_id = user->id;
	identity->provider_id = door->provider->id;
	identity->issuer = g_strdup(text_of(door, "issuer"));
	identity->subject = g_strdup(text_of(door, "subject"));
	identity->created_at = door->now;
	return user_identity_insert(door->db, identity, error) &&
	       audit_append(door->db, door->actor, "identity.link", "user", user->id, 0,
	                    json_pack("{s:s, s:s, s:s}", "name", user->name, "issuer",
	                              identity->issuer, "subject", identity->subject),
	                    NULL, error);
}

static gboolean is_free(const Door *door, const User *user, gboolean *free, GError **error)
{
	g_autoptr(GPtrArray) identities = user_identity_list(door->db, user->id, error);
	*free = identities && identities->len == 0 && !user->password;
	return identities != NULL;
}

/* The one account without passphrase and identity that has this address, or this name. */
static gboolean find_known(const Door *door, User **known, GError **error)
{
	const char *by = provider_text(door->config, "link_accounts", "no");
	gboolean by_name = strcmp(by, "name") == 0;
	g_autofree char *wanted = strcmp(by, "no") == 0 ? NULL
	                          : by_name             ? name_of(door)
	                                                : address_of(door);
	g_autoptr(GPtrArray) users = user_list(door->db, error);
	guint found = 0;
	for (guint i = 0; users && wanted && i < users->len; i++) {
		User *user = users->pdata[i];
		g_autofree char *has = by_name || !user->email ? NULL : text_address(user->email);
		gboolean free;
		if (g_strcmp0(by_name ? user->name : has, wanted) != 0)
			continue;
		if (!is_free(door, user, &free, error))
			return FALSE;
		if (!free || found++)
			continue;
		*known = user_load(door->db, user->id, error);
		if (!*known)
			return FALSE;
	}
	if (found > 1) /* nobody knows which */
		g_clear_pointer(known, user_free);
	return users != NULL;
}

/* --- an account that is made --------------------------------------------------------------------
 */

static gboolean make_account(const Door *door, const char *role, GError **error)
{
	gint64 last;
	g_autofree char *hash = NULL, *name = name_of(door);
	g_autoptr(GError) problem = NULL;
	if (!name)
		return refuse(door,
		              "%s does not say by which name you could be known here; an "
		              "administrator may choose another claim for it",
		              door->provider->name);
	g_autoptr(User) taken = user_find(door->db, name, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (taken)
		return refuse(door,
		              "there is an account called \"%s\" here already, and it is not tied "
		              "to %s; an administrator can help",
		              name, door->provider->name);
	g_autoptr(User) user = g_new0(User, 1);
	const char *display = text_of(door, "display_name");
	user->name = g_steal_pointer(&name);
	if (display && g_utf8_strlen(display, -1) <= LIMIT_NAME)
		user->display_name = text_from_bytes(display, (gsize)strlen(display));
	user->email = address_of(door);
	user->enabled = user->sees_everything = TRUE;
	user->created_at = door->now;
	if (!account_take_role(door->db, user, role, error) ||
	    !audit_head(door->db, &last, &hash, error))
		return FALSE;
	user->revision = last + 1;
	if (!user_insert(door->db, user, error) ||
	    !audit_append(door->db, door->actor, "user.create", "user", user->id, 0,
	                  json_pack("{s:s, s:s}", "name", user->name, "role", user->role), NULL,
	                  error))
		return FALSE;
	door->admission->user = user_load(door->db, user->id, error);
	return door->admission->user && link_account(door, door->admission->user, error);
}

/* --- what groups give ---------------------------------------------------------------------------
 */

/* Whoever may do something else now begins anew. */
static gboolean give_role(const Door *door, const char *role, GError **error)
{
	User *user = door->admission->user;
	if (user->password || strcmp(user->role, role) == 0)
		return TRUE;
	g_autofree char *before = g_strdup(user->role);
	return account_take_role(door->db, user, role, error) &&
	       audit_append(door->db, door->actor, "user.update", "user", user->id, 0,
	                    json_pack("{s:s, s:{s:{s:s, s:s}}}", "name", user->name, "changes",
	                              "role", "from", before, "to", user->role),
	                    &user->revision, error) &&
	       user_update(door->db, user, 0, error) &&
	       user_session_end_all(door->db, user->id, 0, door->now, NULL, error);
}

/* Who was let in by groups that are gone is out everywhere. */
static gboolean shut_out(const Door *door, GError **error)
{
	const User *user = door->admission->user;
	return !user || user->password ||
	       user_session_end_all(door->db, user->id, 0, door->now, NULL, error);
}

static gboolean find_account(const Door *door, GError **error)
{
	Admission *admission = door->admission;
	g_autoptr(GError) problem = NULL;
	admission->linked = user_identity_find(door->db, text_of(door, "issuer"),
	                                       text_of(door, "subject"), &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (!admission->linked)
		return find_known(door, &admission->user, error);
	admission->user = user_load(door->db, admission->linked->user_id, error);
	return admission->user != NULL;
}

/* A role that a configuration names and nobody made is an administrator's mistake, not ours. */
static gboolean role_is_there(const Door *door, const char *role, gboolean *there, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(UserRole) row = user_role_find(door->db, role, &problem);
	*there = row != NULL;
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static gboolean judge(const Door *door, GError **error)
{
	gboolean refused, there = TRUE;
	g_autofree char *role = NULL, *address = address_of(door);
	Admission *admission = door->admission;
	const char *name = door->provider->name;
	if (!find_account(door, error))
		return FALSE;
	const User *user = admission->user;
	provider_find_role(door->config, json_object_get(door->identity, "groups"), &role,
	                   &refused);
	if (role && !role_is_there(door, role, &there, error))
		return FALSE;
	if (user && !user->enabled)
		return refuse(door, "your account here is switched off");
	admission->locked = user && user->locked_until > door->now;
	if (admission->locked)
		return refuse(door, "your account here is locked for some minutes");
	if (!provider_takes_address(door->config, address))
		return refuse(door,
		              "your e-mail address is not of a domain that may log in, or %s does "
		              "not vouch for it",
		              name) &&
		       shut_out(door, error);
	if (refused)
		return refuse(door, "you are in a group at %s whose members do not log in here",
		              name) &&
		       shut_out(door, error);
	if (!there)
		return refuse(door,
		              "your groups at %s have the role \"%s\", and there is none of "
		              "that name here",
		              name, role);
	if (user && user->password) /* its role is its own */
		return admission->linked || link_account(door, admission->user, error);
	if (!role)
		return refuse(door, "none of your groups at %s has a role here", name) &&
		       shut_out(door, error);
	if (user)
		return (admission->linked || link_account(door, admission->user, error)) &&
		       give_role(door, role, error);
	if (provider_is_on(door->config, "create_accounts"))
		return make_account(door, role, error);
	return refuse(door, "there is no account for you here yet; an administrator can make one");
}

gboolean sign_on_admit(Db *db, const IdentityProvider *provider, const json_t *identity,
                       const char *address, gint64 now, Admission *admission, GError **error)
{
	g_autofree char *actor = sign_on_actor(provider);
	g_autoptr(json_t) config = json_parse(provider->config, -1, error);
	const Door door = {db, provider, config, identity, actor, now, admission};
	admission_clear(admission);
	if (!config || !text_of(&door, "issuer") || !text_of(&door, "subject") ||
	    !account_lock(db, NULL, error) || !judge(&door, error))
		return FALSE;
	if (!admission->refusal)
		return user_identity_note_login(db, admission->linked->id, now, error);
	const char *name = text_of(&door, "name");
	return sign_on_note_refusal(db, provider, name ? name : text_of(&door, "subject"),
	                            admission->refusal, address, error);
}

gboolean sign_on_is_only_way(Db *db, gboolean *only_way, GError **error)
{
	g_autoptr(GPtrArray) providers = identity_provider_list(db, error);
	*only_way = FALSE;
	for (guint i = 0; providers && i < providers->len; i++) {
		const IdentityProvider *provider = providers->pdata[i];
		*only_way |= provider->enabled && provider->only_way;
	}
	return providers != NULL;
}
