/* Every noun and verb. A command that is not here does not exist; help, completion, docs/cli.md and
 * the test of the man page all read this table. */
#include "cli/commands.h"

#include "auth/api_key_auth.h"
#include "cli/breakdown.h"
#include "model/alert.h"
#include "model/incident.h"
#include "model/job.h"
#include "model/report.h"
#include "model/source.h"
#include "store/sight.h"

#define ONE  (CLI_API | CLI_OUT)
#define MANY (CLI_API | CLI_OUT | CLI_LIST)

/* clang-format off */
const CliNoun cli_nouns[] = {
	{"incident",   "the reported mails that belong together, and what is decided about them"},
	{"search",     "find incidents by what is in them"},
	{"quarantine", "pull every copy of an incident's mail out of the mailboxes"},
	{"restore",    "put the copies back exactly as they were"},
	{"alert",      "one recipient of one reported mail"},
	{"report",     "the messages that people sent to an abuse mailbox"},
	{"reporter",   "who reports, and how right they are"},
	{"statistics", "how much is reported, what it was, and how long everything takes"},
	{"source",     "the abuse mailboxes that are watched"},
	{"server",     "the mail servers that Trawl looks into"},
	{"job",        "what the daemon has to do, does, and could not do"},
	{"activity",   "what has happened, and who did it"},
	{"key",        "who may use the API"},
	{"user",       "the people who log in to the console"},
	{"team",       "who sees what came from which sources, and works on it"},
	{"role",       "what people may do"},
	{"provider",   "the identity providers by which people log in"},
	{"session",    "where people are logged in"},
	{"audit",      "the chained record of every change"},
	{"retention",  "how long things are kept, and what goes"},
	{"backup",     "all of an installation in one file"},
	{"health",     "whether the daemon is well"},
	{"check",      "verify the store, and the mailboxes, without the daemon"},
	{"serve",      "run the daemon"},
	{"breakdown",  "show what is in a message, without the daemon"},
	{"completion", "print completion for a shell"},
	{"version",    "print the version"},
	{"help",       "explain a noun or a verb"},
	{NULL}
};

/* --- options --- */

static const char *const orders[] = {"newest", "need", NULL};
static const char *const states[] = {"open", "closed", "all", NULL};

#define FLAG(name, letter, help)              {name, letter, OPTION_FLAG, NULL, help}
#define TEXT(name, value, help)               {name, 0, OPTION_TEXT, value, help}
#define TEXTS(name, value, help)              {name, 0, OPTION_TEXT, value, help, .many = TRUE}
#define NEEDED(name, value, help)             {name, 0, OPTION_TEXT, value, help, .required = TRUE}
#define NAME(name, value, names_of, help)     {name, 0, OPTION_NAME, value, help, .names = names_of}
#define NUMBER(name, value, from, to, help)   {name, 0, OPTION_NUMBER, value, help, .low = from, .high = to}
#define ID(name, help)                        NUMBER(name, "N", 1, G_MAXINT64, help)

static const CliOption incident_list_options[] = {
	NAME("sort", "ORDER", orders, "by what needs a person first, or the newest first (default: newest)"),
	NAME("state", "STATE", states, "which ones (default: open)"),
	NAME("severity", "SEVERITY", severity_names, "at least this severe"),
	NAME("disposition", "DISPOSITION", disposition_names, "with this verdict"),
	NAME("kind", "NAME", incident_kind_names, "of this kind"),
	TEXT("source", "SOURCE", "with a report from this source"),
	TEXT("assignee", "NAME", "assigned to NAME"),
	TEXT("team", "TEAM", "assigned to this team"),
	FLAG("mine", 0, "your own, and those of your teams that nobody works on"),
	TEXT("reporter", "ADDRESS", "reported by ADDRESS"),
	TEXT("recipient", "ADDRESS", "received by ADDRESS"),
	TEXT("message-id", "ID", "whose original has this Message-ID"),
	TEXT("title", "TEXT", "with TEXT in the title"),
	{NULL}
};

static const CliOption incident_show_options[] = {
	FLAG("all", 'a', "show every report and alert, however many"),
	{NULL}
};

static const CliOption incident_set_options[] = {
	NAME("severity", "SEVERITY", severity_names, "how bad it is"),
	NAME("disposition", "DISPOSITION", disposition_names, "what it is"),
	TEXT("sub-disposition", "NAME", "under unknown: needs_manual_review, likely_harmless, or \"\" for none"),
	TEXT("assignee", "NAME", "who works on it, or \"\" for nobody"),
	TEXT("team", "TEAM", "which team works on it, or \"\" for none"),
	{NULL}
};

