#pragma once
#include "daemon/daemon.h"

/* What each role process does. A role's main function returns the process's exit status; it ends by
 * SIGTERM. */
typedef struct {
	const char *name;
	int (*main)(const ServeOptions *options);
	const char *touches; /* for people: what it may touch */
} Role;

extern const Role daemon_roles[]; /* ends with a row whose name is NULL */
