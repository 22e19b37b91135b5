-- The ledger: what was used, by whom, at what cost. Written by the aggregator alone (limit windows and breaches included),
-- always in this order within a transaction: kafka_offset, usage_event, quarantine, the cubes and accounts of emitters (one
-- statement), cube_correction, limit_window, breach.

create type operation as enum ('messages', 'batches', 'count_tokens');
create type outcome as enum ('complete', 'cancelled', 'truncated', 'http_error', 'transport_error', 'refused');
create type usage_basis as enum ('reported', 'estimated', 'unknown');
create type cost_basis as enum ('firm', 'estimated', 'provisional');

-- A metered key, known by the SHA-256 of its secret, as one speaker tells of it. Rows, cubes and windows use the small integer.
-- vouched_by: the service whose signature stands behind every record that counts here; '' for records that need none;
-- null when no record counts here any more.
create table key_identity (
  key_ref integer generated always as identity primary key,
  sha256 bytea not null check (length(sha256) = 32),
  vouched_by text default '',
  hint text not null,
  declared_api_key_id text,
  first_seen_at timestamptz not null default clock_timestamp(),
  unique (sha256, vouched_by)
);

-- What a sum can be broken down by, as one small integer. '' stands for unknown or none.
create table dimension (
  dimension_id integer generated always as identity primary key,
  key_ref integer not null references key_identity,
  role text not null,
  workspace_id text not null,
  service text not null,
  principal text not null,
  model text not null,
  price_row text not null,
  usage_basis usage_basis not null,
  unique (key_ref, role, workspace_id, service, principal, model, price_row, usage_basis)
);

-- One run of one emitter, as one small integer.
create table emitter_boot (
  emitter_boot_id integer generated always as identity primary key,
  emitter_id text not null,
  boot uuid not null,
  unique (emitter_id, boot)
);

-- The rows of all price books that were ever in force: what a stored cost can be explained by.
create table price (
  price_row text primary key,
  model text not null,
  terms jsonb not null,
  -- Of the book that brought the row.
  book_hash text not null,
  recorded_at timestamptz not null default clock_timestamp()
);

create table kafka_offset (
  topic text not null,
  partition integer not null,
  cluster_id text not null,
  next_offset bigint not null check (next_offset >= 0),
  -- SHA-256 of the record before next_offset, to know the log by; null where that record was never read.
  last_sha256 bytea check (length(last_sha256) = 32),
  -- Grows when a person says that the log is another one, which begins anew.
  log integer not null default 1,
  owner text not null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (topic, partition)
) with (fillfactor = 10);

-- One row per request. The id is a UUIDv7, so a day is a range of ids and the same id always meets the same partition.
-- Columns stand by their width, so that none is padded.
create table usage_event (
  event_id uuid not null,
  -- The id of the call's first attempt; null on that attempt itself.
  call_id uuid,
  occurred_at timestamptz not null,
  stored_at timestamptz not null default clock_timestamp(),
  kafka_offset bigint not null,
  seq bigint not null,
  dimension_id integer not null,
  emitter_boot_id integer not null,
  duration_ms integer not null,
  first_byte_ms integer,
  input_tokens integer not null,
  output_tokens integer not null,
  cache_read_tokens integer not null,
  cache_write_5m_tokens integer not null,
  cache_write_1h_tokens integer not null,
  max_tokens_requested integer,
  -- null where it is what was requested
  max_tokens_sent integer,
  operation operation not null,
  outcome outcome not null,
  cost_basis cost_basis not null,
  attempt smallint not null,
  web_searches smallint not null,
  kafka_partition smallint not null,
  status smallint,
  stream boolean not null,
  cost_usd numeric(24, 12) not null,
  -- null where the model of the dimension is the one that was asked for
  requested_model text,
  request_id text,
  message_id text,
  error_type text,
  stop_reason text,
  -- json, not jsonb: it is a fifth smaller, and read more than searched
  tags json,
  primary key (event_id)
) partition by range (event_id);

create table usage_minute (
  bucket timestamptz not null,
  dimension_id integer not null,
  requests bigint not null,
  errors bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_read_tokens bigint not null,
  cache_write_5m_tokens bigint not null,
  cache_write_1h_tokens bigint not null,
  web_searches bigint not null,
  cost_firm_usd numeric(24, 12) not null,
  cost_estimated_usd numeric(24, 12) not null,
  cost_provisional_usd numeric(24, 12) not null,
  primary key (bucket, dimension_id)
) partition by range (bucket);

