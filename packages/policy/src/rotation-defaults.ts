const DAY_MS = 86_400_000;

/** How keys rotate when the file doesn't say. */
export const DEFAULT_ROTATION = {
  rotateEveryMs: 90 * DAY_MS,
  remindMs: [14 * DAY_MS, 7 * DAY_MS, DAY_MS],
  graceMs: 7 * DAY_MS,
};
