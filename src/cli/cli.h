#pragma once

/** The whole command line; an exit status (sysexits.h). */
int cli_main(int argc, char **argv);
