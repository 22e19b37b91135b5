import { randomBytes } from 'node:crypto';
import { ensurePartitions } from '@bursar/db/ledger/partitions';
import type { Pool } from '@bursar/db/pool';
import { policyToJson } from '@bursar/policy/policy-json';
import { readPolicy } from '@bursar/policy/read-policy';
import { DEMO_POLICY } from './demo-policy.ts';

const DAY_MS = 86_400_000;

/** Text from outside that tries to take over a terminal: clears it, colours it, begins a new line. */
export const HOSTILE_NAME = '\u001b[2J\u001b[31mpwned\u009b0m\n=cmd()';

/**
 * Fills an empty, migrated database with a company: three workspaces, bound and unbound keys, 400 requests of the last
 * hours whose cubes are their sums, a broken and a warned limit, holds in every stage, acts, findings, an incident.
 */
export async function insertDemo(pool: Pool): Promise<void> {
  await insertInventory(pool);
  await insertPolicy(pool);
  await insertRequests(pool);
  await insertEnforcement(pool);
  await insertRemarks(pool);
}

/** One more request of prod-search-service, stored now; returns its request id. */
export async function insertRequest(pool: Pool): Promise<string> {
  const requestId = `req_${randomBytes(12).toString('hex')}`;
  await pool.query(insertEvents('1', `'${requestId}'`, `interval '0'`));
  return requestId;
}

async function insertInventory(pool: Pool): Promise<void> {
  await pool.query(`
    insert into organization (organization_id, name) values ('org_acme', 'Acme');
    insert into workspace (workspace_id, name) values
      ('wrkspc_prod', 'Production'), ('wrkspc_stage', 'Staging'), ('wrkspc_dev', 'Development');
    insert into api_key (api_key_id, name, status, hint, workspace_id, created_by, principal, created_at) values
      ('apikey_auth', 'prod-auth-service', 'active', 'sk-ant-api03-aaa...auth', 'wrkspc_prod', 'user_01', 'user_01', now() - interval '88 days'),
      ('apikey_search', 'prod-search-service', 'inactive', 'sk-ant-api03-bbb...srch', 'wrkspc_prod', 'user_02', 'user_02', now() - interval '20 days'),
      ('apikey_glass', 'break-glass', 'active', 'sk-ant-api03-ccc...glas', null, 'user_01', 'user_01', now() - interval '100 days'),
      ('apikey_old', 'stage-old', 'archived', 'sk-ant-api03-ddd...oldd', 'wrkspc_stage', 'user_01', null, now() - interval '300 days')`);
  await pool.query(
    `insert into api_key (api_key_id, name, status, hint, workspace_id, created_at)
     values ('apikey_hostile', $1, 'active', 'sk-ant-api03-eee...evil', 'wrkspc_dev', now() - interval '3 days')`,
    [HOSTILE_NAME],
  );
  await pool.query(`
    insert into key_identity (sha256, hint, first_seen_at)
      select sha256(convert_to(hint, 'UTF8')), hint, now() - interval '20 days' from
        unnest(array['sk-ant-api03-aaa...auth', 'sk-ant-api03-bbb...srch', 'sk-ant-api03-eee...evil', 'sk-ant-api03-fff...none']) hint;
    insert into key_binding (key_ref, api_key_id, basis, bound_at)
      select key_ref, api_key_id, 'unique_hint', now() - interval '19 days' from key_identity join api_key using (hint);
    insert into api_key_change (api_key_id, field, before, after, seen_at)
      values ('apikey_search', 'status', 'active', 'inactive', now() - interval '9 minutes');
    insert into cron_fire (job, tick, owner, claimed_at, finished_at, outcome, detail) values
      ('inventory', now() - interval '5 minutes', 's1', now() - interval '5 minutes', now() - interval '5 minutes', 'ok', '5 keys'),
      ('sweep', now() - interval '40 seconds', 's1', now() - interval '40 seconds', now() - interval '39 seconds', 'ok', 'nothing'),
      ('sweep', now() - interval '10 seconds', 's1', now() - interval '10 seconds', now() - interval '9 seconds', 'failed', 'timeout')`);
}