static const CliOption reason_options[] = {
	NEEDED("reason", "TEXT", "why, for those who look later"),
	{NULL}
};

#define PERIOD(name, help) TEXT(name, "DAYS", help)
#define PERIODS                                                                                      \
	PERIOD("content", "what messages of closed incidents said, and their bytes"),                \
	PERIOD("undo", "so long what was pulled can be put back"),                                   \
	PERIOD("incidents", "closed incidents whole"),                                               \
	PERIOD("nuisance", "the same of spam, bulk and what was no report"),                         \
	PERIOD("audit", "the audit log, 90 at least"),                                               \
	PERIOD("sessions", "sessions that ended"),                                                   \
	PERIOD("jobs", "jobs that ended"),                                                           \
	PERIOD("polls", "what became of polls"),                                                     \
	PERIOD("answers", "answers to requests that may be repeated, 1 to 7")

static const CliOption retention_options[] = {PERIODS, {NULL}};

static const CliOption retention_set_options[] = {
	PERIODS,
	FLAG("yes", 0, "also where something is removed sooner"),
	{NULL}
};

static const CliOption comment_options[] = {
	NEEDED("text", "TEXT", "what to say"),
	{NULL}
};

static const CliOption may_reason_options[] = {
	TEXT("reason", "TEXT", "why, for those who look later"),
	{NULL}
};

static const CliOption raw_options[] = {
	{"output", 'o', OPTION_TEXT, "FILE", "write to FILE, which appears when it is whole; - is standard output"},
	{NULL}
};

static const CliOption attachments_options[] = {
	{"zip", 'z', OPTION_TEXT, "FILE", "write them to FILE, which appears when it is whole; - is standard output"},
	TEXT("sha256", "HASH", "only the file with this SHA-256, however deep it is in messages and archives"),
	FLAG("zipcrypto", 0, "encrypt with PKWARE's old cipher"),
	{NULL}
};

#define WAIT FLAG("wait", 'w', "stay until every copy is accounted for, and show the ledger")

static const CliOption quarantine_options[] = {
	TEXT("comment", "TEXT", "why, for those who look later"),
	WAIT,
	{NULL}
};

static const CliOption restore_options[] = {
	ID("response", "undo only what this response moved"),
	ID("copy", "put back only this copy, by its number in the ledger (--json)"),
	TEXT("comment", "TEXT", "why, for those who look later"),
	WAIT,
	{NULL}
};

static const CliOption alert_list_options[] = {
	NAME("state", "STATE", states, "which ones (default: open)"),
	ID("incident", "of this incident"),
	TEXT("recipient", "ADDRESS", "of this recipient"),
	TEXT("message-id", "ID", "whose original has this Message-ID"),
	{NULL}
};

static const CliOption report_list_options[] = {
	NAME("state", "STATE", report_state_names, "in this state"),
	TEXT("source", "SOURCE", "from this source"),
	TEXT("reporter", "ADDRESS", "from this reporter"),
	ID("incident", "of this incident"),
	FLAG("untrusted", 0, "only those whose sender is not proven, which start nothing automatic"),
	{NULL}
};

static const char *const reporter_orders[] = {"last", "reports", "right", "wrong", NULL};

static const CliOption reporter_list_options[] = {
	NAME("sort", "ORDER", reporter_orders, "the most first (default: last)"),
	TEXT("find", "TEXT", "with TEXT in the address or name"),
	{NULL}
};

static const CliOption statistics_options[] = {
	NUMBER("days", "N", 1, 400, "of the last N days (default: 30)"),
	TEXT("source", "SOURCE", "only what this source has reported"),
	{NULL}
};

#define SOURCE_OPTIONS                                                                               \
	TEXT("folder", "FOLDER", "where reports arrive (default: INBOX)"),                           \
	NAME("post-process", "ACTION", post_process_names, "what becomes of a report when all is done"), \
	TEXT("destination", "FOLDER", "where to, with --post-process move"),                         \
	{"interval", 0, OPTION_NUMBER, "MINUTES", "polled every so many minutes, 1 to 60 (default: 1)", \
	 .low = POLLING_INTERVAL_MIN, .high = POLLING_INTERVAL_MAX, .rule = POLLING_INTERVAL_RULE},  \
	TEXT("description", "TEXT", "what it is for"),                                               \
	FLAG("no-link-events", 0, "every report makes an incident of its own"),                      \
	TEXTS("accept", "DOMAIN", "whose people's reports are believed"),                            \
	TEXTS("trust", "HOST", "whose results and headers are believed; HOST/below: also results below its Received"), \
	TEXTS("relay", "RELAY", "host or sender whose reports may name the reporter")

