#pragma once
#include <glib.h>

typedef struct {
	gsize memory;  /* octets of address space */
	guint seconds; /* of CPU for one message */
} SandboxLimits;

/**
 * Takes away from this process all it does not need to turn octets on @fd into octets on @fd: other
 * descriptors, files, the network, processes, executable memory. It cannot be undone.
 *
 * @return  the descriptor's new number; the process ends when the sandbox cannot be closed
 */
int sandbox_enter(int fd, const SandboxLimits *limits);

/** Another limits->seconds of CPU from now; SIGXCPU comes when they are spent. */
void sandbox_rearm(const SandboxLimits *limits);
