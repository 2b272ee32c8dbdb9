-- A deleted ruleset stays for what it opened: incidents, matches and payloads name it.
ALTER TABLE rulesets ADD COLUMN deleted_at timestamptz;
