import { z } from 'zod';
import { defineOptions, milliseconds, port, text } from './config.ts';

/** What every service can be told; `runMain` adds them to a service's own options. */
export const commonOptions = defineOptions({
  logLevel: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    env: 'LOG_LEVEL',
    default: 'info',
    describe: 'Least severe level that is logged: fatal, error, warn, info, debug, trace, or silent.',
  },
  healthHost: {
    schema: text,
    env: 'HEALTH_HOST',
    default: '127.0.0.1',
    describe: 'Address of /livez, /readyz and /metrics; 0.0.0.0 in a container.',
  },
  healthPort: {
    schema: port,
    env: 'HEALTH_PORT',
    default: '0',
    describe: 'Port of /livez, /readyz and /metrics; 0 takes a free one and logs it as healthUrl.',
  },
  drainTimeoutMs: {
    schema: milliseconds,
    env: 'DRAIN_TIMEOUT',
    default: '20s',
    describe: 'Time to finish what is under way after SIGTERM; then the process ends with code 1.',
  },
});

export type CommonOptions = typeof commonOptions;
