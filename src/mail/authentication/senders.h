#pragma once
#include "mail/message/message.h"

/** Findings about the people a message names as its senders, where they do not fit together: From,
 * its display name, Sender, Reply-To, Return-Path. @described is its "message" object, with its
 * people and "authentication". */
void senders_find(const Message *message, const json_t *described);
