#pragma once
#include "daemon/daemon.h"

/* What a role gives up before it begins. Where the kernel cannot enforce a part of it, that is
 * logged once and the rest still holds. The reader's own, stricter sandbox is in reader/. */

/** The web role: files only below db/ and run/ (raw/ and the public key to read), no new programs,
 * no outgoing connections where the database is embedded. It cannot read keys/secret.key, even as
 * root. */
gboolean sandbox_web(const ServeOptions *options, GError **error);

/** The worker: no new programs, no tracing, no change of users or mounts. */
gboolean sandbox_worker(GError **error);
