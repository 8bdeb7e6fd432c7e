#pragma once
#include "mail/message/message.h"

/** The "message" object of a breakdown. New reference. */
json_t *describe_message(Message *message);

/** Sets @key to a JSON object's text value, or null. */
void describe_set(json_t *object, const char *key, const char *text);
