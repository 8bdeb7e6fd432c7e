#include "base/digest.h"

#include <string.h>

static void is_what_the_standards_say(void)
{
	/* RFC 1321 §A.5, FIPS 180-4's examples. */
	static const struct {
		DigestKind kind;
		const char *text, *digest;
	} cases[] = {
		{DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
		{DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
		{DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{DIGEST_SHA256, "",
	         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{DIGEST_SHA256, "abc",
	         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) bytes = g_bytes_new_static(cases[i].text, strlen(cases[i].text));
		g_autofree char *digest = digest_hex_bytes(cases[i].kind, bytes);
		g_assert_cmpstr(digest, ==, cases[i].digest);
	}
}

static void agrees_with_glib_on_every_length(void)
{
	guint8 octets[300];
	for (gsize length = 0; length < sizeof octets; length++) {
		octets[length] = (guint8)(length * 7);
		g_autofree char *ours = digest_hex(DIGEST_SHA256, octets, length);
		g_autofree char *glib =
			g_compute_checksum_for_data(G_CHECKSUM_SHA256, octets, length);
		g_assert_cmpstr(ours, ==, glib);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/digest/is what the standards say", is_what_the_standards_say);
	g_test_add_func("/digest/agrees with GLib on every length",
	                agrees_with_glib_on_every_length);
	return g_test_run();
}
