/* How fast messages are read: `bench-breakdown [--gmime] FILE…` reads all files once into memory,
 * then takes each apart several times in this process, and prints microseconds a message. --gmime
 * measures GMime alone (parse, decode all leaves) over the same files. */
#include "mail/breakdown.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>

static void decode_leaf(GMimeObject *parent, GMimeObject *part, gpointer data)
{
	if (!GMIME_IS_PART(part) || !g_mime_part_get_content(GMIME_PART(part)))
		return;
	GMimeStream *null = g_mime_stream_null_new();
	g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), null);
	g_object_unref(null);
}

static void read_with_gmime(GBytes *bytes)
{
	gsize size;
	const char *octets = g_bytes_get_data(bytes, &size);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(octets, size);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	if (message) {
		g_mime_message_foreach(message, decode_leaf, NULL);
		g_object_unref(message);
	}
	g_object_unref(parser);
	g_object_unref(stream);
}

static int compare_times(gconstpointer a, gconstpointer b)
{
	gint64 one = *(const gint64 *)a, other = *(const gint64 *)b;
	return (one > other) - (one < other);
}

int main(int argc, char **argv)
{
	gboolean bare = argc > 1 && strcmp(argv[1], "--gmime") == 0;
	g_autoptr(GPtrArray) messages =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	gsize total = 0;
	for (int i = 1 + bare; i < argc; i++) {
		char *octets;
		gsize size;
		if (!g_file_get_contents(argv[i], &octets, &size, NULL))
			continue;
		g_ptr_array_add(messages, g_bytes_new_take(octets, size));
		total += size;
	}
	if (bare)
		g_mime_init();
	else
		breakdown_init();
	g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
	gint64 all = g_get_monotonic_time();
	for (guint i = 0; i < messages->len; i++) {
		gint64 start = g_get_monotonic_time();
		if (bare)
			read_with_gmime(messages->pdata[i]);
		else
			json_decref(breakdown_new(messages->pdata[i], NULL));
		gint64 took = g_get_monotonic_time() - start;
		g_array_append_val(times, took);
	}
	all = g_get_monotonic_time() - all;
	if (times->len == 0)
		return 1;
	g_array_sort(times, compare_times);
	printf("%s: %u messages, %.1f MB in %.2f s: %.0f/s, %.1f MB/s, p50 %.2f ms, p99 %.2f ms, "
	       "max %.2f ms\n",
	       bare ? "gmime" : "trawl", messages->len, (double)total / 1e6, (double)all / 1e6,
	       messages->len / ((double)all / 1e6), (double)total / (double)all,
	       (double)g_array_index(times, gint64, times->len / 2) / 1e3,
	       (double)g_array_index(times, gint64, times->len * 99 / 100) / 1e3,
	       (double)g_array_index(times, gint64, times->len - 1) / 1e3);
	return 0;
}
