-- One login per service and one group per kind of person, each with the rights that it needs and no others.
--
--   psql "$ADMIN_DATABASE_URL" -v ON_ERROR_STOP=1 -f infra/postgres/roles.sql
--
-- as a superuser, or as a login that may make roles and owns the tables: once before or after the first `bursar migrate`,
-- and again after each migration. It may be repeated at any time, while Bursar runs: what this file no longer grants is
-- taken away, and nobody sees a state between. Passwords and logins of people are yours to set; README.md beside it says how.

begin;

-- 1. Roles. They belong to the whole server, so another database of it may make the same ones at this moment.

do $$
declare
  wanted record;
begin
  for wanted in select * from (values
    ('bursar_migrator',   'login'),            -- owns the schema and runs `bursar migrate`
    ('bursar_aggregator', 'login'),            -- counts: Kafka to ledger
    ('bursar_scheduler',  'login noinherit'),  -- reads Anthropic's inventory, sweeps; drops old days as bursar_ledger
    ('bursar_revoker',    'login'),            -- decides about holds and acts on keys
    ('bursar_ledger',     'nologin'),          -- owns the tables that are cut into days
    ('bursar_owner',      'nologin'),          -- people: pause and unpause
    ('bursar_admin',      'nologin'),          -- people: policy
    ('bursar_developer',  'nologin'),          -- people: what keys spend and why they are off
    ('bursar_billing',    'nologin')           -- people: what was spent
  ) as role (name, kind)
  loop
    begin
      if to_regrole(wanted.name) is null then
        execute format('create role %I %s', wanted.name, wanted.kind);
      end if;
    exception when duplicate_object or unique_violation then null;
    end;
  end loop;
end $$;

-- noinherit: the scheduler has the rights of bursar_ledger only while it says SET ROLE.
do $$
declare
  login text;
begin
  foreach login in array array['bursar_migrator', 'bursar_scheduler'] loop
    begin
      if not exists (select from pg_auth_members m
                      where m.roleid = 'bursar_ledger'::regrole and m.member = login::regrole) then
        execute format('grant bursar_ledger to %I', login);
      end if;
    exception when unique_violation then null;
    end;
  end loop;
end $$;

-- Two runs at once in one database would meet in the catalog.
do $$ begin perform pg_advisory_xact_lock(7004); end $$;

-- 2. The database and its schema.

do $$ begin
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to bursar_migrator, bursar_aggregator, bursar_scheduler, bursar_revoker, '
                 'bursar_owner, bursar_admin, bursar_developer, bursar_billing', current_database());
end $$;
revoke all on schema public from public;
grant usage on schema public to
  bursar_aggregator, bursar_scheduler, bursar_revoker, bursar_owner, bursar_admin, bursar_developer, bursar_billing;
grant usage, create on schema public to bursar_migrator, bursar_ledger;

-- A function that a later migration makes is nobody's until this file grants it. Tables begin that way.
alter default privileges for role bursar_migrator revoke execute on functions from public;

-- 3. Owners: the migrator of everything, bursar_ledger of what is cut into days and of the function that cuts.

do $$
declare
  object record;
begin
  for object in
    select format('table %s', c.oid::regclass) as named, c.relowner as owner,
           case when c.relname ~ '^usage_(event|minute)(_\d{8})?$' then 'bursar_ledger' else 'bursar_migrator' end as wanted
      from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
       and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    union all
    select format('function %s', p.oid::regprocedure), p.proowner,
           case when p.proname = 'ensure_partitions' then 'bursar_ledger' else 'bursar_migrator' end
      from pg_proc p
     where p.pronamespace = 'public'::regnamespace
       and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    union all
    select format('type %s', t.oid::regtype), t.typowner, 'bursar_migrator'
      from pg_type t
     where t.typnamespace = 'public'::regnamespace and t.typtype = 'e'
       and not exists (select from pg_depend d where d.objid = t.oid and d.deptype = 'e')
  loop
    if object.owner <> object.wanted::regrole then
      execute format('alter %s owner to %I', object.named, object.wanted);
    end if;
  end loop;
end $$;

-- 4. Rights. Each table is updated by one service; the others read what their work needs. Only inboxes take rows from several.

do $$ begin

if to_regclass('public.schema_migration') is null then
  raise notice 'There are no tables yet: run `bursar migrate` as bursar_migrator, then this file again.';
  return;
end if;

revoke all on all tables in schema public from
  public, bursar_aggregator, bursar_scheduler, bursar_revoker, bursar_owner, bursar_admin, bursar_developer, bursar_billing;
revoke all on all sequences in schema public from
  public, bursar_aggregator, bursar_scheduler, bursar_revoker, bursar_owner, bursar_admin, bursar_developer, bursar_billing;
revoke all on all functions in schema public from public;

grant select on schema_migration to
  bursar_aggregator, bursar_scheduler, bursar_revoker, bursar_owner, bursar_admin, bursar_developer, bursar_billing;
grant execute on function window_at(text, text, timestamptz), first_showing(timestamp, text) to
  bursar_aggregator, bursar_scheduler, bursar_revoker, bursar_owner, bursar_admin, bursar_developer, bursar_billing;
grant execute on function ensure_partitions(date, date) to bursar_aggregator, bursar_scheduler;
grant execute on function first_uuid_at(timestamptz) to bursar_ledger;

-- The aggregator: the ledger, the sums, the policy and the prices in force.
grant select, insert on
  usage_event, cube_correction, quarantine, price, key_identity, dimension, emitter_boot, breach, measure, limit_rule, limit_threshold, key_binding
  to bursar_aggregator;
