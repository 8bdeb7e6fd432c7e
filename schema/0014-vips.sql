-- Whose mail an original is: asked each time that somebody is about to look at one while there are VIPs (setting "vips").
CREATE INDEX alert_original ON alert (original_id) WHERE original_id IS NOT NULL;
CREATE INDEX report_incident_original ON report_incident (original_id) WHERE original_id IS NOT NULL;
