import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AdminCall } from './admin-log.ts';
import { type Authenticate, apiVersion, type Caller } from './authentication.ts';
import type { EmulatorContext } from './context.ts';
import { ApiError, errorBody, errorTypeOf } from './errors.ts';
import type { Fault } from './faults.ts';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
    adminCall: AdminCall | null;
    faults: readonly Fault[];
  }
}

const ADMIN_PATH = '/v1/organizations';
const NO_FAULTS: readonly Fault[] = [];
type ErrorFault = Extract<Fault, { kind: 'error' | 'rate_limit' }>;

/** Declares what the hooks keep on a request. Once per server. */
export function decorateRequests(server: FastifyInstance): void {
  server.decorateRequest('caller', null);
  server.decorateRequest('adminCall', null);
  // Fastify refuses an array here, as all requests would share it; the first hook of every exchange sets one.
  server.decorateRequest('faults', null as unknown as readonly Fault[]);
}

/** Surrounds every route of `scope` with what Anthropic's edge does: log, version, key, headers; and with the faults. */
export function addExchange(scope: FastifyInstance, context: EmulatorContext, authenticate: Authenticate): void {
  scope.addHook('onRequest', async (request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    request.faults = NO_FAULTS;
    if (path.startsWith(ADMIN_PATH)) {
      request.adminCall = context.adminLog.begin(context.clock.nowMs(), request.method, path, request.id);
    }
    apiVersion(request.headers);
    request.caller = authenticate(context, request.headers);
    reply.header('anthropic-organization-id', context.organization.info.id);
    if (request.caller !== null) reply.header('anthropic-workspace-id', request.caller.workspaceId);
    request.faults = context.faults.take({ method: request.method, path, apiKeyId: concernedKey(request) });
    if (request.faults.length > 0) await meetFaults(request, reply);
  });
  scope.addHook('preHandler', async ({ adminCall, body }) => {
    if (adminCall && typeof body === 'object' && body !== null && 'status' in body) {
      adminCall.requestedStatus = typeof body.status === 'string' ? body.status : null;
    }
  });
  scope.addHook('onSend', async (request, reply, payload) => {
    const sent = request.faults.length > 0 ? spoilAnswer(request, reply, payload) : payload;
    if (request.adminCall && !request.raw.socket.destroyed) request.adminCall.responseStatus = reply.statusCode;
    return sent;
  });
}

function concernedKey(request: FastifyRequest): string | null {
  const { api_key_id: changed } = request.params as { api_key_id?: string };
  return changed ?? request.caller?.record.key.id ?? null;
}

/** Plays the faults that come before the work: waiting, refusing, hanging up. */
async function meetFaults(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (request.adminCall) request.adminCall.faults = request.faults.map((fault) => fault.kind);
  for (const fault of request.faults) {
    if (fault.kind === 'latency') await sleep(fault.delayMs, undefined, { ref: false });
    else if (fault.kind === 'rate_limit') throw faultError(fault);
    else if (fault.kind === 'error' && !fault.afterEffect) throw faultError(fault);
    else if (fault.kind === 'connection_reset' && !fault.afterEffect) {
      reply.hijack();
      request.raw.socket.resetAndDestroy();
      return;
    }
  }
}

/** Plays the faults that come after the work: the call took effect, and its answer is wrong or never arrives. */
function spoilAnswer(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  for (const fault of request.faults) {
    if (fault.kind === 'connection_reset') request.raw.socket.resetAndDestroy();
    if (fault.kind === 'malformed_json' && typeof payload === 'string') return payload.slice(0, payload.length / 2);
    if (fault.kind === 'error' && fault.afterEffect) {
      const error = faultError(fault);
      reply.code(error.status).headers(error.headers);
      return JSON.stringify(errorBody(error.type, error.message, request.id, error.code));
    }
  }
  return payload;
}

function faultError(fault: ErrorFault): ApiError {
  const status = fault.kind === 'error' ? fault.status : 429;
  const type = (fault.kind === 'error' ? fault.type : undefined) ?? errorTypeOf(status);
  const message = (fault.kind === 'error' ? fault.message : undefined) ?? `Emulated ${type} (fault rule).`;
  const headers: Record<string, string> = {};
  if (fault.retryAfterSeconds !== undefined) headers['retry-after'] = String(fault.retryAfterSeconds);
  if (fault.shouldRetry !== undefined) headers['x-should-retry'] = String(fault.shouldRetry);
  return new ApiError(status, type, message, { code: fault.code, headers });
}
