-- What Anthropic's Admin API says exists, and the scheduler's own clockwork. Written by the scheduler alone.

create table organization (
  only_row boolean primary key default true check (only_row),
  organization_id text not null,
  name text not null,
  pinned_at timestamptz not null default clock_timestamp()
);

create table workspace (
  workspace_id text primary key,
  name text not null,
  archived_at timestamptz,
  rate_limits jsonb not null default '[]',
  members jsonb not null default '[]',
  first_seen_at timestamptz not null default clock_timestamp(),
  last_seen_at timestamptz not null default clock_timestamp()
);

create table api_key (
  api_key_id text primary key,
  name text not null,
  status text not null check (status in ('active', 'inactive', 'archived', 'expired')),
  hint text,
  -- null when the key is scoped to the whole organization
  workspace_id text,
  created_by text,
  principal text,
  created_at timestamptz not null,
  expires_at timestamptz,
  first_seen_at timestamptz not null default clock_timestamp(),
  last_seen_at timestamptz not null default clock_timestamp(),
  gone_at timestamptz
);
create index api_key_name on api_key (name);
create index api_key_hint on api_key (hint);

create table api_key_change (
  api_key_change_id bigint generated always as identity primary key,
  api_key_id text not null,
  field text not null,
  before text,
  after text,
  seen_at timestamptz not null default clock_timestamp()
);
create index api_key_change_key on api_key_change (api_key_id, seen_at);

-- One claim per job and tick among all schedulers. A claim that was never finished belongs to an instance that died.
create table cron_fire (
  job text not null,
  tick timestamptz not null,
  owner text not null,
  claimed_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  outcome text check (outcome in ('ok', 'failed', 'abandoned')),
  -- What the run did, or why it failed.
  detail text,
  primary key (job, tick),
  check ((finished_at is null) = (outcome is null))
);
create index cron_fire_unfinished on cron_fire (job, claimed_at) where finished_at is null;
create index cron_fire_success on cron_fire (job, finished_at) where outcome = 'ok';

-- Numbers of one boot and quarter of an hour that nothing accounts for, and since when they have been seen to be missing.
create table emitter_hole (
  emitter_id text not null,
  boot uuid not null,
  quarter timestamptz not null,
  missing bigint not null check (missing > 0),
  since timestamptz not null default clock_timestamp(),
  primary key (emitter_id, boot, quarter)
);

-- The first instant at which a clock on the wall of this zone shows this time: an hour that is shown twice counts from
-- its first showing, a time that is skipped from the instant that skips it.
create function first_showing(shown timestamp, zone text) returns timestamptz language sql stable as $$
  select case when (instant - interval '1 hour') at time zone zone = shown then instant - interval '1 hour' else instant end
    from (values (shown at time zone zone)) as late (instant)
$$;

-- The window of a fixed period that holds an instant, on the calendar of a zone. An hour is cut where the clock is
-- changed in the middle of it; every zone changes its clock on a quarter hour.
create function window_at(period text, zone text, instant timestamptz, out window_start timestamptz, out window_end timestamptz)
language sql stable as $$
  select min(quarter), max(quarter) + interval '15 minutes'
    from generate_series(date_trunc('hour', instant, zone), date_trunc('hour', instant, zone) + interval '45 minutes',
                         interval '15 minutes') as quarter
   where period = 'hour' and (quarter at time zone zone) - (quarter at time zone 'UTC')
                           = (instant at time zone zone) - (instant at time zone 'UTC')
  having period = 'hour'
  union all
  select first_showing(shown, zone), first_showing(shown + length, zone)
    from (values ('day', interval '1 day'), ('week', interval '1 week'), ('month', interval '1 month'),
                 ('quarter', interval '3 months'), ('year', interval '1 year')) as calendar (unit, length)
   cross join lateral date_trunc(unit, instant at time zone zone) as shown
   where unit = period
  union all
  select date_trunc('minute', instant), date_trunc('minute', instant) + interval '1 minute' where period = 'minute'
  union all
  select '1970-01-01Z', '9999-01-01Z' where period = 'total'
$$;
