/* Compresses and expands with zstd. A damaged piece is found by zstd's checksum, and one that
 * claims an absurd size is refused before memory is taken for it. */
#include "store/pack.h"

#include "base/error.h"

#include <zstd.h>

#define LEVEL 3

#define CONTEXT_KEPT                                                                               \
	((gsize)1024 * 1024) /* bytes; one that a large message has blown up is freed */

static void free_packer(gpointer context)
{
	ZSTD_freeCCtx(context);
}

static void free_unpacker(gpointer context)
{
	ZSTD_freeDCtx(context);
}

/* Making a context takes longer than a mail takes with it, so each thread keeps one of each. */
static GPrivate packer_of_thread = G_PRIVATE_INIT(free_packer);
static GPrivate unpacker_of_thread = G_PRIVATE_INIT(free_unpacker);

static ZSTD_CCtx *get_packer(void)
{
	ZSTD_CCtx *context = g_private_get(&packer_of_thread);
	if (!context) {
		context = ZSTD_createCCtx();
		g_private_set(&packer_of_thread, context);
	}
	return context;
}

static ZSTD_DCtx *get_unpacker(void)
{
	ZSTD_DCtx *context = g_private_get(&unpacker_of_thread);
	if (!context) {
		context = ZSTD_createDCtx();
		g_private_set(&unpacker_of_thread, context);
	}
	return context;
}

GBytes *pack(const void *octets, gsize length, GError **error)
{
	ZSTD_CCtx *packer = get_packer();
	gsize bound = ZSTD_compressBound(length);
	g_autofree char *packed = g_try_malloc(bound);
	gsize size = 0;
	if (packer && packed) {
		ZSTD_CCtx_setParameter(packer, ZSTD_c_compressionLevel, LEVEL);
		ZSTD_CCtx_setParameter(packer, ZSTD_c_checksumFlag, 1);
		size = ZSTD_compress2(packer, packed, bound, octets, length);
		if (ZSTD_sizeof_CCtx(packer) > CONTEXT_KEPT)
			g_private_replace(&packer_of_thread, NULL);
	}
	if (!packer || !packed || ZSTD_isError(size)) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE,
		                    "no memory to compress a message");
		return NULL;
	}
	return g_bytes_new_take(g_realloc(g_steal_pointer(&packed), MAX(size, 1)), size);
}

GBytes *unpack(GBytes *packed, gsize most, GError **error)
{
	gsize length = 0;
	const void *octets = g_bytes_get_data(packed, &length);
	unsigned long long size = ZSTD_getFrameContentSize(octets, length);
	ZSTD_DCtx *unpacker = get_unpacker();
	g_autofree char *whole = size <= most ? g_try_malloc(MAX(size, 1)) : NULL;
	if (!unpacker || !whole ||
	    ZSTD_decompressDCtx(unpacker, whole, size, octets, length) != size) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE,
		                    "what was stored is damaged");
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&whole), size);
}
