-- What people say to each other about an incident.

CREATE TABLE incident_comment (
  id          IDENTITY,
  incident_id BIGINT NOT NULL REFERENCES incident (id),
  author      TEXT NOT NULL,               -- as the audit log names them: "user:NAME", "key:NAME"
  author_id   BIGINT NOT NULL,             -- the key's number, or minus the user's: a name may be given again
  text        TEXT NOT NULL,               -- plain; empty when deleted
  created_at  BIGINT NOT NULL,
  edited_at   BIGINT,                      -- NULL: never
  deleted_at  BIGINT,                      -- the row stays, what it said does not
  revision    BIGINT NOT NULL
);
CREATE INDEX incident_comment_incident ON incident_comment (incident_id, id);
