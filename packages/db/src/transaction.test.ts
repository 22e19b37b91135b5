import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isConnectionLost, isOtherSchema, isRefused } from './transaction.ts';

const stateOf = (code: string) => {
  const error = Object.assign(new Error('so Postgres says'), { code });
  if (isConnectionLost(error)) return 'wait';
  if (isRefused(error)) return 'refused';
  return isOtherSchema(error) ? 'schema' : 'defect';
};

const STATES: Record<string, readonly string[]> = {
  wait: [
    ...['08000', '08003', '08006', '08P01', '25006', '25P03', '40001', '40P01', '53000', '53100', '53200', '53300'],
    ...[
      '53400',
      '55000',
      '57P01',
      '57P02',
      '57P03',
      '57P05',
      '58000',
      '58030',
      'ECONNREFUSED',
      'ECONNRESET',
      'ETIMEDOUT',
    ],
  ],
  refused: ['42501', '28000', '28P01', '3D000'],
  schema: ['42P01', '42703', '42883'],
  defect: ['22003', '22P02', '22P05', '23502', '23503', '23505', '23514', '42601', '57014', '25P02', 'XX000', 'XX001'],
};

for (const [state, codes] of Object.entries(STATES)) {
  test(`these failures of Postgres mean ${state}: ${codes.join(' ')}`, () => {
    assert.deepEqual(
      codes.filter((code) => stateOf(code) !== state),
      [],
    );
  });
}