async function insertPolicy(pool: Pool): Promise<void> {
  const read = readPolicy(DEMO_POLICY, 'demo.yaml');
  if (!read.ok) throw new Error(`the demo policy is wrong: ${JSON.stringify(read.problems)}`);
  await pool.query(
    `insert into policy_version (content_hash, source, policy, reason, activated_at)
     values ($1, $2, $3, 'demo', now() - interval '2 days')`,
    [read.contentHash, DEMO_POLICY, JSON.stringify(policyToJson(read.policy))],
  );
  await pool.query(`
    update configuration_epoch set epoch = 1, policy_version_id = 1;
    insert into measure (definition, select_kind, select_name, each_kind, metric, period, timezone, resolved, counted_from) values
      ('search', 'key', 'prod-search-service', 'together', 'cost', 'month', 'Europe/Berlin', array['2'], '-infinity'),
      ('development', 'workspace', 'Development', 'together', 'cost', 'month', 'Europe/Berlin', array['wrkspc_dev'], '-infinity'),
      ('runaway', 'workspace', 'Production', 'key', 'requests', 'sliding_minute', 'UTC', array['wrkspc_prod'], '-infinity');
    insert into limit_rule (policy_version_id, name, generation, measure_id, amount, on_breach, resume_kind, resume_after, stands_for) values
      (1, 'search per month', 1, 1, 500, 'suspend', 'next_period', null, '0'),
      (1, 'development', 1, 2, 200, 'alert', 'next_period', null, '0'),
      (1, 'runaway keys', 1, 3, 300, 'suspend', 'after', '15 minutes', '3 minutes');
    insert into limit_window (measure_id, subject, window_start, window_end, total, provisional)
      select measure_id, '', window_start, window_end, total, 0
        from (values (1, 500.123456789012), (2, 171.5)) w (measure_id, total),
             window_at('month', 'Europe/Berlin', now())`);
}

/** The cubes are made from the rows, so that the rows are an oracle for what is read from the cubes. */
async function insertRequests(pool: Pool): Promise<void> {
  await ensurePartitions(pool, new Date(Date.now() - 2 * DAY_MS), new Date(Date.now() + DAY_MS));
  await pool.query(`
    insert into price (price_row, model, terms, book_hash) values
      ('haiku-2026', 'claude-haiku-5-5', '{"inputPico": "1000000", "outputPico": "5000000"}', repeat('ab', 32));
    insert into dimension (key_ref, role, workspace_id, service, principal, model, price_row, usage_basis) values
      (1, 'POWER_USER', 'wrkspc_prod', 'auth', 'anna', 'claude-sonnet-5-5', 'sonnet-2026', 'reported'),
      (2, 'USER', 'wrkspc_prod', 'search', '', 'claude-haiku-5-5', 'haiku-2026', 'reported'),
      (3, 'USER', 'wrkspc_dev', '=HYPERLINK("x")', 'bert', 'claude-haiku-5-5', 'haiku-2026', 'estimated'),
      (4, 'USER', 'wrkspc_dev', 'script', '', 'claude-unheard-of', 'unknown', 'reported');
    insert into emitter_boot (emitter_id, boot) values ('emitter-1', gen_random_uuid());
    insert into kafka_offset (topic, partition, cluster_id, next_offset, owner) values
      ('bursar.usage.v1', 0, 'c', 200, 'aggregator-1'), ('bursar.usage.v1', 1, 'c', 200, 'aggregator-1')`);
  await pool.query(insertEvents('400', `'req_' || md5(n::text)`, `n * interval '20 seconds'`));
  for (const [cube, grain] of [
    ['usage_minute', '1 minute'],
    ['usage_quarter_hour', '15 minutes'],
  ]) {
    await pool.query(`
      insert into ${cube}
        select date_bin('${grain}', occurred_at, '2000-01-01Z'), dimension_id, count(*),
               count(*) filter (where outcome <> 'complete'), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens),
               sum(cache_write_5m_tokens), sum(cache_write_1h_tokens), sum(web_searches),
               coalesce(sum(cost_usd) filter (where cost_basis = 'firm'), 0),
               coalesce(sum(cost_usd) filter (where cost_basis = 'estimated'), 0),
               coalesce(sum(cost_usd) filter (where cost_basis = 'provisional'), 0)
          from usage_event group by 1, 2`);
  }
}

