import { mustSign, type Policy } from '@bursar/policy/policy';

/** Who must sign under a policy. */
export type Signing = {
  isAsked: boolean;
  mustSign(service: string): boolean;
  /** The services of the policy's keys that must. */
  services: ReadonlySet<string>;
  /** Under whose name a service's keys are kept: its own when it must sign, else everybody's, ''. */
  voucherOf(service: string): string;
};

export const NOBODY_SIGNS: Signing = {
  isAsked: false,
  mustSign: () => false,
  services: new Set(),
  voucherOf: () => '',
};

export function signingUnder(policy: Policy | undefined): Signing {
  if (policy === undefined || policy.events.requireSignature.length === 0) return NOBODY_SIGNS;
  const { events, keys } = policy;
  const listed = new Set(events.requireSignature);
  const must = listed.has('*') ? () => true : (service: string) => listed.has(service);
  return {
    isAsked: true,
    mustSign: must,
    services: new Set(keys.map(({ service }) => service).filter((service) => mustSign(events, service))),
    voucherOf: (service) => (must(service) ? service : ''),
  };
}
