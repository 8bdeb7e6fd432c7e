-- Two more roles, and second factors of people.

INSERT INTO role (name, description, permissions, built_in, revision) VALUES
  ('approver', 'A responder who may approve what others ask for', '["read","content","triage","respond","approve"]', 1, 0),
  ('auditor', 'Sees everything that was done, and not what messages say', '["read","audit"]', 1, 0);

-- The secret of the codes that a person's device shows (RFC 6238), sealed with a key that the web role alone reads.
ALTER TABLE user_account ADD COLUMN totp_secret BYTES;    -- proved by a code; NULL: logs in without one
ALTER TABLE user_account ADD COLUMN totp_offered BYTES;   -- shown to the person, not proved yet
ALTER TABLE user_account ADD COLUMN totp_step BIGINT;     -- of the last code that was taken: none is taken twice

-- What stands in for a code when the device is lost.
CREATE TABLE user_recovery_code (
  id          IDENTITY,
  user_id     BIGINT NOT NULL REFERENCES user_account (id),
  hash        TEXT NOT NULL,               -- BLAKE2b-256 of the code, hex
  used_at     BIGINT                       -- each counts once
);
CREATE INDEX user_recovery_code_user ON user_recovery_code (user_id, id);
