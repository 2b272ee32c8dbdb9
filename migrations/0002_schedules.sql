-- On-call schedules: entries that recur, every version of them, and overrides.

-- A row is an entry as it was from one edit to the next: edits and deletes end a version and never change it, so that
-- answers about the past stay as they were. The version in force is the one that ends at infinity.
CREATE TABLE schedule_versions (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  team_id uuid NOT NULL REFERENCES teams,
  -- The entry's, not the version's: to the second, and within the team it alone finds the entry.
  created_at timestamptz NOT NULL CHECK (created_at = date_trunc('second', created_at)),
  -- No reference: what somebody's duties were outlives the member.
  member_id uuid NOT NULL,
  -- The team's zone at the time, since a team that moves to another changes nothing about its past.
  time_zone text NOT NULL,
  start_date date,
  end_date date CHECK (end_date >= start_date),
  -- Empty lists mean all.
  months_of_year smallint[] NOT NULL,
  weeks_of_month smallint[] NOT NULL,
  week_days smallint[] NOT NULL CHECK (week_days <> '{}'),
  start_time time(0) NOT NULL,
  end_time time(0) NOT NULL,
  -- A new entry says also what was before it was made; what is changed or deleted later says nothing of that.
  valid_from timestamptz NOT NULL DEFAULT '-infinity',
  valid_to timestamptz NOT NULL DEFAULT 'infinity' CHECK (valid_to >= valid_from)
);
CREATE UNIQUE INDEX schedule_versions_in_force ON schedule_versions (team_id, created_at) WHERE valid_to = 'infinity';
CREATE INDEX schedule_versions_by_validity ON schedule_versions (organisation_id, team_id, valid_to);
CREATE INDEX schedule_versions_by_entry ON schedule_versions (team_id, created_at);
CREATE INDEX schedule_versions_by_member ON schedule_versions (organisation_id, member_id) WHERE valid_to = 'infinity';

-- Whoever moves a team to another zone, its entries follow from that moment on.
CREATE FUNCTION move_schedule_to_time_zone() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moved_at timestamptz := date_trunc('milliseconds', clock_timestamp());
BEGIN
  WITH ended AS (
    UPDATE schedule_versions SET valid_to = greatest(valid_from, moved_at)
    WHERE organisation_id = NEW.organisation_id AND team_id = NEW.id AND valid_to = 'infinity'
    RETURNING *
  )
  INSERT INTO schedule_versions (
    id, organisation_id, team_id, created_at, member_id, time_zone, start_date, end_date, months_of_year,
    weeks_of_month, week_days, start_time, end_time, valid_from)
  SELECT gen_random_uuid(), organisation_id, team_id, created_at, member_id, NEW.time_zone, start_date, end_date,
    months_of_year, weeks_of_month, week_days, start_time, end_time, valid_to
  FROM ended;
  RETURN NULL;
END
$$;
CREATE TRIGGER teams_time_zone_changed AFTER UPDATE OF time_zone ON teams
  FOR EACH ROW WHEN (OLD.time_zone IS DISTINCT FROM NEW.time_zone) EXECUTE FUNCTION move_schedule_to_time_zone();

-- For a while, one member takes over from another, or from everybody. The last created wins.
CREATE TABLE overrides (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  team_id uuid NOT NULL REFERENCES teams,
  member_id uuid NOT NULL,
  -- NULL: takes over from everybody, and where nobody is on call.
  replaces_member_id uuid,
  since timestamptz NOT NULL,
  until timestamptz NOT NULL CHECK (until > since),
  -- Orders them; given while the team is locked.
  created_at timestamptz NOT NULL,
  -- Withdrawn: before that moment it counts all the same.
  deleted_at timestamptz
);
CREATE INDEX overrides_by_time ON overrides (organisation_id, team_id, until);
CREATE INDEX overrides_to_list ON overrides (organisation_id, team_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
