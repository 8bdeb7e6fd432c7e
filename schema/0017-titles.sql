-- The words of a title are looked for in an index instead of in every row. PostgreSQL takes no key
-- of more than 2704 bytes into one, so a folded title is no longer than a title may be (500
-- characters, 2000 bytes at most).

UPDATE incident SET title_folded = substr(title_folded, 1, 500) WHERE length(title_folded) > 500;
CREATE INDEX incident_title ON incident (state, title_folded);
