/* Asks the DNS, and remembers.
 *
 * Each call has a channel of its own, so that threads do not wait for each other's questions; what
 * they share is the memory of answers. Names and answers are an attacker's: names are at most as
 * long as the DNS allows, records longer than LIMIT_DNS_TEXT or beyond LIMIT_DNS_RECORDS are left
 * out, and whatever does not parse is no answer. */
#include "net/resolver.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <string.h>

/* One fewer than c-ares would name: its macros shift the last one into an int's sign. */
#define SOCKETS        (ARES_GETSOCK_MAXNUM - 1)
#define REMEMBER_FOUND (10 * CLOCK_MINUTE)
#define REMEMBER_NONE  CLOCK_MINUTE
#define REMEMBER_FAIL  (30 * CLOCK_SECOND)
#define LEAVE_ALONE    (30 * CLOCK_SECOND) /* when it is not there at all */
#define TRY_MS         1000                /* until a server is asked again, or the next one */
#define TRIES          2
#define ALIVE_SECONDS  0.5 /* within which a resolver that is alive says who serves the root */

typedef struct {
	gint64 until; /* monotonic */
	Resolved resolved;
	GPtrArray *texts;
} Remembered;

struct Resolver {
	char *servers; /* as c-ares takes them; NULL: those of the system */
	GMutex lock;
	GHashTable *remembered; /* name -> Remembered */
	gint64 silent_until;    /* monotonic */
};

static void forget(gpointer data)
{
	Remembered *one = data;
	if (one->texts)
		g_ptr_array_unref(one->texts);
	g_free(one);
}

static gboolean open_channel(const char *servers, ares_channel *channel)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP,
		.timeout = TRY_MS,
		.tries = TRIES,
	};
	if (ares_init_options(channel, &options,
	                      ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS)
		return FALSE;
	if (!servers || ares_set_servers_ports_csv(*channel, servers) == ARES_SUCCESS)
		return TRUE;
	ares_destroy(*channel);
	return FALSE;
}

Resolver *resolver_new(const char *servers, GError **error)
{
	ares_channel channel;
	gboolean system = strcmp(servers, "system") == 0;
	static gsize once;
	if (g_once_init_enter(&once)) {
		ares_library_init(ARES_LIB_INIT_ALL);
		g_once_init_leave(&once, 1);
	}
	if (!*servers || !open_channel(system ? NULL : servers, &channel)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "a resolver is \"system\", or addresses with commas between them, not "
		            "\"%.200s\"",
		            servers);
		return NULL;
	}
	ares_destroy(channel);
	Resolver *resolver = g_new0(Resolver, 1);
	resolver->servers = system ? NULL : g_strdup(servers);
	resolver->remembered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, forget);
	g_mutex_init(&resolver->lock);
	return resolver;
}

void resolver_free(Resolver *resolver)
{
	if (!resolver)
		return;
	g_hash_table_unref(resolver->remembered);
	g_mutex_clear(&resolver->lock);
	g_free(resolver->servers);
	g_free(resolver);
}

/* ---- memory ---- */

static gboolean recall(Resolver *resolver, ResolverText *wanted, gint64 now)
{
	const Remembered *one = g_hash_table_lookup(resolver->remembered, wanted->name);
	if (!one || one->until < now)
		return FALSE;
	wanted->resolved = one->resolved;
	wanted->texts = one->texts ? g_ptr_array_ref(one->texts) : NULL;
	return TRUE;
}

static void remember(Resolver *resolver, const ResolverText *wanted, gint64 now)
{
	static const gint64 times[] = {
		[RESOLVED_UNREACHABLE] = REMEMBER_FAIL,
		[RESOLVED_NONE] = REMEMBER_NONE,
		[RESOLVED_FOUND] = REMEMBER_FOUND,
	};
	if (g_hash_table_size(resolver->remembered) >= LIMIT_DNS_CACHE)
		g_hash_table_remove_all(resolver->remembered);
	Remembered *one = g_new0(Remembered, 1);
	one->resolved = wanted->resolved;
	one->until = now + times[wanted->resolved];
	one->texts = wanted->texts ? g_ptr_array_ref(wanted->texts) : NULL;
	g_hash_table_replace(resolver->remembered, g_strdup(wanted->name), one);
}

/* ---- questions ---- */

typedef struct {
	ResolverText *wanted;
	guint *left;
	gboolean *heard; /* of any server */
} Question;

static void take_texts(ResolverText *wanted, const struct ares_txt_ext *records)
{
	g_autoptr(GString) text = g_string_new(NULL);
	wanted->texts = g_ptr_array_new_with_free_func(g_free);
	for (const struct ares_txt_ext *part = records; part; part = part->next) {
		if (text->len <= LIMIT_DNS_TEXT)
			g_string_append_len(text, (const char *)part->txt, (gssize)part->length);
		if (part->next && !part->next->record_start)
			continue;
		if (text->len <= LIMIT_DNS_TEXT && wanted->texts->len < LIMIT_DNS_RECORDS)
			g_ptr_array_add(wanted->texts,
			                g_utf8_make_valid(text->str, (gssize)strlen(text->str)));
		g_string_truncate(text, 0);
	}
	wanted->resolved = wanted->texts->len ? RESOLVED_FOUND : RESOLVED_NONE;
	if (!wanted->texts->len)
		g_clear_pointer(&wanted->texts, g_ptr_array_unref);
}

