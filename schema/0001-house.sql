-- The house: everything that one report touches on its way.
--
-- Times are microseconds since 1970 UTC, booleans 0 or 1, enums their names as in DESIGN/model, JSON is text.
-- IDENTITY and BYTES are the two words that db/migrate.c replaces for each database.
-- `revision` is the seq of the audit record that last changed the row: it is the ETag, and what changed_since compares.

CREATE TABLE setting (
  name        TEXT PRIMARY KEY,
  value       TEXT NOT NULL
);

-- Who runs: one row a role process. A row that is not seen for 90 s is dead.
CREATE TABLE node (
  id          TEXT PRIMARY KEY,            -- "<host>/<role>/<pid>/<start>"
  role        TEXT NOT NULL,
  host        TEXT NOT NULL,
  started_at  BIGINT NOT NULL,
  seen_at     BIGINT NOT NULL,
  detail      TEXT NOT NULL                -- JSON: version, memory, sandbox
);

CREATE TABLE api_key (
  id          IDENTITY,
  name        TEXT NOT NULL,
  prefix      TEXT NOT NULL UNIQUE,        -- the public part, to find the row
  hash        TEXT NOT NULL,               -- BLAKE2b-256 of the whole key, hex
  scopes      TEXT NOT NULL,               -- JSON array of scope names
  created_by  TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  expires_at  BIGINT,                      -- NULL: never
  last_used_at BIGINT,
  revoked_at  BIGINT,
  revision    BIGINT NOT NULL
);

CREATE TABLE idempotency (
  api_key_id  BIGINT NOT NULL,
  idempotency_key TEXT NOT NULL,
  request     TEXT NOT NULL,               -- SHA-256 of method, path and body
  status      BIGINT NOT NULL,
  headers     TEXT NOT NULL,               -- JSON
  body        TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  PRIMARY KEY (api_key_id, idempotency_key)
);

-- The audit chain: every change of state, written in the transaction that makes the change.
CREATE TABLE audit (
  seq         BIGINT PRIMARY KEY,          -- 1, 2, 3 … in commit order, without a gap
  at          BIGINT NOT NULL,
  actor       TEXT NOT NULL,               -- "key:NAME", "worker", "rule:NAME", "setup"
  action      TEXT NOT NULL,               -- "incident.open", "copy.moved", …
  object_kind TEXT NOT NULL,               -- "incident", "source", …
  object_id   BIGINT NOT NULL,
  incident_id BIGINT,                      -- what makes it appear in an incident's activity
  detail      TEXT NOT NULL,               -- JSON
  hash        TEXT NOT NULL                -- SHA-256 over the previous hash and this row, hex
);
CREATE INDEX audit_incident ON audit (incident_id, seq) WHERE incident_id IS NOT NULL;
CREATE INDEX audit_object ON audit (object_kind, object_id, seq);

CREATE TABLE mail_server (
  id          IDENTITY,
  name        TEXT NOT NULL,
  kind        TEXT NOT NULL,               -- maildir imap …
  config      TEXT NOT NULL,               -- JSON, as the kind defines it; no secrets
  secret      BYTES,                       -- sealed JSON; only the worker can open it
  secret_names TEXT NOT NULL DEFAULT '[]', -- JSON array: the members of it, which anybody may know
  created_at  BIGINT NOT NULL,
  revision    BIGINT NOT NULL,
  state       TEXT NOT NULL,               -- JSON: last_ok_at, last_error, last_error_at, breaker
  deleted_at  BIGINT
);
CREATE UNIQUE INDEX mail_server_name ON mail_server (name) WHERE deleted_at IS NULL;

