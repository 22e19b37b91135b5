import { openIncident } from '@bursar/db/inbox/incident';
import type { Pool } from '@bursar/db/pool';
import { ledgerReach, silentBefore, whyBehind } from '@bursar/db/report/ledger-reach';
import { endSilences } from '@bursar/db/schedule/end-silences';
import { type SilentBoot, silentBoots } from '@bursar/db/schedule/silent-boots';
import { inRetriedTransaction } from '@bursar/db/transaction';
import type { Job } from '../job.ts';

const KIND = 'emitter_silent';

/** Opens an incident for each emitter that ended without a clean close, with the most that may have been lost. */
export function livenessJob(pool: Pool, cron: string, silentAfterMs: number): Job {
  return {
    name: 'liveness',
    cron,
    atStart: false,
    leaseMs: 60_000,
    run: async () => reviewEmitters(pool, silentAfterMs),
  };
}

/**
 * One look at every emitter. An emitter that is heard again ends its incident. Silence counts only as far as the ledger has read:
 * a ledger that is behind hears nobody, and that is no emitter's fault.
 */
export function reviewEmitters(pool: Pool, silentAfterMs: number): Promise<string> {
  return inRetriedTransaction(pool, async (connection) => {
    const ended = await endSilences(connection, KIND);
    const reach = await ledgerReach(connection);
    const silent = await silentBoots(connection, KIND, silentBefore(reach, silentAfterMs));
    for (const boot of silent) await openIncident(connection, silence(boot));
    const outcome = `${silent.length} emitters went silent, ${ended} were heard again`;
    return reach.upTo === undefined ? `${outcome}; silence is not judged: ${whyBehind(reach)}` : outcome;
  });
}

function silence(boot: SilentBoot) {
  const unaccounted = BigInt(boot.highestSeq) - BigInt(boot.accountedFor);
  const mostLost = unaccounted > 0n ? unaccounted : 0n;
  const { emitterId, service, lastSeenAt } = boot;
  return {
    kind: KIND,
    subject: `${emitterId}/${boot.boot}`,
    sentence:
      `The emitter ${emitterId} of ${service} stopped without saying goodbye; it was last heard at ` +
      `${lastSeenAt.toISOString()}. Of what it had announced by then, at most ${mostLost} requests are missing ` +
      `(it reported ${boot.dropped} as dropped); what it metered after that is not known.`,
    detail: { ...boot, lastSeenAt: lastSeenAt.toISOString(), mostLost: mostLost.toString() },
  };
}
