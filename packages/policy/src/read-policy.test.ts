import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { editorSchemaText } from './editor-schema.ts';
import { type Limit, mustSign, type Policy } from './policy.ts';
import { formatProblems, readPolicy } from './read-policy.ts';

const example = readFileSync(new URL('../../../bursar.yaml', import.meta.url), 'utf8');

const HEAD = `organization: { name: Acme, timezone: Europe/Berlin }
families: { haiku: claude-haiku-5-5 }
roles:
  USER: { models: [haiku], rpm: 10 }
  ADMIN: { models: ["*"] }
environments: { production: [Production], development: [Development] }
keys:
  entries:
    - { name: search, service: search, owner: s@acme.example, environment: production, role: USER }
    - { name: break-glass, service: ops, owner: o@acme.example, environment: production, role: ADMIN, protected: true }
`;

function read(source: string): Policy {
  const result = readPolicy(source, 'test.yaml');
  assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems, 'test.yaml'));
  return result.policy;
}

function problems(source: string): string {
  const result = readPolicy(source, 'test.yaml');
  return result.ok ? '' : formatProblems(result.problems, 'test.yaml');
}

function limit(fields: string): Limit {
  const [only] = read(`${HEAD}limits:\n  - { name: one, ${fields} }\n`).limits;
  return only!;
}

test('the example policy of the repository is valid and only observes', () => {
  const policy = read(example);
  assert.equal(policy.enforcement.mode, 'observe');
  assert.deepEqual(policy.enforcement.caps, { per10Minutes: 5, perHour: 20, perDay: { count: 5 } });
  assert.deepEqual(
    policy.keys.map(({ name, graceMs }) => [name, graceMs]),
    [
      ['prod-auth-service', 604_800_000],
      ['prod-search-service', 604_800_000],
      ['staging-batch-importer', 15_000],
      ['dev-playground', 604_800_000],
      ['break-glass', 604_800_000],
    ],
  );
});

test('the rate of a role is an alert on each of its keys, and its name is kept for it', () => {
  const policy = read(HEAD);
  assert.deepEqual(
    policy.limits.map(({ name, measure, amount, onBreach }) => [name, measure.id, amount, onBreach]),
    [['rpm of role USER', 'requests sliding_minute UTC key role=USER', 10n, 'alert']],
  );
  const taken = readPolicy(`${HEAD}limits: [{ name: rpm of role USER, role: USER, rpm: 10 }]`, 'test.yaml');
  assert.match(taken.ok ? '' : formatProblems(taken.problems, 'test.yaml'), /kept for the rates of roles/);
});

test('the content hash follows what the policy says, not how the file is laid out', () => {
  const hash = (source: string) => {
    const result = readPolicy(source, 'test.yaml');
    return result.ok && result.contentHash;
  };
  assert.equal(hash(`# a comment\n${HEAD}\nlimits: []\n`), hash(HEAD));
  assert.equal(hash(`${HEAD}enforcement: { mode: observe }\n`), hash(HEAD));
  const accepted = `${HEAD}events: { accept_unsigned: true }\n`;
  assert.notEqual(hash(`${accepted}enforcement: { mode: auto }\n`), hash(accepted));
  assert.equal(
    hash(`${HEAD}events: { require_signature: [search, ops] }\n`),
    hash(`${HEAD}events: { require_signature: [ops, search, ops] }\n`),
  );
});

test('what the file leaves out has the documented defaults', () => {
  const { keys, enforcement } = read(HEAD);
  const day = 86_400_000;
  assert.deepEqual(
    [keys[0]?.rotateEveryMs, keys[0]?.remindMs, keys[0]?.graceMs],
    [90 * day, [14 * day, 7 * day, day], 7 * day],
  );
  assert.deepEqual(enforcement, { mode: 'observe', caps: { per10Minutes: 5, perHour: 20, perDay: { percent: 10 } } });
  assert.deepEqual(limit('key: search, period: month, budget: 0.25 USD'), {
    name: 'one',
    measure: {
      select: { key: 'search' },
      each: 'together',
      metric: 'cost',
      period: 'month',
      timezone: 'Europe/Berlin',
      id: 'cost month Europe/Berlin together key=search',
    },
    amount: 250_000_000_000n,
    warnAtPercent: [80],
    onBreach: 'alert',
    resume: { kind: 'next_period' },
    afterMs: 0,
  });
});

