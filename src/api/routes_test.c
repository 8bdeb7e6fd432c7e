#include "api/routes.h"

#include "api-resources.h"
#include "auth/api_key_auth.h"
#include "base/text.h"

#include <string.h>

static void test_paths_find_their_route(void)
{
	static const struct {
		const char *method, *path, *operation, *allowed;
		gint64 id;
	} cases[] = {
		{"GET", "/v1/incidents", "listIncidents", "GET, HEAD, OPTIONS", 0},
		{"HEAD", "/v1/incidents", "listIncidents", "GET, HEAD, OPTIONS", 0},
		{"GET", "/v1/incidents/7", "getIncident", "GET, HEAD, PATCH, OPTIONS", 7},
		{"GET", "/v1/incidents/9223372036854775807", "getIncident",
	         "GET, HEAD, PATCH, OPTIONS", G_MAXINT64},
		{"POST", "/v1/incidents/7/close", "closeIncident", "POST, OPTIONS", 7},
		{"PUT", "/v1/incidents/7", NULL, "GET, HEAD, PATCH, OPTIONS", 7},
		{"get", "/v1/incidents", NULL, "GET, HEAD, OPTIONS", 0},
		{"GET", "/v1/incidents/0", NULL, NULL, 0},
		{"GET", "/v1/incidents/07", NULL, NULL, 0},
		{"GET", "/v1/incidents/-7", NULL, NULL, 0},
		{"GET", "/v1/incidents/+7", NULL, NULL, 0},
		{"GET", "/v1/incidents/7x", NULL, NULL, 0},
		{"GET", "/v1/incidents/ 7", NULL, NULL, 0},
		{"GET", "/v1/incidents/9223372036854775808", NULL, NULL, 0},
		{"GET", "/v1/incidents/", NULL, NULL, 0},
		{"GET", "/v1/incidents/7/", NULL, NULL, 0},
		{"GET", "/v1//incidents", NULL, NULL, 0},
		{"GET", "/v1/incidents/../sources", NULL, NULL, 0},
		{"GET", "/v1/incidents/{id}", NULL, NULL, 0},
		{"GET", "/v1/Incidents", NULL, NULL, 0},
		{"GET", "v1/incidents", NULL, NULL, 0},
		{"GET", "", NULL, NULL, 0},
		{"GET", "/", NULL, NULL, 0},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		gint64 id = 0;
		g_autofree char *allowed = NULL;
		const Route *route = route_find(cases[i].method, cases[i].path, &id, &allowed);
		g_assert_cmpstr(route ? route->operation_id : NULL, ==, cases[i].operation);
		g_assert_cmpstr(allowed, ==, cases[i].allowed);
		g_assert_cmpint(id, ==, cases[i].id);
	}
}

/* --- the description says what the table says --------------------------------------------------
 */

static json_t *description_load(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes =
		g_resource_lookup_data(trawl_api_get_resource(), "/trawl/api/openapi.json",
	                               G_RESOURCE_LOOKUP_FLAGS_NONE, &error);
	g_assert_no_error(error);
	json_t *description =
		json_parse(g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes), &error);
	g_assert_no_error(error);
	return description;
}

/* Follows {"$ref": "#/components/…"}. */
static const json_t *resolve(const json_t *description, const json_t *value)
{
	const char *reference = json_string_value(json_object_get(value, "$ref"));
	if (!reference)
		return value;
	g_assert_true(g_str_has_prefix(reference, "#/"));
	g_autofree char *path = g_strdelimit(g_strdup(reference + 2), "/", '.');
	const json_t *found = json_at(description, path);
	g_assert_nonnull(found);
	return found;
}

static const json_t *find_operation(const json_t *description, const char *path, const char *method)
{
	g_autofree char *lower = g_ascii_strdown(method, -1);
	return json_object_get(json_object_get(json_object_get(description, "paths"), path), lower);
}

/* The parameter of an operation that stands @in ("query", "path", "header") with this name. */
static const json_t *find_parameter(const json_t *description, const json_t *operation,
                                    const char *in, const char *name)
{
	const json_t *parameters = json_object_get(operation, "parameters");
	for (gsize i = 0; i < json_array_size(parameters); i++) {
		const json_t *one = resolve(description, json_array_get(parameters, i));
		if (g_strcmp0(json_text(one, "in"), in) == 0 &&
		    g_strcmp0(json_text(one, "name"), name) == 0)
			return one;
	}
	return NULL;
}

static guint count_parameters(const json_t *description, const json_t *operation, const char *in)
{
	guint count = 0;
	const json_t *parameters = json_object_get(operation, "parameters");
	for (gsize i = 0; i < json_array_size(parameters); i++)
		count += g_strcmp0(json_text(resolve(description, json_array_get(parameters, i)),
		                             "in"),
		                   in) == 0;
	return count;
}

