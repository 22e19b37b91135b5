/** Loaded into a service before its own code: whatever ends the process that started it, a SIGKILL too, ends this process. */
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
