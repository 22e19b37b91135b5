import type { Producer, RecordOut } from '@bursar/bus/producer';
import { insertAudit } from '@bursar/db/inbox/audit-pending';
import { releaseQuarantined } from '@bursar/db/ledger/emitters';
import { type DecidableRecord, decideQuarantined } from '@bursar/db/ledger/quarantine';
import type { CommandKind } from './consume-commands.ts';
import { decisionText, type Refusal } from './decision-text.ts';
import { lockSelected } from './quarantine-selection.ts';
import { whyNotRetried } from './why-not-retried.ts';

/**
 * Sends quarantined records to the usage topic once more, as they came; they count or come back as new rows. They are sent
 * before the decision commits: a crash in between sends them twice, and the event id makes the second a duplicate.
 */
export function retryQuarantined(producer: Pick<Producer, 'send'>, usageTopic: string): CommandKind {
  return {
    kind: 'quarantine_retry',
    async carryOut(connection, command) {
      const selected = await lockSelected(connection, command.arguments);
      const { accepted, refusals } = sortOut(selected.records, Date.now());
      const ids = accepted.map(({ quarantineId }) => quarantineId);
      if (accepted.length > 0) {
        await producer.send(usageTopic, accepted.map(recordOut));
        const { actor, reason } = command;
        await decideQuarantined(connection, ids, { state: 'retried', actor, because: reason });
        // They are counted when they come again, so they leave the count of what is quarantined.
        await releaseQuarantined(connection, ids);
        const evidence = { commandId: command.commandId, quarantineIds: ids };
        await insertAudit(connection, { action: 'quarantine.retry', target: 'quarantine', reason, actor, evidence });
      }
      return decisionText('sent again', ids, refusals, selected);
    },
  };
}

function sortOut(records: readonly DecidableRecord[], nowMs: number) {
  const accepted: DecidableRecord[] = [];
  const refusals: Refusal[] = [];
  for (const record of records) {
    const because = whyNotRetried(record, nowMs);
    if (because === undefined) accepted.push(record);
    else refusals.push({ quarantineId: record.quarantineId, because });
  }
  return { accepted, refusals };
}

function recordOut({ recordKey, record, headers }: DecidableRecord): RecordOut {
  return { key: recordKey, value: record, headers };
}
