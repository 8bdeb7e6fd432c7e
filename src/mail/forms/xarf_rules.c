/* What makes an XARF document valid.
 *
 * Each generation of the format has its own members: 0.x came as YAML, alpha to 3 as JSON in
 * capitals, 4 in small letters; between 3 and 4 two forms went into circulation that neither
 * published schema describes ("3-legacy", "4-draft"). The rules stand in one table: for which
 * generations and types, which member, what it must be. Members that no rule names are allowed,
 * as the format allows them. */
#include "mail/forms/xarf_rules.h"

#include "base/limits.h"

#include <arpa/inet.h>
#include <math.h>
#include <string.h>
#include <yaml.h>

typedef enum {
	OBJECT,
	ARRAY, /* of min to max items */
	TEXT,  /* of min to max characters */
	INTEGER,
	NUMBER,
	BOOLEAN,
	EMAIL,
	NO_EMAIL,
	HOST,
	TIME,
	IP,
	URI,
	UUID,
	WORD,    /* one of values */
	MATCH,   /* values is a regular expression */
	PORTS,   /* one, or an array of them */
	TEXTS,   /* an object whose members are all strings */
	SCALARS, /* an object whose members are strings or integers */
	ONLY,    /* an object without other members than values */
	ANY_OF,  /* an object with one of values at least */
	NONE_OF, /* an object with none of values */
	HASHES,  /* an object with a member at least */
} Kind;

typedef struct {
	const char *generations; /* letters of generations[] */
	const char *types;       /* pattern for "class/type" */
	const char *path;        /* "a.b", "a.*.b" for each item of an array; "" is the document */
	Kind kind;
	gboolean needed;
	double min, max; /* 0, 0: any */
	const char *values;
	const char *when; /* "name=value", "name!=value", "name~ip" of the object it stands in */
} Rule;

static const struct {
	char letter;
	const char *name;
} generations[] = {
	{'0', "0"},           {'a', "alpha"},    {'1', "1"},       {'2', "2"}, {'3', "3"},
	{'d', "development"}, {'L', "3-legacy"}, {'D', "4-draft"}, {'4', "4"},
};

/* The classes and types of each generation. */
static const struct {
	const char *generations, *type;
} types[] = {
	{"a123d", "Content/Botnet"},
	{"a123", "Content/ChildAbuse"},
	{"d", "Content/ChildSexualAbuseMaterial"},
	{"a123d", "Content/Copyright"},
	{"a123d", "Content/Malware"},
	{"a123d", "Content/Phishing"},
	{"a123d", "Content/Trademark"},
	{"a123d", "Activity/DOS"},
	{"3d", "Activity/Exploit"},
	{"3d", "Activity/Harassment"},
	{"a123d", "Activity/LoginAttack"},
	{"a123d", "Activity/Malware"},
	{"a123d", "Activity/PortScan"},
	{"3d", "Activity/PotentiallyCompromisedAccount"},
	{"a123d", "Activity/Spam"},
	{"3d", "Activity/WebCrawler"},
	{"123d", "Vulnerability/OpenService"},
	{"4", "messaging/spam"},
	{"4", "messaging/bulk_messaging"},
	{"4", "connection/login_attack"},
	{"4", "connection/port_scan"},
	{"4", "connection/ddos"},
	{"4", "connection/infected_host"},
	{"4", "connection/reconnaissance"},
	{"4", "connection/scraping"},
	{"4", "connection/sql_injection"},
	{"4", "connection/vulnerability_scan"},
	{"4", "vulnerability/cve"},
	{"4", "vulnerability/open_service"},
	{"4", "vulnerability/misconfiguration"},
	{"4", "reputation/blocklist"},
	{"4", "reputation/threat_intelligence"},
	{"4", "infrastructure/botnet"},
	{"4", "infrastructure/compromised_server"},
	{"4", "content/phishing"},
	{"4", "content/malware"},
	{"4", "content/csam"},
	{"4", "content/csem"},
	{"4", "content/exposed_data"},
	{"4", "content/brand_infringement"},
	{"4", "content/fraud"},
	{"4", "content/remote_compromise"},
	{"4", "content/suspicious_registration"},
	{"4", "copyright/copyright"},
	{"4", "copyright/p2p"},
	{"4", "copyright/cyberlocker"},
	{"4", "copyright/ugc_platform"},
	{"4", "copyright/link_site"},
	{"4", "copyright/usenet"},
};

#define ALL       "*"
#define CATEGORY4 "messaging|content|copyright|connection|vulnerability|infrastructure|reputation"
#define CVSS2_VECTOR                                                                               \
	"^\\(?AV:[LAN]/AC:[HML]/Au:[MSN]/C:[NPC]/I:[NPC]/A:[NPC](/[A-Za-z]+:[A-Z]+)*\\)?$"
#define CVSS3_VECTOR                                                                               \
	"^CVSS:3\\.[01]/AV:[NALP]/AC:[LH]/PR:[NLH]/UI:[NR]/S:[UC]/C:[NLH]/I:[NLH]/A:[NLH]"         \
	"(/[A-Z]+:[A-Z])*$"
#define CVE_ID "^CVE-[0-9]{4}-[0-9]{4,}$"

