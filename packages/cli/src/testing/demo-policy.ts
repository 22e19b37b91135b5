/** The policy of the demo company, as a person would write it. */
export const DEMO_POLICY = `organization: { name: Acme, timezone: Europe/Berlin }
families: { haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5, opus: claude-opus-5-5 }
roles:
  USER:       { models: [haiku], max_tokens: 512, rpm: 10 }
  POWER_USER: { models: [haiku, sonnet, opus], max_tokens: 4096, rpm: 60 }
  ADMIN:      { models: ["*"], max_tokens: 8192, rpm: 200 }
environments: { production: [Production], staging: [Staging], development: [Development] }
keys:
  defaults: { rotate_every: 90d, remind: [14d, 7d, 1d], grace: 7d }
  entries:
    - { name: prod-auth-service, service: auth, owner: auth-team@acme.example, environment: production, role: POWER_USER, cost_center: "4100" }
    - { name: prod-search-service, service: search, owner: search-team@acme.example, environment: production, role: USER, cost_center: "4200" }
    - { name: break-glass, service: ops, owner: ops-team@acme.example, environment: production, role: ADMIN, protected: true }
events: { accept_unsigned: true }
limits:
  - { name: search per month, key: prod-search-service, period: month, budget: 500 USD, warn: [50%, 80%], on_breach: suspend }
  - { name: development, workspace: Development, period: month, budget: 200 USD, on_breach: alert }
  - { name: runaway keys, workspace: Production, each: key, rpm: 300, after: 3 minutes, on_breach: suspend, resume: 15 minutes }
enforcement: { mode: auto, caps: { per_10_minutes: 5, per_hour: 20, per_day: 10% } }
`;
