-- Which incidents have which words: what a search looks into (docs/decisions/search.md).

CREATE TABLE search_word (
  word        BYTES NOT NULL,              -- a letter for where it stands, then the word as it is compared, UTF-8
  block       BIGINT NOT NULL,             -- the incidents from 4096 times this on, 4096 of them
  incidents   BYTES NOT NULL,              -- which of them have it, see store/search.c
  PRIMARY KEY (word, block)
);

-- What the words above were taken from: an incident that has more by now is read again.
CREATE TABLE search_incident (
  incident_id BIGINT PRIMARY KEY REFERENCES incident (id),
  original_id BIGINT NOT NULL,             -- 0: none
  first_hand  BIGINT NOT NULL,
  report_count BIGINT NOT NULL,
  whole       BIGINT NOT NULL              -- 0: it has more words than are kept
);