test('amounts, rates and durations are read in their units', () => {
  assert.deepEqual(
    [limit('role: USER, period: day, budget: 2000000 tokens')].map(({ amount, measure }) => [amount, measure.metric]),
    [[2_000_000n, 'tokens']],
  );
  assert.deepEqual(
    [limit('role: USER, period: day, budget: 10000 requests')].map(({ amount, measure }) => [amount, measure.metric]),
    [[10_000n, 'requests']],
  );
  const rate = limit('role: "*", each: key, rpm: 300, after: 3 minutes');
  assert.equal(rate.measure.id, 'requests sliding_minute UTC key role=*');
  assert.deepEqual([rate.amount, rate.afterMs, rate.resume], [300n, 180_000, { kind: 'after', ms: 900_000 }]);
  const tokens = limit('workspace: Production, tpm: 5000, after: 20s, resume: 2h');
  assert.deepEqual(
    [tokens.measure.metric, tokens.afterMs, tokens.resume],
    ['tokens', 20_000, { kind: 'after', ms: 7_200_000 }],
  );
});

test('a total has no next period, so only a person ends its suspension unless the file says otherwise', () => {
  assert.deepEqual(limit('key: search, period: total, budget: 5 USD').resume, { kind: 'manual' });
  assert.deepEqual(limit('key: search, period: total, budget: 5 USD, resume: 7 days').resume, {
    kind: 'after',
    ms: 604_800_000,
  });
});

test('a limit keeps its own zone, and warnings are sorted and unique', () => {
  const own = limit('key: search, period: day, budget: 1 USD, timezone: Asia/Tokyo, warn: [95%, 50%, 50%]');
  assert.equal(own.measure.timezone, 'Asia/Tokyo');
  assert.deepEqual(own.warnAtPercent, [50, 95]);
});

test('an entry overrides the defaults of the keys section, and those the built-in ones', () => {
  const policy = read(
    HEAD.replace('keys:\n', 'keys:\n  defaults: { rotate_every: 30d, remind: [3d], grace: 2d }\n').replace(
      'role: USER }',
      'role: USER, grace: 15s }',
    ),
  );
  assert.deepEqual(
    policy.keys.map(({ graceMs, remindMs }) => [graceMs, remindMs]),
    [
      [15_000, [259_200_000]],
      [172_800_000, [259_200_000]],
    ],
  );
});

test('a key that rotates often gets only the reminders that fit', () => {
  const policy = read(HEAD.replace('role: USER }', 'role: USER, rotate_every: 5d }'));
  assert.deepEqual(policy.keys[0]?.remindMs, [86_400_000]);
});

test('anchors and aliases work, and problems inside them point at the anchor', () => {
  const source = HEAD.replace('[haiku]', '&models [haiku]').replace('["*"]', '*models');
  assert.deepEqual(read(source).roles['ADMIN']?.models, ['haiku']);
  const places = problems(source.replace('[haiku]', '[haikku]')).match(/^test\.yaml:\S+ \S+/gm);
  assert.deepEqual(places, ['test.yaml:4:28 roles.USER.models[0]', 'test.yaml:4:28 roles.ADMIN.models[0]']);
});

