/** A service of its own process whose callers do nothing but call, each until its key is refused. */
import Anthropic from '@anthropic-ai/sdk';
import { createMeter } from '@bursar/emitter';
import { call } from '../../harness/installation.ts';

export type Calls = {
  baseUrl: string;
  apiKey: string;
  name: string;
  callers: number;
  inputTokensPerCall: number;
  kafka: { brokers: string[]; prefix: string };
};
/** When each answer came, in order. */
export type CallsMade = { answeredAtMs: number[] };

async function callUntilRefused(anthropic: Anthropic, tokens: number, answeredAtMs: number[]): Promise<void> {
  for (;;) {
    try {
      await call(anthropic, tokens);
      answeredAtMs.push(performance.now());
    } catch (error) {
      if (error instanceof Anthropic.AuthenticationError) return;
      throw error;
    }
  }
}

process.once('message', async ({ baseUrl, apiKey, name, callers, inputTokensPerCall, kafka }: Calls) => {
  const meter = createMeter({
    ...{ service: name, role: 'USER', kafka: { brokers: kafka.brokers }, topicPrefix: kafka.prefix },
  });
  const anthropic = new Anthropic({ apiKey, baseURL: baseUrl, maxRetries: 0, middleware: [meter.middleware] });
  const made: CallsMade = { answeredAtMs: [] };
  await Promise.all(
    Array.from({ length: callers }, () => callUntilRefused(anthropic, inputTokensPerCall, made.answeredAtMs)),
  );
  await meter.close(10_000);
  process.send!(made, () => process.disconnect());
});
