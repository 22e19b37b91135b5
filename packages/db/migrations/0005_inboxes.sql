-- Append-only inboxes and the record of what went wrong. Several insert, one consumes.

create table finding (
  finding_id bigint generated always as identity primary key,
  kind text not null,
  subject text not null,
  sentence text not null,
  detail jsonb not null default '{}',
  first_seen_at timestamptz not null default clock_timestamp(),
  last_seen_at timestamptz not null default clock_timestamp(),
  times integer not null default 1,
  resolved_at timestamptz
);
create unique index finding_open on finding (kind, subject) where resolved_at is null;

create table incident (
  incident_id bigint generated always as identity primary key,
  kind text not null,
  subject text not null,
  sentence text not null,
  detail jsonb not null default '{}',
  opened_at timestamptz not null default clock_timestamp(),
  resolved_at timestamptz,
  resolved_by text,
  resolution text
);
create unique index incident_open on incident (kind, subject) where resolved_at is null;

create table outbox (
  outbox_id bigint generated always as identity primary key,
  severity text not null check (severity in ('info', 'warning', 'page')),
  kind text not null,
  subject text not null,
  sentence text not null,
  detail jsonb not null default '{}',
  -- The same message is queued once.
  dedup_key text not null unique,
  created_at timestamptz not null default clock_timestamp(),
  sent_at timestamptz
);

create table audit_pending (
  audit_pending_id bigint generated always as identity primary key,
  occurred_at timestamptz not null default clock_timestamp(),
  actor text not null default session_user,
  action text not null,
  target text not null,
  reason text not null,
  evidence jsonb not null default '{}'
);

-- What people ask for. The command line inserts; the revoker consumes pause and unpause, the aggregator the rest.
create table command (
  command_id bigint generated always as identity primary key,
  kind text not null check (kind in ('pause', 'unpause', 'quarantine_retry', 'quarantine_discard', 'incident_resolve', 'replay')),
  arguments jsonb not null default '{}',
  reason text not null,
  actor text not null default session_user,
  submitted_at timestamptz not null default clock_timestamp(),
  done_at timestamptz,
  outcome text
);
create index command_pending on command (command_id) where done_at is null;