static guint count_fields(const Field *fields)
{
	guint count = 0;
	while (fields && fields[count].name)
		count++;
	return count;
}

/* The schema without its null, and whether it had one: "type": [x, "null"], or "anyOf". */
static const json_t *without_null(const json_t *description, const json_t *schema,
                                  gboolean *nullable)
{
	const json_t *choices = json_object_get(schema, "anyOf");
	const json_t *type = json_object_get(schema, "type");
	*nullable = choices || json_is_array(type);
	if (choices) {
		g_assert_cmpstr(json_text(choices, "1.type"), ==, "null");
		return resolve(description, json_array_get(choices, 0));
	}
	if (json_is_array(type))
		g_assert_cmpstr(json_text(type, "1"), ==, "null");
	return resolve(description, schema);
}

static const char *type_of(const json_t *schema)
{
	const char *type = json_text(schema, "type");
	return type ? type : json_text(schema, "type.0");
}

static void check_names(const json_t *schema, const char *const *names)
{
	const json_t *listed = json_object_get(schema, "enum");
	g_assert_cmpuint(json_array_size(listed), ==, g_strv_length((char **)names));
	for (guint i = 0; names[i]; i++)
		g_assert_cmpstr(json_string_value(json_array_get(listed, i)), ==, names[i]);
}

static void check_texts(const Field *field, const json_t *schema)
{
	g_assert_cmpstr(type_of(schema), ==, "string");
	g_assert_cmpint(json_int(schema, "minLength", -1), ==, field->min);
	g_assert_cmpint(json_int(schema, "maxLength", -1), ==, field->max);
}

static void check_schema(const json_t *description, const Field *field, const json_t *written)
{
	gboolean nullable;
	const json_t *schema = without_null(description, written, &nullable);
	g_test_message("%s", field->name);
	g_assert_cmpint(nullable, ==, (field->flags & FIELD_NULLABLE) != 0);
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_PROSE:
		check_texts(field, schema);
		return;
	case FIELD_INTEGER:
		g_assert_cmpstr(type_of(schema), ==, "integer");
		g_assert_cmpint(json_int(schema, "minimum", -1), ==, field->min);
		g_assert_cmpint(json_int(schema, "maximum", -1), ==, field->max);
		return;
	case FIELD_BOOLEAN:
		g_assert_cmpstr(type_of(schema), ==, "boolean");
		return;
	case FIELD_NAME:
		check_names(schema, field->names);
		return;
	case FIELD_NAMES:
		check_names(resolve(description, json_at(schema, "items")), field->names);
		g_assert_cmpint(json_int(schema, "minItems", -1), ==, field->min);
		g_assert_cmpint(json_int(schema, "maxItems", -1), ==,
		                g_strv_length((char **)field->names));
		g_assert_true(json_bool(schema, "uniqueItems", FALSE));
		for (guint i = 0; field->names[i]; i++)
			g_assert_nonnull(strstr(field->sentence, field->names[i]));
		return;
	case FIELD_NUMBERS:
		g_assert_cmpstr(json_text(schema, "items.type"), ==, "integer");
		g_assert_cmpint(json_int(schema, "maxItems", -1), ==, field->max);
		g_assert_true(json_bool(schema, "uniqueItems", FALSE));
		return;
	case FIELD_ADDRESS:
		g_assert_cmpstr(json_text(schema, "format"), ==, "email");
		return;
	case FIELD_DOMAINS:
	case FIELD_HOSTS:
	case FIELD_RELAYS:
		g_assert_cmpstr(type_of(schema), ==, "array");
		g_assert_cmpint(json_int(schema, "maxItems", -1), ==, field->max);
		return;
	case FIELD_TIME:
		g_assert_cmpstr(json_text(schema, "format"), ==, "date-time");
		return;
	case FIELD_OBJECT:
		g_assert_cmpstr(type_of(schema), ==, "object");
		return;
	}
}

static gboolean is_required(const json_t *schema, const char *name)
{
	const json_t *required = json_object_get(schema, "required");
	for (gsize i = 0; i < json_array_size(required); i++)
		if (g_strcmp0(json_string_value(json_array_get(required, i)), name) == 0)
			return TRUE;
	return FALSE;
}

