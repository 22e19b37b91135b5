import { insertAudit } from '@bursar/db/inbox/audit-pending';
import { type DecidableRecord, decideQuarantined } from '@bursar/db/ledger/quarantine';
import type { CommandKind } from './consume-commands.ts';
import { decisionText } from './decision-text.ts';
import { lockSelected } from './quarantine-selection.ts';

/** Writes down that quarantined records will never count. They stay to be seen until their retention ends. */
export function discardQuarantined(): CommandKind {
  return {
    kind: 'quarantine_discard',
    async carryOut(connection, { commandId, arguments: given, actor, reason }) {
      const selected = await lockSelected(connection, given);
      const held = selected.records.filter(({ state }) => state === 'held');
      const ids = held.map(({ quarantineId }) => quarantineId);
      if (ids.length > 0) {
        await decideQuarantined(connection, ids, { state: 'discarded', actor, because: reason });
        const evidence = { commandId, quarantineIds: ids };
        await insertAudit(connection, { action: 'quarantine.discard', target: 'quarantine', reason, actor, evidence });
      }
      return decisionText('discarded', ids, selected.records.flatMap(refusal), selected);
    },
  };
}

function refusal({ quarantineId, state }: DecidableRecord) {
  return state === 'held' ? [] : [{ quarantineId, because: `it was ${state} before` }];
}
