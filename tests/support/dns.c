#include "dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 12

struct DnsServer {
	int udp, tcp, stop;
	char *address;
	GThread *thread;
	GMutex lock;
	GHashTable *records; /* name -> GPtrArray of char * */
	DnsManner manner;
	guint questions, by_tcp;
};

static void put16(GByteArray *to, guint value)
{
	const guint8 octets[] = {(guint8)(value >> 8), (guint8)value};
	g_byte_array_append(to, octets, 2);
}

/* The name of the one question; its end. */
static gsize read_name(const guint8 *query, gsize size, GString *name)
{
	gsize at = HEADER;
	while (at < size && query[at] && at + query[at] < size) {
		g_string_append_printf(name, "%s%.*s", name->len ? "." : "", query[at],
		                       query + at + 1);
		at += query[at] + 1u;
	}
	return at + 1;
}

static void put_record(GByteArray *to, const char *text)
{
	gsize length = strlen(text), strings = (length + 254) / 255;
	strings = MAX(strings, 1);
	put16(to, 0xc00c); /* the name of the question */
	put16(to, 16);     /* TXT */
	put16(to, 1);      /* IN */
	put16(to, 0);
	put16(to, 60);
	put16(to, (guint)(length + strings));
	for (gsize i = 0; i < strings; i++) {
		guint8 part = (guint8)MIN(length - i * 255, 255);
		g_byte_array_append(to, &part, 1);
		g_byte_array_append(to, (const guint8 *)text + i * 255, part);
	}
}

/* NULL: nothing is said. */
static GByteArray *answer_to(DnsServer *server, const guint8 *query, gsize size, gboolean tcp)
{
	g_autoptr(GString) name = g_string_new(NULL);
	if (size < HEADER + 5)
		return NULL;
	gsize end = MIN(read_name(query, size, name) + 4, size);
	g_mutex_lock(&server->lock);
	server->questions++;
	server->by_tcp += tcp;
	DnsManner manner = server->manner;
	const GPtrArray *texts = g_hash_table_lookup(server->records, name->str);
	GByteArray *answer = g_byte_array_new();
	g_byte_array_append(answer, query, 2);
	put16(answer, manner == DNS_FAILS ? 0x8182 : texts ? 0x8180 : 0x8183);
	put16(answer, 1);
	put16(answer, manner == DNS_ANSWERS && texts ? texts->len : manner == DNS_GARBLED);
	put16(answer, 0);
	put16(answer, 0);
	g_byte_array_append(answer, query + HEADER, (guint)(end - HEADER));
	for (guint i = 0; manner == DNS_ANSWERS && texts && i < texts->len; i++)
		put_record(answer, texts->pdata[i]);
	if (manner == DNS_GARBLED)
		g_byte_array_append(answer, (const guint8 *)"\xc0\x0c\x00\x10\x00\x01zzzz\xff\xff",
		                    12);
	g_mutex_unlock(&server->lock);
	if (!tcp && answer->len > 512) {
		answer->data[2] |= 2; /* TC */
		memset(answer->data + 6, 0, 2);
		g_byte_array_set_size(answer, (guint)end);
	}
	if (manner == DNS_SILENT || (manner == DNS_WAITS && name->len > 0))
		g_clear_pointer(&answer, g_byte_array_unref);
	return answer;
}

static void serve_udp(DnsServer *server)
{
	guint8 query[512];
	struct sockaddr_in from;
	socklen_t length = sizeof from;
	ssize_t size =
		recvfrom(server->udp, query, sizeof query, 0, (struct sockaddr *)&from, &length);
	g_autoptr(GByteArray) answer =
		size > 0 ? answer_to(server, query, (gsize)size, FALSE) : NULL;
	if (answer)
		sendto(server->udp, answer->data, answer->len, 0, (struct sockaddr *)&from, length);
}

static void serve_tcp(DnsServer *server)
{
	guint8 query[514];
	int fd = accept(server->tcp, NULL, NULL);
	gsize size = 0;
	for (ssize_t got; size < 2 || size < 2u + (query[0] << 8 | query[1]); size += (gsize)got)
		if ((got = recv(fd, query + size, sizeof query - size, 0)) <= 0)
			break;
	g_autoptr(GByteArray) answer =
		size > 2 ? answer_to(server, query + 2, size - 2, TRUE) : NULL;
	if (answer) {
		const guint8 length[] = {(guint8)(answer->len >> 8), (guint8)answer->len};
		g_byte_array_prepend(answer, length, 2);
		for (gsize sent = 0; sent < answer->len;) {
			ssize_t more =
				send(fd, answer->data + sent, answer->len - sent, MSG_NOSIGNAL);
			if (more <= 0)
				break;
			sent += (gsize)more;
		}
	}
	close(fd);
}

static gpointer serve(gpointer data)
{
	DnsServer *server = data;
	for (;;) {
		struct pollfd polled[] = {{server->udp, POLLIN, 0},
		                          {server->tcp, POLLIN, 0},
		                          {server->stop, POLLIN, 0}};
		poll(polled, G_N_ELEMENTS(polled), -1);
		if (polled[2].revents)
			return NULL;
		if (polled[0].revents)
			serve_udp(server);
		if (polled[1].revents)
			serve_tcp(server);
	}
}

/* The same port for both. */
static gboolean bind_both(DnsServer *server)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof at;
	server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	gboolean bound = bind(server->tcp, (struct sockaddr *)&at, sizeof at) == 0 &&
	                 getsockname(server->tcp, (struct sockaddr *)&at, &length) == 0 &&
	                 bind(server->udp, (struct sockaddr *)&at, sizeof at) == 0 &&
	                 listen(server->tcp, 16) == 0;
	if (bound)
		server->address = g_strdup_printf("127.0.0.1:%d", ntohs(at.sin_port));
	else {
		close(server->tcp);
		close(server->udp);
	}
	return bound;
}

DnsServer *dns_server_start(void)
{
	DnsServer *server = g_new0(DnsServer, 1);
	server->records = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	                                        (GDestroyNotify)g_ptr_array_unref);
	g_mutex_init(&server->lock);
	guint tries = 0;
	while (!bind_both(server))
		g_assert_cmpuint(tries++, <, 100);
	server->stop = eventfd(0, EFD_CLOEXEC);
	server->thread = g_thread_new("dns", serve, server);
	return server;
}

void dns_server_stop(DnsServer *server)
{
	if (!server)
		return;
	eventfd_write(server->stop, 1);
	g_thread_join(server->thread);
	close(server->udp);
	close(server->tcp);
	close(server->stop);
	g_hash_table_unref(server->records);
	g_mutex_clear(&server->lock);
	g_free(server->address);
	g_free(server);
}

const char *dns_server_address(const DnsServer *server)
{
	return server->address;
}

void dns_server_add(DnsServer *server, const char *name, const char *text)
{
	g_mutex_lock(&server->lock);
	GPtrArray *texts = g_hash_table_lookup(server->records, name);
	if (!texts) {
		texts = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(server->records, g_strdup(name), texts);
	}
	g_ptr_array_add(texts, g_strdup(text));
	g_mutex_unlock(&server->lock);
}

void dns_server_set_manner(DnsServer *server, DnsManner manner)
{
	g_mutex_lock(&server->lock);
	server->manner = manner;
	g_mutex_unlock(&server->lock);
}

guint dns_server_questions(DnsServer *server, gboolean tcp)
{
	g_mutex_lock(&server->lock);
	guint questions = tcp ? server->by_tcp : server->questions;
	g_mutex_unlock(&server->lock);
	return questions;
}
