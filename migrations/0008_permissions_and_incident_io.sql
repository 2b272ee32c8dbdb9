-- API keys with permissions and an audit log; private incidents with members; what senders speak and how they are
-- routed; what incident.io's API keeps of an organisation and its incidents.

-- Whoever of the release before has one of these and waits for the next would meet this half-way, and one of the two would
-- be broken off: so they are taken together, or let go of.
DO $$
BEGIN
  SET LOCAL lock_timeout = '2s';
  LOOP
    BEGIN
      LOCK TABLE webhooks, api_keys, subscriptions, event_matches, incidents IN ACCESS EXCLUSIVE MODE;
      LOCK TABLE organisations, teams, members, contact_methods, notification_rules, rulesets, action_definitions,
        subscription_secrets, schedule_versions, overrides, escalation_policies, status_pages, status_page_components
        IN SHARE ROW EXCLUSIVE MODE;
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM pg_sleep(0.2);
    END;
  END LOOP;
  SET LOCAL lock_timeout TO DEFAULT;
END $$;

-- API keys ------------------------------------------------------------------------------------------------------------

ALTER TABLE api_keys
  -- domain/access/permission.ts.
  ADD COLUMN permissions text[],
  -- Whose incidents it opens where a request names no team; NULL: the organisation's default team.
  ADD COLUMN team_id uuid REFERENCES teams,
  -- Whom it acts as; NULL: itself.
  ADD COLUMN member_id uuid REFERENCES members,
  ADD COLUMN created_by jsonb,
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN last_used_at timestamptz,
  ADD COLUMN last_used_ip text,
  -- A deleted key's row stays: incidents and log entries name it.
  ADD COLUMN deleted_at timestamptz,
  ADD COLUMN rotated_at timestamptz,
  -- The key before it was last rotated is taken until then.
  ADD COLUMN previous_hash bytea UNIQUE,
  ADD COLUMN previous_expires_at timestamptz,
  ADD CHECK ((previous_hash IS NULL) = (previous_expires_at IS NULL));
-- Until now every key could do everything.
UPDATE api_keys SET permissions = ARRAY['create_incidents', 'view_data', 'view_private_incidents', 'edit_incidents',
  'manage_rulesets', 'manage_webhooks', 'manage_schedules', 'manage_settings', 'manage_keys'];
ALTER TABLE api_keys ALTER COLUMN permissions SET NOT NULL;
-- Keys of the release before, which may still be at work while this one starts.
CREATE FUNCTION permit_everything() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.permissions := ARRAY['create_incidents', 'view_data', 'view_private_incidents', 'edit_incidents',
    'manage_rulesets', 'manage_webhooks', 'manage_schedules', 'manage_settings', 'manage_keys'];
  RETURN NEW;
END $$;
CREATE TRIGGER api_keys_permit_everything BEFORE INSERT ON api_keys
  FOR EACH ROW WHEN (NEW.permissions IS NULL) EXECUTE FUNCTION permit_everything();
CREATE INDEX api_keys_to_list ON api_keys (organisation_id, id) WHERE deleted_at IS NULL;

-- Audit log -----------------------------------------------------------------------------------------------------------

CREATE TABLE audit_entries (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- Orders the list: entries of one transaction share their time.
  sequence bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  organisation_id uuid NOT NULL REFERENCES organisations,
  at timestamptz NOT NULL DEFAULT now(),
  -- {type, id, name} as in log entries; NULL: the product itself.
  agent jsonb,
  -- The key it came with, also where that acts as a member.
  api_key_id uuid,
  ip text,
  request_id text,
  action text NOT NULL CHECK (action IN ('created', 'updated', 'deleted')),
  subject_type text NOT NULL,
  subject_id text NOT NULL,
  subject_name text,
  -- The row without secrets.
  before jsonb,
  after jsonb
);
CREATE INDEX audit_entries_to_list ON audit_entries (organisation_id, sequence);
CREATE INDEX audit_entries_by_subject ON audit_entries (organisation_id, subject_id, sequence);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_entries_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Its arguments: what such a row is called; columns whose values nobody may read here, since they are secret or are
-- forgotten with the row; columns that no one configures. A change of the last alone is none. Marking a row deleted
-- deletes it. Whose change it is stands in the transaction's setting tocsin.origin (stores/audit-log.ts).
CREATE FUNCTION record_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  hidden text[] := TG_ARGV[1];
  passed_over text[] := TG_ARGV[2]::text[] || '{deleted_at}';
  old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  either jsonb := coalesce(new_row, old_row);
  shown jsonb := either - hidden;
  organisation text := either->>CASE TG_TABLE_NAME WHEN 'organisations' THEN 'id' ELSE 'organisation_id' END;
  origin jsonb := nullif(current_setting('tocsin.origin', true), '');
  secret text;
