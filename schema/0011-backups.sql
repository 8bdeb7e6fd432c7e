-- Backups that the daemon made, into backups/ of its data directory.

CREATE TABLE backup (
  id          IDENTITY,
  file        TEXT NOT NULL UNIQUE,        -- its name there
  state       TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  error       TEXT,                        -- why it failed, in words
  size        BIGINT NOT NULL,             -- of the file, bytes
  files       BIGINT NOT NULL,             -- in it
  bytes       BIGINT NOT NULL,             -- in it, before compression
  audit_seq   BIGINT NOT NULL,             -- the newest record of the audit log in it
  sha256      TEXT,                        -- over what is in it, as its manifest says
  started_at  BIGINT NOT NULL,
  finished_at BIGINT NOT NULL              -- 0: not yet
);
