/** PostgreSQL's settings, shared by the local server and the container, as `-c name=value` arguments. */
export function postgresArguments(durable: boolean): string[] {
  const settings = {
    max_connections: '200',
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    log_min_messages: 'warning',
    log_checkpoints: 'off',
    // When a row became visible, to the microsecond: the bench measures delays with it.
    track_commit_timestamp: 'on',
    // Off only for throw-away tests: nothing here survives a power cut anyway.
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
