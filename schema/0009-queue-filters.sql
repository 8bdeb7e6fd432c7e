-- What the queue's filters look up.

CREATE INDEX report_form ON report (form) WHERE form IS NOT NULL;
CREATE INDEX incident_opened ON incident (opened_at);
CREATE INDEX incident_closed ON incident (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX quarantine_result_moved ON quarantine_result (incident_id) WHERE step = 'moved' AND status = 'success';
CREATE INDEX alert_doubted ON alert (incident_id) WHERE trusted = 0;
