#pragma once
#include "base/json.h"
#include "server/config.h"

/* Kinds of identity provider, and how one is configured. */

typedef struct {
	const char *name, *title;
	const ConfigMember *members; /* ends with a row without a name; secret ones last */
	guint n_secret;
} ProviderKind;

extern const ProviderKind *const provider_kinds[]; /* NULL-terminated */

/** NULL: there is none of that name. */
const ProviderKind *provider_kind_find(const char *name);
gboolean provider_member_is_secret(const ProviderKind *kind, const ConfigMember *member);

/**
 * Checks a configuration and its secret: no member that the kind has not, all that are needed, each
 * well-formed. @secret may hold placeholders. TRAWL_ERROR_INVALID names the member.
 */
gboolean provider_config_check(const ProviderKind *kind, const json_t *config, const json_t *secret,
                               GError **error);

/** A member's text, or the text that counts unless said (the first of the choices, or @fallback).
 */
const char *provider_text(const json_t *config, const char *member, const char *fallback);
/** A member is "yes". */
gboolean provider_is_on(const json_t *config, const char *member);

/** Where a provider sends browsers back to; newly allocated. */
char *provider_redirect_url(const json_t *config);

/* Who somebody is, as providers say it. */

/**
 * The role that groups give.
 *
 * @groups  array of texts
 * @role    (out, newly allocated) NULL: none
 * @refused (out) TRUE: a group whose members do not log in
 */
void provider_find_role(const json_t *config, const json_t *groups, char **role, gboolean *refused);

/** Whether an address is of a domain that may log in; TRUE when all may. */
gboolean provider_takes_address(const json_t *config, const char *address);
