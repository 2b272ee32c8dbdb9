-- The whole first schema. Times are timestamptz; ids are UUIDv7 made by the application; every owned table
-- carries organisation_id, and every statement names it.

CREATE TABLE organisations (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  default_team_id uuid,
  -- Bumped with every change of a ruleset, so that the inbox recompiles only what changed.
  rulesets_version bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Integer numbers people and dialects see (INC-7, PulseAPI's ids), counted per organisation and kind.
CREATE TABLE counters (
  organisation_id uuid NOT NULL REFERENCES organisations,
  kind text NOT NULL CHECK (kind IN ('team', 'webhook', 'ruleset', 'incident')),
  value bigint NOT NULL,
  PRIMARY KEY (organisation_id, kind)
);

CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  name text NOT NULL,
  -- SHA-256 of the whole key: keys are long and random, so a fast hash is enough, and look-up is by hash.
  hash bytea NOT NULL UNIQUE,
  prefix text NOT NULL,
  -- The admin key comes from the environment and may also make organisations.
  is_admin boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX api_keys_one_admin ON api_keys (is_admin) WHERE is_admin;

CREATE TABLE teams (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  number integer NOT NULL,
  name text NOT NULL,
  time_zone text NOT NULL DEFAULT 'UTC',
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organisation_id, number)
);
ALTER TABLE organisations ADD FOREIGN KEY (default_team_id) REFERENCES teams;

CREATE TABLE members (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  team_id uuid NOT NULL REFERENCES teams,
  name text NOT NULL,
  email text NOT NULL,
  time_zone text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX members_email ON members (team_id, lower(email));

CREATE TABLE webhooks (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  number integer NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  enabled boolean NOT NULL DEFAULT true,
  monitor_url text,
  monitor_method text,
  -- {httpStatusCode?, responseTimeMs?, error?}: paths into the payload, for dialects that report a check.
  check_paths jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organisation_id, number)
);

CREATE TABLE events (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  webhook_id uuid NOT NULL REFERENCES webhooks,
  shard smallint NOT NULL,
  received_at timestamptz NOT NULL,
  content_type text,
  ip text NOT NULL,
  body bytea NOT NULL,
  -- pending: not evaluated yet. failed: evaluation threw three times.
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'evaluated', 'failed')),
  failures smallint NOT NULL DEFAULT 0,
  -- Why it opened nothing, when that was not simply "no ruleset matched".
  reason text,
  UNIQUE (webhook_id, received_at)
);
CREATE INDEX events_pending ON events (shard, received_at) WHERE status = 'pending';
-- The inbox hops from webhook to webhook along it, so that a backlog of one never hides another.
CREATE INDEX events_pending_by_webhook ON events (shard, webhook_id, received_at) WHERE status = 'pending';

CREATE TABLE rulesets (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  number integer NOT NULL,
  team_id uuid NOT NULL REFERENCES teams,
  level text NOT NULL CHECK (level IN ('team', 'organisation')),
  rule_type text NOT NULL CHECK (rule_type IN ('webhook', 'state-change')),
  name text NOT NULL,
  description text NOT NULL,
  urgency text NOT NULL CHECK (urgency IN ('low', 'medium', 'high')),
  conditions jsonb NOT NULL,
  assignees jsonb NOT NULL,
  webhook_id uuid REFERENCES webhooks,
  enabled boolean NOT NULL DEFAULT true,
  -- Seconds; NULL switches the timer off.
  acknowledgement_timeout integer,
  auto_resolve_timeout integer,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organisation_id, number)
);

CREATE TABLE incidents (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  number integer NOT NULL,
  team_id uuid NOT NULL REFERENCES teams,
  ruleset_id uuid REFERENCES rulesets,
  ruleset_version integer,
  webhook_id uuid REFERENCES webhooks,
  event_id uuid,
  incident_key text,
  name text NOT NULL,
  description text NOT NULL,
  urgency text NOT NULL CHECK (urgency IN ('low', 'medium', 'high')),
  -- {httpStatusCode, responseTimeMs, error, checkedAt}, read from the opening event.
  check_result jsonb,
  resolution text,
  root_cause text,
  created_at timestamptz NOT NULL,
  -- The lifecycle as the incident's workflow last recorded it (domain/incident/incident.ts); sequence orders writes.
  sequence integer NOT NULL DEFAULT 0,
  status text NOT NULL CHECK (status IN ('triggered', 'acknowledged', 'resolved')),
  lifecycle jsonb NOT NULL,
  -- The IncidentState its workflow starts from, so that anybody can start a workflow that never began.
  opening jsonb NOT NULL,
  acknowledged_at timestamptz,
  resolved_at timestamptz,
  occurrences integer NOT NULL DEFAULT 1,
  last_occurrence_at timestamptz,
  -- What the workflow has been told; housekeeping repairs a difference.
  workflow_started boolean NOT NULL DEFAULT false,
  occurrences_signalled integer NOT NULL DEFAULT 1,
  UNIQUE (organisation_id, number)
);
CREATE INDEX incidents_by_team ON incidents (organisation_id, team_id, number);
CREATE INDEX incidents_by_status ON incidents (organisation_id, status, number);
CREATE INDEX incidents_to_start ON incidents (created_at) WHERE NOT workflow_started;
CREATE INDEX incidents_to_signal ON incidents (last_occurrence_at) WHERE occurrences_signalled < occurrences;

