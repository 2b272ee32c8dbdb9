-- Deleting webhooks, teams and members; tags and verification of webhooks; lists of incidents by time and by assignee.

-- A deleted row stays for what is past: events and incidents refer to it, and shifts and log entries keep its name.
ALTER TABLE teams ADD COLUMN deleted_at timestamptz;
ALTER TABLE members ADD COLUMN deleted_at timestamptz;
DROP INDEX members_email;
CREATE UNIQUE INDEX members_email ON members (team_id, lower(email)) WHERE deleted_at IS NULL;

ALTER TABLE webhooks
  ADD COLUMN deleted_at timestamptz,
  ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
  -- {type, username?, timestampHeader?}: what may be shown. The secret is AES-256-GCM under SECRET_KEY.
  ADD COLUMN verification jsonb,
  ADD COLUMN verification_secret bytea,
  -- Changes with the two above: an event is stored only if it was verified by the settings that stand at that moment.
  ADD COLUMN verification_version integer NOT NULL DEFAULT 0,
  ADD CHECK ((verification IS NULL) = (verification_secret IS NULL));

-- rejected: its sender could not be verified; kept, never evaluated.
ALTER TABLE events
  DROP CONSTRAINT events_status_check,
  ADD CONSTRAINT events_status_check CHECK (status IN ('pending', 'evaluated', 'failed', 'rejected'));

CREATE INDEX incidents_by_creation ON incidents (organisation_id, created_at);
-- Teams that an incident of another team is assigned to. Most are assigned to their own: those stay out of it.
CREATE INDEX incidents_assigned_elsewhere ON incidents USING gin (
  (jsonb_path_query_array(lifecycle, '$.assignees[*] ? (@.type == "team").id') - team_id::text)
) WHERE (jsonb_path_query_array(lifecycle, '$.assignees[*] ? (@.type == "team").id') - team_id::text) <> '[]';
