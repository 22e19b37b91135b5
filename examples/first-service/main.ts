/** A service that makes one metered request. Only the lines with `meter` are Bursar's. */
import Anthropic from '@anthropic-ai/sdk';
import { createMeter } from '@bursar/emitter';
import { readConfig } from './config.ts';

async function main(): Promise<string> {
  const { kafka, baseURL, apiKey } = await readConfig();
  const meter = createMeter({ service: 'first-service', role: 'USER', kafka, onProblem: complain });
  const client = new Anthropic({ apiKey, baseURL, middleware: [meter.middleware] });
  try {
    const answer = await client.messages.create({
      model: 'claude-haiku-5-5',
      max_tokens: 64,
      messages: [{ role: 'user', content: 'Say hello to Bursar.' }],
    });
    return `${answer._request_id}: ${answer.usage.input_tokens} input and ${answer.usage.output_tokens} output tokens`;
  } finally {
    await meter.close();
  }
}

function complain({ message }: { message: string }): void {
  process.stderr.write(`${message}\n`);
}

main().then(
  (line) => process.stdout.write(`${line}\n`),
  (error: Error) => {
    const isUnreachable = error instanceof Anthropic.APIConnectionError;
    complain(
      isUnreachable ? new Error('Nobody answers at the Anthropic address. Is `pnpm start` still running?') : error,
    );
    process.exitCode = 1;
  },
);
