#pragma once
#include "api/request.h"

/** Answers with a file of the console. FALSE: there is none at this path, and @answer is as it was.
 */
gboolean console_answer(const Request *request, Answer *answer);
