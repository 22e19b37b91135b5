#!/usr/bin/env node
import { wantsColour } from './config.ts';
import { Terminal } from './output/terminal.ts';
import { run } from './program.ts';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());
// `bursar requests list | head` closes the pipe early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const colour = { stdout: wantsColour(process.stdout), stderr: wantsColour(process.stderr) };
process.exitCode = await run(process.argv, new Terminal(process, colour), interrupted.signal);
