import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fakeKey } from '../test/fake-key.ts';
import {
  boolean,
  defineOptions,
  integer,
  list,
  milliseconds,
  optionsHelp,
  port,
  readOptions,
  type Sources,
  text,
  url,
} from './config.ts';
import { effectiveText } from './config-text.ts';

const options = defineOptions({
  databaseUrl: { schema: url, env: 'DATABASE_URL', describe: 'Postgres of the ledger.', secret: true, file: true },
  kafkaBrokers: { schema: list, env: 'KAFKA_BROKERS', describe: 'Brokers to start from.', default: 'localhost:9092' },
  lanes: { schema: integer, env: 'LANES', describe: 'Partition loops.', default: '1' },
  region: { schema: text.optional(), env: 'REGION', describe: 'Where we run.' },
});
const DATABASE_URL = 'postgres://bursar@127.0.0.1/ledger';

function read(sources: Partial<Sources> & { files?: Record<string, string> }) {
  const readFile = (path: string) => {
    const content = sources.files?.[path];
    if (content === undefined) throw new Error('no such file');
    return content;
  };
  return readOptions(options, { argv: [], env: {}, readFile, ...sources });
}

function valuesOf(sources: Parameters<typeof read>[0]) {
  const reading = read(sources);
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.values;
}

function problemsOf(sources: Parameters<typeof read>[0]): string[] {
  const reading = read(sources);
  assert.ok(!reading.ok);
  return reading.problems;
}

describe('reading options', () => {
  it('takes the flag over the environment, that over the env file, and that over the default', () => {
    const files = { '/etc/service.env': 'LANES=2\nKAFKA_BROKERS="a:1, b:2"\n' };
    const env = { DATABASE_URL, BURSAR_ENV_FILE: '/etc/service.env' };
    assert.equal(valuesOf({ env: { DATABASE_URL } }).lanes, 1);
    assert.equal(valuesOf({ files, env }).lanes, 2);
    assert.equal(valuesOf({ files, env: { ...env, LANES: '3' } }).lanes, 3);
    assert.equal(valuesOf({ files, env: { ...env, LANES: '3' }, argv: ['--lanes', '4'] }).lanes, 4);
    assert.deepEqual(valuesOf({ files, env }).kafkaBrokers, ['a:1', 'b:2']);
  });

  it('takes the env file named by the flag over the one named by the environment', () => {
    const files = { '/a': 'LANES=2', '/b': 'LANES=3' };
    const env = { DATABASE_URL, BURSAR_ENV_FILE: '/a' };
    assert.equal(valuesOf({ files, env, argv: ['--env-file=/b'] }).lanes, 3);
  });

  it('reads a value from the file that NAME_FILE names, without the newline at its end', () => {
    const files = { '/run/secrets/database-url': `${DATABASE_URL}\n` };
    const values = valuesOf({ files, env: { DATABASE_URL_FILE: '/run/secrets/database-url' } });
    assert.equal(values.databaseUrl, DATABASE_URL);
  });

  it('ignores NAME_FILE for an option that does not ask for it', () => {
    assert.equal(valuesOf({ env: { DATABASE_URL, LANES_FILE: '/none' } }).lanes, 1);
  });

  it('counts an empty variable as not set, so that compose files may pass one through', () => {
    assert.equal(valuesOf({ env: { DATABASE_URL, LANES: '' } }).lanes, 1);
    assert.equal(valuesOf({ env: { DATABASE_URL, REGION: '' } }).region, undefined);
  });

  it('reports everything that is wrong at once', () => {
    const problems = problemsOf({
      argv: ['--lanes', 'many', '--colour', 'red', 'extra', '--region', '--lanes=2'],
      env: { KAFKA_BROKERS: ' , ', BURSAR_ENV_FILE: '/missing' },
    });
    assert.deepEqual(problems, [
      '--colour is not an option; see --help',
      '"red" is not expected; every option is --name value',
      '"extra" is not expected; every option is --name value',
      '--region needs a value; write --region=value',
      'BURSAR_ENV_FILE: cannot read /missing: no such file',
      'DATABASE_URL or DATABASE_URL_FILE is not set (or --database-url): Postgres of the ledger.',
      'KAFKA_BROKERS (environment, KAFKA_BROKERS): must name at least one entry; separate several with commas, got " , "',
      'LANES (flag --lanes): must be a whole number, got "many"',
    ]);
  });

  it('refuses a flag that is given twice, a value and its file at once, and a value file that is not there', () => {
    const twice = problemsOf({ env: { DATABASE_URL }, argv: ['--lanes=1', '--lanes=2'] });
    assert.deepEqual(twice, ['--lanes is given twice']);
    const both = problemsOf({ env: { DATABASE_URL, DATABASE_URL_FILE: '/x' } });
    assert.deepEqual(both, ['DATABASE_URL and DATABASE_URL_FILE are both set in the environment; remove one']);
    const missing = problemsOf({ env: { DATABASE_URL_FILE: '/x' } });
    assert.deepEqual(missing, ['DATABASE_URL_FILE: cannot read /x: no such file']);
  });

  it('never repeats a secret in a problem, nor shows one among the values in force', () => {
    const key = fakeKey();
    for (const argv of [
      ['--database-url', key],
      ['--lanes', key],
      ['--database-url', `postgres://u:${key}@`],
    ]) {
      assert.ok(!problemsOf({ argv }).join().includes(key), argv[0]);
    }
    const unlikeKey = problemsOf({ argv: ['--database-url', 'swordfish'] });
    assert.ok(!unlikeKey.join().includes('swordfish'), unlikeKey.join());
    const reading = read({ env: { DATABASE_URL: `postgres://u:${key}@h/d`, REGION: `https://u:hush@h/${key}` } });
    assert.ok(reading.ok);
    const shown = effectiveText(reading.effective);
    assert.ok(!shown.includes(key) && !shown.includes('hush'), shown);
    assert.ok(shown.includes('database-url = [redacted]  (environment, DATABASE_URL)'), shown);
  });

  it('answers every command line and environment with values or problems, and never throws', () => {
    const argument = fc.oneof(
      fc.string(),
      fc.constantFrom('--lanes', '--lanes=', '--', '-h', '--env-file', '-x', '--='),
    );
    fc.assert(
      fc.property(fc.array(argument), fc.string(), fc.string(), (argv, lanes, brokers) => {
        const reading = read({ argv, env: { DATABASE_URL, LANES: lanes, KAFKA_BROKERS: brokers } });
        assert.equal(typeof reading.ok, 'boolean');
      }),
    );
  });

  it('names every option, its default and what is required in the help', () => {
    const help = optionsHelp(options);
    assert.ok(
      help.includes(
        '--database-url <value>  or  DATABASE_URL or DATABASE_URL_FILE\n      Postgres of the ledger. Required.',
      ),
    );
    assert.ok(help.includes('Partition loops. Default: 1'));
    assert.ok(!help.includes('Where we run. Required.'));
  });

  it('refuses to define two options on one variable or one that takes a flag of ours', () => {
    const spec = { schema: text, env: 'X', describe: 'x' };
    assert.throws(() => defineOptions({ first: spec, second: spec }), /options first and second both read X/);
    assert.throws(() => defineOptions({ checkConfig: spec }), /the flag --check-config is reserved/);
  });
});

