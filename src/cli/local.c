/* Opens a store that is there already. */
#include "cli/local.h"

#include "base/error.h"
#include "daemon/house.h"

#include <string.h>

char *local_data_dir(const Cli *cli)
{
	const char *said = cli_text(cli, "data");
	if (!said || !*said)
		said = g_getenv("TRAWL_DATA");
	return g_canonicalize_filename(said && *said ? said : DEFAULT_DATA_DIR, NULL);
}

DbPool *local_open(const Cli *cli, GError **error)
{
	g_autofree char *data_dir = local_data_dir(cli);
	const char *configured = cli_text(cli, "database");
	g_autofree char *uri = house_database_uri(data_dir, configured);
	const char *path = g_str_has_prefix(uri, "sqlite://") ? uri + strlen("sqlite://") : NULL;
	if (path && !g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
		            "there is no store at %s; say --data DIR or --database URI", path);
		return NULL;
	}
	return db_pool_open(uri, error);
}
