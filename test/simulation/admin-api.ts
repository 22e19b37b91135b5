import type Anthropic from '@anthropic-ai/sdk';
import { APIError } from '@anthropic-ai/sdk';
import type { Random } from './random.ts';
import type { Process, Scheduler } from './scheduler.ts';

export type Status = 'active' | 'inactive';
export type Call = {
  kind: 'update' | 'retrieve';
  apiKeyId: string;
  wanted?: Status;
  changed: boolean;
  told?: Status;
  atMs: number;
};

/** Anthropic's side: what each key is, and every call that reached it. */
export class AdminApi {
  readonly status = new Map<string, Status>();
  readonly calls: Call[] = [];
  faults = 0;
  readonly #random: Random;
  readonly #scheduler: Scheduler;

  constructor(random: Random, scheduler: Scheduler) {
    this.#random = random;
    this.#scheduler = scheduler;
  }

  /** The part of the SDK's client that the revoker uses. */
  clientOf(process: Process): Anthropic {
    const call = (kind: Call['kind'], apiKeyId: string, wanted?: Status) => ({
      withResponse: () =>
        this.#scheduler.at({
          process,
          label: `${kind} ${apiKeyId}`,
          run: async () => this.#answer(kind, apiKeyId, wanted),
        }),
    });
    return {
      organization: {
        retrieve: async () => ({ id: 'org', name: 'Acme' }),
        apiKeys: {
          update: (id: string, { status }: { status: Status }) => call('update', id, status),
          retrieve: (id: string) => call('retrieve', id),
        },
      },
    } as unknown as Anthropic;
  }

  #answer(kind: Call['kind'], apiKeyId: string, wanted?: Status): unknown {
    const fault = this.#random.chance(this.faults) ? this.#random.pick(['429', '500', 'lost', 'unchanged']) : 'none';
    if (fault === '429' || fault === '500') throw failure(Number(fault));
    const before = this.status.get(apiKeyId)!;
    const changed = wanted !== undefined && fault !== 'unchanged' && before !== wanted;
    if (changed) this.status.set(apiKeyId, wanted);
    const status = this.status.get(apiKeyId)!;
    const heard = fault !== 'lost';
    const told = kind === 'retrieve' && heard ? { told: status } : {};
    this.calls.push({ kind, apiKeyId, ...(wanted && { wanted }), changed, ...told, atMs: Date.now() });
    // It happened, and nobody hears of it.
    if (!heard) throw failure(undefined);
    return { data: { id: apiKeyId, status: wanted ?? status }, response: { status: 200 }, request_id: 'req' };
  }
}

function failure(status: number | undefined): unknown {
  if (status === undefined) return new Error('the connection was lost');
  return new APIError(status, { error: { type: 'api_error', message: 'simulated' } }, 'simulated', new Headers());
}