describe('the ready-made parsers', () => {
  const cases = [
    {
      schema: milliseconds,
      good: { '500': 500, '500ms': 500, '2s': 2_000, '5m': 300_000, '1h': 3_600_000, '35d': 3_024_000_000 },
      bad: ['', '-1', '1.5s', '5 weeks', 's'],
    },
    { schema: port, good: { '0': 0, '65535': 65_535 }, bad: ['65536', '-1', '80.5', 'http', '0x50', ' '] },
    {
      schema: integer,
      good: { '-7': -7, '+8': 8, '9007199254740991': 9_007_199_254_740_991 },
      bad: ['9007199254740993', '1e3', '1.0', ''],
    },
    { schema: list, good: { 'a, b,,c': ['a', 'b', 'c'], one: ['one'] }, bad: ['', ',', ' , '] },
    { schema: boolean, good: { true: true, YES: true, '1': true, off: false, '0': false }, bad: ['', 'maybe', '2'] },
    { schema: url, good: { 'http://h:1/p': 'http://h:1/p' }, bad: ['', '/p', 'h'] },
    { schema: text, good: { ' a ': 'a' }, bad: ['', '  '] },
  ];
  for (const [index, { schema, good, bad }] of cases.entries()) {
    it(`parse what they promise and refuse the rest (${['milliseconds', 'port', 'integer', 'list', 'boolean', 'url', 'text'][index]})`, () => {
      for (const [raw, value] of Object.entries(good)) assert.deepEqual(schema.parse(raw), value);
      for (const raw of bad) assert.equal(schema.safeParse(raw).success, false, raw);
    });
  }
});
