#pragma once

/* The conditions of store/sight.h in SQL: private to store/. @viewer is the placeholder of
 * Sight.viewer. */

#define SEEN_TEAMS(viewer) "(SELECT team_id FROM team_member WHERE member_id = " viewer ")"

#define SEEN_SOURCES(viewer)                                                                       \
	"(SELECT team_source.source_id FROM team_source JOIN team_member ON "                      \
	"team_member.team_id = team_source.team_id WHERE team_member.member_id = " viewer ")"

/** Of a row of incident. */
#define SEES_INCIDENT(viewer)                                                                      \
	"(incident.assignee_id = " viewer " OR incident.team_id IN " SEEN_TEAMS(                   \
		viewer) " OR EXISTS (SELECT 1 FROM incident_source AS seen WHERE "                 \
			"seen.incident_id = incident.id AND seen.source_id IN " SEEN_SOURCES(      \
				viewer) "))"

/** Of a row that names its incident in @column. */
#define SEES_INCIDENT_OF(column, viewer)                                                           \
	"EXISTS (SELECT 1 FROM incident WHERE incident.id = " column                               \
	" AND " SEES_INCIDENT(viewer) ")"

/** The numbers of all of them. */
#define SEEN_INCIDENTS(viewer)                                                                     \
	"(SELECT incident_id FROM incident_source WHERE source_id IN " SEEN_SOURCES(               \
		viewer) " UNION SELECT id FROM incident WHERE assignee_id = " viewer               \
			" UNION SELECT id FROM incident WHERE team_id IN " SEEN_TEAMS(viewer) ")"

/** Of a row of report: it came from a source of theirs, or joined an incident that they see. */
#define SEES_REPORT(viewer)                                                                        \
	"(report.source_id IN " SEEN_SOURCES(                                                      \
		viewer) " OR EXISTS (SELECT 1 FROM report_incident JOIN incident ON "              \
			"incident.id = report_incident.incident_id WHERE "                         \
			"report_incident.report_id = report.id AND " SEES_INCIDENT(viewer) "))"

#define SEEN_REPORTS(viewer)                                                                       \
	"(SELECT id FROM report WHERE source_id IN " SEEN_SOURCES(                                 \
		viewer) " UNION SELECT report_id FROM report_incident WHERE incident_id IN "       \
			"(SELECT id FROM incident WHERE assignee_id = " viewer                     \
			" UNION SELECT id FROM incident WHERE team_id IN " SEEN_TEAMS(viewer) "))"

/** Of a row of job: polls and tests of the sources they see. */
#define SEES_JOB(viewer)                                                                           \
	"(job.kind IN ('source.poll', 'source.test') AND job.payload IN (SELECT "                  \
	"'{\"source\":' || seen.source_id || '}' FROM (SELECT source_id FROM team_source WHERE "   \
	"team_id IN " SEEN_TEAMS(viewer) ") AS seen))"

/** The people whom they see: themselves and who is in a team with them, by number. */
#define SEEN_PEOPLE(viewer)                                                                        \
	"(SELECT 0 - member_id FROM team_member WHERE member_id < 0 AND team_id IN " SEEN_TEAMS(   \
		viewer) " UNION SELECT 0 - CAST(" viewer " AS BIGINT))"