function insertEvents(count: string, requestId: string, age: string): string {
  return `
    insert into usage_event (event_id, call_id, occurred_at, kafka_offset, seq, dimension_id, emitter_boot_id, kafka_partition,
      duration_ms, input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
      web_searches, operation, outcome, cost_basis, attempt, status, stream, cost_usd, requested_model, request_id)
    select uuidv7(-(${age})), gen_random_uuid(), clock_timestamp() - ${age}, n, n, 1 + n % 4, 1, n % 2,
           800 + n, 100 + n, 20 + n, n % 3, 0, 0, 0, 'messages', (case when n % 10 = 0 then 'http_error' else 'complete' end)::outcome,
           (array['firm', 'firm', 'estimated', 'provisional'])[1 + n % 4]::cost_basis, 1, case when n % 10 = 0 then 529 else 200 end,
           false, n * 0.000000000017 + 0.001, 'claude-haiku-5-5', ${requestId}
      from generate_series(1, ${count}) n`;
}

async function insertEnforcement(pool: Pool): Promise<void> {
  await pool.query(`
    insert into breach (cause, rule, generation, policy_version_id, measure_id, subject, window_start, window_end, kind, percent, amount, total, source, recorded_at)
      select 'limit', 'search per month', 1, 1, 1, '', window_start, window_end, b.kind, b.percent, b.amount, b.total, 'write_path', now() - b.age
        from window_at('month', 'Europe/Berlin', now()),
             (values ('warning', 80, 400, 400.5, interval '30 minutes'), ('limit', 100, 500, 500.1, interval '10 minutes')) b (kind, percent, amount, total, age);
    insert into hold (cause, rule, subject, api_key_id, window_start, window_end, generation, state, breach_id, resume_at, sentence, evidence, proposed_at, approved_at, in_force_at)
      select 'limit', 'search per month', '', 'apikey_search', window_start, window_end, 1, 'in_force', 2, window_end,
             'It used 500.10 USD of 500.00 USD this month.', '{"breach": 2}', now() - interval '10 minutes', now() - interval '10 minutes', now() - interval '10 minutes'
        from window_at('month', 'Europe/Berlin', now());
    insert into hold (cause, rule, subject, api_key_id, window_start, window_end, generation, state, sentence, evidence, proposed_at, ended_at, ended_because) values
      ('rotation', 'rotation', 'apikey_auth', 'apikey_auth', now(), now(), 1, 'proposed', 'Its rotation is due.', '{"due": true}', now() - interval '1 hour', null, null),
      ('manual', 'manual', 'apikey_auth', 'apikey_auth', now(), now(), 1, 'rejected', 'A person asked.', '{"by": "x"}', now() - interval '2 days', now() - interval '1 day', 'not needed');
    insert into key_control (api_key_id, wanted, observed, observed_at) values ('apikey_search', 'inactive', 'inactive', now() - interval '10 minutes');
    insert into act (api_key_id, cause, hold_ids, wanted, generation, requested_at, answered_at, http_status, request_id, read_back_status, verified_at, outcome)
      values ('apikey_search', 'limit', array[1], 'inactive', 1, now() - interval '10 minutes', now() - interval '599 seconds', 200, 'req_admin_1', 'inactive', now() - interval '599 seconds', 'verified')`);
}

async function insertRemarks(pool: Pool): Promise<void> {
  await pool.query(`insert into finding (kind, subject, sentence) values ('unknown_key', 'apikey_hostile', $1)`, [
    `No entry of the policy names ${HOSTILE_NAME}.`,
  ]);
  await pool.query(`
    insert into incident (kind, subject, sentence) values ('hole', 'bursar.usage.v1/0', 'Offsets 10 to 12 are missing.');
    insert into quarantine (topic, partition, kafka_offset, reason, detail, record, record_bytes)
      values ('bursar.usage.v1', 0, 7, 'schema', 'not JSON', '?', 1)`);
}
