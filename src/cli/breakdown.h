#pragma once

/** `trawl breakdown [--pretty] [--text] [-r] FILE… | -`: what is in each message, with no daemon.
 * @argv begins with "breakdown". An exit status. */
int cli_breakdown(int argc, char **argv);
