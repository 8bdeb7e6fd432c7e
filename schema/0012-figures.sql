-- What is counted about reporters and incidents, kept beside them so that nobody has to count again (store/figures.c).

CREATE TABLE reporter (
  id          IDENTITY,
  address     TEXT NOT NULL UNIQUE,
  name        TEXT,                        -- as the last report that has one says
  stale       BIGINT NOT NULL,             -- 1: something has changed, count again
  reports     BIGINT NOT NULL DEFAULT 0,
  trusted     BIGINT NOT NULL DEFAULT 0,   -- of them, borne out
  right_count BIGINT NOT NULL DEFAULT 0,   -- incidents that were what one should report
  nuisance_count BIGINT NOT NULL DEFAULT 0, -- spam, bulk
  wrong_count BIGINT NOT NULL DEFAULT 0,   -- harmless
  open_count  BIGINT NOT NULL DEFAULT 0,   -- nobody has said yet
  first_at    BIGINT NOT NULL DEFAULT 0,
  last_at     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX reporter_stale ON reporter (id) WHERE stale = 1;
CREATE INDEX reporter_reports ON reporter (reports, id);
CREATE INDEX reporter_right ON reporter (right_count, id);
CREATE INDEX reporter_wrong ON reporter (wrong_count, id);
CREATE INDEX reporter_last ON reporter (last_at, id);

-- When the first of each happened to an incident; NULL: not yet.
CREATE TABLE incident_times (
  incident_id BIGINT PRIMARY KEY REFERENCES incident (id),
  opened_at   BIGINT NOT NULL,
  looked_at   BIGINT,                      -- somebody read the message, or judged without
  judged_at   BIGINT,                      -- somebody gave a verdict, or closed it
  pulled_at   BIGINT                       -- a pull was asked for
);
CREATE INDEX incident_times_opened ON incident_times (opened_at);
CREATE INDEX report_found ON report (found_at, source_id);