static const CliOption source_add_options[] = {
	NEEDED("server", "SERVER", "the mail server it is on"),
	NEEDED("mailbox", "ADDRESS", "the abuse mailbox"),
	SOURCE_OPTIONS,
	{NULL}
};

static const CliOption source_set_options[] = {
	TEXT("name", "NAME", "another name"),
	TEXT("server", "SERVER", "the mail server it is on"),
	TEXT("mailbox", "ADDRESS", "the abuse mailbox"),
	SOURCE_OPTIONS,
	FLAG("link-events", 0, "reports of one mail make one incident"),
	{NULL}
};

static const CliOption poll_options[] = {
	FLAG("wait", 'w', "stay until it was polled, and tell what came"),
	{NULL}
};

#define CONFIG_OPTIONS                                                                               \
	TEXTS("set", "KEY=VALUE", "a member of its configuration"),                                  \
	TEXTS("secret", "NAME[=@FILE|=-]", "a secret member: asked for, or from a file or standard input")

static const CliOption server_add_options[] = {
	NEEDED("kind", "KIND", "imap or maildir; \"trawl server kinds KIND\" explains what each can be told"),
	CONFIG_OPTIONS,
	{NULL}
};

static const CliOption server_set_options[] = {
	CONFIG_OPTIONS,
	TEXTS("unset", "KEY", "remove a member of its configuration"),
	TEXT("name", "NAME", "another name"),
	{NULL}
};

static const CliOption server_check_options[] = {
	TEXT("mailbox", "ADDRESS", "try this mailbox, too"),
	{NULL}
};

static const CliOption server_folders_options[] = {
	NEEDED("mailbox", "ADDRESS", "whose folders"),
	{NULL}
};

static const CliOption job_list_options[] = {
	NAME("state", "STATE", job_state_names, "in this state"),
	TEXT("kind", "NAME", "of this kind, such as source.poll"),
	{NULL}
};

static const CliOption activity_options[] = {
	FLAG("follow", 'f', "go on as it happens, until Ctrl-C"),
	ID("incident", "only of this incident"),
	{NULL}
};

static const CliOption key_add_options[] = {
	{"scope", 0, OPTION_NAME, "SCOPE", "what it may do, admin all of it", .names = scope_names,
	 .many = TRUE, .required = TRUE},
	NUMBER("days", "N", 1, 36500, "expires after N days (default: never)"),
	TEXT("owner", "USER", "whose it is: it can do and sees no more than they do (default: nobody's)"),
	NAME("sight", "SIGHT", sight_names, "what a key that is nobody's sees: everything (default), or what its teams do"),
	{NULL}
};

#define PASSWORD TEXT("password", "@FILE|-", "the passphrase from FILE or standard input (default: asked for)")

static const CliOption user_add_options[] = {
	NEEDED("role", "ROLE", "what they may do; \"trawl role list\" shows which there are"),
	TEXT("display-name", "NAME", "what they are called"),
	TEXT("email", "ADDRESS", "where mail reaches them"),
	NAME("sight", "SIGHT", sight_names, "what they see: everything (default), or what their teams do"),
	PASSWORD,
	FLAG("no-password", 0, "nobody logs in until \"trawl user passwd\""),
	{NULL}
};

static const CliOption user_set_options[] = {
	TEXT("role", "ROLE", "another role, which ends their sessions"),
	TEXT("display-name", "NAME", "what they are called, or \"\" for nothing"),
	TEXT("email", "ADDRESS", "where mail reaches them, or \"\" for nothing"),
	NAME("sight", "SIGHT", sight_names, "what they see, which ends their sessions"),
	FLAG("disable", 0, "let them in no more, and end their sessions"),
	FLAG("enable", 0, "let them in again"),
	{NULL}
};

static const CliOption team_add_options[] = {
	TEXT("description", "TEXT", "what it is for"),
	TEXTS("member", "USER", "who is in it"),
	TEXTS("source", "SOURCE", "what came from this source is its members' to see"),
	TEXTS("key", "KEY", "an API key that sees what it does"),
	{NULL}
};

static const CliOption team_set_options[] = {
	TEXT("name", "NAME", "another name"),
	TEXT("description", "TEXT", "what it is for"),
	TEXTS("member", "USER", "who is in it from now on, too"),
	TEXTS("no-member", "USER", "who is in it no more"),
	TEXTS("source", "SOURCE", "what its members see from now on, too"),
	TEXTS("no-source", "SOURCE", "what they see no more"),
	TEXTS("key", "KEY", "an API key that sees what it does from now on"),
	TEXTS("no-key", "KEY", "one that does no more"),
	{NULL}
};

