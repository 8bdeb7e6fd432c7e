#pragma once
#include <glib.h>

typedef enum { SMIME_NONE, SMIME_SIGNED, SMIME_ENCRYPTED } SmimeKind;

/**
 * What an application/pkcs7-mime part is (RFC 8551).
 *
 * @inside  (out) the MIME entity that was signed, when it can be read; new reference, or NULL. The
 *          signature is not verified
 */
SmimeKind smime_open(GBytes *content, GBytes **inside);
