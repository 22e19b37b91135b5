-- Policy, and what it makes of the ledger: measures, thresholds, windows. The command line inserts policy_version rows;
-- the aggregator activates them and writes everything else here.

create table policy_version (
  policy_version_id integer generated always as identity primary key,
  content_hash text not null,
  source text not null,
  policy jsonb not null,
  reason text not null,
  submitted_by text not null default session_user,
  submitted_at timestamptz not null default clock_timestamp(),
  activated_at timestamptz,
  refused_because text
);

-- Whole price books, as policies are whole. The aggregator offers the one that its release brings; people submit their own.
create table price_book (
  price_book_id integer generated always as identity primary key,
  content_hash text not null,
  book jsonb not null,
  reason text not null,
  is_built_in boolean not null default false,
  submitted_by text not null default session_user,
  submitted_at timestamptz not null default clock_timestamp(),
  activated_at timestamptz,
  refused_because text
);
create unique index price_book_built_in on price_book (content_hash) where is_built_in;

-- Every batch is written under the epoch it was prepared with; activation moves it.
create table configuration_epoch (
  only_row boolean primary key default true check (only_row),
  epoch bigint not null,
  policy_version_id integer references policy_version,
  price_book_id integer references price_book,
  moved_at timestamptz not null default clock_timestamp()
);
insert into configuration_epoch (epoch) values (0);

-- What is summed. An amount is not part of it, so raising a limit needs no refill.
create table measure (
  measure_id integer generated always as identity primary key,
  definition text not null unique,
  select_kind text not null check (select_kind in ('key', 'role', 'workspace', 'service')),
  select_name text not null,
  each_kind text not null check (each_kind in ('key', 'together')),
  metric text not null check (metric in ('cost', 'tokens', 'requests')),
  period text not null check (period in ('minute', 'hour', 'day', 'week', 'month', 'quarter', 'year', 'total', 'sliding_minute')),
  timezone text not null,
  -- What select_name meant at the last activation: key_refs or workspace ids as text; null for role and service.
  resolved text[],
  -- Windows that begin earlier were never counted from their beginning.
  counted_from timestamptz not null
);

create table limit_rule (
  policy_version_id integer not null references policy_version,
  name text not null,
  -- The version in which this limit last changed: a changed limit can break again in the same window.
  generation integer not null,
  measure_id integer not null references measure,
  amount numeric(30, 12) not null check (amount >= 0),
  on_breach text not null check (on_breach in ('alert', 'suspend')),
  resume_kind text not null check (resume_kind in ('next_period', 'after', 'manual')),
  resume_after interval,
  stands_for interval not null default '0',
  primary key (policy_version_id, name)
);

-- The amounts at which a limit speaks, multiplied out: 80 % warns, 100 % is the limit.
create table limit_threshold (
  policy_version_id integer not null,
  measure_id integer not null,
  limit_name text not null,
  percent integer not null,
  kind text not null check (kind in ('warning', 'limit')),
  amount numeric(30, 12) not null,
  primary key (policy_version_id, measure_id, limit_name, percent),
  foreign key (policy_version_id, limit_name) references limit_rule (policy_version_id, name)
);

-- subject: the key_ref as text where each key is counted alone, '' where all are counted together.
create table limit_window (
  measure_id integer not null,
  subject text not null,
  window_start timestamptz not null,
  window_end timestamptz not null,
  total numeric(30, 12) not null,
  provisional numeric(30, 12) not null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (measure_id, subject, window_start)
) with (fillfactor = 50);

-- Inbox: the write path, activation, sweep, rates and rotation insert; the revoker consumes.
-- kind: a warning comes before the limit; provisional is over only by cost whose price is not known; limit is over.
-- A rotation breach has rule 'rotation', the api_key_id as subject and the rotation date as window start.
create table breach (
  breach_id bigint generated always as identity primary key,
  cause text not null check (cause in ('limit', 'rotation')),
  rule text not null,
  generation integer not null,
  policy_version_id integer not null,
  measure_id integer check ((measure_id is not null) = (cause = 'limit')),
  subject text not null,
  window_start timestamptz not null,
  window_end timestamptz not null,
  kind text not null check (kind in ('warning', 'provisional', 'limit')),
  -- Of the limit for cause limit; days before the date for a rotation reminder.
  percent integer not null,
  amount numeric(30, 12) not null default 0,
  total numeric(30, 12) not null default 0,
  provisional numeric(30, 12) not null default 0,
  source text not null check (source in ('write_path', 'activation', 'sweep', 'rate', 'rotation')),
  recorded_at timestamptz not null default clock_timestamp(),
  consumed_at timestamptz,
  -- Consumed again for these keys (key_ref) alone, which were bound to nothing the first time.
  reopened_for integer[],
  unique (cause, rule, generation, subject, window_start, percent, kind)
);
create index breach_unconsumed on breach (breach_id) where consumed_at is null;

-- The binding of a metered key to a key of the inventory. Dated; at most one in force on either side.
create table key_binding (
  key_binding_id integer generated always as identity primary key,
  key_ref integer not null references key_identity,
  api_key_id text not null,
  basis text not null check (basis in ('configured', 'unique_hint', 'person')),
  bound_at timestamptz not null default clock_timestamp(),
  unbound_at timestamptz
);
create unique index key_binding_key on key_binding (key_ref) where unbound_at is null;
create unique index key_binding_api_key on key_binding (api_key_id) where unbound_at is null;