BEGIN
  IF TG_OP = 'UPDATE' AND old_row->>'deleted_at' IS NOT NULL THEN RETURN NULL; END IF;
  IF new_row->>'deleted_at' IS NOT NULL THEN new_row := NULL; END IF;
  old_row := old_row - passed_over;
  new_row := new_row - passed_over;
  IF old_row IS NOT DISTINCT FROM new_row THEN RETURN NULL; END IF;

  FOREACH secret IN ARRAY hidden LOOP
    IF new_row->>secret IS NOT NULL THEN
      new_row := jsonb_set(new_row, ARRAY[secret], to_jsonb(
        CASE WHEN old_row->>secret <> new_row->>secret THEN '[changed]' ELSE '[hidden]' END));
    END IF;
    IF old_row->>secret IS NOT NULL THEN
      old_row := jsonb_set(old_row, ARRAY[secret], '"[hidden]"');
    END IF;
  END LOOP;

  -- Who makes an organisation with the key of another one is nobody that it knows.
  IF origin->>'organisationId' <> organisation THEN
    origin := jsonb_build_object(
      'agent', jsonb_build_object('type', 'operator', 'id', NULL, 'name', 'operator'), 'requestId', origin->>'requestId');
  END IF;
  INSERT INTO audit_entries (
    organisation_id, agent, api_key_id, ip, request_id, action, subject_type, subject_id, subject_name, before, after)
  VALUES (
    organisation::uuid, origin->'agent', (origin->>'apiKeyId')::uuid, origin->>'ip', origin->>'requestId',
    CASE WHEN old_row IS NULL THEN 'created' WHEN new_row IS NULL THEN 'deleted' ELSE 'updated' END,
    TG_ARGV[0], either->>'id', coalesce(shown->>'name', shown->>'value', shown->>'type'), old_row, new_row);
  RETURN NULL;
END $$;

-- incident.io: configuration ------------------------------------------------------------------------------------------

