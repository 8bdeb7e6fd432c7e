-- Which incident needs a person first: worked out by store/need.c whenever something changes that it depends on.

ALTER TABLE incident ADD COLUMN need BIGINT NOT NULL DEFAULT 0;            -- the sum of its reasons' weights; 0 when closed
ALTER TABLE incident ADD COLUMN need_reasons TEXT NOT NULL DEFAULT '[]';   -- JSON array of their codes, the weightiest first
-- When waiting longer makes another sum. 0: not worked out yet; what is open then is worked out by the worker soon, some rows at
-- a time (store/need.h), so that a migration of many incidents does not keep the installation from starting.
ALTER TABLE incident ADD COLUMN need_due_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN waiting_since BIGINT NOT NULL DEFAULT 0;   -- when it was opened, or opened again
UPDATE incident SET waiting_since = opened_at;

CREATE INDEX incident_need ON incident (state, need, id);
CREATE INDEX incident_need_due ON incident (need_due_at) WHERE state = 'open';