static void answered(void *data, int status, int timeouts, unsigned char *answer, int length)
{
	const Question *question = data;
	struct ares_txt_ext *records = NULL;
	(*question->left)--;
	if (status != ARES_ETIMEOUT && status != ARES_ECANCELLED && status != ARES_ECONNREFUSED &&
	    status != ARES_EDESTRUCTION)
		*question->heard = TRUE;
	if (status == ARES_SUCCESS)
		status = ares_parse_txt_reply_ext(answer, length, &records);
	if (status == ARES_SUCCESS)
		take_texts(question->wanted, records);
	else if (status == ARES_ENODATA || status == ARES_ENOTFOUND)
		question->wanted->resolved = RESOLVED_NONE;
	if (records)
		ares_free_data(records);
}

static void wait_for_answers(ares_channel channel, const guint *left, gint64 deadline)
{
	while (*left > 0 && deadline_left_ms(deadline) > 0) {
		ares_socket_t sockets[SOCKETS];
		struct pollfd polled[SOCKETS];
		struct timeval most = {.tv_sec = deadline_left_ms(deadline) / 1000,
		                       .tv_usec = deadline_left_ms(deadline) % 1000 * 1000};
		struct timeval until, *next = ares_timeout(channel, &most, &until);
		int mask = ares_getsock(channel, sockets, SOCKETS);
		nfds_t count = 0;
		for (guint i = 0; i < SOCKETS; i++) {
			short events = (short)((ARES_GETSOCK_READABLE(mask, i) ? POLLIN : 0) |
			                       (ARES_GETSOCK_WRITABLE(mask, i) ? POLLOUT : 0));
			if (events)
				polled[count++] =
					(struct pollfd){.fd = sockets[i], .events = events};
		}
		poll(polled, count, (int)(next->tv_sec * 1000 + next->tv_usec / 1000) + 1);
		for (nfds_t i = 0; i < count; i++) {
			gboolean in = (polled[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
			gboolean out = (polled[i].revents & POLLOUT) != 0;
			if (in || out)
				ares_process_fd(channel, in ? polled[i].fd : ARES_SOCKET_BAD,
				                out ? polled[i].fd : ARES_SOCKET_BAD);
		}
		ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what timed out */
	}
}

/* FALSE when nothing was heard of any server. */
static gboolean ask(const char *servers, GPtrArray *asked, int type, gint64 deadline)
{
	ares_channel channel;
	guint left = asked->len;
	gboolean heard = FALSE;
	if (!open_channel(servers, &channel))
		return FALSE;
	g_autofree Question *questions = g_new0(Question, asked->len);
	for (guint i = 0; i < asked->len; i++) {
		questions[i] = (Question){asked->pdata[i], &left, &heard};
		ares_query(channel, questions[i].wanted->name, ns_c_in, type, answered,
		           &questions[i]);
	}
	wait_for_answers(channel, &left, deadline);
	ares_cancel(channel);
	ares_destroy(channel);
	return heard;
}

/* A sender's name servers may keep a good resolver waiting, and must not have it left alone: what
 * every resolver knows by heart tells whether it is there. */
static gboolean is_alive(const char *servers)
{
	ResolverText root = {.name = "."};
	g_autoptr(GPtrArray) asked = g_ptr_array_new();
	g_ptr_array_add(asked, &root);
	gboolean heard = ask(servers, asked, ns_t_ns, deadline_in(ALIVE_SECONDS));
	resolver_texts_clear(&root, 1);
	return heard;
}

void resolver_texts(Resolver *resolver, ResolverText *wanted, guint count, gint64 deadline)
{
	g_autoptr(GPtrArray) asked = g_ptr_array_new();
	gint64 now = g_get_monotonic_time();
	g_mutex_lock(&resolver->lock);
	for (guint i = 0; i < count; i++) {
		wanted[i].resolved = RESOLVED_UNREACHABLE;
		wanted[i].texts = NULL;
		if (!recall(resolver, &wanted[i], now) && asked->len < LIMIT_DNS_LOOKUPS)
			g_ptr_array_add(asked, &wanted[i]);
	}
	gboolean silent = resolver->silent_until > now;
	g_mutex_unlock(&resolver->lock);
	if (asked->len == 0 || silent)
		return;
	gboolean heard =
		ask(resolver->servers, asked, ns_t_txt, deadline) || is_alive(resolver->servers);
	now = g_get_monotonic_time();
	g_mutex_lock(&resolver->lock);
	for (guint i = 0; i < asked->len; i++)
		remember(resolver, asked->pdata[i], now);
	if (!heard)
		resolver->silent_until = now + LEAVE_ALONE;
	g_mutex_unlock(&resolver->lock);
}

void resolver_texts_clear(ResolverText *wanted, guint count)
{
	for (guint i = 0; i < count; i++)
		g_clear_pointer(&wanted[i].texts, g_ptr_array_unref);
}
