import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml';
import { shown } from './wanted.ts';

/** Where in a parsed file: map keys and list indices. */
export type Path = readonly (string | number)[];
export type Position = { line: number; column: number };

/** A parsed YAML file that knows where each value stands. */
export type YamlSource = {
  /** Plain values, or undefined when `errors` leave no tree to trust. */
  value: unknown;
  errors: (Position & { message: string })[];
  /** The position of a value, or of its key; of the nearest thing around it when it is missing. */
  locate: (path: Path, what: 'key' | 'value') => Position;
};

const MAX_SYNTAX_ERRORS = 20;

const TOO_DEEP = 'is nested too deeply; a policy has lists in maps in lists, and no more';
const PLAIN_WORDS: Partial<Record<ErrorCode, string>> = {
  MULTIPLE_DOCS: 'begins a second document; a policy is one',
  RESOURCE_EXHAUSTION: TOO_DEEP,
  NON_STRING_KEY: 'is not a field name; write a text, in quotes if it looks like a number',
};

/** Reads one YAML 1.2 document. Anchors are allowed; expansions that grow out of hand are an error, not a hang. */
export function readYaml(source: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(source, {
    lineCounter: lines,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const flaws = distinct(flawsOf(document)).slice(0, MAX_SYNTAX_ERRORS);
  const errors = flaws.map((flaw) => ({ ...at(flaw.offset), message: messageOf(flaw, document) }));
  const treeHolds = document.errors.every(({ code }) => code === 'DUPLICATE_KEY');
  let value: unknown;
  try {
    if (treeHolds) value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const message = error instanceof RangeError ? TOO_DEEP : `The aliases can't be expanded: ${String(error)}`;
    errors.push({ line: 1, column: 1, message });
  }
  return { value, errors, locate: (path, what) => at(offsetOf(document, path, what)) };
}

type Flaw = { code: ErrorCode; message: string; offset: number };

/** Of a text nested too deeply the place where the parser gave up is enough: the rest follows from it. */
function flawsOf({ errors, warnings }: Document.Parsed): Flaw[] {
  const exhausted = errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  const told = exhausted ? [exhausted] : [...errors, ...warnings];
  return told.map(({ code, message, pos }) => ({ code, message, offset: pos[0] }));
}

function messageOf({ code, message, offset }: Flaw, document: Document): string {
  if (code === 'DUPLICATE_KEY') return `${shown(keyAt(document, offset))} is a field that stands twice in its map`;
  return PLAIN_WORDS[code] ?? message;
}

function keyAt(document: Document, offset: number): unknown {
  let found: unknown;
  visit(document, {
    Pair: (_, { key }) => {
      if (!isScalar(key) || startOf(key) !== offset) return undefined;
      found = key.value;
      return visit.BREAK;
    },
  });
  return found;
}

/** The same without repetitions, in the same order. */
export function distinct<Item>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

function offsetOf(document: Document, path: Path, what: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    const pair = pairAt(node, step);
    node = pair ? pair.value : itemAt(node, step);
    const wantsKey = what === 'key' && depth === path.length - 1;
    const found = (pair && (wantsKey || startOf(node) === undefined) ? startOf(pair.key) : undefined) ?? startOf(node);
    if (found === undefined) break;
    offset = found;
    if (isAlias(node)) node = node.resolve(document);
  }
  return offset;
}

function pairAt(node: unknown, key: string | number): Pair | undefined {
  return isMap(node) ? node.items.find((pair) => isScalar(pair.key) && pair.key.value === key) : undefined;
}

function itemAt(node: unknown, index: string | number): unknown {
  return isSeq(node) && typeof index === 'number' ? node.items[index] : undefined;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
