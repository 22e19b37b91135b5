/** The brokers of the test run. Throws where there are none: a test that cannot run has failed. */
export function brokersOfTest(env: NodeJS.ProcessEnv = process.env): string[] {
  const brokers = env['BURSAR_TEST_KAFKA_BROKERS'];
  if (!brokers) throw new Error('this test needs a real Kafka: run it with `pnpm test -- <part of its file name>`');
  return brokers.split(',');
}