static const CliOption user_passwd_options[] = {
	PASSWORD,
	{NULL}
};

static const CliOption provider_set_options[] = {
	FLAG("disable", 0, "nobody logs in by it, and the sessions that were begun by it end"),
	FLAG("enable", 0, "people may log in by it"),
	FLAG("only-way", 0, "passphrases of Trawl's own count for administrators only"),
	FLAG("not-only-way", 0, "they count for everybody who has one"),
	{NULL}
};

static const CliOption session_list_options[] = {
	TEXT("user", "USER", "of this user"),
	{NULL}
};

#define STORE_OPTIONS                                                                                \
	TEXT("data", "DIR", "data directory (default: $TRAWL_DATA, or /var/lib/trawl)"),             \
	TEXT("database", "URI", "the database, when it is not in the data directory")

static const CliOption store_options[] = {
	STORE_OPTIONS,
	{NULL}
};

static const CliOption audit_export_options[] = {
	{"output", 'o', OPTION_TEXT, "FILE", "write to FILE, which must not be there; - is standard output"},
	STORE_OPTIONS,
	{NULL}
};

static const CliOption backup_restore_options[] = {
	TEXT("data", "DIR", "data directory to make, which must not exist or be empty (default: $TRAWL_DATA, or /var/lib/trawl)"),
	{NULL}
};

static const CliOption check_options[] = {
	FLAG("mailboxes", 0, "compare with the mailboxes, too; changes nothing in them"),
	FLAG("strict", 0, "nobody was at the mailboxes: what people may change counts as broken, too"),
	FLAG("raw-in-database", 0, "raw messages are in the database"),
	STORE_OPTIONS,
	{NULL}
};

static const CliOption serve_options[] = {
	STORE_OPTIONS,
	TEXT("listen", "HOST:PORT", "where the API listens (default: 127.0.0.1:8460)"),
	TEXT("hosts", "NAMES", "by which names the API may be asked, with commas between them"),
	NUMBER("threads", "N", 1, 256, "how many jobs run at once"),
	TEXT("limits", "NAME=VALUE,...", "limits on one message, in place of the usual ones (see docs/limits.md)"),
	FLAG("raw-in-database", 0, "keep raw messages in the database, for nodes that share nothing else"),
	TEXT("resolver", "HOST[:PORT]", "which DNS servers are asked for the keys of DKIM signatures: addresses with commas "
	     "between them, system or off (default: system)"),
	TEXT("config", "FILE", "take options from FILE, too"),
	FLAG("verbose", 'v', "log more"),
	{NULL}
};

static const CliOption breakdown_options[] = {
	FLAG("pretty", 0, "indent the JSON"),
	FLAG("text", 0, "a page for people instead of JSON"),
	FLAG("recursive", 'r', "read all files below a directory"),
	{"jobs", 'j', OPTION_NUMBER, "N", "how many files are read at once (default: one a processor)", .low = 1, .high = 64},
	TEXTS("trusted-host", "HOST", "believe the results of this mail host"),
	TEXTS("accepted-relay", "RELAY", "believe this host or sender about who reported"),
	TEXTS("limit", "NAME=VALUE", "another limit on a message (see docs/limits.md)"),
	FLAG("sandboxed", 0, "read in sandboxed processes, which is always done"),
	TEXTS("key", "NAME=RECORD", "verify signatures with this key: selector._domainkey.domain=v=DKIM1; p=…"),
	TEXT("resolver", "HOST[:PORT]", "ask these DNS servers for keys, or those of the system (default: off)"),
	{NULL}
};

static const CliOption help_options[] = {
	FLAG("markdown", 0, "all of it, as docs/cli.md has it"),
	{NULL}
};

/* --- commands --- */

