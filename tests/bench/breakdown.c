/* How fast messages are read: `bench-breakdown MODE LIST` takes apart each file whose path is a
 * line of LIST and prints one JSON object of figures. Files are read before the clock starts.
 *
 * Rates come from processor time, of which a busy machine takes nothing away; the time of one
 * message is what its reader would wait. Memory is that of a reader process ("sandboxed"). */
#include "mail/breakdown.h"
#include "base/clock.h"
#include "base/json.h"
#include "reader/reader.h"

#include <gmime/gmime.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void read_nothing(GBytes *bytes)
{
}

static void decode_leaf(GMimeObject *parent, GMimeObject *part, gpointer data)
{
	if (!GMIME_IS_PART(part) || !g_mime_part_get_content(GMIME_PART(part)))
		return;
	GMimeStream *null = g_mime_stream_null_new();
	g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), null);
	g_object_unref(null);
}

/* The least that any reader on GMime does: parse, and decode all leaves. */
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

static void read_whole(GBytes *bytes)
{
	json_decref(breakdown_new(bytes, NULL));
}

/* Without what is drawn: PDF pages and pictures. */
static void read_without_pictures(GBytes *bytes)
{
	g_autoptr(json_t) options = json_pack("{s:b, s:b}", "documents", FALSE, "qr", FALSE);
	json_decref(breakdown_new(bytes, options));
}

static ReaderPool *pool;
static pid_t role;

static void start_reader(void)
{
	g_autofree char *path = g_strdup_printf("%s/bench-%d.sock", g_get_tmp_dir(), (int)getpid());
	role = fork();
	if (role == 0)
		_exit(reader_serve(path));
	while (!g_file_test(path, G_FILE_TEST_EXISTS))
		g_usleep(1000);
	pool = reader_pool_new(path, 1);
}

static void stop_reader(void)
{
	reader_pool_free(pool);
	kill(role, SIGTERM);
	waitpid(role, NULL, 0);
}

static void read_sandboxed(GBytes *bytes)
{
	g_autoptr(GError) error = NULL;
	json_t *breakdown = reader_read(pool, bytes, NULL, deadline_in(30), &error);
	if (!breakdown)
		fprintf(stderr, "not read: %s\n", error->message);
	json_decref(breakdown);
}

static const struct {
	const char *name;
	void (*start)(void), (*read)(GBytes *bytes), (*stop)(void);
} modes[] = {
	{"nothing", NULL, read_nothing, NULL},
	{"gmime", g_mime_init, read_with_gmime, NULL},
	{"breakdown", breakdown_init, read_whole, NULL},
	{"without-pictures", breakdown_init, read_without_pictures, NULL},
	{"sandboxed", start_reader, read_sandboxed, stop_reader},
};

static GPtrArray *load(const char *list, gsize *total)
{
	g_autofree char *text = NULL;
	GPtrArray *messages = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	if (!g_file_get_contents(list, &text, NULL, NULL))
		return messages;
	g_auto(GStrv) paths = g_strsplit(text, "\n", -1);
	for (guint i = 0; paths[i]; i++) {
		char *octets;
		gsize size;
		if (!*paths[i] || !g_file_get_contents(paths[i], &octets, &size, NULL))
			continue;
		g_ptr_array_add(messages, g_bytes_new_take(octets, size));
		*total += size;
	}
	return messages;
}

/* Seconds of processor time of this process and of those that it waited for. */
static double processor_time(void)
{
	double seconds = 0;
	for (int i = 0; i < 2; i++) {
		struct rusage use;
		getrusage(i ? RUSAGE_CHILDREN : RUSAGE_SELF, &use);
		seconds += (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
		           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
	}
	return seconds;
}

static int compare_times(gconstpointer a, gconstpointer b)
{
	gint64 one = *(const gint64 *)a, other = *(const gint64 *)b;
	return (one > other) - (one < other);
}

static double percentile(GArray *sorted, double share)
{
	guint at = MIN((guint)(share * sorted->len), sorted->len - 1);
	return (double)g_array_index(sorted, gint64, at) / 1000;
}

static int run(guint mode, GPtrArray *messages, gsize total)
{
	g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
	double seconds = processor_time();
	for (guint i = 0; i < messages->len; i++) {
		gint64 start = g_get_monotonic_time();
		modes[mode].read(messages->pdata[i]);
		gint64 took = g_get_monotonic_time() - start;
		g_array_append_val(times, took);
	}
	if (modes[mode].stop)
		modes[mode].stop();
	seconds = processor_time() - seconds;
	struct rusage readers;
	getrusage(RUSAGE_CHILDREN, &readers);
	g_array_sort(times, compare_times);
	printf("{\"messages\": %u, \"bytes\": %" G_GSIZE_FORMAT
	       ", \"seconds\": %.3f, \"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f, \"memory\": "
	       "%ld}\n",
	       messages->len, total, seconds, percentile(times, 0.5), percentile(times, 0.99),
	       percentile(times, 1), readers.ru_maxrss);
	return 0;
}

int main(int argc, char **argv)
{
	guint mode = 0;
	gsize total = 0;
	while (argc == 3 && mode < G_N_ELEMENTS(modes) && strcmp(modes[mode].name, argv[1]) != 0)
		mode++;
	if (argc != 3 || mode == G_N_ELEMENTS(modes)) {
		fprintf(stderr, "usage: bench-breakdown MODE LIST\n");
		return 64;
	}
	/* before the messages are here, which a reader would inherit and be blamed for */
	if (modes[mode].start)
		modes[mode].start();
	g_autoptr(GPtrArray) messages = load(argv[2], &total);
	if (messages->len > 0)
		return run(mode, messages, total);
	fprintf(stderr, "nothing to read\n");
	return 64;
}