CREATE TABLE source (
  id          IDENTITY,
  name        TEXT NOT NULL,
  type        TEXT NOT NULL,               -- abuse_mailbox_monitor
  description TEXT NOT NULL,
  enabled     BIGINT NOT NULL,
  link_events BIGINT NOT NULL,
  mail_server_id BIGINT NOT NULL REFERENCES mail_server (id),
  mailbox     TEXT NOT NULL,               -- SMTP address
  folder      TEXT NOT NULL,
  post_process TEXT NOT NULL,              -- none delete move
  destination_folder TEXT,
  polling_interval BIGINT NOT NULL,        -- minutes, 1 to 60
  accepted_domains TEXT NOT NULL,          -- JSON array: whose reports are believed
  trusted_hosts TEXT NOT NULL,             -- JSON array: whose Authentication-Results and Received are believed
  created_at  BIGINT NOT NULL,
  revision    BIGINT NOT NULL,
  deleted_at  BIGINT,
  -- state, changed by polling; not part of the revision
  cursor      TEXT,                        -- as the kind of mail server defines it
  last_poll_at BIGINT,
  last_success_at BIGINT,
  last_error  TEXT,                        -- in words for a mail administrator
  last_error_code TEXT,
  last_found  BIGINT NOT NULL DEFAULT 0,   -- reports found by the last poll
  total_found BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX source_name ON source (name) WHERE deleted_at IS NULL;

-- Raw messages by content. The bytes are in files; `content` is used where nodes share them by the database.
CREATE TABLE raw_message (
  sha256      TEXT PRIMARY KEY,
  size        BIGINT NOT NULL,
  stored_at   BIGINT NOT NULL,
  content     BYTES
);

CREATE TABLE report (
  id          IDENTITY,
  source_id   BIGINT NOT NULL REFERENCES source (id),
  epoch       TEXT NOT NULL,               -- UIDVALIDITY or what stands for it
  server_uid  TEXT NOT NULL,               -- the server's id of the message within the epoch
  sha256      TEXT REFERENCES raw_message (sha256), -- NULL: gone before it could be fetched
  received_at BIGINT NOT NULL,             -- by the mail server
  found_at    BIGINT NOT NULL,             -- by Trawl
  state       TEXT NOT NULL,               -- new done unparsed gone
  reads       BIGINT NOT NULL DEFAULT 0,   -- readings begun: a message that kills readers is parked by this
  form        TEXT,                        -- rfc822 inline none notice bounce auto_reply …
  reporter    TEXT,                        -- address
  reporter_name TEXT,
  trusted     BIGINT NOT NULL DEFAULT 0,
  trust_reason TEXT,
  subject     TEXT,
  message_id  TEXT,                        -- of the report itself
  post_process TEXT NOT NULL,              -- none pending done gone failed
  post_process_detail TEXT,
  located     TEXT,                        -- found not_found mailbox_not_found could_not_look not_needed
  revision    BIGINT NOT NULL,
  UNIQUE (source_id, epoch, server_uid)
);
CREATE INDEX report_source ON report (source_id, id);
CREATE INDEX report_state ON report (state, id);
CREATE INDEX report_trusted ON report (trusted, id);
CREATE INDEX report_revision ON report (revision, id);
CREATE INDEX report_reporter ON report (reporter, id);
CREATE INDEX report_sha256 ON report (sha256);

-- A distinct original message. First-hand ones are told apart by content, claimed ones by what is claimed.
CREATE TABLE original (
  id          IDENTITY,
  message_id  TEXT NOT NULL,               -- without brackets; "" when it has none
  fingerprint TEXT NOT NULL,               -- of the content; "" when only claimed
  first_hand  BIGINT NOT NULL,
  sha256      TEXT REFERENCES raw_message (sha256), -- first-hand bytes
  subject     TEXT,
  sender      TEXT,
  sent_at     BIGINT,
  breakdown   BYTES NOT NULL,              -- zstd of the JSON document
  created_at  BIGINT NOT NULL
);
CREATE INDEX original_message_id ON original (message_id);
CREATE INDEX original_fingerprint ON original (fingerprint) WHERE fingerprint <> '';

CREATE TABLE incident (
  id          IDENTITY,
  state       TEXT NOT NULL,               -- open closed
  kind        TEXT NOT NULL,               -- reported_mail not_a_report unparsed
  link_key    TEXT,                        -- the original's Message-ID; NULL: never joined by another report
  original_id BIGINT REFERENCES original (id),
  title       TEXT NOT NULL,
  title_folded TEXT NOT NULL,              -- as it is searched: without case
  severity    TEXT NOT NULL,
  disposition TEXT NOT NULL,
  sub_disposition TEXT,
  close_reason TEXT,
  assignee    TEXT,
  opened_at   BIGINT NOT NULL,
  closed_at   BIGINT,
  updated_at  BIGINT NOT NULL,
  report_count BIGINT NOT NULL DEFAULT 0,
  alert_count BIGINT NOT NULL DEFAULT 0,
  open_alert_count BIGINT NOT NULL DEFAULT 0,
  findings    TEXT NOT NULL DEFAULT '[]',  -- JSON array of findings about the incident itself
  revision    BIGINT NOT NULL
);
CREATE INDEX incident_link_key ON incident (link_key) WHERE link_key IS NOT NULL;
CREATE INDEX incident_state ON incident (state, id);
CREATE INDEX incident_severity ON incident (severity, id);
CREATE INDEX incident_kind ON incident (kind, id);
CREATE INDEX incident_original ON incident (original_id) WHERE original_id IS NOT NULL;
CREATE INDEX incident_disposition ON incident (disposition, id);
CREATE INDEX incident_revision ON incident (revision, id);
CREATE INDEX incident_assignee ON incident (assignee, id) WHERE assignee IS NOT NULL;

CREATE TABLE alert (
  id          IDENTITY,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  source_id   BIGINT NOT NULL REFERENCES source (id),
  report_id   BIGINT NOT NULL REFERENCES report (id),   -- the report that raised it
  original_id BIGINT REFERENCES original (id),
  recipient   TEXT NOT NULL,               -- address in compare form
  role        TEXT NOT NULL,               -- to cc bcc reporter
  message_id  TEXT NOT NULL,               -- of the original; with recipient, what ties alerts across sources
  state       TEXT NOT NULL,               -- open closed
  severity    TEXT NOT NULL,
  disposition TEXT NOT NULL,
  close_reason TEXT,
  trusted     BIGINT NOT NULL,
  opened_at   BIGINT NOT NULL,
  closed_at   BIGINT,
  revision    BIGINT NOT NULL
);
-- One open alert for a recipient of an incident and source, however many report it.
CREATE UNIQUE INDEX alert_open ON alert (incident_id, source_id, recipient) WHERE state = 'open';
CREATE INDEX alert_recipient ON alert (recipient, incident_id);
CREATE INDEX alert_message_id ON alert (message_id, id);
CREATE INDEX alert_source ON alert (source_id, id);
CREATE INDEX alert_state ON alert (state, id);
CREATE INDEX alert_revision ON alert (revision, id);
CREATE INDEX alert_incident ON alert (incident_id, id);

-- Every report that stands behind an alert, its first one included.
CREATE TABLE alert_report (
  alert_id    BIGINT NOT NULL REFERENCES alert (id),
  report_id   BIGINT NOT NULL REFERENCES report (id),
  PRIMARY KEY (alert_id, report_id)
);
CREATE INDEX alert_report_report ON alert_report (report_id);

-- What a report was about; one row an incident it joined (a report can carry several originals).
CREATE TABLE report_incident (
  report_id   BIGINT NOT NULL REFERENCES report (id),
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  original_id BIGINT REFERENCES original (id),
  PRIMARY KEY (report_id, incident_id)
);
CREATE INDEX report_incident_incident ON report_incident (incident_id, report_id);

-- From which sources an incident has reports: derived from report_incident, so that a list of one source needs no search.
CREATE TABLE incident_source (
  source_id   BIGINT NOT NULL REFERENCES source (id),
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  PRIMARY KEY (source_id, incident_id)
);

CREATE TABLE response (
  id          IDENTITY,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  kind        TEXT NOT NULL,               -- quarantine restore
  of_response_id BIGINT REFERENCES response (id), -- what a restore undoes; NULL: everything of the incident
  state       TEXT NOT NULL,               -- planned running done cancelled
  requested_by TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  finished_at BIGINT,
  comment     TEXT,
  counts      TEXT NOT NULL DEFAULT '{}',  -- JSON: status -> rows
  revision    BIGINT NOT NULL
);
CREATE INDEX response_incident ON response (incident_id, id);
CREATE INDEX response_revision ON response (revision, id);

-- The ledger: one row a copy (or a mailbox in which none was found). A restore writes into the rows it undoes.
CREATE TABLE quarantine_result (
  id          IDENTITY,
  response_id BIGINT NOT NULL REFERENCES response (id),
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  original_id BIGINT NOT NULL REFERENCES original (id),
  alert_id    BIGINT REFERENCES alert (id),
  mail_server_id BIGINT REFERENCES mail_server (id),
  mailbox     TEXT NOT NULL,               -- whose copy
  found_how   TEXT NOT NULL,               -- recipient list_member forward
  status      TEXT NOT NULL,               -- pending success not_attempted message_not_found … (model/quarantine.h)
  reason      TEXT,                        -- one sentence for a person
  step        TEXT NOT NULL,               -- planned found storing stored removing moved, then for the undo: returning returned clearing restored
  was_read    BIGINT,                      -- 1 read, 0 unread, NULL unknown
  -- what the copy was, remembered before it is touched
  folder      TEXT,
  epoch       TEXT,
  server_uid  TEXT,
  flags       TEXT,                        -- JSON array
  received_at BIGINT,
  size        BIGINT,
  sha256      TEXT,                        -- of this copy's bytes
  -- where it is now
  quarantine_server_id BIGINT,
  quarantine_mailbox TEXT,
  quarantine_folder TEXT,
  quarantine_epoch TEXT,
  quarantine_uid TEXT,
  mark        TEXT,                        -- what the folder held before our write: finds a write whose answer was lost
  -- the undo
  restore_response_id BIGINT REFERENCES response (id),
  restore_status TEXT,                     -- NULL: not asked; otherwise as status
  restore_reason TEXT,
  restored_epoch TEXT,
  restored_uid TEXT,
  updated_at  BIGINT NOT NULL,
  revision    BIGINT NOT NULL
);
CREATE INDEX quarantine_result_response ON quarantine_result (response_id, id);
CREATE INDEX quarantine_result_restore ON quarantine_result (restore_response_id, id) WHERE restore_response_id IS NOT NULL;
CREATE INDEX quarantine_result_incident ON quarantine_result (incident_id, id);
CREATE INDEX quarantine_result_mailbox ON quarantine_result (incident_id, mailbox);
CREATE INDEX quarantine_result_revision ON quarantine_result (revision, id);
-- A message in the quarantine belongs to one row: whoever claims it second is not its owner.
CREATE UNIQUE INDEX quarantine_result_place ON quarantine_result
  (quarantine_server_id, quarantine_mailbox, quarantine_folder, quarantine_epoch, quarantine_uid)
  WHERE quarantine_uid IS NOT NULL;
-- Two incidents may be about one message: the row that ends second must see that the first has moved it.
CREATE INDEX quarantine_result_source ON quarantine_result (mail_server_id, mailbox, folder, epoch, server_uid)
  WHERE step IN ('moved', 'returning', 'returned', 'clearing', 'restored');
-- Is a response over? Asked at the end of each row.
CREATE INDEX quarantine_result_status ON quarantine_result (response_id, status);
CREATE INDEX quarantine_result_undo_status ON quarantine_result (restore_response_id, restore_status) WHERE restore_response_id IS NOT NULL;

CREATE TABLE job (
  id          IDENTITY,
  kind        TEXT NOT NULL,               -- source.poll report.process report.postprocess response.run …
  unique_key  TEXT,                        -- at most one live job has it
  lane        TEXT NOT NULL,               -- "server:3": how many of a lane run at once is limited
  priority    BIGINT NOT NULL,             -- lower first
  state       TEXT NOT NULL,               -- ready running done parked cancelled
  run_at      BIGINT NOT NULL,             -- not before
  payload     TEXT NOT NULL,               -- JSON
  attempts    BIGINT NOT NULL DEFAULT 0,   -- failed ones since the last success
  lease_owner TEXT,                        -- node id
  lease_until BIGINT,
  fence       BIGINT NOT NULL DEFAULT 0,   -- grows with each claim; a late worker's token is too small
  last_error  TEXT,
  last_error_code TEXT,
  result      TEXT,                        -- JSON, of a job that somebody waits for
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX job_unique_key ON job (unique_key) WHERE unique_key IS NOT NULL AND state IN ('ready', 'running', 'parked');
CREATE INDEX job_ready ON job (priority, run_at, id, lane) WHERE state = 'ready';
CREATE INDEX job_run_at ON job (run_at) WHERE state = 'ready';
CREATE INDEX job_running ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_done ON job (updated_at) WHERE state IN ('done', 'cancelled');