const CliCommand cli_commands[] = {
	{"incident", "list", "[FILTER…]", incident_list_options, cli_incident_list, NULL, MANY,
	 "list incidents, newest first",
	 "Without --state only open ones. FILTER is what the console's filter takes: is:open severity:>=major verdict:malicious "
	 "needs:unjudged assignee:me reporter:ADDRESS recipient:ADDRESS url:LINK after:7d before:2026-11-01 closed:24h form:FORM "
	 "untrusted:yes quarantined:yes kind:KIND source:N message:ID sort:need, and words of the title; without is: it finds "
	 "closed ones, too. Columns: need is how much a person is needed; verdict is the disposition; alerts are open ones of all.\n\n"
	 "  trawl incident list --sort need\n"
	 "  trawl incident list 'is:open severity:>=major url:evil.example after:7d'\n"
	 "  trawl incident list --severity major --reporter ann@corp.example"},
	{"incident", "show", "INCIDENT", incident_show_options, cli_incident_show, NULL, ONE,
	 "show everything about an incident on one page",
	 "The verdict, the original, who reported it, who received it, what became of each copy, what happened last, "
	 "and what can be done next. --json prints the incident with \"original\", \"reports\", \"alerts\", "
	 "\"responses\" (each with \"results\"), \"comments\" and \"activity\"."},
	{"incident", "set", "INCIDENT", incident_set_options, cli_incident_set, NULL, ONE,
	 "change the verdict on an incident, or who works on it", NULL},
	{"incident", "close", "INCIDENT", reason_options, cli_incident_close, NULL, ONE,
	 "close an incident and its alerts", NULL},
	{"incident", "reopen", "INCIDENT", may_reason_options, cli_incident_reopen, NULL, ONE,
	 "open a closed incident again", NULL},
	{"incident", "hold", "INCIDENT", reason_options, cli_incident_hold, NULL, ONE,
	 "put an incident on legal hold: nothing of it is removed", "Takes the scope hold."},
	{"incident", "release", "INCIDENT", reason_options, cli_incident_release, NULL, ONE,
	 "take an incident off legal hold", NULL},
	{"incident", "comment", "INCIDENT", comment_options, cli_incident_comment, NULL, ONE,
	 "say something about an incident to those who work on it",
	 "Plain text. \"trawl incident show\" has what was said."},
	{"incident", "watch", "[INCIDENT]", NULL, cli_incident_watch, NULL, ONE,
	 "show what happens to incidents, as it happens",
	 "Ends with Ctrl-C. With --json one record of the audit log a line. After a broken connection it goes on where it was."},
	{"incident", "raw", "INCIDENT", raw_options, cli_incident_raw, NULL, CLI_API,
	 "print the original's own bytes", "The look is recorded in the audit log."},
	{"incident", "attachments", "INCIDENT", attachments_options, cli_incident_attachments, NULL, CLI_API | CLI_OUT,
	 "list the original's attachments, or save them in a zip",
	 "The zip's password is \"infected\". It is encrypted with AES-256, which 7-Zip and bsdtar read; --zipcrypto is for what reads "
	 "nothing newer, such as unzip. Saving takes the scope content, and is recorded in the audit log.\n\n"
	 "  trawl incident attachments 17\n"
	 "  trawl incident attachments 17 --zip samples.zip"},

	{"search", NULL, "QUERY", NULL, cli_search, NULL, MANY,
	 "find incidents by what is in them",
	 "Words that must all be there, \"phrases\", beginnings with *, -words that must not be there. A field in front says "
	 "where: subject, body, from, to, reporter, link, attachment, hash, message, comment; address is any of the people. A host is "
	 "found by its domain, and defanged links are understood. What messages say is looked into with the scope \"content\" "
	 "only, and recorded in the audit log when something of it is shown.\n\n"
	 "  trawl search 'from:payroll \"salary account\" link:evil.example -subject:re'"},

	{"quarantine", NULL, "INCIDENT", quarantine_options, cli_quarantine, NULL, ONE,
	 "pull every copy of an incident's mail out of the mailboxes",
	 "Each copy is proved to be the same message before it is touched, and remembered so that it can be put back "
	 "exactly. With --wait, Ctrl-C ends the waiting, not the work.\n\n"
	 "Exit status with --wait: 0 when every copy is accounted for (moved, or not there), 1 when one could not be "
	 "dealt with."},
	{"restore", NULL, "[INCIDENT]", restore_options, cli_restore, NULL, ONE,
	 "put the copies back exactly as they were",
	 "Same folder, bytes, flags and received date. Either all of an incident, or with --response what one response "
	 "moved. Exit status as for quarantine."},

	{"alert", "list", NULL, alert_list_options, cli_alert_list, NULL, MANY, "list alerts, newest first",
	 "Without --state only open ones."},
	{"alert", "show", "ALERT", NULL, cli_alert_show, NULL, ONE, "show an alert", NULL},
	{"alert", "close", "ALERT", reason_options, cli_alert_close, NULL, ONE, "close an alert", NULL},

	{"report", "list", NULL, report_list_options, cli_report_list, NULL, MANY, "list reports, newest first", NULL},
	{"report", "show", "REPORT", NULL, cli_report_show, NULL, ONE, "show a report", NULL},
	{"report", "raw", "REPORT", raw_options, cli_report_raw, NULL, CLI_API,
	 "print a report's own bytes", "The look is recorded in the audit log.\n\n"
	 "  trawl report raw 17 | trawl breakdown --text -"},

	{"reporter", "list", NULL, reporter_list_options, cli_reporter_list, NULL, MANY,
	 "list who reports, and what it turned out to be",
	 "Incidents: right are malicious, suspicious, false negatives and simulations; nuisance are spam and bulk; wrong are low "
	 "risk and known good; open are those without a verdict. trusted are the reports that are borne out."},
	{"statistics", NULL, NULL, statistics_options, cli_statistics, NULL, ONE,
	 "tell how much was reported, what it was, and how long it took",
	 "Times are from the opening of an incident to the first look at it, verdict, and pull. --json also has each day, "
	 "--quiet prints the number of reports."},

	{"source", "list", NULL, NULL, cli_source_list, NULL, MANY, "list sources and how they are doing", NULL},
	{"source", "show", "SOURCE", NULL, cli_source_show, NULL, ONE, "show a source", NULL},
	{"source", "add", "NAME", source_add_options, cli_source_add, NULL, ONE, "watch an abuse mailbox",
	 "A report is believed when its sender's domain is one of --accept and the headers of one of --trust bear it out. "
	 "Any other report is kept, marked untrusted, and starts nothing automatic.\n\n"
	 "  trawl source add abuse --server mail --mailbox abuse@corp.example \\\n"
	 "      --accept corp.example --trust mx.corp.example"},
	{"source", "set", "SOURCE", source_set_options, cli_source_set, NULL, ONE, "change a source",
	 "--accept, --trust and --relay replace the whole list; \"\" empties it."},
	{"source", "remove", "SOURCE", NULL, cli_source_remove, NULL, ONE,
	 "stop watching an abuse mailbox; its reports and incidents stay", NULL},
	{"source", "poll", "SOURCE", poll_options, cli_source_poll, NULL, ONE, "poll a source now", NULL},
	{"source", "test", "SOURCE", NULL, cli_source_test, NULL, ONE,
	 "tell line by line whether a source can do its work", "Exit status: 0 when it can, 1 when something failed."},
	{"source", "pause", "SOURCE", NULL, cli_source_pause, NULL, ONE, "stop polling a source for a while", NULL},
	{"source", "resume", "SOURCE", NULL, cli_source_resume, NULL, ONE, "poll a paused source again", NULL},

	{"server", "list", NULL, NULL, cli_server_list, NULL, MANY, "list mail servers and how they are doing", NULL},
	{"server", "show", "SERVER", NULL, cli_server_show, NULL, ONE, "show a mail server", NULL},
	{"server", "add", "NAME", server_add_options, cli_server_add, NULL, ONE, "add a mail server",
	 "A VALUE that is JSON (a number, true, an array) is taken as that, all else as text; domains may be divided by "
	 "commas. A secret is never part of the command line: it is asked for, or comes from a file or standard input.\n\n"
	 "  trawl server add mail --kind imap --set host=imap.corp.example --set login=master \\\n"
	 "      --set master_user=trawl --set domains=corp.example \\\n"
	 "      --set quarantine_mailbox=quarantine@corp.example --set quarantine_folder=INBOX --secret password"},
	{"server", "set", "SERVER", server_set_options, cli_server_set, NULL, ONE, "change a mail server",
	 "Members that are not named stay as they are; giving one --secret replaces all secrets."},
	{"server", "remove", "SERVER", NULL, cli_server_remove, NULL, ONE, "remove a mail server that no source uses", NULL},
	{"server", "check", "SERVER", server_check_options, cli_server_check, NULL, ONE,
	 "tell line by line what works and what right is missing",
	 "Exit status: 0 when all works, 1 when something failed."},
	{"server", "folders", "SERVER", server_folders_options, cli_server_folders, NULL, ONE, "list the folders of a mailbox", NULL},
	{"server", "kinds", "[KIND]", NULL, cli_server_kinds, NULL, ONE,
	 "list the kinds of mail server, or explain what one can be told", "  trawl server kinds imap"},

	{"job", "list", NULL, job_list_options, cli_job_list, NULL, MANY, "list jobs, newest first",
	 "A parked job has failed for good and waits for a person: mend the cause, then \"trawl job retry\"."},
	{"job", "show", "JOB", NULL, cli_job_show, NULL, ONE, "show a job", NULL},
	{"job", "retry", "JOB", NULL, cli_job_retry, NULL, ONE, "try a job again now", NULL},
	{"job", "cancel", "JOB", NULL, cli_job_cancel, NULL, ONE, "cancel a job that only a person waits for", NULL},

	{"activity", NULL, "[FILTER…]", activity_options, cli_activity, NULL, MANY, "show what has happened, and who did it",
	 "The last records of the audit log, oldest first. FILTER is what the console's filter takes: actor:ann action:source "
	 "object:source/3 incident:7 after:2d before:2026-11-01, and words of the detail. With --follow and --json one record a "
	 "line.\n\n"
	 "  trawl activity actor:ann action:user after:7d"},

	{"key", "list", NULL, NULL, cli_key_list, NULL, MANY, "list API keys", NULL},
	{"key", "add", "NAME", key_add_options, cli_key_add, NULL, ONE, "make an API key and show it, once",
	 "The key alone goes to standard output:\n\n"
	 "  (umask 077; trawl key add soc --scope read --scope respond > ~/.config/trawl/key)"},
	{"key", "revoke", "KEY", NULL, cli_key_revoke, NULL, ONE, "revoke an API key", NULL},
	{"key", "recover", NULL, store_options, cli_key_recover, NULL, CLI_OUT,
	 "make an administrator's key when every other one is lost",
	 "Writes it to admin.key in the data directory. Works on the store itself, so it needs the rights of the daemon's "
	 "user, and no key; the daemon may be running. Other keys stay valid."},

	{"user", "list", NULL, NULL, cli_user_list, NULL, MANY, "list users", NULL},
	{"user", "add", "NAME", user_add_options, cli_user_add, NULL, ONE, "make a user",
	 "  trawl user add bob --role analyst --display-name \"Bob Miller\""},
	{"user", "set", "USER", user_set_options, cli_user_set, NULL, ONE, "change a user, or lock one out", NULL},
	{"user", "passwd", "USER", user_passwd_options, cli_user_passwd, NULL, ONE,
	 "set a user's passphrase, which ends their sessions",
	 "A passphrase has at least 12 characters; a few words are easy to keep."},
	{"user", "unlock", "USER", NULL, cli_user_unlock, NULL, ONE,
	 "let a user try again who was locked for wrong passphrases", NULL},
	{"user", "no-codes", "USER", NULL, cli_user_no_codes, NULL, ONE,
	 "let a user log in without codes, whose device is lost", NULL},
	{"user", "delete", "USER", NULL, cli_user_delete, NULL, ONE, "delete a user",
	 "What they did keeps their name. The last administrator who can log in stays."},
	{"user", "setup-link", NULL, store_options, cli_user_setup_link, NULL, CLI_OUT,
	 "print the link by which the first administrator is made",
	 "It works once, for a day, while there is no user; one that was printed before works no more. Works on the store "
	 "itself, so it needs the rights of the daemon's user, and no key."},

	{"team", "list", NULL, NULL, cli_team_list, NULL, MANY, "list teams, their people and sources", NULL},
	{"team", "show", "TEAM", NULL, cli_team_show, NULL, ONE, "show a team", NULL},
	{"team", "add", "NAME", team_add_options, cli_team_add, NULL, ONE, "make a team",
	 "  trawl team add \"Night shift\" --member bob --source phish"},
	{"team", "set", "TEAM", team_set_options, cli_team_set, NULL, ONE, "change a team, its people and sources",
	 "Only who sees what their teams do sees more or less by that: \"trawl user set --sight teams\"."},
	{"team", "delete", "TEAM", NULL, cli_team_delete, NULL, ONE, "delete a team",
	 "One that has open incidents stays: hand them on first."},
	{"role", "list", NULL, NULL, cli_role_list, NULL, MANY, "list roles and what each lets do", NULL},

	{"provider", "list", NULL, NULL, cli_provider_list, NULL, MANY, "list identity providers", NULL},
	{"provider", "check", "PROVIDER", NULL, cli_provider_check, NULL, ONE, "try whether people can log in by it",
	 "Asks what a log-in would ask, a line a question."},
	{"provider", "set", "PROVIDER", provider_set_options, cli_provider_set, NULL, ONE, "switch an identity provider on or off",
	 "With a key, this works when nobody gets into the console. Everything else is set up there."},

	{"session", "list", NULL, session_list_options, cli_session_list, NULL, MANY, "list where people are logged in", NULL},
	{"session", "end", "SESSION", NULL, cli_session_end, NULL, ONE, "log somebody out", NULL},

	{"audit", "verify", "[FILE]", store_options, cli_audit_verify, NULL, CLI_OUT,
	 "walk the chain of the audit log",
	 "Each record has a hash over the record before it, so that one that was changed, removed or put between shows. "
	 "Works on the store itself, or on what was exported into FILE. When the oldest part was removed because it was past its "
	 "period, it says from which record on the chain is verified. Exit status: 0 when the chain is whole, 1 when it is "
	 "broken."},
	{"audit", "export", NULL, audit_export_options, cli_audit_export, NULL, CLI_OUT,
	 "write the audit log out, a line of JSON a record",
	 "Works on the store itself. \"trawl audit verify FILE\" walks what was written, also when the log of the installation "
	 "begins later by now.\n\n"
	 "  trawl audit export --output /archive/audit-$(date +%F).jsonl"},

	{"retention", "show", NULL, NULL, cli_retention_show, NULL, ONE, "show how long things are kept", NULL},
	{"retention", "preview", NULL, retention_options, cli_retention_preview, NULL, ONE,
	 "tell what would be removed now, with the periods as they are or as they are said", NULL},
	{"retention", "set", NULL, retention_set_options, cli_retention_set, NULL, ONE, "change how long things are kept",
	 "DAYS is a number of days, or \"ever\". Periods that are not named stay as they are. Where one becomes shorter, what that "
	 "would remove is told, and it is saved only with --yes.\n\n"
	 "  trawl retention set --content 90 --incidents 730 --audit 1095 --yes"},
	{"retention", "run", NULL, NULL, cli_retention_run, NULL, ONE, "remove now what is past its period",
	 "It happens once a day by itself."},
	{"retention", "runs", NULL, NULL, cli_retention_runs, NULL, MANY, "list what was removed when", NULL},
	{"retention", "holds", NULL, NULL, cli_retention_holds, NULL, MANY, "list the incidents on legal hold", NULL},

	{"backup", "create", "[FILE]", store_options, cli_backup_create, NULL, CLI_OUT,
	 "write all of an installation into one file",
	 "Database, raw messages and keys, of one instant; the daemon may be running. FILE (default: trawl-TIME.backup in this "
	 "directory) appears when it is whole, and is readable by its owner alone: whoever has it can open every password of "
	 "a mail server. A PostgreSQL database is backed up by its own tools.\n\n"
	 "  trawl backup create /backup/trawl-$(date +%F).backup"},
	{"backup", "verify", "FILE", NULL, cli_backup_verify, NULL, CLI_OUT,
	 "read a backup to its end and compare it with its manifest",
	 "What a backup is worth only a restored one shows: trawl backup restore FILE --data /tmp/try, then "
	 "trawl check --data /tmp/try."},
	{"backup", "restore", "FILE", backup_restore_options, cli_backup_restore, NULL, CLI_OUT,
	 "make an installation out of a backup",
	 "Nothing is overwritten: the directory must not exist or be empty, and it appears when all of it is there and was "
	 "compared. Afterwards trawl check --mailboxes says what happened in the mailboxes since."},

	{"health", NULL, NULL, NULL, cli_health, NULL, ONE, "tell whether the daemon is well",
	 "Exit status: 0 when it is, 1 when it is not."},

	{"check", NULL, NULL, check_options, cli_check, NULL, CLI_OUT, "verify the store, and the mailboxes, without the daemon",
	 "Every promise the store makes, one line each: a report is there once, the bytes of what was removed are kept, the "
	 "audit log is whole. With --mailboxes also: what is in quarantine is there, byte for byte; what was moved is gone; "
	 "what was put back is as it was; reports that are left alone are untouched. What people changed since (read, moved or "
	 "deleted a mail that was put back) is said and breaks nothing, unless --strict is given. The daemon may be running.\n\n"
	 "Exit status: 0 when all of it holds, 1 when something is broken."},

	{"breakdown", NULL, "FILE…", breakdown_options, NULL, cli_breakdown, CLI_RAW,
	 "show what is in a message, without the daemon",
	 "One JSON document a file, one a line (docs/breakdown.schema.json). - is standard input. Messages are "
	 "read in sandboxed processes, several at once, and printed in the order of the files. One that cannot be read is a "
	 "line on standard error, exit status 1, and the rest go on."},

	{"serve", NULL, NULL, serve_options, cli_serve, NULL, 0, "run the daemon",
	 "Runs until SIGTERM or Ctrl-C; SIGHUP reads --config again. The first start makes DIR with the database, the keys "
	 "and admin.key, the key of the first administrator, which the command line on this machine finds there.\n\n"
	 "The file of --config holds what the options say, below a line [serve]: listen = 0.0.0.0:8460. The command line "
	 "goes before it."},

	{"completion", NULL, "bash|zsh|fish", NULL, cli_completion, NULL, 0, "print completion for a shell",
	 "  source <(trawl completion bash)"},
	{"version", NULL, NULL, NULL, cli_version, NULL, CLI_OUT, "print the version", NULL},
	{"help", NULL, "[NOUN] [VERB]", help_options, cli_help, NULL, 0, "explain a noun or a verb", NULL},
	{NULL},
};
/* clang-format on */
