-- Single sign-on: who says for us who somebody is, whom they know, and log-ins that wait for them.

CREATE TABLE identity_provider (
  id          IDENTITY,
  name        TEXT NOT NULL,               -- as the log-in page has it
  kind        TEXT NOT NULL,               -- oidc ldap
  enabled     BIGINT NOT NULL,
  only_way    BIGINT NOT NULL,             -- 1: nobody but administrators logs in by a passphrase of Trawl's
  config      TEXT NOT NULL,               -- JSON, as the kind defines it; no secrets
  secret      BYTES,                       -- sealed JSON; only the worker can open it
  secret_names TEXT NOT NULL DEFAULT '[]', -- JSON array: the members of it, which anybody may know
  metadata    TEXT NOT NULL DEFAULT '{}',  -- JSON: what the provider says of itself, and when it was asked
  state       TEXT NOT NULL DEFAULT '{}',  -- JSON: last_ok_at, last_error, last_error_at
  created_at  BIGINT NOT NULL,
  revision    BIGINT NOT NULL,
  deleted_at  BIGINT
);
CREATE UNIQUE INDEX identity_provider_name ON identity_provider (name) WHERE deleted_at IS NULL;

-- Whom a provider means: issuer and subject never change, names and addresses do.
CREATE TABLE user_identity (
  id          IDENTITY,
  user_id     BIGINT NOT NULL REFERENCES user_account (id),
  provider_id BIGINT NOT NULL REFERENCES identity_provider (id),
  issuer      TEXT NOT NULL,
  subject     TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  last_login_at BIGINT,
  UNIQUE (issuer, subject)
);
CREATE INDEX user_identity_user ON user_identity (user_id, id);

-- A log-in that the worker asks a provider about. What it takes along is sealed, and gone when it is taken.
CREATE TABLE sign_on (
  id          IDENTITY,
  provider_id BIGINT NOT NULL REFERENCES identity_provider (id),
  token_hash  TEXT NOT NULL UNIQUE,        -- of what the browser kept meanwhile: it counts once
  sealed      BYTES,                       -- JSON for the worker: code and verifier, or name and passphrase
  result      TEXT,                        -- JSON for the web role: who it is, or why not
  created_at  BIGINT NOT NULL
);
CREATE INDEX sign_on_created ON sign_on (created_at);

-- By which provider a session was begun; NULL: by a passphrase of ours.
ALTER TABLE user_session ADD COLUMN provider_id BIGINT REFERENCES identity_provider (id);
