/** A service that makes one metered call and ends without closing its meter: `node one-call.ts <server> <brokers> <prefix>`. */
import Anthropic from '@anthropic-ai/sdk';
import { createMeter } from '../src/meter.ts';
import { freshKey } from './messages-server.ts';

const [baseURL, brokers, topicPrefix] = process.argv.slice(2) as [string, string, string];
const meter = createMeter({ service: 'search', role: 'USER', kafka: { brokers: brokers.split(',') }, topicPrefix });
const client = meter.wrap(new Anthropic({ apiKey: freshKey(), baseURL }));
await client.messages.create({ model: 'claude-haiku-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] });
