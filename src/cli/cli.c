/* The command line: nouns, then verbs. */
#include "cli/cli.h"

#include <stdio.h>

int cli_main(int argc, char **argv)
{
	printf("trawl %s\n", TRAWL_VERSION);
	return 0;
}
