#pragma once
#include <glib.h>

/**
 * A message without the parameters of its Content- fields, at whatever depth, that are past @most
 * and one more; that one is left so that who counts them sees that there were more. GMime compares
 * each parameter with all before it.
 *
 * @return  the same bytes where there are none so long, which is nearly always; new reference
 */
GBytes *parameters_within(GBytes *message, guint most);
