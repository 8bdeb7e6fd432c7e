-- What became of the polls of each source, for two days: what its page draws.

CREATE TABLE source_poll (
  source_id   BIGINT NOT NULL REFERENCES source (id),
  at          BIGINT NOT NULL,             -- when it began
  took        BIGINT NOT NULL,             -- microseconds
  found       BIGINT NOT NULL,             -- reports
  error_code  TEXT,                        -- NULL: it succeeded
  error       TEXT,                        -- in words for a mail administrator
  PRIMARY KEY (source_id, at)
);
