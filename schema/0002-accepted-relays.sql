-- Who may say that somebody else than the sender reported a message.

-- JSON array of hosts ("relay.vendor.example", ".vendor.example", an IP address) and senders ("reports@vendor.example",
-- "@vendor.example"): a report from one of them may name its reporter in a field. Nobody may at first.
ALTER TABLE source ADD COLUMN accepted_relays TEXT NOT NULL DEFAULT '[]';