const BAD_LIMITS: [fields: string, complaint: RegExp][] = [
  ['period: day, budget: 1 USD', /selects nothing; write exactly one of key, role/],
  ['key: search, role: USER, period: day, budget: 1 USD', /selects by key and role/],
  ['key: serach, period: day, budget: 1 USD', /key is "serach", an unknown key \(did you mean "search"\?\)/],
  ['role: ROOT, period: day, budget: 1 USD', /role is "ROOT", an unknown role/],
  ['workspace: Prodution, period: day, budget: 1 USD', /unknown workspace \(did you mean "Production"\?\)/],
  ['service: constructor, period: day, budget: 1 USD', /unknown service/],
  ['role: "*", period: day, budget: 1 USD', /needs each: key/],
  ['key: "sea*", period: day, budget: 1 USD', /selecting by pattern, which is planned/],
  ['key: search, each: key, period: day, budget: 1 USD', /for one key already/],
  ['role: USER, each: principal, period: day, budget: 1 USD', /a limit for each principal, which is planned/],
  ['principal: ann, period: day, budget: 1 USD', /a limit by principal, which is planned/],
  ['tag: team=a, period: day, budget: 1 USD', /selecting by tag, which is planned/],
  ['role: USER', /has no amount/],
  ['role: USER, budget: 1 USD, rpm: 3, period: day', /has budget and rpm/],
  ['role: USER, budget: 1 USD', /has a budget but no period/],
  ['role: USER, budget: 1, period: day', /budget is 1; write an amount with its unit/],
  ['role: USER, budget: 1 EUR, period: day', /budget is "1 EUR"/],
  ['role: USER, budget: 1.0000000000001 USD, period: day', /write an amount with its unit/],
  ['role: USER, budget: 0 USD, period: day', /budget is 0/],
  ['role: USER, budget: 1 USD, period: fortnight', /period is "fortnight"; write minute, hour/],
  ['role: USER, budget: 1 USD, period: 30d', /rolling windows are not built yet/],
  ['role: USER, budget: 1 USD, rolling: 30d', /a rolling window, which is planned/],
  ['role: USER, budget: 1 USD, period: day, after: 3 minutes', /after is for rates/],
  ['role: USER, rpm: 3, period: day', /period is for budgets/],
  ['role: USER, rpm: 3, timezone: UTC', /timezone is for budgets/],
  ['role: USER, rpm: role', /each role's own rpm, which is planned/],
  ['role: USER, rpm: 0', /rpm is 0; write a whole number/],
  ['role: USER, rpm: 3, after: 3', /after is 3; write a duration/],
  ['role: USER, rpm: 3, resume: next_period', /a rate has none/],
  ['role: USER, budget: 1 USD, period: total, resume: next_period', /a total has none/],
  ['role: USER, budget: 1 USD, period: day, resume: 15m', /write next_period, manual or a duration/],
  ['role: USER, budget: 1 USD, period: day, warn: [100%]', /warn\[0\] is "100%"; write 1% to 99%/],
  ['role: USER, budget: 1 USD, period: day, warn: 80%', /write a list, such as/],
  ['role: USER, budget: 1 USD, period: day, timezone: Europe/Berln', /did you mean "Europe\/Berlin"\?/],
  [
    'role: USER, budget: 1 USD, period: day, on_breach: refuse_locally',
    /refusing calls in the guard, which is planned/,
  ],
  ['role: USER, budget: 1 USD, period: day, on_breach: explode', /write alert or suspend/],
  ['role: USER, budget: 1 USD, period: day, on_breech: alert', /did you mean "on_breach"\?/],
  ['key: break-glass, budget: 1 USD, period: day, on_breach: suspend', /all it selects is protected \(break-glass\)/],
  ['role: ADMIN, each: key, budget: 1 USD, period: day, on_breach: suspend', /all it selects is protected/],
  ['service: ops, rpm: 3, on_breach: suspend', /all it selects is protected/],
];

for (const [fields, complaint] of BAD_LIMITS) {
  test(`the limit { ${fields} } is refused at its line`, () => {
    const text = problems(`${HEAD}limits:\n  - { name: one, ${fields} }\n`);
    assert.match(text, complaint);
    assert.match(text, /^test\.yaml:12:\d+ limits\[0\]/);
    assert.equal(text.split('\n').length, 1, text);
  });
}

test('a limit over several keys may suspend though one of them is protected', () => {
  assert.equal(
    limit('workspace: Production, each: key, budget: 1 USD, period: day, on_breach: suspend').onBreach,
    'suspend',
  );
});

const BAD_FILES: [name: string, change: (source: string) => string, complaint: RegExp][] = [
  [
    'an unknown role of a key',
    (s) => s.replace('role: USER }', 'role: USR }'),
    /^test\.yaml:9:\d+ .*role is "USR", an unknown role \(did you mean "USER"\?\)/,
  ],
  [
    'an unknown environment',
    (s) => s.replace('environment: production, role: USER', 'environment: prod, role: USER'),
    /unknown environment/,
  ],
  [
    'two keys of one name',
    (s) => s.replace('name: break-glass', 'name: search'),
    /as is keys\.entries\[0\]; names are unique/,
  ],
  [
    'two limits of one name',
    (s) => `${s}limits:\n  - &l { name: a, role: USER, rpm: 3 }\n  - *l\n`,
    /as is limits\[0\]; names are unique/,
  ],
  [
    'a workspace of two environments',
    (s) => s.replace('[Development]', '[Production]'),
    /a workspace has one environment/,
  ],
  ['an unknown family', (s) => s.replace('[haiku]', '[haikku]'), /neither a family \(did you mean "haiku"\?\)/],
  ['a role without models', (s) => s.replace('{ models: ["*"] }', '{ rpm: 5 }'), /names no models/],
  [
    'an unknown field',
    (s) => s.replace('rpm: 10', 'rps: 10'),
    /rps is an unknown field \(did you mean "rpm"\?\); known here: allowed, models/,
  ],
  [
    'a cost center that YAML takes for a number',
    (s) => s.replace('role: USER }', 'role: USER, cost_center: 4100 }'),
    /is 4100; write it in quotes/,
  ],
  [
    'a reminder before the key is made',
    (s) => s.replace('role: USER }', 'role: USER, rotate_every: 5d, remind: [7d] }'),
    /remind must be shorter/,
  ],
  [
    'a role named __proto__',
    (s) => s.replace('ADMIN: {', '__proto__: { allowed: false }\n  ADMIN: {'),
    /__proto__ is not a name/,
  ],
  ['a field twice', (s) => `${s}keys: { entries: [] }\n`, /"keys" is a field that stands twice/],
  ['no organization', (s) => s.replace(/^.*\n/, ''), /organization is missing/],
  [
    'a missing value',
    (s) => s.replace(/organization: .*\n/, 'organization:\n'),
    /^test\.yaml:1:14 organization is empty/,
  ],
  ['a list instead of a map', () => '[1]', /is a list; write a map of fields/],
  ['an unknown tag', (s) => s.replace('[haiku]', '!models [haiku]'), /Unresolved tag/],
  ['two documents', (s) => `${s}---\na: 1\n`, /a policy is one/],
  ['a map as a field name', (s) => `${s}? {a: b}\n: 1\n`, /is not a field name/],
  ['mode approve', (s) => `${s}enforcement: { mode: approve }\n`, /approval before each act, which is planned/],
  [
    'approvals',
    (s) => `${s}enforcement: { approvals: { production: 2 } }\n`,
    /approval by several people, which is planned/,
  ],
  [
    'an incident cap',
    (s) => `${s}enforcement: { caps: { incident_per_10_minutes: 50 } }\n`,
    /a cap of its own for incidents, which is planned/,
  ],
  [
    'a cap per hour as a share',
    (s) => `${s}enforcement: { caps: { per_hour: 10% } }\n`,
    /per_hour is "10%"; write a number of keys/,
  ],
  [
    'a cap of nothing',
    (s) => `${s}enforcement: { caps: { per_day: 0 } }\n`,
    /per_day is 0; write a number of keys, or a share/,
  ],
  ['boosts', (s) => `${s}boosts: []\n`, /boosts asks for raising a limit until a date, which is planned/],
  ['exemptions', (s) => `${s}exemptions: []\n`, /which is planned/],
  ['prepaid amounts', (s) => `${s}prepaid: []\n`, /which is planned/],
  [
    'another first day of the week',
    (s) => s.replace('name: Acme,', 'name: Acme, first_day_of_week: sunday,'),
    /which is planned/,
  ],
];

for (const [name, change, complaint] of BAD_FILES) {
  test(`a file with ${name} is refused`, () => assert.match(problems(change(HEAD)), complaint));
}

test('every problem is told at once, in the order of the file', () => {
  const source = `${HEAD.replace('Europe/Berlin', 'Europe/Berln').replace('rpm: 10', 'rpm: 0').replace('role: USER }', 'role: USR }')}limits:
  - { name: one, key: nobody, budget: 5, period: day, on_breach: refuse_locally }
enforcement: { mode: approve }
`;
  const places = problems(source)
    .split('\n')
    .map((line) =>
      line
        .split(' ')
        .slice(0, 2)
        .join(' ')
        .replace(/^test\.yaml:/, ''),
    );
  assert.deepEqual(places, [
    '1:39 organization.timezone',
    '4:33 roles.USER.rpm',
    '9:94 keys.entries[0].role',
    '12:23 limits[0].key',
    '12:39 limits[0].budget',
    '12:66 limits[0].on_breach',
    '13:22 enforcement.mode',
  ]);
});

test('an API key in the file is refused at its place and not repeated', () => {
  const secret = `sk-ant-${'api03'}-${'x'.repeat(40)}`;
  const text = problems(HEAD.replace('s@acme.example', secret));
  assert.match(text, /^test\.yaml:9:47 looks like an API key/);
  assert.ok(!text.includes('xxxx'));
});

for (const [name, source, complaint] of [
  ['nothing', '  \n', /is empty/],
  ['too much', `${HEAD}# ${'x'.repeat(1_000_000)}`, /at most 1000000/],
  ['aliases that explode', billionLaughs(), /aliases can't be expanded/],
  ['an alias of itself', 'a: &a [*a]', /test\.yaml:1:1/],
  ['endless brackets', '['.repeat(500_000), /^test\.yaml:1:\d+ is nested too deeply; .*$/],
  ['thousands of brackets', '['.repeat(9_000), /^test\.yaml:1:\d+ is nested too deeply; .*$/],
  ['thousands of maps', `${'{a: '.repeat(3_000)}${'}'.repeat(3_000)}`, /^test\.yaml:1:\d+ is nested too deeply; .*$/],
  ['thousands of dashes', '- '.repeat(9_000), /^test\.yaml:1:\d+ is nested too deeply; .*$/],
  ['brackets that all lack their end', '['.repeat(100), /^test\.yaml:1:101 .*\n.*$/],
  ['a tab as indentation', 'organization:\n\tname: x\n', /test\.yaml:2:1/],
] as const) {
  test(`a file of ${name} is refused without a hang or a stack trace`, () => {
    assert.match(problems(source), complaint);
  });
}

function billionLaughs(): string {
  const levels = 'abcdefghi'.split('').map(
    (name, i, all) =>
      `${name}: &${name} [${Array(10)
        .fill(i === 0 ? 'lol' : `*${all[i - 1]}`)
        .join(', ')}]`,
  );
  return levels.join('\n');
}

test('no text whatsoever makes the reader throw', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => void readPolicy(text, 'test.yaml')));
  fc.assert(
    fc.property(fc.nat(example.length), fc.nat(60), fc.string({ maxLength: 5 }), (at, cut, text) => {
      const broken = example.slice(0, at) + text + example.slice(at + cut);
      const result = readPolicy(broken, 'test.yaml');
      if (!result.ok)
        for (const { line, column, message } of result.problems) assert.ok(line >= 1 && column >= 1 && message);
    }),
    { numRuns: 100 },
  );
});

