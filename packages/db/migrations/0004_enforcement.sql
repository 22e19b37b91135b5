-- Why a key must be off, and what was done about it. Only the revoker writes these.

-- A hold is one reason why a key must be off.
create table hold (
  hold_id bigint generated always as identity primary key,
  cause text not null check (cause in ('limit', 'rotation', 'compromise', 'departure', 'unmetered', 'manual')),
  rule text not null,
  subject text not null,
  api_key_id text not null,
  window_start timestamptz not null,
  window_end timestamptz not null,
  generation integer not null,
  state text not null check (state in ('proposed', 'approved', 'in_force', 'released', 'overridden', 'rejected', 'superseded')),
  breach_id bigint references breach,
  -- null: never by time alone
  resume_at timestamptz,
  sentence text not null,
  evidence jsonb not null,
  proposed_at timestamptz not null default clock_timestamp(),
  approved_at timestamptz,
  in_force_at timestamptz,
  ended_at timestamptz,
  ended_because text,
  unique (cause, rule, subject, api_key_id, window_start, generation),
  check ((state in ('released', 'overridden', 'rejected', 'superseded')) = (ended_at is not null)),
  check (state <> 'in_force' or in_force_at is not null),
  -- No key is switched off without stored evidence.
  check (evidence <> '{}'::jsonb)
);
create index hold_open on hold (api_key_id) where state in ('proposed', 'approved', 'in_force');

create function hold_moves_forward() returns trigger language plpgsql as $$
begin
  if new.state <> old.state and not (
    (old.state = 'proposed' and new.state in ('approved', 'rejected', 'superseded')) or
    (old.state = 'approved' and new.state in ('in_force', 'superseded', 'rejected')) or
    (old.state = 'in_force' and new.state in ('released', 'overridden'))
  ) then
    raise exception 'hold % can''t go from % to %', old.hold_id, old.state, new.state using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger hold_moves_forward before update of state on hold for each row execute function hold_moves_forward();

-- The one thing claimed for a call to the Admin API. wanted is a function of the key's holds.
create table key_control (
  api_key_id text primary key,
  wanted text not null check (wanted in ('active', 'inactive')),
  generation bigint not null default 1,
  observed text not null check (observed in ('unknown', 'active', 'inactive', 'archived', 'expired', 'missing')),
  observed_at timestamptz,
  lease_owner text,
  lease_until timestamptz,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default clock_timestamp(),
  published_generation bigint not null default 0,
  -- Somebody had switched the key off before any hold of ours did: it stays off when the last hold ends.
  found_off boolean not null default false,
  changed_at timestamptz not null default clock_timestamp()
);

-- One attempt at the Admin API. Written before the call; the answer follows.
create table act (
  act_id bigint generated always as identity primary key,
  api_key_id text not null references key_control,
  cause text not null,
  hold_ids bigint[] not null,
  wanted text not null check (wanted in ('active', 'inactive')),
  generation bigint not null,
  requested_at timestamptz not null default clock_timestamp(),
  answered_at timestamptz,
  http_status integer,
  request_id text,
  error_type text,
  error_message text,
  read_back_status text,
  verified_at timestamptz,
  outcome text not null default 'requested' check (outcome in ('requested', 'answered', 'verified', 'unverified', 'failed'))
);
create index act_key on act (api_key_id, act_id);
create index act_recent on act (requested_at) where wanted = 'inactive';

create table enforcement_gate (
  only_row boolean primary key default true check (only_row),
  paused boolean not null default false,
  paused_by text,
  paused_at timestamptz,
  paused_until timestamptz,
  pause_reason text,
  -- Set while our own admin credential is refused: enforcement is off and everybody must know.
  breaker_open_since timestamptz,
  breaker_reason text,
  -- Why the revoker only proposes even when the policy says auto; null when it would act.
  auto_refused_because text,
  -- Holds approved before this instant piled up while the gate was shut: one of them acts by itself, the rest wait for a person.
  backlog_before timestamptz,
  backlog_acted boolean not null default false
);
insert into enforcement_gate default values;
