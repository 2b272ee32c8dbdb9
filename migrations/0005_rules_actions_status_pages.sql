-- Rulesets complete (keys, severity, quiet resolve, edges), actions with outcomes, status pages, what conditions look at.

ALTER TABLE rulesets
  -- A template; NULL: the source's own key.
  ADD COLUMN incident_key text,
  ADD COLUMN severity text,
  ADD COLUMN priority text,
  -- Seconds without a matching occurrence; NULL switches the timer off.
  ADD COLUMN quiet_resolve integer;

ALTER TABLE incidents
  ADD COLUMN severity text,
  ADD COLUMN priority text,
  ADD COLUMN quiet_resolve integer,
  -- The occurrence that made a state-change ruleset's conditions false: its workflow is to resolve the incident.
  ADD COLUMN clearing_event_id uuid,
  ADD COLUMN clearing_since timestamptz;
CREATE INDEX incidents_to_clear ON incidents (clearing_since) WHERE clearing_since IS NOT NULL AND status <> 'resolved';

-- A schedule is its team's: what is assigned to it is assigned to the team.
DROP INDEX incidents_assigned_elsewhere;
CREATE INDEX incidents_assigned_elsewhere ON incidents USING gin (
  (jsonb_path_query_array(lifecycle, '$.assignees[*] ? (@.type == "team" || @.type == "schedule").id') - team_id::text)
) WHERE (jsonb_path_query_array(lifecycle, '$.assignees[*] ? (@.type == "team" || @.type == "schedule").id') - team_id::text) <> '[]';

ALTER TABLE events
  -- Of the request's query.
  ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
  -- {name: value}, names in lower case, without what may hold a secret.
  ADD COLUMN headers jsonb NOT NULL DEFAULT '{}',
  -- How many of our own actions lie between this event and one from outside.
  ADD COLUMN hops smallint NOT NULL DEFAULT 0;

-- An event may hold several occurrences, and end an incident as well as open one.
ALTER TABLE event_matches
  ADD COLUMN occurrence smallint NOT NULL DEFAULT 0,
  DROP CONSTRAINT event_matches_pkey,
  ADD PRIMARY KEY (event_id, ruleset_id, occurrence),
  DROP CONSTRAINT event_matches_outcome_check,
  ADD CONSTRAINT event_matches_outcome_check CHECK (outcome IN ('opened', 'joined', 'resolved'));

-- What a ruleset does when it fires, and what callers asked of an incident: one row for each thing to run.
CREATE TABLE action_definitions (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  -- The action as its caller knows it; one with several targets has a row for each.
  action_id uuid NOT NULL,
  ruleset_id uuid REFERENCES rulesets,
  incident_id uuid REFERENCES incidents DEFERRABLE INITIALLY DEFERRED,
  position smallint NOT NULL,
  type text NOT NULL CHECK (type IN ('trigger-alerts', 'trigger-webhook', 'trigger-statuspage-update')),
  -- A list of settings as the API shows them: header values are not among them.
  settings jsonb NOT NULL,
  -- {name: value} as JSON, AES-256-GCM under SECRET_KEY with this row's id.
  headers bytea,
  -- SHA-256 of type and settings: says whether an incident has had this action already.
  digest bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Stays for runs that are under way.
  deleted_at timestamptz,
  CHECK ((ruleset_id IS NULL) <> (incident_id IS NULL))
);
CREATE INDEX action_definitions_by_ruleset ON action_definitions (ruleset_id, position) WHERE deleted_at IS NULL;
CREATE INDEX action_definitions_by_incident ON action_definitions (incident_id) WHERE incident_id IS NOT NULL;

ALTER TABLE actions
  ADD COLUMN definition_id uuid REFERENCES action_definitions,
  -- As its definition was when it ran.
  ADD COLUMN headers bytea,
  ADD COLUMN digest bytea,
  ADD COLUMN attempts smallint NOT NULL DEFAULT 0,
  -- NULL: still to do; that of a subscription is its delivery's.
  ADD COLUMN outcome text CHECK (outcome IN ('succeeded', 'failed')),
  ADD COLUMN error_code text,
  ADD COLUMN error text,
  ADD COLUMN status_code integer,
  ADD COLUMN finished_at timestamptz;
UPDATE actions SET
  outcome = CASE WHEN settings->>'subscriptionId' IS NULL THEN 'succeeded' END,
  finished_at = CASE WHEN settings->>'subscriptionId' IS NULL THEN at END,
  settings = CASE WHEN settings->>'subscriptionId' IS NULL THEN '[]'
    ELSE jsonb_build_array(jsonb_build_object('subscription_id', settings->>'subscriptionId')) END;
-- Runs whose workflow is gone have nobody else to end them: housekeeping does.
CREATE INDEX actions_under_way ON actions (at)
  WHERE outcome IS NULL AND type <> 'trigger-alerts' AND settings->0->>'subscription_id' IS NULL;

CREATE TABLE status_pages (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE INDEX status_pages_by_organisation ON status_pages (organisation_id, id) WHERE deleted_at IS NULL;

CREATE TABLE status_page_components (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  status_page_id uuid NOT NULL REFERENCES status_pages,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE INDEX status_page_components_by_page ON status_page_components (status_page_id, id) WHERE deleted_at IS NULL;

-- Incidents that a component suffers from. Its status is read from those that are open, so a resolve needs no write.
CREATE TABLE component_incidents (
  organisation_id uuid NOT NULL,
  component_id uuid NOT NULL REFERENCES status_page_components,
  incident_id uuid NOT NULL REFERENCES incidents,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (component_id, incident_id)
);
-- From the open incidents of an organisation to what suffers from them: past ones, of whom there are ever more, are not read.
CREATE INDEX component_incidents_by_incident ON component_incidents (incident_id);