static const Rule rules[] = {
	/* 0.x: what the mail form asked for. */
	{"0", ALL, "Reported-From", TEXT, TRUE, 3, 0, NULL, NULL},
	{"0", ALL, "Category", TEXT, TRUE, 1, 0, NULL, NULL},
	{"0", ALL, "Report-Type", TEXT, TRUE, 1, 0, NULL, NULL},
	{"0", ALL, "Report-ID", TEXT, TRUE, 1, 0, NULL, NULL},
	{"0", ALL, "Date", TEXT, TRUE, 5, 0, NULL, NULL},
	{"0", ALL, "Source", TEXT, TRUE, 1, 0, NULL, NULL},
	{"0", ALL, "Source-Type", TEXT, TRUE, 1, 0, NULL, NULL},
	{"0", ALL, "Schema-URL", URI, TRUE, 0, 0, NULL, NULL},

	/* alpha to 3: who reports. */
	{"a123dL", ALL, "ReporterInfo", OBJECT, TRUE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Disclosure", BOOLEAN, TRUE, 0, 0, NULL, NULL},
	{"3d", ALL, "ReporterInfo", ONLY, FALSE, 0, 0,
         "ReporterType|ReporterOrg|ReporterOrgDomain|ReporterOrgEmail|ReporterOrgAddress|"
         "ReporterContactEmail|ReporterContactName|ReporterContactPhone",
         NULL},
	{"3d", ALL, "ReporterInfo.ReporterType", WORD, FALSE, 0, 0, "Org|Person", NULL},
	{"a123dL", ALL, "ReporterInfo.ReporterOrg", TEXT, TRUE, 3, 0, NULL, "ReporterType!=Person"},
	{"a123dL", ALL, "ReporterInfo.ReporterOrgEmail", EMAIL, TRUE, 0, 0, NULL,
         "ReporterType!=Person"},
	{"a123d", ALL, "ReporterInfo.ReporterOrgDomain", HOST, TRUE, 0, 0, NULL,
         "ReporterType!=Person"},
	{"L", ALL, "ReporterInfo.ReporterOrgDomain", HOST, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "ReporterInfo.ReporterOrgAddress", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123dL", ALL, "ReporterInfo.ReporterContactEmail", EMAIL, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "ReporterInfo.ReporterContactName", TEXT, FALSE, 3, 0, NULL, NULL},
	{"a123d", ALL, "ReporterInfo.ReporterContactPhone", TEXT, FALSE, 3, 0, NULL, NULL},
	{"a123d", ALL, "OnBehalfOf", OBJECT, FALSE, 0, 0, NULL, NULL},
	{"3d", ALL, "OnBehalfOf.ComplainantType", WORD, FALSE, 0, 0, "Org|Person", NULL},
	{"a123d", ALL, "OnBehalfOf.ComplainantOrg", TEXT, TRUE, 3, 0, NULL,
         "ComplainantType!=Person"},
	{"a123d", ALL, "OnBehalfOf.ComplainantOrgDomain", HOST, TRUE, 0, 0, NULL,
         "ComplainantType!=Person"},
	{"a123d", ALL, "OnBehalfOf.ComplainantOrgEmail", EMAIL, TRUE, 0, 0, NULL,
         "ComplainantType!=Person"},
	{"a123d", ALL, "OnBehalfOf.ComplainantContactEmail", EMAIL, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "OnBehalfOf.ComplainantContactName", TEXT, FALSE, 3, 0, NULL, NULL},
	{"a123d", ALL, "OnBehalfOf.ComplainantContactPhone", TEXT, FALSE, 3, 0, NULL, NULL},
	{"23d", ALL, "InternalProcessing", OBJECT, FALSE, 0, 0, NULL, NULL},
	{"23d", ALL, "InternalProcessing.SubscriberInformation", OBJECT, FALSE, 0, 0, NULL, NULL},
	{"23d", ALL, "InternalProcessing.SubscriberInformation.ID", TEXT, FALSE, 0, 0, NULL, NULL},
	{"23d", ALL, "InternalProcessing.SubscriberInformation.SubscriberData", TEXTS, FALSE, 0, 0,
         NULL, NULL},
	{"23d", ALL, "InternalProcessing.ContractInformation", OBJECT, FALSE, 0, 0, NULL, NULL},
	{"23d", ALL, "InternalProcessing.ContractInformation.ID", TEXT, FALSE, 0, 0, NULL, NULL},
	{"23d", ALL, "InternalProcessing.ContractInformation.ResolverData", TEXTS, FALSE, 0, 0,
         NULL, NULL},
	{"23d", ALL, "InternalProcessing.EventTags", ARRAY, FALSE, 0, 0, NULL, NULL},
	{"23d", ALL, "InternalProcessing.EventTags.*", TEXT, FALSE, 0, 0, NULL, NULL},

	/* alpha to 3: what every report has. */
	{"a123dL", ALL, "Report", OBJECT, TRUE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.ReportClass", WORD, TRUE, 0, 0, "Content|Activity|Vulnerability",
         NULL},
	{"L", ALL, "Report.ReportClass", TEXT, TRUE, 1, 0, NULL, NULL},
	{"a123dL", ALL, "Report.ReportType", TEXT, TRUE, 1, 0, NULL, NULL},
	{"a123d", ALL, "Report.ReportSubType", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.ReporterCaseID", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.ReporterSeverity", WORD, FALSE, 0, 0, "low|medium|high", NULL},
	{"a123d", ALL, "Report.ReporterNotes", TEXT, FALSE, 0, 0, NULL, NULL},
	{"123d", ALL, "Report.Custom", SCALARS, FALSE, 0, 0, NULL, NULL},
	{"a123dL", ALL, "Report.Date", TIME, TRUE, 0, 0, NULL, NULL},
	{"a123dL", ALL, "Report.FirstSeen", TIME, FALSE, 0, 0, NULL, NULL},

	/* alpha to 3: where it came from. */
	{"a123d", "Activity/DOS", "Report.SourceIp", IP, TRUE, 0, 0, NULL, NULL},
	{"a123d", "Activity/Exploit", "Report.SourceIp", IP, TRUE, 0, 0, NULL, NULL},
	{"a123d", "Activity/LoginAttack", "Report.SourceIp", IP, TRUE, 0, 0, NULL, NULL},
	{"a123d", "Activity/Malware", "Report.SourceIp", IP, TRUE, 0, 0, NULL, NULL},
	{"a123d", "Activity/PortScan", "Report.SourceIp", IP, TRUE, 0, 0, NULL, NULL},
	{"a123d", "Activity/Spam", "Report.SourceIp", IP, TRUE, 0, 0, NULL, NULL},
	{"a123d", "Content/Phishing", "Report.SourceUrl", URI, TRUE, 0, 0, NULL, NULL},
	{"a12", "Content/Malware", "Report.SourceUrl", URI, TRUE, 0, 0, NULL, NULL},
	{"3d", "Activity/PotentiallyCompromisedAccount", "Report", NONE_OF, FALSE, 0, 0,
         "SourceIp|SourceUrl", NULL},
	{"3d", "Activity/PotentiallyCompromisedAccount", "Report.Account", HASHES, TRUE, 0, 0, NULL,
         NULL},
	{"3d", "Activity/PotentiallyCompromisedAccount", "Report.Account.AccountIdentifier",
         NO_EMAIL, FALSE, 0, 0, NULL, NULL},
	{"3d", "Activity/PotentiallyCompromisedAccount", "Report.Account.AccountEmail", TEXT, FALSE,
         0, 0, NULL, NULL},
	{"a123d", "Content/*", "Report", ANY_OF, FALSE, 0, 0, "SourceIp|SourceUrl", NULL},
	{"a123d", "Vulnerability/*", "Report", ANY_OF, FALSE, 0, 0, "SourceIp|SourceUrl", NULL},
	{"3d", "Activity/Harassment", "Report", ANY_OF, FALSE, 0, 0, "SourceIp|SourceUrl", NULL},
	{"3d", "Activity/WebCrawler", "Report", ANY_OF, FALSE, 0, 0, "SourceIp|SourceUrl", NULL},
	{"a123dL", ALL, "Report.SourceIp", IP, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.SourceUrl", URI, FALSE, 0, 0, NULL, NULL},
	{"a123dL", ALL, "Report.SourcePort", INTEGER, FALSE, 0, 65535, NULL, NULL},
	{"a123d", ALL, "Report.ASN", INTEGER, FALSE, 1, 4199999999, NULL, NULL},

	/* alpha to 3: what single types have. */
	{"a123d", ALL, "Report.Ongoing", BOOLEAN, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.ThreatActor", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.DestinationIp", IP, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.DestinationPort", PORTS, FALSE, 0, 0, NULL, NULL},
	{"3d", ALL, "Report.AttackerIp", IP, FALSE, 0, 0, NULL, NULL},
	{"3d", ALL, "Report.AttackerPort", PORTS, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.ByteCount", INTEGER, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.PacketCount", INTEGER, FALSE, 0, 0, NULL, NULL},
	{"a", ALL, "Report.FromAddress", EMAIL, FALSE, 0, 0, NULL, NULL},
	{"a", ALL, "Report.ToAddress", EMAIL, FALSE, 0, 0, NULL, NULL},
	{"123dL", ALL, "Report.SmtpMailFromAddress", EMAIL, FALSE, 0, 0, NULL, NULL},
	{"123dL", ALL, "Report.SmtpRcptToAddress", EMAIL, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.BotnetName", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.MalwareName", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", "Activity/Malware", "Report.ReportSubType", WORD, FALSE, 0, 0, "RPZ-Rewrite",
         NULL},
	{"a123d", "Activity/Malware", "Report.RpzDomain", HOST, FALSE, 0, 0, NULL, NULL},
	{"d", "Content/ChildSexualAbuseMaterial", "Report.ReportSubType", WORD, FALSE, 0, 0,
         "Link-Sharing", NULL},
	{"a123d", "Content/Copyright", "Report.InfringedMaterial", TEXT, TRUE, 0, 0, NULL, NULL},
	{"a123d", "Content/Copyright", "Report.MaterialType", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", "Content/Copyright", "Report.SharingProtocol", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", "Content/Copyright", "Report.CourtOrder", URI, FALSE, 0, 0, NULL, NULL},
	{"a123d", "Content/Copyright", "Report.FileName", TEXT, TRUE, 0, 0, NULL, NULL},
	{"a", ALL, "Report.InfringingUrl", URI, FALSE, 0, 0, NULL, NULL},
	{"a123d", "Content/Trademark", "Report.TrademarkedMaterial", TEXT, TRUE, 0, 0, NULL, NULL},
	{"a123d", "Content/Trademark", "Report.RegistrationOffice", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", "Content/Trademark", "Report.RegistrationNumber", TEXT, FALSE, 0, 0, NULL, NULL},
	{"123d", "Vulnerability/OpenService", "Report.ServiceName", TEXT, TRUE, 0, 0, NULL, NULL},
	{"123d", ALL, "Report.ServiceName", TEXT, FALSE, 0, 0, NULL, NULL},
	{"123d", ALL, "Report.ServiceVersion", TEXT, FALSE, 0, 0, NULL, NULL},
	{"123d", ALL, "Report.TransportProtocol", WORD, FALSE, 0, 0, "tcp|udp", NULL},
	{"3d", "Activity/Harassment", "Report.Harasser", TEXT, TRUE, 0, 0, NULL, NULL},
	{"3d", "Activity/Harassment", "Report.HarassmentDescription", TEXT, TRUE, 0, 0, NULL, NULL},
	{"3d", "Activity/Harassment", "Report.HarassmentType", WORD, FALSE, 0, 0,
         "doxing|stalking|sexual|believes|defamation|extortion|hate", NULL},
	{"3d", "Activity/Harassment", "Report.HarassmentLocation", WORD, FALSE, 0, 0,
         "website|chat|game", NULL},
	{"3d", "Activity/Exploit", "Report.CVE", MATCH, FALSE, 0, 0, "^CVE-[0-9]{4}-[0-9]{4,7}$",
         NULL},
	{"3d", "Activity/Exploit", "Report.CVSS", OBJECT, FALSE, 0, 0, NULL, NULL},
	{"3d", "Activity/Exploit", "Report.CVSS.Score", NUMBER, FALSE, 0, 0, NULL, NULL},
	{"3d", "Activity/Exploit", "Report.CVSS.Version", WORD, TRUE, 0, 0, "3.1|3.0|2", NULL},
	{"3d", "Activity/Exploit", "Report.CVSS.Vector", MATCH, TRUE, 0, 0, CVSS2_VECTOR,
         "Version=2"},
	{"3d", "Activity/Exploit", "Report.CVSS.Vector", MATCH, TRUE, 0, 0, CVSS3_VECTOR,
         "Version!=2"},
	{"3d", "Activity/Exploit", "Report.CVSS.Severity", WORD, FALSE, 0, 0, "Low|Medium|High",
         "Version=2"},
	{"3d", "Activity/Exploit", "Report.CVSS.Severity", WORD, FALSE, 0, 0,
         "None|Low|Medium|High|Critical", "Version!=2"},

	/* alpha to 3: samples and files. */
	{"a123d", ALL, "Report.Samples", ARRAY, FALSE, 1, 0, NULL, NULL},
	{"a123d", ALL, "Report.Samples.*", OBJECT, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.Samples.*", ANY_OF, FALSE, 0, 0, "Payload|FileName", NULL},
	{"a123d", ALL, "Report.Samples.*", ANY_OF, FALSE, 0, 0, "ContentType|FileName", NULL},
	{"a123d", ALL, "Report.Samples.*.ContentType", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.Samples.*.Base64Encoded", BOOLEAN, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.Samples.*.Description", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.Samples.*.Payload", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.Samples.*.FileName", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.FileName", TEXT, FALSE, 0, 0, NULL, NULL},
	{"a123d", ALL, "Report.FileSize", INTEGER, FALSE, 0, INFINITY, NULL, NULL},
	{"a12", ALL, "Report.FileHash", TEXT, FALSE, 0, 0, NULL, NULL},
	{"3d", ALL, "Report.FileHash", OBJECT, FALSE, 0, 0, NULL, NULL},
	{"3d", ALL, "Report.FileHash.HashValue", TEXT, TRUE, 0, 0, NULL, NULL},
	{"3d", ALL, "Report.FileHash.HashAlgorithm", WORD, TRUE, 0, 0,
         "sha1|sha2|sha3|sha256|sha512|md5|argon2id|scrypt|bcrypt|pbkdf2", NULL},
	{"3d", ALL, "Report.FileHash.HashComplete", BOOLEAN, FALSE, 0, 0, NULL, NULL},
	{"3d", ALL, "Report.PasswordHash", OBJECT, FALSE, 0, 0, NULL, NULL},
	{"3d", ALL, "Report.PasswordHash.HashValue", TEXT, TRUE, 0, 0, NULL, NULL},
	{"3d", ALL, "Report.PasswordHash.HashAlgorithm", WORD, TRUE, 0, 0,
         "sha1|sha2|sha3|sha256|sha512|md5|argon2id|scrypt|bcrypt|pbkdf2", NULL},
	{"L", ALL, "Report", ANY_OF, FALSE, 0, 0, "Source|SourceIp|Url|SourceUrl", NULL},
	{"L", ALL, "Report.Source", OBJECT, FALSE, 0, 0, NULL, NULL},
	{"L", ALL, "Report.Source", ANY_OF, FALSE, 0, 0, "IP|URL|Domain|Email", NULL},
	{"L", ALL, "Report.Source.IP", IP, FALSE, 0, 0, NULL, NULL},
	{"L", ALL, "Report.Source.URL", URI, FALSE, 0, 0, NULL, NULL},
	{"L", ALL, "Report.Source.Port", INTEGER, FALSE, 0, 65535, NULL, NULL},
	{"L", ALL, "Report.Attachment", ARRAY, FALSE, 0, 0, NULL, NULL},
	{"L", ALL, "Report.Attachment.*.ContentType", TEXT, TRUE, 0, 0, NULL, NULL},
	{"L", ALL, "Report.Attachment.*.Data", TEXT, TRUE, 0, 0, NULL, NULL},
	{"L", ALL, "Report.Samples", ARRAY, FALSE, 0, 10, NULL, NULL},

	/* 4: what every report has. */
	{"4D", ALL, "xarf_version", MATCH, TRUE, 0, 0, "^4\\.[0-9]+\\.[0-9]+$", NULL},
	{"4", ALL, "report_id", UUID, TRUE, 0, 0, NULL, NULL},
	{"D", ALL, "report_id", TEXT, TRUE, 1, 0, NULL, NULL},
	{"4D", ALL, "timestamp", TIME, TRUE, 0, 0, NULL, NULL},
	{"4D", ALL, "reporter", OBJECT, TRUE, 0, 0, NULL, NULL},
	{"4", ALL, "reporter", ONLY, FALSE, 0, 0, "org|contact|domain", NULL},
	{"4D", ALL, "reporter.org", TEXT, TRUE, 1, 200, NULL, NULL},
	{"4D", ALL, "reporter.contact", EMAIL, TRUE, 0, 0, NULL, NULL},
	{"4", ALL, "reporter.domain", HOST, TRUE, 0, 0, NULL, NULL},
	{"D", ALL, "reporter.type", TEXT, TRUE, 1, 0, NULL, NULL},
	{"4", ALL, "sender", OBJECT, TRUE, 0, 0, NULL, NULL},
	{"4", ALL, "sender", ONLY, FALSE, 0, 0, "org|contact|domain", NULL},
	{"4", ALL, "sender.org", TEXT, TRUE, 0, 200, NULL, NULL},
	{"4", ALL, "sender.contact", EMAIL, TRUE, 0, 0, NULL, NULL},
	{"4", ALL, "sender.domain", HOST, TRUE, 0, 0, NULL, NULL},
	{"4D", ALL, "source_identifier", TEXT, TRUE, 1, 0, NULL, NULL},
	{"4", ALL, "source_port", INTEGER, FALSE, 1, 65535, NULL, NULL},
	{"D", ALL, "source_port", INTEGER, FALSE, 0, 65535, NULL, NULL},
	{"4D", ALL, "category", WORD, TRUE, 0, 0, CATEGORY4, NULL},
	{"4D", ALL, "type", TEXT, TRUE, 1, 0, NULL, NULL},
	{"4", ALL, "evidence_source", TEXT, FALSE, 0, 0, NULL, NULL},
	{"D", ALL, "evidence_source", TEXT, TRUE, 1, 0, NULL, NULL},
	{"4D", ALL, "evidence", ARRAY, FALSE, 0, 50, NULL, NULL},
	{"4D", ALL, "evidence.*", OBJECT, FALSE, 0, 0, NULL, NULL},
	{"4", ALL, "evidence.*", ONLY, FALSE, 0, 0, "content_type|description|payload|hash|size",
         NULL},
	{"4D", ALL, "evidence.*.content_type", TEXT, TRUE, 0, 0, NULL, NULL},
	{"4D", ALL, "evidence.*.payload", TEXT, TRUE, 0, 0, NULL, NULL},
	{"4D", ALL, "evidence.*.description", TEXT, FALSE, 0, 500, NULL, NULL},
	{"4", ALL, "evidence.*.hash", MATCH, FALSE, 0, 0, "^(md5|sha1|sha256|sha512):[0-9A-Fa-f]+$",
         NULL},
	{"4D", ALL, "evidence.*.size", INTEGER, FALSE, 0, 5242880, NULL, NULL},
	{"4", ALL, "tags", ARRAY, FALSE, 0, 20, NULL, NULL},
	{"4", ALL, "tags.*", MATCH, FALSE, 0, 0, "^[a-z0-9][a-z0-9_+-]*:[a-z0-9][a-z0-9_+-]*$",
         NULL},
	{"D", ALL, "tags", ARRAY, FALSE, 0, 0, NULL, NULL},
	{"D", ALL, "tags.*", TEXT, FALSE, 0, 0, NULL, NULL},
	{"4", ALL, "confidence", NUMBER, FALSE, 0, 1, NULL, NULL},
	{"4", ALL, "description", TEXT, FALSE, 0, 1000, NULL, NULL},
	{"4", ALL, "legacy_version", WORD, FALSE, 0, 0, "3", NULL},
	{"4D", ALL, "_internal", OBJECT, FALSE, 0, 0, NULL, NULL},

	/* 4: what single categories and types have. */
	{"4D", "messaging/*", "protocol", TEXT, TRUE, 0, 0, NULL, NULL},
	{"4", "messaging/spam", "protocol", WORD, TRUE, 0, 0,
         "smtp|sms|whatsapp|telegram|signal|chat|social_media|push_notification|other", NULL},
	{"4", "messaging/bulk_messaging", "protocol", WORD, TRUE, 0, 0,
         "smtp|sms|whatsapp|telegram|social_media|push_notification|other", NULL},
	{"4D", "messaging/*", "smtp_from", EMAIL, TRUE, 0, 0, NULL, "protocol=smtp"},
	{"4", "messaging/*", "source_port", INTEGER, TRUE, 1, 65535, NULL, "protocol=smtp"},
	{"4", "messaging/*", "smtp_to", EMAIL, FALSE, 0, 0, NULL, NULL},
	{"4", "messaging/*", "subject", TEXT, FALSE, 0, 500, NULL, NULL},
	{"4", "messaging/*", "sender_name", TEXT, FALSE, 0, 200, NULL, NULL},
	{"4", "messaging/spam", "message_id", TEXT, FALSE, 0, 200, NULL, NULL},
	{"4", "messaging/spam", "user_agent", TEXT, FALSE, 0, 200, NULL, NULL},
	{"4", "messaging/spam", "recipient_count", INTEGER, FALSE, 1, INFINITY, NULL, NULL},
	{"4", "messaging/spam", "language", MATCH, FALSE, 0, 0, "^[a-z]{2}(-[A-Z]{2})?$", NULL},
	{"4", "messaging/spam", "evidence_source", WORD, FALSE, 0, 0,
         "spamtrap|user_complaint|automated_filter|honeypot|content_analysis|reputation_feed",
         NULL},
	{"4", "messaging/bulk_messaging", "recipient_count", INTEGER, TRUE, 100, INFINITY, NULL,
         NULL},
	{"4", "messaging/bulk_messaging", "evidence_source", WORD, FALSE, 0, 0,
         "user_complaint|automated_filter|reputation_feed|volume_analysis", NULL},
	{"4", "connection/*", "protocol", WORD, TRUE, 0, 0, "tcp|udp|icmp|sctp|mixed", NULL},
	{"D", "connection/*", "protocol", TEXT, TRUE, 1, 0, NULL, NULL},
	{"4", "connection/*", "first_seen", TIME, TRUE, 0, 0, NULL, NULL},
	{"4", "connection/*", "last_seen", TIME, FALSE, 0, 0, NULL, NULL},
	{"4D", "connection/*", "destination_ip", IP, FALSE, 0, 0, NULL, NULL},
	{"4", "connection/*", "destination_port", INTEGER, FALSE, 1, 65535, NULL, NULL},
	{"4", "connection/ddos", "source_port", INTEGER, TRUE, 1, 65535, NULL,
         "source_identifier~ip"},
	{"4", "connection/login_attack", "source_port", INTEGER, TRUE, 1, 65535, NULL,
         "source_identifier~ip"},
	{"4", "connection/port_scan", "source_port", INTEGER, TRUE, 1, 65535, NULL,
         "source_identifier~ip"},
	{"4", "connection/infected_host", "bot_type", WORD, TRUE, 0, 0,
         "search_engine|ai_agent|monitoring|seo_analyzer|link_checker|feed_reader|social_media|"
         "advertising|malicious|unknown",
         NULL},
	{"4", "connection/reconnaissance", "probed_resources", ARRAY, TRUE, 0, 0, NULL, NULL},
	{"4", "connection/scraping", "total_requests", INTEGER, TRUE, 1, INFINITY, NULL, NULL},
	{"4", "connection/vulnerability_scan", "scan_type", WORD, TRUE, 0, 0,
         "port_scan|vulnerability_scan|version_detection|os_fingerprinting|service_enumeration|"
         "web_vuln_scan|directory_brute_force|mixed",
         NULL},
	{"4", "vulnerability/*", "service", TEXT, TRUE, 0, 200, NULL, NULL},
	{"4", "vulnerability/cve", "service_port", INTEGER, TRUE, 1, 65535, NULL, NULL},
	{"4", "vulnerability/cve", "cve_id", MATCH, TRUE, 0, 0, "^CVE-[0-9]{4}-[0-9]+$", NULL},
	{"4", "vulnerability/cve", "cvss_score", NUMBER, FALSE, 0, 10, NULL, NULL},
	{"4", "vulnerability/cve", "cvss_vector", MATCH, FALSE, 0, 0, "^CVSS:3\\.[01]/", NULL},
	{"4", "reputation/*", "threat_type", TEXT, TRUE, 0, 0, NULL, NULL},
	{"4", "infrastructure/botnet", "compromise_evidence", TEXT, TRUE, 0, 0, NULL, NULL},
	{"4", "infrastructure/compromised_server", "compromise_method", TEXT, TRUE, 0, 0, NULL,
         NULL},
	{"4", "content/*", "url", URI, TRUE, 0, 0, NULL, NULL},
	{"4", "content/*", "domain", HOST, FALSE, 0, 0, NULL, NULL},
	{"4", "content/*", "screenshot_url", URI, FALSE, 0, 0, NULL, NULL},
	{"4", "content/*", "verified_at", TIME, FALSE, 0, 0, NULL, NULL},
	{"4", "content/*", "asn", INTEGER, FALSE, 1, 4294967295, NULL, NULL},
	{"4", "content/*", "country_code", MATCH, FALSE, 0, 0, "^[A-Z]{2}$", NULL},
	{"4", "content/phishing", "submission_url", URI, FALSE, 0, 0, NULL, NULL},
	{"4", "content/phishing", "cloned_site", URI, FALSE, 0, 0, NULL, NULL},
	{"4", "content/phishing", "redirect_chain", ARRAY, FALSE, 0, 0, NULL, NULL},
	{"4", "content/phishing", "redirect_chain.*", URI, FALSE, 0, 0, NULL, NULL},
	{"4", "content/phishing", "credential_fields", ARRAY, FALSE, 0, 0, NULL, NULL},
	{"4", "content/malware", "exploit_cve.*", MATCH, FALSE, 0, 0, CVE_ID, NULL},
	{"4", "content/csam", "classification", WORD, TRUE, 0, 0, "baseline|A1|A2|B1|B2", NULL},
	{"4", "content/csam", "detection_method", TEXT, TRUE, 0, 0, NULL, NULL},
	{"4", "content/csem", "exploitation_type", TEXT, TRUE, 0, 0, NULL, NULL},
	{"4", "content/csem", "detection_method", TEXT, TRUE, 0, 0, NULL, NULL},
	{"4", "content/exposed_data", "data_types", ARRAY, TRUE, 1, 0, NULL, NULL},
	{"4", "content/exposed_data", "exposure_method", TEXT, TRUE, 0, 0, NULL, NULL},
	{"4", "content/brand_infringement", "infringement_type", TEXT, TRUE, 0, 0, NULL, NULL},
	{"4", "content/brand_infringement", "legitimate_site", URI, TRUE, 0, 0, NULL, NULL},
	{"4", "content/fraud", "fraud_type", WORD, TRUE, 0, 0,
         "investment|romance|tech_support|lottery|advance_fee|cryptocurrency|shopping|charity|"
         "employment|government_impersonation|other",
         NULL},
	{"4", "content/remote_compromise", "compromise_type", TEXT, TRUE, 0, 0, NULL, NULL},
	{"4", "content/suspicious_registration", "registration_date", TIME, TRUE, 0, 0, NULL, NULL},
	{"4", "content/suspicious_registration", "suspicious_indicators", ARRAY, TRUE, 1, 0, NULL,
         NULL},
	{"4", "copyright/copyright", "infringing_url", URI, TRUE, 0, 0, NULL, NULL},
	{"4", "copyright/cyberlocker", "infringing_url", URI, TRUE, 0, 0, NULL, NULL},
	{"4", "copyright/cyberlocker", "hosting_service", TEXT, TRUE, 0, 200, NULL, NULL},
	{"4", "copyright/link_site", "infringing_url", URI, TRUE, 0, 0, NULL, NULL},
	{"4", "copyright/link_site", "site_name", TEXT, TRUE, 0, 200, NULL, NULL},
	{"4", "copyright/ugc_platform", "infringing_url", URI, TRUE, 0, 0, NULL, NULL},
	{"4", "copyright/ugc_platform", "platform_name", TEXT, TRUE, 0, 200, NULL, NULL},
	{"4", "copyright/p2p", "p2p_protocol", WORD, TRUE, 0, 0,
         "bittorrent|edonkey|gnutella|kademlia|other", NULL},
	{"4", "copyright/p2p", "swarm_info", ANY_OF, TRUE, 0, 0, "info_hash|magnet_uri", NULL},
	{"4", "copyright/usenet", "newsgroup", TEXT, TRUE, 0, 200, NULL, NULL},
	{"4", "copyright/usenet", "message_info", ANY_OF, TRUE, 0, 0, "message_id", NULL},
	{"4", "copyright/*", "work_title", TEXT, FALSE, 0, 500, NULL, NULL},
	{"4", "copyright/*", "rights_holder", TEXT, FALSE, 0, 200, NULL, NULL},
};

/* ---- what a value must be ---- */

static gboolean matches(const char *text, const char *pattern)
{
	return g_regex_match_simple(pattern, text, 0, 0);
}

static gboolean is_ip(const char *text)
{
	guint8 octets[16];
	return inet_pton(AF_INET, text, octets) == 1 || inet_pton(AF_INET6, text, octets) == 1;
}

static gboolean is_email(const char *text)
{
	return matches(text, "^[^\\s@<>]+@[^\\s@<>]+$");
}

static gboolean is_host(const char *text)
{
	return strlen(text) <= 253 &&
	       matches(text, "^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?"
	                     "(\\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*\\.?$");
}

/* RFC 3339; the calendar itself is left to GLib. */
static gboolean is_time(const char *text)
{
	g_autoptr(GDateTime) time = NULL;
	if (matches(text, "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?"
	                  "([Zz]|[+-][0-9]{2}:?[0-9]{2})$")) {
		g_autofree char *upper = g_ascii_strup(text, -1);
		upper[10] = 'T';
		time = g_date_time_new_from_iso8601(upper, NULL);
	}
	return time != NULL;
}

static gboolean is_uri(const char *text)
{
	return matches(text, "^[A-Za-z][A-Za-z0-9+.-]*:[^\\s]+$");
}

static gboolean is_uuid(const char *text)
{
	return matches(text, "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$");
}

static gboolean is_no_email(const char *text)
{
	return !is_email(text);
}

static const struct {
	Kind kind;
	gboolean (*is)(const char *text);
	const char *what;
} texts[] = {
	{EMAIL, is_email, "is no e-mail address"},
	{NO_EMAIL, is_no_email, "is an e-mail address"},
	{HOST, is_host, "is no host name"},
	{TIME, is_time, "is no time (RFC 3339)"},
	{IP, is_ip, "is no IP address"},
	{URI, is_uri, "is no URI"},
	{UUID, is_uuid, "is no UUID"},
};

static gboolean is_one_of(const char *text, const char *values)
{
	g_auto(GStrv) words = g_strsplit(values, "|", -1);
	return g_strv_contains((const char *const *)words, text);
}

static const char *text_problem(const Rule *rule, const char *text)
{
	if (rule->kind == TEXT) {
		double length = (double)g_utf8_strlen(text, -1);
		return length < rule->min ? "is too short" : "is too long";
	}
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		if (texts[i].kind == rule->kind)
			return texts[i].what;
	return rule->kind == WORD ? "is not one of the words that are allowed"
	                          : "does not have the form that is asked for";
}

static gboolean text_fits(const Rule *rule, const char *text)
{
	double length;
	switch (rule->kind) {
	case TEXT:
		length = (double)g_utf8_strlen(text, -1);
		return length >= rule->min && (rule->max == 0 || length <= rule->max);
	case WORD:
		return is_one_of(text, rule->values);
	case MATCH:
		return matches(text, rule->values);
	default:
		break;
	}
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		if (texts[i].kind == rule->kind)
			return texts[i].is(text);
	return TRUE;
}

static gboolean number_fits(const Rule *rule, const json_t *value)
{
	double number = json_number_value(value);
	return (rule->min == 0 && rule->max == 0) || (number >= rule->min && number <= rule->max);
}

static gboolean is_port(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 &&
	       json_integer_value(value) <= 65535;
}

static gboolean are_ports(const json_t *value)
{
	size_t i;
	json_t *port;
	if (!json_is_array(value))
		return is_port(value);
	json_array_foreach ((json_t *)value, i, port)
		if (!is_port(port))
			return FALSE;
	return TRUE;
}

/* What is wrong with an object's members, or NULL. */
static const char *members_problem(const Rule *rule, const json_t *object)
{
	const char *name;
	json_t *member;
	gboolean any = FALSE;
	json_object_foreach ((json_t *)object, name, member) {
		gboolean named = rule->values && is_one_of(name, rule->values);
		any = any || named;
		if (rule->kind == TEXTS && !json_is_string(member))
			return "has a member that is no text";
		if (rule->kind == SCALARS && !json_is_string(member) && !json_is_integer(member))
			return "has a member that is neither text nor an integer";
		if (rule->kind == ONLY && !named)
			return "has a member that must not be there";
		if (rule->kind == NONE_OF && named)
			return "has a source, which this type must not have";
	}
	if (rule->kind == HASHES && json_object_size(object) == 0)
		return "is empty";
	return rule->kind == ANY_OF && !any ? "lacks the member that is asked for" : NULL;
}

static const char *value_problem(const Rule *rule, const json_t *value)
{
	double items;
	switch (rule->kind) {
	case ARRAY:
		if (!json_is_array(value))
			return "is no array";
		items = (double)json_array_size(value);
		if (items > (rule->max > 0 ? rule->max : LIMIT_XARF_ITEMS))
			return "has too many items";
		return items < rule->min ? "has too few items" : NULL;
	case INTEGER:
		return !json_is_integer(value)    ? "is no integer"
		       : number_fits(rule, value) ? NULL
		                                  : "is out of range";
	case NUMBER:
		return !json_is_number(value)     ? "is no number"
		       : number_fits(rule, value) ? NULL
		                                  : "is out of range";
	case BOOLEAN:
		return json_is_boolean(value) ? NULL : "is neither true nor false";
	case PORTS:
		return are_ports(value) ? NULL : "is no port, nor a list of ports";
	case OBJECT:
	case TEXTS:
	case SCALARS:
	case ONLY:
	case ANY_OF:
	case NONE_OF:
	case HASHES:
		return json_is_object(value) ? members_problem(rule, value) : "is no object";
	default:
		break;
	}
	if (!json_is_string(value))
		return "is no text";
	const char *text = json_string_value(value);
	return text_fits(rule, text) ? NULL : text_problem(rule, text);
}

/* ---- the walk ---- */

static gboolean applies(const Rule *rule, const json_t *object)
{
	if (!rule->when)
		return TRUE;
	gsize name_length = strcspn(rule->when, "!=~");
	g_autofree char *name = g_strndup(rule->when, name_length);
	const char *relation = rule->when + name_length;
	const char *value = json_string_value(json_object_get(object, name));
	if (*relation == '~')
		return value && is_ip(value);
	gboolean same = g_strcmp0(value, relation + (*relation == '!' ? 2 : 1)) == 0;
	return *relation == '!' ? !same : same;
}

static char *problem_at(const Rule *rule, const json_t *at, const char *path, const char *where);

static char *problem_of_items(const Rule *rule, const json_t *array, const char *rest,
                              const char *where)
{
	size_t i;
	json_t *item;
	char *problem = json_array_size(array) > LIMIT_XARF_ITEMS
	                        ? g_strdup_printf("%s has too many items", where)
	                        : NULL;
	json_array_foreach ((json_t *)array, i, item) {
		if (problem)
			break;
		g_autofree char *here = g_strdup_printf("%s.%u", where, (guint)i);
		const char *wrong = rest ? NULL : value_problem(rule, item);
		problem = wrong  ? g_strdup_printf("%s %s", here, wrong)
		          : rest ? problem_at(rule, item, rest, here)
		                 : NULL;
	}
	return problem;
}

/* What is wrong with the member at @path below @at; a parent of the wrong type has a rule of its
 * own. */
static char *problem_at(const Rule *rule, const json_t *at, const char *path, const char *where)
{
	const char *dot = strchr(path, '.');
	const char *rest = dot ? dot + 1 : NULL;
	if (g_str_has_prefix(path, "*"))
		return problem_of_items(rule, at, rest, where);
	if (!json_is_object(at))
		return NULL;
	g_autofree char *name = dot ? g_strndup(path, (gsize)(dot - path)) : g_strdup(path);
	g_autofree char *here = *where ? g_strconcat(where, ".", name, NULL) : g_strdup(name);
	const json_t *value = json_object_get(at, name);
	if (value && rest)
		return problem_at(rule, value, rest, here);
	if (rest || !applies(rule, at))
		return NULL;
	if (!value)
		return rule->needed ? g_strconcat(here, " is missing", NULL) : NULL;
	const char *wrong = value_problem(rule, value);
	return wrong ? g_strdup_printf("%s %s", here, wrong) : NULL;
}

/* ---- generations ---- */

static char generation_of(const json_t *document)
{
	const char *version = json_text(document, "Version");
	if (json_object_get(document, "xarf_version")) {
		gboolean draft =
			!json_object_get(document, "sender") && json_at(document, "reporter.type");
		return draft ? 'D' : '4';
	}
	if (json_object_get(document, "Schema-URL") || json_object_get(document, "Reported-From"))
		return '0';
	if (version && (strcmp(version, "3.0") == 0 || strcmp(version, "3.0.0") == 0))
		return 'L';
	if (!json_object_get(document, "Version"))
		return 'a'; /* alpha alone may leave it out */
	for (guint i = 0; version && i < G_N_ELEMENTS(generations); i++)
		if (strchr("a123d", generations[i].letter) &&
		    strcmp(generations[i].name, version) == 0)
			return generations[i].letter;
	return '\0';
}

gboolean xarf_is_meant(const json_t *document)
{
	return json_object_get(document, "xarf_version") ||
	       (json_object_get(document, "Version") &&
	        (json_object_get(document, "ReporterInfo") ||
	         json_object_get(document, "Report"))) ||
	       (json_object_get(document, "ReporterInfo") && json_object_get(document, "Report"));
}

static gboolean is_known_type(char generation, const char *type)
{
	gboolean any = FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
		if (!strchr(types[i].generations, generation))
			continue;
		any = TRUE;
		if (strcmp(types[i].type, type) == 0)
			return TRUE;
	}
	return !any;
}

char *xarf_check(const json_t *document, const char **generation)
{
	char letter = generation_of(document);
	gboolean small = strchr("4D", letter) != NULL;
	const char *class_ = json_text(document, small ? "category" : "Report.ReportClass");
	const char *type = json_text(document, small ? "type" : "Report.ReportType");
	*generation = NULL;
	if (!letter)
		return g_strdup("Version is none that is known");
	for (guint i = 0; i < G_N_ELEMENTS(generations); i++)
		if (generations[i].letter == letter)
			*generation = generations[i].name;
	g_autofree char *of = g_strdup_printf("%s/%s", class_ ? class_ : "", type ? type : "");
	for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
		char *problem = strchr(rules[i].generations, letter) &&
		                                g_pattern_match_simple(rules[i].types, of)
		                        ? problem_at(&rules[i], document, rules[i].path, "")
		                        : NULL;
		if (problem)
			return problem;
	}
	if (!is_known_type(letter, of))
		return g_strdup_printf("%s is no type of this generation",
		                       small ? "type" : "Report.ReportType");
	return NULL;
}

/* ---- 0.x ---- */

static json_t *scalar(const yaml_event_t *event)
{
	return json_stringn((const char *)event->data.scalar.value, event->data.scalar.length);
}

/* Reads the pairs of the first mapping; FALSE with what is wrong. */
static gboolean read_pairs(yaml_parser_t *parser, json_t *into, const char **wrong)
{
	g_autoptr(json_t) key = NULL;
	gboolean begun = FALSE, ended = FALSE;
	*wrong = NULL;
	while (!ended && !*wrong) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event)) {
			*wrong = parser->problem ? parser->problem : "it cannot be read";
			return FALSE;
		}
		if (event.type == YAML_MAPPING_START_EVENT && !begun)
			begun = TRUE;
		else if (event.type == YAML_MAPPING_END_EVENT ||
		         event.type == YAML_STREAM_END_EVENT)
			ended = TRUE;
		else if (event.type == YAML_SCALAR_EVENT && begun && !key)
			key = scalar(&event);
		else if (event.type == YAML_SCALAR_EVENT && begun) {
			json_object_set_new(into, json_string_value(key), scalar(&event));
			g_clear_pointer(&key, json_decref);
		} else if (event.type == YAML_SCALAR_EVENT ||
		           event.type == YAML_SEQUENCE_START_EVENT ||
		           event.type == YAML_MAPPING_START_EVENT || event.type == YAML_ALIAS_EVENT)
			*wrong = "it is no flat mapping";
		yaml_event_delete(&event);
	}
	return !*wrong && json_object_size(into) > 0;
}

json_t *xarf_from_yaml(const char *text, char **reason)
{
	yaml_parser_t parser;
	const char *wrong = "it cannot be read";
	json_t *fields = json_object();
	*reason = NULL;
	if (!yaml_parser_initialize(&parser)) {
		*reason = g_strdup(wrong);
		json_decref(fields);
		return NULL;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text,
	                             MIN(strlen(text), LIMIT_XARF_SIZE));
	if (!read_pairs(&parser, fields, &wrong)) {
		*reason = g_strdup(wrong ? wrong : "it has no fields");
		g_clear_pointer(&fields, json_decref);
	}
	yaml_parser_delete(&parser);
	return fields;
}