test('the committed JSON Schema is the one that the code makes', () => {
  const committed = readFileSync(new URL('../schemas/bursar.schema.json', import.meta.url), 'utf8');
  assert.equal(committed, editorSchemaText(), 'run: node packages/policy/test/write-schema.ts');
});

test('who must sign is nobody, some services or every one', () => {
  const events = (text: string) => read(`${HEAD}${text}\n`).events;
  assert.deepEqual(events(''), { requireSignature: [], acceptUnsigned: false });
  assert.deepEqual(events('events: { require_signature: "*" }'), { requireSignature: ['*'], acceptUnsigned: false });
  const some = events('events: { require_signature: [search], accept_unsigned: true }');
  assert.deepEqual(some, { requireSignature: ['search'], acceptUnsigned: true });
  assert.deepEqual([mustSign(some, 'search'), mustSign(some, 'ops')], [true, false]);
  assert.equal(mustSign(events('events: { require_signature: "*" }'), 'anybody'), true);
});

test('mode auto wants every service to sign, or that the risk is taken in words', () => {
  const auto = (events: string) => problems(`${HEAD}events: ${events}\nenforcement: { mode: auto }\n`);
  assert.equal(auto('{ require_signature: "*" }'), '');
  assert.equal(auto('{ require_signature: [search, ops] }'), '');
  assert.equal(auto('{ accept_unsigned: true }'), '');
  assert.match(
    auto('{ accept_unsigned: false }'),
    /^test.yaml:12:22 enforcement.mode is auto, .* what search, ops report/m,
  );
  assert.match(auto('{ require_signature: [search] }'), /what ops report.*write events: \{ require_signature: "\*" \}/);
  assert.equal(problems(`${HEAD}enforcement: { mode: observe }\n`), '');
});

test('a service that must sign has a key, and a name that a file can have', () => {
  assert.match(
    problems(`${HEAD}events: { require_signature: [serch] }\n`),
    /^test.yaml:11:31 events.require_signature\[0\] is "serch", a service that no key .*did you mean "search"/,
  );
  assert.match(problems(`${HEAD}events: { require_signature: [7] }\n`), /write "\*" or a list of services/);
  assert.match(problems(`${HEAD}events: { sign: true }\n`), /unknown field/);
  const slash = `${HEAD.replace('service: ops', 'service: a/b')}events: { require_signature: "*" }\n`;
  assert.match(problems(slash), /^test.yaml:10:\d+ keys.entries\[1\].service is "a\/b" and must sign/);
});
