import { EPOCH_LOCK } from '../ledger/claim-offset.ts';
import type { Connection } from '../pool.ts';

/** No batch is in flight while this is held; the snapshot of what follows holds every batch or none of it. */
export async function lockEpoch(connection: Connection): Promise<void> {
  await connection.query('select pg_advisory_xact_lock($1)', [EPOCH_LOCK]);
}

/** Tells every process, once this transaction is committed, that another configuration is in force. */
export async function tellConfigurationMoved(connection: Connection): Promise<void> {
  await connection.query(`select pg_notify('bursar_configuration', '')`);
}
