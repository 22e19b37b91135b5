import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { hasZodFastifySchemaValidationErrors, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { authenticateAdmin, authenticateKey } from './authentication.ts';
import type { EmulatorContext } from './context.ts';
import { controlRoutes } from './control/control-routes.ts';
import { ApiError, badRequest, errorBody, errorTypeOf, notFound } from './errors.ts';
import { addExchange, decorateRequests } from './exchange.ts';
import { messageRoutes } from './messages/message-routes.ts';
import { analyticsRoutes } from './organization/analytics-routes.ts';
import { apiKeyRoutes } from './organization/api-key-routes.ts';
import { organizationRoutes } from './organization/organization-routes.ts';
import { rateLimitRoutes } from './organization/rate-limit-routes.ts';
import { userRoutes } from './organization/user-routes.ts';
import { workspaceRoutes } from './organization/workspace-routes.ts';

const BODY_LIMIT_BYTES = 32 * 1024 * 1024;

/** The HTTP server over one emulator's state: Messages API, Admin API, and the control calls under `/_emulator`. */
export function createServer(context: EmulatorContext): FastifyInstance {
  const server = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    genReqId: context.identities.sequence('req'),
    requestIdHeader: false,
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  answerErrorsLikeAnthropic(server);
  decorateRequests(server);
  server.register(async (scope) => {
    addExchange(scope, context, authenticateKey);
    scope.register(messageRoutes(context));
  });
  server.register(async (scope) => {
    addExchange(scope, context, authenticateAdmin);
    for (const routes of [
      apiKeyRoutes,
      organizationRoutes,
      workspaceRoutes,
      rateLimitRoutes,
      userRoutes,
      analyticsRoutes,
    ]) {
      scope.register(routes(context));
    }
  });
  server.register(controlRoutes(context));
  return server;
}

function answerErrorsLikeAnthropic(server: FastifyInstance): void {
  server.addHook('onRequest', async (request, reply) => {
    reply.header('request-id', request.id);
  });
  server.setNotFoundHandler((request) => {
    throw notFound(`Not found: ${request.method} ${request.url.split('?', 1)[0]}`);
  });
  server.setErrorHandler((thrown: FastifyError, request, reply) => {
    const error = toApiError(thrown);
    if (error.status === 401) reply.removeHeader('anthropic-workspace-id');
    return reply
      .code(error.status)
      .headers(error.headers)
      .send(errorBody(error.type, error.message, request.id, error.code));
  });
}

function toApiError(thrown: FastifyError): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    const issues = thrown.validation.map(
      (issue) => `${issue.instancePath.slice(1).replaceAll('/', '.')}: ${issue.message}`,
    );
    return badRequest(issues.join('; '));
  }
  const status = thrown.statusCode ?? 500;
  return new ApiError(status, errorTypeOf(status), thrown.message);
}
