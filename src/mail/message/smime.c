/* S/MIME's opaque form: the message is wrapped into PKCS #7. What is only signed can be looked into
 * by anyone, so it is; what is encrypted can only be said to be so. */
#include "mail/message/smime.h"

#include <gnutls/pkcs7.h>
#include <string.h>

/* The object identifier that a ContentInfo begins with: 1.2.840.113549.1.7.3, enveloped data, and
 * 1.2.840.113549.1.9.16.1.23, authenticated enveloped data. */
static gboolean is_enveloped(const guint8 *octets, gsize size)
{
	static const guint8 enveloped[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
	                                   0xf7, 0x0d, 0x01, 0x07, 0x03};
	static const guint8 authenticated[] = {0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7,
	                                       0x0d, 0x01, 0x09, 0x10, 0x01, 0x17};
	gsize head = MIN(size, 40);
	return memmem(octets, head, enveloped, sizeof enveloped) ||
	       memmem(octets, head, authenticated, sizeof authenticated);
}

SmimeKind smime_open(GBytes *content, GBytes **inside)
{
	gsize size;
	const guint8 *octets = g_bytes_get_data(content, &size);
	*inside = NULL;
	if (size > G_MAXUINT / 2 || is_enveloped(octets, size))
		return size > G_MAXUINT / 2 ? SMIME_NONE : SMIME_ENCRYPTED;
	gnutls_pkcs7_t pkcs7;
	const gnutls_datum_t datum = {(unsigned char *)octets, (unsigned)size};
	gnutls_datum_t data = {NULL, 0};
	if (gnutls_pkcs7_init(&pkcs7) < 0)
		return SMIME_NONE;
	gboolean imported = gnutls_pkcs7_import(pkcs7, &datum, GNUTLS_X509_FMT_DER) >= 0;
	if (imported && gnutls_pkcs7_get_embedded_data(pkcs7, 0, &data) >= 0 && data.size > 0)
		*inside = g_bytes_new(data.data, data.size);
	gnutls_free(data.data);
	gnutls_pkcs7_deinit(pkcs7);
	return imported ? SMIME_SIGNED : SMIME_NONE;
}
