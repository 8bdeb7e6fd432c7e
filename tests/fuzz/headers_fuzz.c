/* The values of header fields, by the functions that take them apart: people, dates, identifiers,
 * encoded words. What comes out is UTF-8 and fits into JSON. */
#include "fuzz.h"

#include "mail/authentication/received.h"
#include "mail/breakdown.h"
#include "mail/findings/findings.h"
#include "mail/message/addresses.h"
#include "mail/message/headers.h"
#include "mail/text/words.h"

static void check(const char *what, const char *text)
{
	g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;
	if (g_strcmp0(valid, text) != 0)
		fuzz_failed("%s is not UTF-8: %s\n", what, valid);
}

static void check_json(json_t *value)
{
	g_autofree char *text = json_format(value);
	if (!text)
		fuzz_failed("a value that is no JSON");
	json_decref(value);
}

static void read_people(const char *value)
{
	json_t *findings = findings_new();
	json_t *people = addresses_parse(findings, "From", value);
	size_t i;
	json_t *person;
	json_array_foreach (people, i, person)
		if (!json_text(person, "address") && g_strcmp0(json_text(person, "name"), "") <= 0)
			fuzz_failed("a person who is nobody");
	check_json(people);
	check_json(findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
	breakdown_init();
	g_autofree char *value = g_strndup((const char *)octets, size);
	g_autofree char *decoded = words_decode(value);
	g_autofree char *date = headers_date(value);
	g_autoptr(GPtrArray) ids = headers_message_ids(value);
	g_autoptr(Received) hop = received_parse(value);
	check("decoded text", decoded);
	check("date", date);
	for (guint i = 0; i < ids->len; i++)
		check("Message-ID", ids->pdata[i]);
	char *const parts[] = {hop->from, hop->client, hop->address, hop->by,  hop->with,
	                       hop->id,   hop->for_,   hop->tls,     hop->date};
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
		check("part of a hop", parts[i]);
	read_people(value);
	return 0;
}
