import { fileURLToPath } from 'node:url';

/** The folder of this checkout. */
export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
