import { AsyncLocalStorage } from 'node:async_hooks';
import type Anthropic from '@anthropic-ai/sdk';

/** On whose behalf a call is made. Whatever is left out comes from the surroundings, at last from the meter's options. */
export type CallContext = {
  readonly role?: string | undefined;
  /** Who caused the call: an opaque id of a person, tenant or job; never a name or an address. */
  readonly principal?: string | undefined;
  /** At most 16; they add up within one call. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
};

/**
 * The request option that names a context: `client.messages.create(params, bursar({ role: 'ADMIN' }))`, and beside other
 * options `{ ...bursar({ role: 'ADMIN' }), timeout: 5_000 }`. The SDK hands it to middleware and sends it nowhere.
 * A function, because the SDK (1.12) doesn't export the module whose `RequestOptions` it says can be extended.
 */
export function bursar(context: CallContext): Anthropic.RequestOptions {
  const option: { readonly bursar: CallContext } = { bursar: context };
  return option as Anthropic.RequestOptions;
}

export type ResolvedContext = {
  readonly role: unknown;
  readonly principal: unknown;
  readonly tags: Readonly<Record<string, unknown>>;
};

export type CallContexts = {
  /** Calls made by `work`, also later and asynchronously, carry `context`; an inner `run` wins over an outer one. */
  run<T>(context: CallContext, work: () => T): T;
  /** Request option first, then the nearest `run`, then the defaults. Values are as the caller gave them, unchecked. */
  resolve(perCall: CallContext | undefined): ResolvedContext;
};

export function createCallContexts(defaults: CallContext): CallContexts {
  const storage = new AsyncLocalStorage<CallContext>();
  return {
    run: (context, work) => storage.run(merge(storage.getStore(), context), work),
    resolve(perCall) {
      const { role, principal, tags } = merge(merge(defaults, storage.getStore()), perCall);
      return { role, principal, tags: tags ?? {} };
    },
  };
}

function merge(outer: CallContext | undefined, inner: CallContext | undefined): CallContext {
  if (!inner) return outer ?? {};
  if (!outer) return inner;
  return {
    role: inner.role ?? outer.role,
    principal: inner.principal ?? outer.principal,
    tags: inner.tags && outer.tags ? { ...outer.tags, ...inner.tags } : (inner.tags ?? outer.tags),
  };
}
