import { insertAudit } from '@bursar/db/inbox/audit-pending';
import { type LockedIncident, lockIncident, resolveLocked } from '@bursar/db/inbox/incident';
import type { Connection } from '@bursar/db/pool';
import { z } from 'zod';
import { type CommandKind, CommandRefused } from './consume-commands.ts';
import { goOn } from './go-on.ts';
import type { UsageLog } from './usage-log.ts';

const shape = z.strictObject({ incidentId: z.string().regex(/^\d{1,18}$/), accept: z.boolean() });

/** Resolves an incident in the name of the person who asked. Where it halts a partition, that goes on knowingly. */
export function resolveForPerson(log: UsageLog): CommandKind {
  return {
    kind: 'incident_resolve',
    async carryOut(connection, { commandId, arguments: given, actor, reason }) {
      const parsed = shape.safeParse(given);
      if (!parsed.success) throw new CommandRefused('arguments are {"incidentId": "7", "accept": false}');
      const { incidentId, accept } = parsed.data;
      const incident = await lockOpen(connection, incidentId);
      const { done, evidence } = await goOn(connection, incident, { accept, actor, log });
      await resolveLocked(connection, incidentId, { actor, resolution: done === '' ? reason : `${reason}; ${done}` });
      const { kind, subject, sentence, detail } = incident;
      await insertAudit(connection, {
        action: 'incident.resolve',
        target: `incident/${incidentId}`,
        reason,
        actor,
        evidence: { commandId, kind, subject, sentence, detail, ...evidence },
      });
      return [`incident ${incidentId} (${kind}, ${subject}) is resolved`, ...(done === '' ? [] : [done])].join('\n');
    },
  };
}

async function lockOpen(connection: Connection, incidentId: string): Promise<LockedIncident> {
  const incident = await lockIncident(connection, incidentId);
  if (incident === undefined)
    throw new CommandRefused(`there is no incident ${incidentId}; see: bursar incidents list --all`);
  if (incident.resolvedBy !== null)
    throw new CommandRefused(`incident ${incidentId} was resolved already, by ${incident.resolvedBy}`);
  return incident;
}