-- At most one open incident per (organisation, scope, key). Scope: the ruleset that opened it, else the webhook; the
-- team of an incident made by API.
CREATE TABLE incident_claims (
  organisation_id uuid NOT NULL,
  scope_id uuid NOT NULL,
  incident_key text NOT NULL,
  incident_id uuid NOT NULL REFERENCES incidents DEFERRABLE INITIALLY DEFERRED,
  PRIMARY KEY (organisation_id, scope_id, incident_key)
);
CREATE INDEX incident_claims_by_incident ON incident_claims (incident_id);

-- What became of an event: one row per ruleset that matched it. The key keeps a repeated evaluation harmless.
CREATE TABLE event_matches (
  organisation_id uuid NOT NULL,
  event_id uuid NOT NULL REFERENCES events,
  ruleset_id uuid NOT NULL REFERENCES rulesets,
  incident_id uuid NOT NULL REFERENCES incidents DEFERRABLE INITIALLY DEFERRED,
  outcome text NOT NULL CHECK (outcome IN ('opened', 'joined')),
  PRIMARY KEY (event_id, ruleset_id)
);

-- One row per transition of an incident, with the snapshot that outgoing payloads render from.
CREATE TABLE transitions (
  organisation_id uuid NOT NULL,
  incident_id uuid NOT NULL REFERENCES incidents,
  sequence integer NOT NULL,
  id text NOT NULL,
  type text NOT NULL,
  at timestamptz NOT NULL,
  snapshot jsonb NOT NULL,
  PRIMARY KEY (incident_id, sequence),
  UNIQUE (incident_id, id)
);

CREATE TABLE log_entries (
  organisation_id uuid NOT NULL,
  incident_id uuid NOT NULL REFERENCES incidents,
  sequence integer NOT NULL,
  index smallint NOT NULL,
  type text NOT NULL,
  at timestamptz NOT NULL,
  agent jsonb NOT NULL,
  channel text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (incident_id, sequence, index)
);

CREATE TABLE actions (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  incident_id uuid NOT NULL REFERENCES incidents,
  sequence integer NOT NULL,
  type text NOT NULL,
  trigger text NOT NULL CHECK (trigger IN ('manual', 'automated')),
  settings jsonb NOT NULL,
  at timestamptz NOT NULL,
  UNIQUE (incident_id, sequence)
);

CREATE TABLE subscriptions (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  name text NOT NULL,
  url text NOT NULL,
  dialect text NOT NULL,
  -- Names of the dialect's own events; the transition types they stand for are what the recording step matches.
  events text[] NOT NULL,
  transition_types text[] NOT NULL,
  -- AES-256-GCM under SECRET_KEY.
  secret bytea NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX subscriptions_by_organisation ON subscriptions (organisation_id) WHERE enabled;

CREATE TABLE deliveries (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  subscription_id uuid NOT NULL REFERENCES subscriptions,
  incident_id uuid NOT NULL,
  sequence integer NOT NULL,
  transition_type text NOT NULL,
  shard smallint NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
  attempts smallint NOT NULL DEFAULT 0,
  next_attempt_at timestamptz,
  -- A row is sent under a lease; the outcome is stored only while the token still stands.
  lease_token uuid,
  leased_until timestamptz,
  created_at timestamptz NOT NULL,
  FOREIGN KEY (incident_id, sequence) REFERENCES transitions (incident_id, sequence),
  UNIQUE (subscription_id, incident_id, sequence)
);
CREATE INDEX deliveries_due ON deliveries (shard, next_attempt_at) WHERE status = 'pending';
-- The pump walks endpoints by this one, so that a long queue of one never stands before the others.
CREATE INDEX deliveries_due_by_endpoint ON deliveries (shard, subscription_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX deliveries_in_order ON deliveries (subscription_id, incident_id, sequence) WHERE status = 'pending';
CREATE INDEX deliveries_by_subscription ON deliveries (organisation_id, subscription_id, created_at DESC, id DESC);

CREATE TABLE delivery_attempts (
  organisation_id uuid NOT NULL,
  delivery_id uuid NOT NULL REFERENCES deliveries,
  number smallint NOT NULL,
  started_at timestamptz NOT NULL,
  duration_ms integer,
  -- NULL outcome: the attempt was begun and never heard of again (its worker died).
  outcome text CHECK (outcome IN ('success', 'http_error', 'timeout', 'network_error', 'tls_error', 'refused_address',
    'internal_error')),
  status_code integer,
  error text,
  response text,
  PRIMARY KEY (delivery_id, number)
);

CREATE TABLE idempotency_keys (
  organisation_id uuid NOT NULL,
  api_key_id uuid NOT NULL REFERENCES api_keys,
  key text NOT NULL,
  -- SHA-256 of method, path and body: the same key with another request is refused.
  fingerprint bytea NOT NULL,
  -- NULL status: in flight until locked_until.
  status integer,
  body text,
  locked_until timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (api_key_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
