#pragma once
#include "mail/message/message.h"

/**
 * The vendor whose phishing simulation a message claims to be, by the fields that those leave for
 * mail filters and report buttons; NULL: none. Anybody can write such a field, so it is a claim and
 * no more: a finding "simulation" says so.
 *
 * @return  static
 */
const char *simulation_vendor(const Message *message);