CREATE TABLE severities (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  name text NOT NULL,
  description text NOT NULL,
  -- The higher, the more severe.
  rank integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX severities_name ON severities (organisation_id, lower(name));

CREATE TABLE custom_fields (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  name text NOT NULL,
  description text NOT NULL,
  field_type text NOT NULL CHECK (field_type IN ('single_select', 'multi_select', 'text', 'link', 'numeric')),
  required text NOT NULL DEFAULT 'never' CHECK (required IN ('never', 'before_resolution', 'always')),
  show_before_creation boolean NOT NULL DEFAULT false,
  show_before_closure boolean NOT NULL DEFAULT false,
  show_before_update boolean NOT NULL DEFAULT false,
  show_in_announcement_post boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE UNIQUE INDEX custom_fields_name ON custom_fields (organisation_id, lower(name)) WHERE deleted_at IS NULL;

CREATE TABLE custom_field_options (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  custom_field_id uuid NOT NULL REFERENCES custom_fields,
  value text NOT NULL,
  sort_key integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  -- A deleted option stays for the incidents that have it.
  deleted_at timestamptz
);
CREATE UNIQUE INDEX custom_field_options_value ON custom_field_options (custom_field_id, lower(value)) WHERE deleted_at IS NULL;

CREATE TABLE incident_roles (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  name text NOT NULL,
  description text NOT NULL,
  instructions text NOT NULL,
  shortform text NOT NULL,
  role_type text NOT NULL DEFAULT 'custom' CHECK (role_type IN ('lead', 'reporter', 'custom')),
  required boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE UNIQUE INDEX incident_roles_name ON incident_roles (organisation_id, lower(name)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX incident_roles_shortform ON incident_roles (organisation_id, lower(shortform)) WHERE deleted_at IS NULL;

CREATE TABLE incident_statuses (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  name text NOT NULL,
  description text NOT NULL,
  -- Says which of our three statuses it stands for: triage is triggered; live and paused are acknowledged; the rest are resolved.
  category text NOT NULL CHECK (category IN
    ('triage', 'live', 'paused', 'learning', 'closed', 'declined', 'merged', 'canceled')),
  rank integer NOT NULL,
  -- What an incident of this category has as long as nobody says otherwise; these are never deleted.
  is_default boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE UNIQUE INDEX incident_statuses_name ON incident_statuses (organisation_id, lower(name)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX incident_statuses_default ON incident_statuses (organisation_id, category) WHERE is_default;

CREATE TABLE incident_types (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  name text NOT NULL,
  description text NOT NULL,
  is_default boolean NOT NULL DEFAULT false,
  -- Its incidents are private from the start.
  private_incidents_only boolean NOT NULL DEFAULT false,
  create_in_triage text NOT NULL DEFAULT 'optional' CHECK (create_in_triage IN ('always', 'optional')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE UNIQUE INDEX incident_types_name ON incident_types (organisation_id, lower(name)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX incident_types_default ON incident_types (organisation_id) WHERE is_default;

-- What every organisation begins with, as its settings in incident.io would.
CREATE FUNCTION add_default_settings(organisation uuid) RETURNS void LANGUAGE sql AS $$
  INSERT INTO severities (id, organisation_id, name, description, rank) VALUES
    (gen_random_uuid(), organisation, 'Minor', 'Few are affected, and there is a way round.', 1),
    (gen_random_uuid(), organisation, 'Major', 'Many are affected, or something important does not work.', 2),
    (gen_random_uuid(), organisation, 'Critical', 'Nearly everybody is affected, or data is at risk.', 3);
  INSERT INTO incident_roles (id, organisation_id, name, description, instructions, shortform, role_type, required) VALUES
    (gen_random_uuid(), organisation, 'Incident Lead', 'Acknowledged it, or was asked to lead.', '', 'lead', 'lead', false),
    (gen_random_uuid(), organisation, 'Reporter', 'Opened the incident.', '', 'reporter', 'reporter', false);
  INSERT INTO incident_statuses (id, organisation_id, name, description, category, rank, is_default) VALUES
    (gen_random_uuid(), organisation, 'Triage', 'Nobody has answered yet.', 'triage', 1, true),
    (gen_random_uuid(), organisation, 'Investigating', 'Somebody is at work on it.', 'live', 2, true),
    (gen_random_uuid(), organisation, 'Closed', 'It is resolved.', 'closed', 3, true),
    (gen_random_uuid(), organisation, 'Merged', 'It goes on in another incident.', 'merged', 4, true);
  INSERT INTO incident_types (id, organisation_id, name, description, is_default) VALUES
    (gen_random_uuid(), organisation, 'Default', 'Any incident.', true);
$$;
SELECT add_default_settings(id) FROM organisations;
-- Whichever release makes it.
CREATE FUNCTION begin_with_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM add_default_settings(NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER settings_of_new AFTER INSERT ON organisations FOR EACH ROW EXECUTE FUNCTION begin_with_settings();

-- Incidents -----------------------------------------------------------------------------------------------------------

ALTER TABLE incidents
  -- The key that reported it; NULL: an event did.
  ADD COLUMN api_key_id uuid REFERENCES api_keys,
  -- `severity` by its row, where one has that name; follows every change of `severity`.
  ADD COLUMN severity_id uuid REFERENCES severities ON DELETE SET NULL,
  -- NULL, or of a category that does not stand for `status`: the default of that.
  ADD COLUMN incident_status_id uuid REFERENCES incident_statuses,
  -- NULL: the default type.
  ADD COLUMN incident_type_id uuid REFERENCES incident_types,
  ADD COLUMN mode text NOT NULL DEFAULT 'standard' CHECK (mode IN ('standard', 'retrospective', 'test', 'tutorial')),
  -- {custom field id: [value]}: texts, links and numbers as text, options as their ids.
  ADD COLUMN custom_fields jsonb NOT NULL DEFAULT '{}',
  -- {incident role id: member id}.
  ADD COLUMN role_assignments jsonb NOT NULL DEFAULT '{}',
  -- {name of a timestamp: time}: those that were set by hand.
  ADD COLUMN timestamps jsonb NOT NULL DEFAULT '{}',
  -- incident.io's idempotency_key: names one incident for ever.
  ADD COLUMN idempotency_key text,
  -- The sender's own name for the problem, within `webhook_id`.
  ADD COLUMN dedup_key text,
  -- Where it stands instead of the one in `lifecycle`: the workflows of private incidents know of no texts.
  ADD COLUMN conference_bridge jsonb,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
-- All in one, since it writes every row and all of its index entries anew.
UPDATE incidents i SET
  updated_at = coalesce(
    (SELECT t.at FROM transitions t WHERE t.incident_id = i.id ORDER BY t.sequence DESC LIMIT 1), i.created_at),
  severity_id = (SELECT s.id FROM severities s
    WHERE s.organisation_id = i.organisation_id AND lower(s.name) = lower(i.severity)),
  -- Nor of their names: what they start from again has none.
  opening = CASE i.visibility WHEN 'private'
    THEN jsonb_set(i.opening, '{name}', to_jsonb('INC-' || i.number)) ELSE i.opening END,
  lifecycle = CASE i.visibility WHEN 'private' THEN i.lifecycle - 'name' ELSE i.lifecycle END;
CREATE FUNCTION find_severity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Waits for whoever renames or deletes it, and is seen by whoever does so later.
  NEW.severity_id := (SELECT s.id FROM severities s
    WHERE s.organisation_id = NEW.organisation_id AND lower(s.name) = lower(NEW.severity) FOR SHARE);
  RETURN NEW;
END $$;
CREATE TRIGGER incidents_find_severity_first BEFORE INSERT ON incidents
  FOR EACH ROW WHEN (NEW.severity IS NOT NULL) EXECUTE FUNCTION find_severity();
CREATE TRIGGER incidents_find_severity BEFORE UPDATE OF severity ON incidents
  FOR EACH ROW WHEN (NEW.severity IS DISTINCT FROM OLD.severity) EXECUTE FUNCTION find_severity();
CREATE UNIQUE INDEX incidents_by_idempotency_key ON incidents (organisation_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX incidents_by_dedup_key ON incidents (webhook_id, dedup_key)
  WHERE dedup_key IS NOT NULL AND status <> 'resolved';
CREATE INDEX incidents_by_custom_field ON incidents USING gin (custom_fields jsonb_path_ops) WHERE custom_fields <> '{}';
-- Not by organisation: whoever deletes a severity has Postgres look for its incidents.
CREATE INDEX incidents_by_severity ON incidents (severity_id, number);
CREATE INDEX incidents_by_incident_status ON incidents (organisation_id, incident_status_id, number)
  WHERE incident_status_id IS NOT NULL;
-- Who copies incidents asks for what changed since.
CREATE INDEX incidents_by_update ON incidents (organisation_id, updated_at);
-- incident.io's users are the members of all teams.
CREATE INDEX members_by_organisation ON members (organisation_id, id) WHERE deleted_at IS NULL;

-- What is resolved has no keys. As a trigger, which sees what was committed while the resolve waited for the row's lock: the
-- keys of what was merged into it at that very moment.
CREATE FUNCTION free_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM incident_claims WHERE organisation_id = NEW.organisation_id AND incident_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER incidents_free_keys AFTER UPDATE OF status ON incidents
  FOR EACH ROW WHEN (NEW.status = 'resolved' AND OLD.status <> 'resolved') EXECUTE FUNCTION free_keys();
DELETE FROM incident_claims c USING incidents i WHERE i.id = c.incident_id AND i.status = 'resolved';

-- Who may see a private incident without the permission to see them all.
CREATE TABLE incident_memberships (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  incident_id uuid NOT NULL REFERENCES incidents,
  member_id uuid NOT NULL REFERENCES members,
  -- {type, id, name} as in log entries.
  granted_by jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (incident_id, member_id)
);
CREATE INDEX incident_memberships_by_member ON incident_memberships (member_id, incident_id);

-- incident.io's actions and follow-ups.
CREATE TABLE incident_tasks (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  incident_id uuid NOT NULL REFERENCES incidents,
  kind text NOT NULL CHECK (kind IN ('action', 'follow_up')),
  title text NOT NULL,
  description text NOT NULL,
  status text NOT NULL DEFAULT 'outstanding' CHECK (status IN ('outstanding', 'completed', 'not_doing', 'deleted')),
  -- Follow-ups alone; in the words of the organisation.
  priority text,
  labels text[] NOT NULL DEFAULT '{}',
  assignee_id uuid REFERENCES members,
  -- {type, id, name} as in log entries.
  creator jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz
);
CREATE INDEX incident_tasks_to_list ON incident_tasks (organisation_id, kind, created_at, id);
CREATE INDEX incident_tasks_by_incident ON incident_tasks (incident_id, kind, created_at, id);

-- Inbound webhooks ----------------------------------------------------------------------------------------------------

ALTER TABLE webhooks
  -- The format its senders speak (src/inbound).
  ADD COLUMN source text NOT NULL DEFAULT 'generic-json',
  -- 32 characters: what a sender of PagerDuty's Events API names it by.
  ADD COLUMN routing_key text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', '') UNIQUE,
  -- Whose incidents are those that no ruleset opened; NULL: the organisation's default team.
  ADD COLUMN team_id uuid REFERENCES teams,
  -- Whether a problem that its source reports opens an incident where the webhook has no ruleset of its own.
  ADD COLUMN opens_incidents boolean NOT NULL DEFAULT true;

-- What opened or ended an incident need not be a ruleset.
ALTER TABLE event_matches
  ADD COLUMN scope_id uuid;
UPDATE event_matches SET scope_id = ruleset_id;
ALTER TABLE event_matches
  ALTER COLUMN scope_id SET NOT NULL,
  DROP CONSTRAINT event_matches_pkey,
  ALTER COLUMN ruleset_id DROP NOT NULL,
  -- An event's acknowledge or resolve is for every incident of its problem.
  ADD PRIMARY KEY (event_id, scope_id, occurrence, incident_id),
  DROP CONSTRAINT event_matches_outcome_check,
  ADD CONSTRAINT event_matches_outcome_check CHECK (outcome IN ('opened', 'joined', 'acknowledged', 'resolved'));
-- Of the release before, which may still be at work while this one starts.
CREATE FUNCTION fill_scope_of_match() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.scope_id := NEW.ruleset_id;
  RETURN NEW;
END $$;
CREATE TRIGGER event_matches_fill_scope BEFORE INSERT ON event_matches
  FOR EACH ROW WHEN (NEW.scope_id IS NULL) EXECUTE FUNCTION fill_scope_of_match();
-- An occurrence opens or joins once in each scope, whatever became of the incident meanwhile.
CREATE UNIQUE INDEX event_matches_once ON event_matches (event_id, scope_id, occurrence)
  WHERE ruleset_id IS NOT NULL OR outcome IN ('opened', 'joined');

-- The sender's acknowledge that the incident's workflow has yet to hear of; NULL once it is not triggered any more.
ALTER TABLE incidents
  ADD COLUMN acknowledging_event_id uuid,
  ADD COLUMN acknowledging_since timestamptz;
CREATE INDEX incidents_to_acknowledge ON incidents (acknowledging_since)
  WHERE acknowledging_since IS NOT NULL AND status = 'triggered';

-- Subscriptions -------------------------------------------------------------------------------------------------------

ALTER TABLE subscriptions
  DROP CONSTRAINT subscriptions_filter_type_check,
  -- api_key: incidents which that key reported.
  ADD CONSTRAINT subscriptions_filter_type_check CHECK (filter_type IN ('account', 'service', 'team', 'api_key'));

-- What a command brings that its workflow need not know, and must not where the incident is private: stored before the
-- command is sent, taken when its transition is stored.
CREATE TABLE command_contents (
  organisation_id uuid NOT NULL REFERENCES organisations,
  incident_id uuid NOT NULL REFERENCES incidents,
  -- Of the command, and so of the transition.
  command_id text NOT NULL,
  -- What it changes of the incident's row (stores/command-contents.ts).
  changes jsonb NOT NULL DEFAULT '{}',
  -- Added to the details of its log entry.
  details jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (incident_id, command_id)
);
CREATE INDEX command_contents_by_age ON command_contents (created_at);

-- What the audit log tells -----------------------------------------------------------------------------------------------

DO $$
DECLARE
  audited record;
BEGIN
  FOR audited IN SELECT * FROM (VALUES
    ('organisations', 'organisation', '{}', '{rulesets_version}'),
    ('api_keys', 'api_key', '{hash,previous_hash}', '{last_used_at,last_used_ip}'),
    ('teams', 'team', '{}', '{}'),
    ('members', 'member', '{email}', '{}'),
    -- The name, unless one was given, is the address.
    ('contact_methods', 'contact_method', '{name,address,sealed,origin}', '{code_hash,code_sent_at,code_tries}'),
    ('notification_rules', 'notification_rule', '{}', '{}'),
    ('webhooks', 'webhook', '{verification_secret,routing_key}', '{verification_version}'),
    ('rulesets', 'ruleset', '{}', '{version}'),
    ('subscriptions', 'subscription', '{secret,headers}',
      '{failing_since,last_failed_at,paused_until,notice_due,updated_at}'),
    ('subscription_secrets', 'subscription_secret', '{secret}', '{}'),
    ('schedule_versions', 'schedule_entry', '{}', '{}'),
    ('overrides', 'override', '{}', '{}'),
    ('escalation_policies', 'escalation_policy', '{}', '{version,turn}'),
    ('status_pages', 'status_page', '{}', '{}'),
    ('status_page_components', 'status_page_component', '{}', '{}'),
    ('severities', 'severity', '{}', '{updated_at}'),
    ('custom_fields', 'custom_field', '{}', '{updated_at}'),
    ('custom_field_options', 'custom_field_option', '{}', '{updated_at}'),
    ('incident_roles', 'incident_role', '{}', '{updated_at}'),
    ('incident_statuses', 'incident_status', '{}', '{updated_at}'),
    ('incident_types', 'incident_type', '{}', '{updated_at}')
  ) AS rows (relation, subject, hidden, passed_over)
  LOOP
    EXECUTE format(
      'CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION record_change(%L, %L, %L)',
      audited.relation, audited.subject, audited.hidden, audited.passed_over);
  END LOOP;
END $$;
-- Those of rulesets: what was asked of a single incident stands in its log.
CREATE TRIGGER record_new AFTER INSERT ON action_definitions FOR EACH ROW WHEN (NEW.ruleset_id IS NOT NULL)
  EXECUTE FUNCTION record_change('action', '{headers}', '{digest}');
CREATE TRIGGER record_change AFTER UPDATE OR DELETE ON action_definitions FOR EACH ROW WHEN (OLD.ruleset_id IS NOT NULL)
  EXECUTE FUNCTION record_change('action', '{headers}', '{digest}');
