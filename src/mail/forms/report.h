#pragma once
#include "mail/message/message.h"

/**
 * Which form of report a message is, and what it reports.
 *
 * @described  its "message" object; attached originals are moved out of it
 * @originals  (out) JSON array: {"first_hand", "message", "raw_base64"?}, new reference
 * @return     the "report" object, or JSON null when it is none. New reference
 */
json_t *report_recognise(Message *message, json_t *described, json_t **originals);

/** Whether a message of this form (NULL: none) may be somebody's report: not one that a machine
 * sent, whatever is attached to it. */
gboolean report_form_is_by_people(const char *form);
