-- Escalation policies, and the people they ask: how they can be reached, when, and what became of it.

ALTER TABLE counters DROP CONSTRAINT counters_kind_check,
  ADD CONSTRAINT counters_kind_check CHECK (kind IN ('team', 'webhook', 'ruleset', 'incident', 'escalation_policy'));

-- Alerting whose workflow ended before anybody was asked.
CREATE INDEX actions_alerts_under_way ON actions (at) WHERE outcome IS NULL AND type = 'trigger-alerts';

CREATE TABLE escalation_policies (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  number integer NOT NULL,
  name text NOT NULL,
  -- domain/escalation/policy.ts: EscalationLevel[].
  levels jsonb NOT NULL,
  repeat smallint NOT NULL DEFAULT 0,
  repeat_from_level smallint NOT NULL DEFAULT 1,
  version integer NOT NULL DEFAULT 1,
  -- Incidents that were given it: whose turn it is at a round_robin level.
  turn bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  UNIQUE (organisation_id, number)
);

ALTER TABLE rulesets
  ADD COLUMN escalation_policy_id uuid REFERENCES escalation_policies,
  -- {time_zone, week_days, start_time, end_time, urgency, otherwise}: the urgency within and outside of these hours.
  ADD COLUMN support_hours jsonb;

ALTER TABLE incidents
  -- The PolicySnapshot in use; NULL without one.
  ADD COLUMN escalation_policy jsonb,
  ADD COLUMN support_hours jsonb,
  -- It is being merged into that one: its workflow is to resolve it.
  ADD COLUMN merging_into uuid REFERENCES incidents,
  ADD COLUMN merging_since timestamptz,
  -- Somebody ended its workflow in Temporal: when, and how.
  ADD COLUMN workflow_ended_at timestamptz,
  ADD COLUMN workflow_end text CHECK (workflow_end IN ('terminated', 'cancelled', 'failed', 'timed_out'));
CREATE INDEX incidents_to_merge ON incidents (merging_since) WHERE merging_into IS NOT NULL AND status <> 'resolved';
CREATE INDEX incidents_merged ON incidents (merging_into, merging_since) WHERE merging_into IS NOT NULL;

-- How a member can be reached. Used only once verified.
CREATE TABLE contact_methods (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  member_id uuid NOT NULL REFERENCES members,
  type text NOT NULL CHECK (type IN ('email', 'slack', 'webhook')),
  name text NOT NULL,
  -- An e-mail address. NULL for the others, whose URL is a secret.
  address text,
  -- AES-256-GCM under SECRET_KEY with this row's id: {url, secret?}. Of the URL, only its origin is shown.
  sealed bytea,
  origin text,
  -- A digest under SECRET_KEY of the code that was sent to it, until it is verified.
  code_hash bytea,
  code_sent_at timestamptz,
  code_tries smallint NOT NULL DEFAULT 0,
  verified_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE INDEX contact_methods_by_member ON contact_methods (member_id, id) WHERE deleted_at IS NULL;

-- When which method is used, by urgency: `delay` seconds after the member was asked.
CREATE TABLE notification_rules (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  member_id uuid NOT NULL REFERENCES members,
  contact_method_id uuid NOT NULL REFERENCES contact_methods,
  urgency text NOT NULL CHECK (urgency IN ('low', 'medium', 'high')),
  delay integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (contact_method_id, urgency, delay)
);
CREATE INDEX notification_rules_by_member ON notification_rules (member_id);

CREATE TABLE notifications (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  incident_id uuid NOT NULL REFERENCES incidents,
  -- The transition that asked for it.
  sequence integer NOT NULL,
  member_id uuid NOT NULL REFERENCES members,
  contact_method_id uuid NOT NULL REFERENCES contact_methods,
  delay integer NOT NULL,
  reason text NOT NULL CHECK (reason IN ('level', 'assignees', 'responders', 'alert')),
  shard smallint NOT NULL,
  -- What may hang: the contact method's own endpoint, or, all zeros, the mail server that all mail goes through.
  endpoint_id uuid NOT NULL,
  due_at timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed', 'cancelled')),
  attempts smallint NOT NULL DEFAULT 0,
  lease_token uuid,
  error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  FOREIGN KEY (incident_id, sequence) REFERENCES transitions (incident_id, sequence),
  UNIQUE (incident_id, sequence, member_id, contact_method_id, delay)
);
CREATE INDEX notifications_due ON notifications (shard, due_at) WHERE status = 'pending';
-- The pump walks endpoints by this one, so that a long queue of one never stands before the others.
CREATE INDEX notifications_due_by_endpoint ON notifications (shard, endpoint_id, due_at) WHERE status = 'pending';
CREATE INDEX notifications_by_incident ON notifications (incident_id, created_at, id);
