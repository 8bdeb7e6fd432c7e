#pragma once
#include "mail/message.h"

/**
 * A fingerprint of a described message: the same for every copy of it, whichever mailbox and
 * servers it went through, another for any other message.
 *
 * It is made of what a sender writes and a mailbox does not change: Message-ID, From, Subject,
 * Date, the text and HTML (white space folded), the attachments' names and contents. Received,
 * Delivered-To, X- fields, results of checks, line ends and transfer encodings are not in it.
 *
 * @described  the finished "message" object of the breakdown of @message
 * @return     "fp1:" and a SHA-256. A later way to make it will have another number, and two
 *             fingerprints are only compared when their numbers agree. Newly allocated
 */
char *fingerprint_of(const Message *message, const json_t *described);
