-- Teams: who sees what came from which sources, and who works on it (docs/decisions/teams.md).

CREATE TABLE team (
  id          IDENTITY,
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  revision    BIGINT NOT NULL,
  deleted_at  BIGINT                       -- closed incidents still name it
);
CREATE UNIQUE INDEX team_name ON team (name) WHERE deleted_at IS NULL;

-- A member is an API key's number, or minus a user's: one number for whoever looks.
CREATE TABLE team_member (
  team_id     BIGINT NOT NULL REFERENCES team (id),
  member_id   BIGINT NOT NULL,
  PRIMARY KEY (team_id, member_id)
);
CREATE INDEX team_member_member ON team_member (member_id, team_id);

CREATE TABLE team_source (
  team_id     BIGINT NOT NULL REFERENCES team (id),
  source_id   BIGINT NOT NULL REFERENCES source (id),
  PRIMARY KEY (team_id, source_id)
);
CREATE INDEX team_source_source ON team_source (source_id);

-- What somebody sees: everything, or what their teams do. Its revision is that of the change that last made it more or less.
ALTER TABLE user_account ADD COLUMN sight TEXT NOT NULL DEFAULT 'everything'; -- everything teams
ALTER TABLE user_account ADD COLUMN sight_revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN sight TEXT NOT NULL DEFAULT 'everything';
ALTER TABLE api_key ADD COLUMN sight_revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN owner_id BIGINT REFERENCES user_account (id);  -- whose it is: it can and sees no more than they do

-- Whose work an incident is: a person's, a team's, or both. A name may be given again, so the person counts by number.
ALTER TABLE incident ADD COLUMN team_id BIGINT REFERENCES team (id);
ALTER TABLE incident ADD COLUMN assignee_id BIGINT;                           -- as a member's; NULL: nobody who is there
UPDATE incident SET assignee_id = (SELECT 0 - id FROM user_account WHERE name = assignee AND deleted_at IS NULL)
  WHERE assignee IS NOT NULL;
CREATE INDEX incident_team ON incident (team_id, id) WHERE team_id IS NOT NULL;
CREATE INDEX incident_assignee_id ON incident (assignee_id, id) WHERE assignee_id IS NOT NULL;
CREATE INDEX incident_source_incident ON incident_source (incident_id, source_id);

-- Whose an incident was until a revision: it may have to leave the lists that they keep.
CREATE TABLE incident_handed_on (
  incident_id BIGINT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
  member_id   BIGINT,                      -- one of the two
  team_id     BIGINT,
  revision    BIGINT NOT NULL
);
CREATE INDEX incident_handed_on_revision ON incident_handed_on (revision);
CREATE INDEX incident_handed_on_incident ON incident_handed_on (incident_id);
