-- People: who may log in, what they may do, and where they are logged in.

-- A role is a set of permissions, whose names are those of the scopes of API keys.
CREATE TABLE role (
  id          IDENTITY,
  name        TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  permissions TEXT NOT NULL,               -- JSON array
  built_in    BIGINT NOT NULL,             -- 1: came with Trawl and stays as it is
  revision    BIGINT NOT NULL
);
INSERT INTO role (name, description, permissions, built_in, revision) VALUES
  ('viewer', 'Sees everything but what messages say', '["read"]', 1, 0),
  ('analyst', 'Reads messages and judges incidents', '["read","content","triage"]', 1, 0),
  ('responder', 'An analyst who may pull mail and put it back', '["read","content","triage","respond"]', 1, 0),
  ('administrator', 'Everything', '["admin"]', 1, 0);

CREATE TABLE user_account (
  id          IDENTITY,
  name        TEXT NOT NULL,               -- what is typed to log in; in lower case
  display_name TEXT,
  email       TEXT,
  role_id     BIGINT NOT NULL REFERENCES role (id),
  password    TEXT,                        -- argon2id, with its parameters; NULL: cannot log in by one
  enabled     BIGINT NOT NULL,
  failures    BIGINT NOT NULL DEFAULT 0,   -- wrong passwords since the last right one
  locked_until BIGINT,
  created_at  BIGINT NOT NULL,
  last_login_at BIGINT,
  revision    BIGINT NOT NULL,
  deleted_at  BIGINT
);
CREATE UNIQUE INDEX user_account_name ON user_account (name) WHERE deleted_at IS NULL;

CREATE TABLE user_session (
  id          IDENTITY,
  user_id     BIGINT NOT NULL REFERENCES user_account (id),
  token_hash  TEXT NOT NULL UNIQUE,        -- BLAKE2b-256 of the cookie, hex
  created_at  BIGINT NOT NULL,
  seen_at     BIGINT NOT NULL,             -- to the minute
  expires_at  BIGINT NOT NULL,             -- whatever happens
  address     TEXT NOT NULL,
  agent       TEXT NOT NULL,               -- what the browser calls itself
  ended_at    BIGINT
);
CREATE INDEX user_session_user ON user_session (user_id, id);
