/** Loaded into a process under test before its own code: whatever ends the test, a SIGKILL too, ends this process. */
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
