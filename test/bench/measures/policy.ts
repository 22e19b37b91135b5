import { submitPolicy } from '@bursar/db/configuration/submit-policy';
import type { Pool } from '@bursar/db/pool';
import { policyToJson } from '@bursar/policy/policy-json';
import { formatProblems, readPolicy } from '@bursar/policy/read-policy';

/** Four windows per event; the last two are shared by every event, so by every lane. */
const FOUR_WINDOWS = `organization: { name: Bench, timezone: Europe/Berlin }
roles: { USER: { models: ["*"] } }
environments: { production: [Production] }
keys: { entries: [{ name: k, service: service-0, owner: o@acme.example, environment: production, role: USER }] }
limits:
  - { name: each key a month, role: USER, each: key, period: month, budget: 1000000 USD }
  - { name: each key a day, role: USER, each: key, period: day, budget: 1000000 USD }
  - { name: role a month, role: USER, period: month, budget: 1000000 USD }
  - { name: role an hour, role: USER, period: hour, budget: 1000000000000 tokens }
`;

/** Submits it; an aggregator that starts later, or runs, puts it in force before it counts on. */
export async function submitBenchPolicy(db: Pool, isSigned: boolean): Promise<void> {
  const source = isSigned ? `${FOUR_WINDOWS}events: { require_signature: "*" }\n` : FOUR_WINDOWS;
  const reading = readPolicy(source, 'bench.yaml');
  if (!reading.ok) throw new Error(formatProblems(reading.problems, 'bench.yaml'));
  const policyJson = policyToJson(reading.policy);
  await submitPolicy(db, { contentHash: reading.contentHash, source, policyJson, reason: 'bench' });
}
