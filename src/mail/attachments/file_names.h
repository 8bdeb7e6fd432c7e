#pragma once
#include "mail/message/message.h"

/** What is odd about the name of a file, as findings. @name may be NULL. */
void file_names_note(const Message *message, const char *name, const char *where);

/** What does not fit together among name, declared and detected type, as findings. Each may be
 * NULL. */
void file_names_note_type(const Message *message, const char *name, const char *declared,
                          const char *detected, const char *where);

/** All names that a part gives itself, where they differ, of which readers show one; a finding,
 * too. NULL when there is only one. New reference. */
json_t *file_names_of(const Message *message, const Part *part);