static void check_body(const json_t *description, const Route *route, const json_t *operation)
{
	const json_t *body = json_object_get(operation, "requestBody");
	if (!route->body) {
		g_assert_null(body);
		return;
	}
	const json_t *content = json_object_get(body, "content");
	const json_t *schema =
		resolve(description,
	                json_object_get(json_object_get(content, "application/json"), "schema"));
	const json_t *properties = json_object_get(schema, "properties");
	gboolean needed = FALSE;
	g_assert_false(json_bool(schema, "additionalProperties", TRUE));
	g_assert_cmpuint(json_object_size(properties), ==, count_fields(route->body));
	for (const Field *field = route->body; field->name; field++) {
		const json_t *property = json_object_get(properties, field->name);
		g_assert_nonnull(property);
		check_schema(description, field, property);
		gboolean required = (field->flags & FIELD_REQUIRED) != 0;
		needed |= required;
		g_assert_cmpint(is_required(schema, field->name), ==, required);
	}
	if (strcmp(route->method, "POST") == 0)
		g_assert_cmpint(json_bool(body, "required", FALSE), ==, needed);
}

static void check_query(const json_t *description, const Route *route, const json_t *operation)
{
	g_assert_cmpuint(count_parameters(description, operation, "query"), ==,
	                 count_fields(route->query));
	for (const Field *field = route->query; field && field->name; field++) {
		const json_t *parameter =
			find_parameter(description, operation, "query", field->name);
		g_assert_nonnull(parameter);
		check_schema(description, field, json_object_get(parameter, "schema"));
	}
}

static void check_access(const Route *route, const json_t *operation)
{
	const char *scope = json_text(operation, "x-trawl-scope");
	const char *expected = route->scopes == SCOPE_ANYBODY ? "any" : NULL;
	for (guint bit = 0; scope_names[bit]; bit++)
		if (route->scopes == 1u << bit)
			expected = scope_names[bit];
	g_assert_cmpstr(scope, ==, expected);
	/* Public ones say so, since the document asks for a key by default. */
	g_assert_cmpint(json_object_get(operation, "security") != NULL, ==,
	                route->scopes == SCOPE_NOBODY);
}

/* Every route is described, exactly. */
static void test_every_route_is_in_the_description(void)
{
	g_autoptr(json_t) description = description_load();
	for (const Route *route = routes; route->method; route++) {
		g_test_message("%s %s", route->method, route->pattern);
		const json_t *operation =
			find_operation(description, route->pattern, route->method);
		g_assert_nonnull(operation);
		g_assert_cmpstr(json_text(operation, "operationId"), ==, route->operation_id);
		gboolean by_id = strstr(route->pattern, "{id}") != NULL;
		/* What makes its own transactions keeps no answer that could be given again. */
		gboolean post = strcmp(route->method, "POST") == 0 && route->mode == ROUTE_WRITE;
		g_assert_cmpint(find_parameter(description, operation, "path", "id") != NULL, ==,
		                by_id);
		g_assert_cmpint(
			find_parameter(description, operation, "header", "Idempotency-Key") != NULL,
			==, post);
		check_access(route, operation);
		check_query(description, route, operation);
		check_body(description, route, operation);
	}
}

/* And nothing else is. */
static void test_every_description_has_its_route(void)
{
	g_autoptr(json_t) description = description_load();
	g_autoptr(GHashTable) operations = g_hash_table_new(g_str_hash, g_str_equal);
	const char *path, *method;
	json_t *item, *operation;
	json_object_foreach (json_object_get(description, "paths"), path, item) {
		json_object_foreach (item, method, operation) {
			g_autofree char *upper = g_ascii_strup(method, -1);
			g_auto(GStrv) parts = g_strsplit(path, "{id}", -1);
			g_autofree char *concrete = g_strjoinv("1", parts);
			gint64 id;
			g_autofree char *allowed = NULL;
			const Route *route = route_find(upper, concrete, &id, &allowed);
			g_test_message("%s %s", method, path);
			g_assert_nonnull(route);
			g_assert_cmpstr(route->pattern, ==, path);
			g_assert_true(g_hash_table_add(operations, (gpointer)route->operation_id));
		}
	}
}

/* A reference that leads nowhere would only show in somebody's generator. */
static void check_references(const json_t *description, const json_t *value)
{
	const char *name;
	json_t *member;
	resolve(description, value);
	json_object_foreach ((json_t *)value, name, member)
		check_references(description, member);
	for (gsize i = 0; i < json_array_size(value); i++)
		check_references(description, json_array_get(value, i));
}

static void test_every_reference_leads_somewhere(void)
{
	g_autoptr(json_t) description = description_load();
	check_references(description, description);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/routes/paths find their route", test_paths_find_their_route);
	g_test_add_func("/routes/every route is in the description",
	                test_every_route_is_in_the_description);
	g_test_add_func("/routes/every description has its route",
	                test_every_description_has_its_route);
	g_test_add_func("/routes/every reference leads somewhere",
	                test_every_reference_leads_somewhere);
	return g_test_run();
}