-- The lowest UUID whose first 48 bits are this millisecond: every UUIDv7 from then on sorts at or above it.
create function first_uuid_at(instant timestamptz) returns uuid language sql immutable as $$
  select rpad(lpad(to_hex((extract(epoch from instant) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

-- Makes the day partitions of raw rows and minute cells for each of these UTC days. It runs as the owner of the two tables:
-- whoever may call it needs no right to make tables.
-- A table is made beside its parent and attached to it: `create table … partition of` would lock the parent against everybody,
-- and so let every batch wait for the longest reader.
create function ensure_partitions(first_day date, last_day date) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  starts timestamptz;
  ends timestamptz;
  suffix text;
begin
  if last_day - first_day > 400 then
    raise exception 'ensure_partitions: from % to % is more than 400 days', first_day, last_day
      using errcode = 'invalid_parameter_value';
  end if;
  -- Two processes that make the same partition at once would fail on the catalog's unique index.
  perform pg_advisory_xact_lock(7003);
  for day in 0 .. last_day - first_day loop
    starts := (first_day + day)::timestamp at time zone 'UTC';
    ends := starts + interval '24 hours';
    suffix := to_char(first_day + day, 'YYYYMMDD');
    if to_regclass('usage_event_' || suffix) is null then
      execute format('create table %I (like usage_event including all)', 'usage_event_' || suffix);
      execute format('alter table usage_event attach partition %I for values from (%L) to (%L)',
                     'usage_event_' || suffix, first_uuid_at(starts), first_uuid_at(ends));
    end if;
    if to_regclass('usage_minute_' || suffix) is null then
      execute format('create table %I (like usage_minute including all) with (fillfactor = 50)', 'usage_minute_' || suffix);
      execute format('alter table usage_minute attach partition %I for values from (%L) to (%L)',
                     'usage_minute_' || suffix, starts, ends);
    end if;
  end loop;
end $$;

create table usage_quarter_hour (like usage_minute including all) with (fillfactor = 50);

-- Up to where Kafka had been written when it was last asked and the ledger had read that far: what came before is no lag.
create table kafka_mark (
  topic text not null,
  partition integer not null,
  low_offset bigint not null,
  end_offset bigint not null,
  marked_at timestamptz not null,
  primary key (topic, partition)
) with (fillfactor = 10);

-- What was added to a quarter hour after its day was closed (an hour after its end, by the organization's clock), one row
-- per batch and cell: sum at close + corrections = sum now. Without the offsets of the batch nobody could ask why.
create table cube_correction (
  correction_id bigint generated always as identity primary key,
  recorded_at timestamptz not null default clock_timestamp(),
  cause text not null check (cause in ('late_event')),
  topic text not null,
  partition integer not null,
  -- As in kafka_offset: offsets mean something within one log.
  log integer not null default 1,
  first_offset bigint not null,
  last_offset bigint not null,
  bucket timestamptz not null,
  dimension_id integer not null,
  requests bigint not null,
  errors bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_read_tokens bigint not null,
  cache_write_5m_tokens bigint not null,
  cache_write_1h_tokens bigint not null,
  web_searches bigint not null,
  cost_firm_usd numeric(24, 12) not null,
  cost_estimated_usd numeric(24, 12) not null,
  cost_provisional_usd numeric(24, 12) not null
);
create index cube_correction_recorded on cube_correction (recorded_at);
create index cube_correction_bucket on cube_correction (bucket);

-- What one boot of one emitter sent, per partition, so that lanes never wait for each other here.
create table emitter_seq (
  emitter_id text not null,
  boot uuid not null,
  partition integer not null,
  service text not null,
  -- New events, those that came again, and those in quarantine; of the new ones, those whose number is beyond belief.
  seen bigint not null default 0,
  duplicates bigint not null default 0,
  quarantined bigint not null default 0,
  unnumbered bigint not null default 0,
  -- The last number known to be given, by an event or by a heartbeat; the last that an event carried.
  highest_seq bigint not null default 0,
  last_event_seq bigint not null default 0,
  -- What the emitter said at told_at, by its own clock, was waiting to be sent.
  pending bigint not null default 0,
  told_at timestamptz,
  -- By reason, since the boot began.
  dropped jsonb not null default '{}',
  started_at timestamptz,
  closed_at timestamptz,
  first_seen_at timestamptz not null default clock_timestamp(),
  last_seen_at timestamptz not null default clock_timestamp(),
  primary key (emitter_id, boot, partition)
) with (fillfactor = 50);

-- The same by the quarter of an hour in which a request ended, 35 days back. Quarters make the hour of every zone.
create table emitter_quarter_hour (
  emitter_id text not null,
  boot uuid not null,
  quarter timestamptz not null,
  partition integer not null,
  service text not null,
  seen bigint not null,
  duplicates bigint not null,
  quarantined bigint not null,
  unnumbered bigint not null,
  highest_seq bigint not null,
  -- The least that the emitter said was waiting, at any time in this quarter; null when it said nothing.
  lowest_pending bigint,
  dropped jsonb not null,
  primary key (emitter_id, boot, quarter, partition)
) with (fillfactor = 50);
create index emitter_quarter_hour_time on emitter_quarter_hour (quarter);

-- A record that could not be counted, with its secrets removed. A person decides: retried, it goes through the log again and
-- counts, or comes back as a new row; discarded, it never counts.
create table quarantine (
  quarantine_id bigint generated always as identity primary key,
  topic text not null,
  partition integer not null,
  -- The life of the log, as in kafka_offset: in another one old offsets come again.
  log integer not null default 1,
  kafka_offset bigint not null,
  reason text not null,
  detail text not null,
  record text not null,
  record_bytes integer not null,
  record_key text,
  headers jsonb not null default '{}',
  -- How key, headers and text differ from what came; null when they do not. Only then can the record go through the log again.
  altered text check (altered in ('cut', 'scrubbed', 'not_text')),
  event_id uuid,
  -- Whose event it was, where that could be read. With a quarter it is counted there as quarantined; a copy is not.
  emitter_id text,
  boot uuid,
  seq bigint,
  quarter timestamptz,
  quarantined_at timestamptz not null default clock_timestamp(),
  published_at timestamptz,
  state text not null default 'held' check (state in ('held', 'retried', 'discarded')),
  decided_at timestamptz,
  decided_by text,
  decided_because text,
  unique (topic, partition, log, kafka_offset),
  check ((state = 'held') = (decided_at is null) and (decided_at is null) = (decided_by is null))
);
create index quarantine_event on quarantine (event_id) where event_id is not null;
create index quarantine_unpublished on quarantine (quarantine_id) where published_at is null;
create index quarantine_held on quarantine (reason, quarantine_id) where state = 'held';
