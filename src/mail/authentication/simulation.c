/* Phishing simulations: training mails that are to be told from phish, but not taken on trust. */
#include "mail/authentication/simulation.h"

#include "mail/findings/findings.h"

#include <string.h>

/* A field by its name, or by how its name begins; with a value, in lower case, that must be in it.
 * The first row that fits counts. */
static const struct {
	const char *vendor, *field, *value;
	gboolean prefix;
} marks[] = {
	{"fortiphish", "X-PHISHTEST", "fortiphish", FALSE},
	{"fortiphish", "X-FORTIPHISH-", NULL, TRUE},
	{"knowbe4", "X-PHISHTEST", NULL, FALSE},
	{"knowbe4", "X-PHISH-CRID", NULL, FALSE},
	{"proofpoint", "X-ThreatSim-", NULL, TRUE},
	{"proofpoint", "X-Wombat-", NULL, TRUE},
	{"cofense", "X-PhishMe", NULL, TRUE},
	{"cofense", "X-Cofense-Sim", NULL, TRUE},
	{"microsoft", "X-MS-Exchange-Organization-PhishSim", NULL, TRUE},
	{"microsoft", "X-MS-AttackSim", NULL, TRUE},
	{"microsoft", "Return-Path", "simulator.office.com", FALSE},
	{"microsoft", "From", "@simulator.office.com", FALSE},
	{"hoxhunt", "X-Hoxhunt", NULL, TRUE},
	{"sosafe", "X-SoSafe", NULL, TRUE},
	{"terranova", "X-Terranova", NULL, TRUE},
	{"barracuda", "X-PhishLine", NULL, TRUE},
	{"infosec_iq", "X-InfosecIQ", NULL, TRUE},
	{"infosec_iq", "X-Infosec-IQ", NULL, TRUE},
	{"infosec_iq", "X-PhishSim", NULL, TRUE},
	{"mimecast", "X-Mimecast-Phishing-Simulation", NULL, TRUE},
	{"sophos", "X-Sophos-Phish-Threat", NULL, TRUE},
	{"trend_micro", "X-PhishInsight", NULL, TRUE},
	{"phishing_tackle", "X-PhishingTackle", NULL, FALSE},
	{"phishingbox", "X-PhishingBox", NULL, TRUE},
	{"ephishiency", "X-EPHISHIENCY", NULL, FALSE},
	{"usecure", "X-uPhish", NULL, TRUE},
	{"lucy", "X-Lucy-", NULL, TRUE},
	{"gophish", "X-Gophish-", NULL, TRUE},
	{"gophish", "X-Mailer", "gophish", FALSE},
};

static gboolean fits(guint row, GMimeHeader *header, const char *name)
{
	if (g_ascii_toupper(name[2]) != g_ascii_toupper(marks[row].field[2]))
		return FALSE;
	gboolean named = marks[row].prefix ? g_ascii_strncasecmp(name, marks[row].field,
	                                                         strlen(marks[row].field)) == 0
	                                   : g_ascii_strcasecmp(name, marks[row].field) == 0;
	if (!named || !marks[row].value)
		return named;
	const char *raw = g_mime_header_get_raw_value(header);
	g_autofree char *lower = raw ? g_ascii_strdown(raw, -1) : NULL;
	return lower && strstr(lower, marks[row].value);
}

const char *simulation_vendor(const Message *message)
{
	guint best = G_N_ELEMENTS(marks);
	const char *field = NULL;
	for (int i = 0; i < message_header_count(message); i++) {
		GMimeHeader *header = message_header_at(message, i);
		const char *name = g_mime_header_get_name(header);
		if (strlen(name) < 3) /* no mark is as short */
			continue;
		for (guint row = 0; row < best; row++)
			if (fits(row, header, name)) {
				best = row;
				field = name;
			}
	}
	if (!field)
		return NULL;
	findings_add(message->findings, "simulation", field,
	             "it claims to be a phishing simulation of %s by a field that anybody can "
	             "write",
	             marks[best].vendor);
	return marks[best].vendor;
}
