import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

export type EmitterIdentity = {
  readonly service: string;
  /** `<service>/<instance>`. */
  readonly id: string;
  /** One per meter; tells the runs of one instance apart. */
  readonly boot: string;
  readonly source: string;
  readonly startedAt: string;
};

const NAME = /^[\w.-]{1,63}$/;

/** Thrown by `createMeter`, once, when the service starts; never by a request. */
export class MeterOptionsError extends Error {
  override readonly name = 'MeterOptionsError';
}

/** Throws a MeterOptionsError when a name can't stand in an event. Without `instance` it is host and process id. */
export function createEmitterIdentity(service: string, instance?: string): EmitterIdentity {
  const own =
    instance ??
    `${hostname()
      .replaceAll(/[^\w.-]/g, '-')
      .slice(0, 50)}-${process.pid}`;
  assertName('service', service);
  assertName('instance', own);
  return {
    service,
    id: `${service}/${own}`,
    boot: randomUUID(),
    source: `//bursar/emitter/${service}/${own}`,
    startedAt: new Date().toISOString(),
  };
}

export function assertName(option: string, value: unknown): void {
  if (typeof value === 'string' && NAME.test(value)) return;
  const given = typeof value === 'string' ? `has ${value.length} characters` : `is ${typeof value}`;
  throw new MeterOptionsError(
    `createMeter: option "${option}" must be 1 to 63 of the characters A-Z a-z 0-9 _ . - and ${given}.`,
  );
}
