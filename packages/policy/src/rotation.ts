import type { KeyEntry } from './policy.ts';
import { durationText } from './wording.ts';

export type RotationState = {
  state: 'fresh' | 'remind' | 'due' | 'past_grace';
  dueAtMs: number;
  graceEndsAtMs: number;
  /** In state `remind`: which of the entry's reminders is the present one. */
  reminderMs?: number;
  sentence: string;
};

/** Where a key stands in its rotation. Each border belongs to the later state. Times are milliseconds since 1970. */
export function rotationState(entry: KeyEntry, createdAtMs: number, nowMs: number): RotationState {
  const dueAtMs = createdAtMs + entry.rotateEveryMs;
  const graceEndsAtMs = dueAtMs + entry.graceMs;
  const dates = { dueAtMs, graceEndsAtMs };
  if (nowMs >= graceEndsAtMs) {
    const late = durationText(nowMs - graceEndsAtMs);
    return {
      ...dates,
      state: 'past_grace',
      sentence: `${entry.name} was due on ${day(dueAtMs)} and its grace ended ${late} ago.`,
    };
  }
  if (nowMs >= dueAtMs) {
    const left = durationText(graceEndsAtMs - nowMs);
    return {
      ...dates,
      state: 'due',
      sentence: `${entry.name} is due since ${day(dueAtMs)}; its grace ends in ${left}.`,
    };
  }
  const sentence = `${entry.name} is due on ${day(dueAtMs)}, in ${durationText(dueAtMs - nowMs)}.`;
  const reached = entry.remindMs.filter((leadMs) => dueAtMs - nowMs <= leadMs);
  if (reached.length === 0) return { ...dates, state: 'fresh', sentence };
  return { ...dates, state: 'remind', reminderMs: Math.min(...reached), sentence };
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
