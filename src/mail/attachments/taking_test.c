#include "mail/breakdown.h"

#include "base/limits.h"

#include <string.h>

static json_t *take(const char *message, const char *sha256)
{
	g_autoptr(GBytes) bytes = g_bytes_new(message, strlen(message));
	g_autoptr(json_t) options = json_pack("{s:{s:s*}}", "take", "sha256", sha256);
	return breakdown_new(bytes, options);
}

#define PART "--x\r\nContent-Type: application/octet-stream; name=a.bin\r\n\r\nA\r\n"
#define HEAD "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello\r\n"

static void what_hangs_on_a_message_is_taken_and_its_text_is_not(void)
{
	g_autoptr(json_t) taken = take(HEAD PART PART "--x--\r\n", NULL);
	const json_t *files = json_object_get(taken, "files");
	g_assert_cmpuint(json_array_size(files), ==, 2);
	g_assert_cmpstr(json_text(files, "0.name"), ==, "a.bin");
	g_assert_cmpstr(json_text(files, "0.content_base64"), ==, "QQ==");
	g_assert_false(json_bool(taken, "cut", TRUE));
}

static void of_two_alike_one_is_taken_by_hash(void)
{
	g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "A", -1);
	g_autoptr(json_t) taken = take(HEAD PART PART "--x--\r\n", sha256);
	g_assert_cmpuint(json_array_size(json_object_get(taken, "files")), ==, 1);
	g_autoptr(json_t) nothing = take(HEAD PART "--x--\r\n", "00");
	g_assert_cmpuint(json_array_size(json_object_get(nothing, "files")), ==, 0);
}

static void too_many_are_cut_and_it_says_so(void)
{
	g_autoptr(GString) message = g_string_new(HEAD);
	for (guint i = 0; i < LIMIT_TAKEN_FILES + 1; i++)
		g_string_append(message, PART);
	g_autoptr(json_t) taken = take(message->str, NULL);
	g_assert_cmpuint(json_array_size(json_object_get(taken, "files")), ==, LIMIT_TAKEN_FILES);
	g_assert_true(json_bool(taken, "cut", FALSE));
}

static void too_much_is_cut_and_it_says_so(void)
{
	g_autoptr(GString) message = g_string_new(
		HEAD "--x\r\nContent-Type: application/octet-stream; name=big.bin\r\n\r\n");
	g_autofree char *much = g_strnfill(LIMIT_TAKEN_OUT + 1, 'a');
	g_string_append(message, much);
	g_string_append(message, "\r\n" PART "--x--\r\n");
	g_autoptr(json_t) taken = take(message->str, NULL);
	g_assert_cmpuint(json_array_size(json_object_get(taken, "files")), ==, 1);
	g_assert_true(json_bool(taken, "cut", FALSE));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
#define TEST(name, function) g_test_add_func("/taking/" name, function)
	TEST("what hangs on a message is taken, and its text is not",
	     what_hangs_on_a_message_is_taken_and_its_text_is_not);
	TEST("of two alike, one is taken by hash", of_two_alike_one_is_taken_by_hash);
	TEST("too many are cut, and it says so", too_many_are_cut_and_it_says_so);
	TEST("too much is cut, and it says so", too_much_is_cut_and_it_says_so);
	return g_test_run();
}
