/* "Did you mean …?": optimal string alignment distance, which counts a swap of neighbours as one
 * mistake; a name of which @typed is the beginning is near too. */
#include "cli/nearest.h"

#include <string.h>

#define LONGEST 40 /* a longer word was no attempt at one of ours */

static guint distance(const char *a, const char *b)
{
	gsize n = strlen(a), m = strlen(b);
	guint rows[LONGEST + 1][LONGEST + 1];
	for (gsize i = 0; i <= n; i++)
		rows[i][0] = (guint)i;
	for (gsize j = 0; j <= m; j++)
		rows[0][j] = (guint)j;
	for (gsize i = 1; i <= n; i++)
		for (gsize j = 1; j <= m; j++) {
			guint cost = a[i - 1] != b[j - 1];
			guint best = MIN(MIN(rows[i - 1][j] + 1, rows[i][j - 1] + 1),
			                 rows[i - 1][j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN(best, rows[i - 2][j - 2] + 1);
			rows[i][j] = best;
		}
	return rows[n][m];
}

const char *nearest_find(const char *typed, const char *const *names)
{
	const char *best = NULL;
	guint best_distance = G_MAXUINT;
	if (!*typed || strlen(typed) > LONGEST)
		return NULL;
	for (; *names; names++) {
		if (strlen(*names) > LONGEST)
			continue;
		guint d = strlen(typed) >= 2 && g_str_has_prefix(*names, typed)
		                  ? 1
		                  : distance(typed, *names);
		/* a third of the word may be wrong */
		if (d < best_distance && d <= MAX(1, strlen(*names) / 3)) {
			best = *names;
			best_distance = d;
		}
	}
	return best;
}
