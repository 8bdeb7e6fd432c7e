#pragma once
#include <glib.h>

/* zstd for what the store keeps: private to store/. A packed piece says its own size. */

GBytes *pack(const void *octets, gsize length, GError **error);

/** TRAWL_ERROR_STORAGE when it is damaged or says that it is larger than @most bytes. */
GBytes *unpack(GBytes *packed, gsize most, GError **error);
