#pragma once
#include <glib.h>

/**
 * A message without the parameters of its Content- fields, at whatever depth, that are past @most
 * and one more; that one is left so that who counts them sees that there were more. GMime compares
 * each parameter with all before it. Once LIMIT_ALL_PARAMETERS were @seen, each field keeps
 * LIMIT_FEW_PARAMETERS alone.
 *
 * @seen    grows by the number of parameters
 * @return  the same bytes where there are none so long, which is nearly always; new reference
 */
GBytes *parameters_within(GBytes *message, guint most, guint *seen);
