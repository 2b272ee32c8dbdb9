-- What the dialects of other vendors say of an incident and its service; subscriptions complete; deliveries of their own.

ALTER TABLE incidents
  ADD COLUMN visibility text NOT NULL DEFAULT 'public' CHECK (visibility IN ('public', 'private')),
  -- What it belongs to in the words of other vendors: the ruleset that opened it, else its webhook, else its team.
  ADD COLUMN service_id uuid GENERATED ALWAYS AS (coalesce(ruleset_id, webhook_id, team_id)) STORED,
  -- domain/incident/trail.ts: who was assigned since when, who acknowledged, what last changed the status.
  ADD COLUMN trail jsonb NOT NULL DEFAULT '{}';
CREATE INDEX incidents_by_service ON incidents (service_id, created_at);
CREATE INDEX incidents_open_by_service ON incidents (service_id, status) WHERE status <> 'resolved';

ALTER TABLE subscriptions
  ADD COLUMN description text NOT NULL DEFAULT '',
  ADD COLUMN filter_type text NOT NULL DEFAULT 'account' CHECK (filter_type IN ('account', 'service', 'team')),
  -- Of a service: the id of its ruleset, webhook or team.
  ADD COLUMN filter_id uuid,
  ADD COLUMN includes_private boolean NOT NULL DEFAULT false,
  -- {name: value} as JSON, AES-256-GCM under SECRET_KEY with this row's id; the names alone may be shown.
  ADD COLUMN headers bytea,
  ADD COLUMN header_names text[] NOT NULL DEFAULT '{}',
  ADD COLUMN timeout_ms integer NOT NULL DEFAULT 10000 CHECK (timeout_ms BETWEEN 1000 AND 30000),
  -- Attempts a second; NULL: as many as it takes.
  ADD COLUMN rate_limit integer CHECK (rate_limit BETWEEN 1 AND 1000),
  -- Who is told when it is disabled.
  ADD COLUMN owner_id uuid REFERENCES members,
  -- Why `enabled` is false; NULL while it is true.
  ADD COLUMN disabled_reason text CHECK (disabled_reason IN ('by_hand', 'gone', 'failing')),
  ADD COLUMN disabled_at timestamptz,
  -- Its owner is still to be told of that.
  ADD COLUMN notice_due boolean NOT NULL DEFAULT false,
  -- The first failure since its last success.
  ADD COLUMN failing_since timestamptz,
  -- Its newest failure, to the hour.
  ADD COLUMN last_failed_at timestamptz,
  -- Nothing is sent to it until then: its circuit is open, or it asked for a pause.
  ADD COLUMN paused_until timestamptz,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN deleted_at timestamptz,
  ADD CHECK ((filter_type = 'account') = (filter_id IS NULL)),
  -- The events alone say what it asks for.
  DROP COLUMN transition_types;
UPDATE subscriptions SET disabled_reason = 'by_hand', disabled_at = now() WHERE NOT enabled;
ALTER TABLE subscriptions ADD CHECK (enabled = (disabled_reason IS NULL) AND enabled = (disabled_at IS NULL));
CREATE INDEX subscriptions_to_list ON subscriptions (organisation_id, id) WHERE deleted_at IS NULL;
CREATE INDEX subscriptions_to_tell_of ON subscriptions (disabled_at) WHERE notice_due;

-- Signing secrets that were replaced and still sign for a while; the present one is in `subscriptions`.
CREATE TABLE subscription_secrets (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  subscription_id uuid NOT NULL REFERENCES subscriptions,
  -- AES-256-GCM under SECRET_KEY with this row's id.
  secret bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX subscription_secrets_by_subscription ON subscription_secrets (subscription_id, expires_at);

-- Orders deliveries that stand for no transition within their subject.
CREATE SEQUENCE delivery_sequence;

ALTER TABLE deliveries
  -- The dialect's name for what happened.
  ADD COLUMN event text,
  -- One transition may make several payloads of one event: the place of this one.
  ADD COLUMN item smallint NOT NULL DEFAULT 0,
  -- What it renders from, where that is no transition: a change of a service, a ping, an example.
  ADD COLUMN snapshot jsonb,
  -- What it is in order with: its incident, its service, or nothing but itself.
  ADD COLUMN subject_id uuid,
  -- False for one that was sent again by hand: it waits for no other, and no other for it.
  ADD COLUMN in_order boolean NOT NULL DEFAULT true,
  -- Attempts made before it was last sent again by hand: its schedule began anew after them.
  ADD COLUMN attempts_before smallint NOT NULL DEFAULT 0,
  ADD COLUMN settled_at timestamptz,
  ALTER COLUMN incident_id DROP NOT NULL,
  ALTER COLUMN sequence TYPE bigint,
  ALTER COLUMN transition_type DROP NOT NULL,
  DROP CONSTRAINT deliveries_status_check,
  -- cancelled: its subscription was deleted.
  ADD CONSTRAINT deliveries_status_check CHECK (status IN ('pending', 'delivered', 'failed', 'cancelled'));
UPDATE deliveries d SET
  subject_id = d.incident_id,
  event = CASE WHEN s.dialect <> 'pulseapi' THEN 'incident.' || d.transition_type
    WHEN d.transition_type = 'triggered' THEN 'incident.created' ELSE 'incident.resolved' END
FROM subscriptions s WHERE s.id = d.subscription_id;
ALTER TABLE deliveries
  ALTER COLUMN event SET NOT NULL,
  ALTER COLUMN subject_id SET NOT NULL,
  ADD CHECK ((snapshot IS NULL) = (incident_id IS NOT NULL)),
  DROP CONSTRAINT deliveries_subscription_id_incident_id_sequence_key,
  ADD UNIQUE (subscription_id, subject_id, sequence, event, item);
DROP INDEX deliveries_in_order;
CREATE INDEX deliveries_in_order ON deliveries (subscription_id, subject_id, sequence, event, item)
  WHERE status = 'pending' AND in_order;
CREATE INDEX deliveries_by_incident ON deliveries (incident_id, sequence);
-- What a range of failures is recovered by, and a subscription's statistics.
CREATE INDEX deliveries_failed ON deliveries (subscription_id, created_at) WHERE status = 'failed';
CREATE INDEX deliveries_by_settling ON deliveries (subscription_id, settled_at) WHERE settled_at IS NOT NULL;
-- Transitions of a time, for a subscription that was disabled then.
CREATE INDEX transitions_by_time ON transitions (organisation_id, at, incident_id, sequence);

ALTER TABLE delivery_attempts
  ADD COLUMN is_manual boolean NOT NULL DEFAULT false,
  DROP CONSTRAINT delivery_attempts_outcome_check,
  -- loop: what it tells of was set off by too many of our own requests.
  ADD CONSTRAINT delivery_attempts_outcome_check CHECK (outcome IN ('success', 'http_error', 'timeout', 'network_error',
    'tls_error', 'refused_address', 'loop', 'internal_error'));
