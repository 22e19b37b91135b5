import { Writable } from 'node:stream';
import type { Pool } from '@bursar/db/pool';
import type { Database } from './database.ts';
import type { Answer } from './prepared.ts';
import type { Process, Scheduler, Session } from './scheduler.ts';

export type PoolParts = {
  database: Database;
  scheduler: Scheduler;
  process: Process;
  /** Told of each transaction that has committed, before anybody else hears of it, with the statements it consisted of. */
  onCommit(process: Process, statements: readonly string[]): Promise<void>;
  /** Told of each answer to a statement. */
  onAnswer(sql: string, values: readonly unknown[], answer: Answer): void;
};

type Query = string | { text: string; values?: unknown[] };
type CopyStream = { text: string; submit: unknown };

/** The surface of `pg.Pool` that packages/db uses. Every statement is a point at which the scheduler decides. */
export function openPglitePool({ database, scheduler, process, onCommit, onAnswer }: PoolParts): Pool {
  const sent = (session: Session, text: string, run: () => Promise<Answer>) =>
    scheduler.at({ process, session, label: labelOf(text), run });

  function connection() {
    const session: Session = { process };
    const statements: string[] = [];
    const inTurn = (text: string) => async () => {
      const [first, ...others] = text.split('; ');
      let answer = await database.query(first!);
      for (const other of others) answer = await database.query(other);
      if (first === 'begin') scheduler.holder = session;
      else scheduler.holder = undefined;
      if (text === 'commit') await onCommit(process, statements);
      statements.length = 0;
      return answer;
    };
    return {
      query(query: Query | CopyStream, values?: unknown[]) {
        const text = textOf(query);
        if (isCopy(query)) return copyInto((bytes) => sent(session, text, () => copied(database, text, bytes)));
        if (/^(begin|commit|rollback)/.test(text)) return sent(session, text, inTurn(text));
        statements.push(text);
        return sent(session, text, async () => {
          const given = valuesOf(query, values);
          const answer = await database.query(text, given);
          onAnswer(text, given, answer);
          return answer;
        });
      },
      release() {},
    };
  }

  return {
    query(query: Query, values?: unknown[]) {
      const text = textOf(query);
      return sent({ process }, text, () => database.query(text, valuesOf(query, values)));
    },
    connect: async () => connection(),
    end: async () => {},
  } as unknown as Pool;
}

function textOf(query: Query | CopyStream): string {
  return typeof query === 'string' ? query : query.text;
}

function valuesOf(query: Query | CopyStream, values: unknown[] | undefined): unknown[] {
  return values ?? (typeof query !== 'string' && 'values' in query ? query.values : undefined) ?? [];
}

function isCopy(query: Query | CopyStream): query is CopyStream {
  return typeof query !== 'string' && 'submit' in query;
}

function copyInto(send: (bytes: Buffer) => Promise<unknown>): Writable {
  const chunks: Buffer[] = [];
  return new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
    final(done) {
      send(Buffer.concat(chunks)).then(
        () => done(),
        (error) => done(error),
      );
    },
  });
}

async function copied(database: Database, text: string, bytes: Buffer): Promise<Answer> {
  await database.copy(text, bytes);
  return { rows: [], rowCount: 0 };
}

function labelOf(sql: string): string {
  return sql.slice(0, 120).replaceAll(/\s+/g, ' ').slice(0, 48);
}
