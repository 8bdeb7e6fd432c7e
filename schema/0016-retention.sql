-- How long Trawl keeps what it holds, and what stays of what is removed (store/retention.h, store/removal.h).

-- The messages of an incident, and what was read in them, are gone: its rows still say who reported what to whom.
ALTER TABLE incident ADD COLUMN content_removed_at BIGINT;          -- NULL: never. Older than closed_at: it has content again
ALTER TABLE original ADD COLUMN content_removed_at BIGINT;          -- then sha256 is NULL and the breakdown says nothing
ALTER TABLE report ADD COLUMN removed_sha256 TEXT;                  -- of bytes that are gone; then sha256 is NULL
ALTER TABLE quarantine_result ADD COLUMN bytes_removed_at BIGINT;   -- the copy's bytes are gone: it cannot be put back
CREATE INDEX report_removed_sha256 ON report (removed_sha256) WHERE removed_sha256 IS NOT NULL;

-- What a kept answer tells of, so that it follows what becomes of it.
ALTER TABLE idempotency ADD COLUMN location TEXT;                   -- "/v1/comments/7"; NULL: nothing was made
CREATE INDEX idempotency_location ON idempotency (location) WHERE location IS NOT NULL;
CREATE INDEX idempotency_created ON idempotency (created_at);

-- Nothing of these is removed.
CREATE TABLE incident_hold (
  incident_id BIGINT PRIMARY KEY REFERENCES incident (id),
  reason      TEXT NOT NULL,
  held_by     TEXT NOT NULL,               -- as the audit log names them
  held_at     BIGINT NOT NULL
);

-- That there was an incident, and what statistics count of it: no words, no addresses.
CREATE TABLE removed_incident (
  incident_id BIGINT PRIMARY KEY,
  run_id      BIGINT NOT NULL,
  removed_at  BIGINT NOT NULL,
  opened_at   BIGINT NOT NULL,
  looked_at   BIGINT,
  judged_at   BIGINT,
  pulled_at   BIGINT,
  disposition TEXT NOT NULL,
  kind        TEXT NOT NULL
);
CREATE INDEX removed_incident_opened ON removed_incident (opened_at);
CREATE TABLE removed_incident_source (
  source_id   BIGINT NOT NULL REFERENCES source (id),
  incident_id BIGINT NOT NULL REFERENCES removed_incident (incident_id),
  PRIMARY KEY (source_id, incident_id)
);

-- Where a report was that is gone: its message may lie there still, and is not reported a second time.
CREATE TABLE removed_report (
  source_id   BIGINT NOT NULL REFERENCES source (id),
  epoch       TEXT NOT NULL,
  server_uid  TEXT NOT NULL,
  sha256      TEXT,
  received_at BIGINT NOT NULL,
  found_at    BIGINT NOT NULL,
  PRIMARY KEY (source_id, epoch, server_uid)
);
CREATE INDEX removed_report_sha256 ON removed_report (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX removed_report_found ON removed_report (found_at, source_id);

-- Raw messages that have lost somebody who named them: looked at one by one, and removed when nobody is left.
CREATE TABLE raw_removal (
  sha256      TEXT PRIMARY KEY
);

-- What was removed when.
CREATE TABLE retention_run (
  id          IDENTITY,
  state       TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  error       TEXT,
  plan        TEXT NOT NULL,               -- JSON: the periods it went by
  removed     TEXT NOT NULL DEFAULT '{}',  -- JSON: how many of what; written with each removal
  started_at  BIGINT NOT NULL,
  finished_at BIGINT NOT NULL              -- 0: not yet
);

-- Where the audit chain begins, when its oldest part was removed: one row or none.
CREATE TABLE audit_anchor (
  id          BIGINT PRIMARY KEY,          -- 1
  seq         BIGINT NOT NULL,             -- of the last record that was removed
  hash        TEXT NOT NULL,               -- of it: what the first record that is left follows
  at          BIGINT NOT NULL              -- of it
);

-- Who names a row that is about to go is found without a search.
CREATE INDEX alert_report_id ON alert (report_id);
CREATE INDEX original_sha256 ON original (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX quarantine_result_sha256 ON quarantine_result (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX quarantine_result_original ON quarantine_result (original_id);
CREATE INDEX quarantine_result_alert ON quarantine_result (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX response_of_response ON response (of_response_id) WHERE of_response_id IS NOT NULL;
CREATE INDEX user_session_expires ON user_session (expires_at);