grant select, insert, update on kafka_offset, kafka_mark, usage_minute, usage_quarter_hour to bursar_aggregator;
grant select, insert, update, delete on emitter_seq, emitter_quarter_hour to bursar_aggregator;
-- Boots whose numbers are missing are not forgotten.
grant select on emitter_hole to bursar_aggregator;
grant select, insert, update, delete on limit_window to bursar_aggregator;
grant update (published_at, state, decided_at, decided_by, decided_because, quarter), delete on quarantine to bursar_aggregator;
grant select on command to bursar_aggregator;
grant update (done_at, outcome) on command to bursar_aggregator;
grant update (hint, vouched_by) on key_identity to bursar_aggregator;
grant update (role) on dimension to bursar_aggregator;
grant update (boot) on emitter_boot to bursar_aggregator;
grant update (resolved, counted_from) on measure to bursar_aggregator;
grant update (unbound_at) on key_binding to bursar_aggregator;
grant select on policy_version, price_book, configuration_epoch to bursar_aggregator;
grant insert (content_hash, book, reason, is_built_in) on price_book to bursar_aggregator;
grant update (activated_at, refused_because) on policy_version, price_book to bursar_aggregator;
grant update (terms) on price to bursar_aggregator;
grant update (epoch, policy_version_id, price_book_id, moved_at) on configuration_epoch to bursar_aggregator;
grant select on api_key, workspace, measure_resolution to bursar_aggregator;

-- The scheduler: what Anthropic says exists, its own clockwork, and what the second look finds.
grant select, insert on organization, api_key_change, breach to bursar_scheduler;
grant select, insert, update on workspace, api_key to bursar_scheduler;
-- Its id never changes: an installation belongs to one organization.
grant update (name) on organization to bursar_scheduler;
grant select, insert, update, delete on cron_fire to bursar_scheduler;
grant select, insert, update, delete on emitter_hole to bursar_scheduler;
-- Which numbers of an emitter are missing, told from those that are there.
grant select on emitter_boot to bursar_scheduler;
grant select (event_id, emitter_boot_id, seq) on usage_event to bursar_scheduler;
grant select (emitter_id, boot, seq, quarter) on quarantine to bursar_scheduler;
grant select on
  usage_minute, usage_quarter_hour, dimension, emitter_seq, limit_window, measure, limit_rule, limit_threshold,
  policy_version, configuration_epoch, hold, key_control, kafka_offset, kafka_mark, emitter_quarter_hour
  to bursar_scheduler;

-- The revoker: alone decides what must be off, and writes down what it did.
grant select, insert, update on hold, key_control, act to bursar_revoker;
grant select, update on enforcement_gate to bursar_revoker;
grant select on breach, command to bursar_revoker;
grant update (consumed_at, reopened_for) on breach to bursar_revoker;
grant update (done_at, outcome) on command to bursar_revoker;
grant select on
  usage_minute, usage_quarter_hour, dimension, key_identity, key_binding, kafka_offset, limit_window, measure, limit_rule,
  policy_version, configuration_epoch, api_key, workspace
  to bursar_revoker;

-- Inboxes of all three. A finding or an incident can be seen again and resolved; a message and an audit entry stand as written.
grant select, insert on finding, incident, outbox, audit_pending to bursar_aggregator, bursar_scheduler, bursar_revoker;
grant update (times, last_seen_at, sentence, detail, resolved_at) on finding
  to bursar_aggregator, bursar_scheduler, bursar_revoker;
grant update (sentence, detail, resolved_at, resolved_by, resolution) on incident to bursar_aggregator, bursar_scheduler, bursar_revoker;

-- Owners and admins see everything. What they ask for carries their login: its column has a default and is not theirs to fill.
grant select on
  key_identity, dimension, emitter_boot, price, kafka_offset, usage_event, usage_minute, usage_quarter_hour, cube_correction, emitter_seq,
  emitter_quarter_hour, emitter_hole, kafka_mark, quarantine, policy_version, price_book, configuration_epoch, measure, limit_rule, limit_threshold, limit_window, breach, key_binding,
  organization, workspace, api_key, api_key_change, cron_fire, hold, key_control, act, enforcement_gate,
  finding, incident, outbox, audit_pending, command, measure_resolution, api_key_status
  to bursar_owner, bursar_admin;
grant insert (kind, arguments, reason) on command to bursar_owner;
grant insert (content_hash, source, policy, reason) on policy_version to bursar_admin;
grant insert (content_hash, book, reason) on price_book to bursar_admin;

-- Developers: keys, sums, limits and holds. Not single requests, not who made them, not who changed the policy and why.
grant select on
  key_identity, price, usage_minute, usage_quarter_hour, configuration_epoch, measure, limit_rule, limit_threshold,
  limit_window, breach, key_binding, organization, workspace, api_key, api_key_change, hold, key_control, act,
  enforcement_gate, api_key_status
  to bursar_developer;
grant select (dimension_id, key_ref, role, workspace_id, service, model, price_row, usage_basis) on dimension
  to bursar_developer;
grant select (policy_version_id, content_hash, policy, submitted_at, activated_at, refused_because) on policy_version
  to bursar_developer;
grant select (price_book_id, content_hash, book, is_built_in, submitted_at, activated_at, refused_because) on price_book
  to bursar_developer;

-- Finance: everything that money is counted from, nothing that decides, and no right to write.
grant select on
  key_identity, dimension, emitter_boot, price, usage_event, usage_minute, usage_quarter_hour, cube_correction, emitter_seq, emitter_quarter_hour,
  kafka_offset, kafka_mark, policy_version, price_book, configuration_epoch, measure, limit_rule, limit_threshold, limit_window, key_binding, organization, workspace, api_key,
  api_key_status, breach, hold, key_control, enforcement_gate
  to bursar_billing;

end $$;

commit;
