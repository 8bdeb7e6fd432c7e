-- What people keep for themselves about the queue.

-- A filter with a name, in the text that people type, and the columns that go with it.
CREATE TABLE saved_view (
  id          IDENTITY,
  owner_id    BIGINT NOT NULL REFERENCES user_account (id),
  name        TEXT NOT NULL,
  filter      TEXT NOT NULL,
  columns     TEXT NOT NULL,               -- JSON array of names; []: as the person has them everywhere
  shared      BIGINT NOT NULL,             -- 1: everybody sees it
  created_at  BIGINT NOT NULL,
  revision    BIGINT NOT NULL
);
CREATE UNIQUE INDEX saved_view_name ON saved_view (owner_id, name);
CREATE INDEX saved_view_shared ON saved_view (id) WHERE shared = 1;

CREATE TABLE user_preference (
  user_id     BIGINT NOT NULL REFERENCES user_account (id),
  name        TEXT NOT NULL,               -- incident_columns
  value       TEXT NOT NULL,               -- JSON
  PRIMARY KEY (user_id, name)
);
