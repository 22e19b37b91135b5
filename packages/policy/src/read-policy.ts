import type { z } from 'zod';
import { buildPolicy } from './build-policy.ts';
import { checkPolicy } from './check-policy.ts';
import type { Policy } from './policy.ts';
import { policyFile } from './policy-file.ts';
import { policyContentHash } from './policy-json.ts';
import type { Remark } from './raw-policy.ts';
import { shapeRemarks } from './shape-remarks.ts';
import { distinct, type Path, type Position, readYaml, type YamlSource } from './yaml-source.ts';

const MAX_SOURCE_CHARS = 1_000_000;
const MAX_PROBLEMS = 200;

/** `path` is where in the policy, such as `limits[2].budget`; empty for the file as a whole. */
export type Problem = Position & { path: string; message: string };

export type ReadPolicy = { ok: true; policy: Policy; contentHash: string } | { ok: false; problems: Problem[] };

/**
 * Reads the text of a policy file: a policy without doubt, or everything that is wrong with it, in file order.
 * Never throws for bad input. `contentHash` names what the policy says, not how the file is laid out.
 * @param file only for messages, such as `bursar.yaml`.
 */
export function readPolicy(source: string, file: string): ReadPolicy {
  const unreadable = refuseUnread(source, file);
  if (unreadable) return { ok: false, problems: [unreadable] };
  const yaml = readYaml(source);
  const syntax = yaml.errors.map((error) => ({ ...error, path: '' }));
  if (yaml.value === undefined) return { ok: false, problems: syntax };

  const parsed = policyFile.safeParse(yaml.value, { reportInput: true });
  const problems = distinct([...syntax, ...located(yaml, parsed)]);
  if (problems.length > 0 || !parsed.success) return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
  const policy = buildPolicy(parsed.data);
  return { ok: true, policy, contentHash: policyContentHash(policy) };
}

/** One line per problem, as compilers write them: `bursar.yaml:12:5 limits[0].budget is "500"; write …`. */
export function formatProblems(problems: readonly Problem[], file: string): string {
  return problems
    .map(({ line, column, path, message }) => `${file}:${line}:${column} ${path} ${message}`.replace('  ', ' '))
    .join('\n');
}

function refuseUnread(source: string, file: string): Problem | undefined {
  const start = { line: 1, column: 1, path: '' };
  if (source.length > MAX_SOURCE_CHARS) {
    return { ...start, message: `${file} has ${source.length} characters; a policy has at most ${MAX_SOURCE_CHARS}` };
  }
  if (source.trim() === '')
    return { ...start, message: `${file} is empty; it needs at least organization, roles, environments and keys` };
  const secret = source.search(/sk-ant-[\w-]{20,}/);
  if (secret < 0) return undefined;
  const before = source.slice(0, secret).split('\n');
  const message = 'looks like an API key; a policy names keys and never holds them: remove it and revoke the key';
  return { line: before.length, column: (before.at(-1) ?? '').length + 1, path: '', message };
}

function located(yaml: YamlSource, parsed: z.ZodSafeParseResult<unknown>): Problem[] {
  const shape = parsed.success ? [] : parsed.error.issues.flatMap((issue) => shapeRemarks(issue, policyFile));
  const remarks = [...shape, ...checkPolicy(yaml.value)];
  const problems = remarks.map((remark) => ({ ...yaml.locate(remark.path, remark.at ?? 'value'), ...worded(remark) }));
  return problems.sort((a, b) => a.line - b.line || a.column - b.column);
}

function worded({ path, message }: Remark): { path: string; message: string } {
  return { path: pathText(path), message };
}

function pathText(path: Path): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');
}
