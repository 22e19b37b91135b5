import type { Database } from './database.ts';
import type { Observed } from './oracle.ts';

type Row = {
  offsets: { p: number; n: string }[] | null;
  epoch: string;
  version: number | null;
  prices: string | null;
  bindings: [string, string][] | null;
};

/** What the database says of itself, between two transactions. */
export async function observe(database: Database): Promise<Observed> {
  const { rows } = await database.query(
    `select (select json_agg(json_build_object('p', partition, 'n', next_offset::text) order by partition) from kafka_offset) as offsets,
            epoch, policy_version_id as version,
            (select content_hash from price_book b where b.price_book_id = e.price_book_id) as prices,
            (select json_agg(json_build_array(encode(i.sha256, 'hex'), a.name))
               from key_binding b join key_identity i using (key_ref) join api_key a using (api_key_id)
              where b.unbound_at is null) as bindings
       from configuration_epoch e`,
    [],
  );
  const { offsets, epoch, version, prices, bindings } = rows[0] as Row;
  return {
    offsets: (offsets ?? []).map(({ p, n }) => ({ partition: p, next: BigInt(n) })),
    ...{ epoch: BigInt(epoch), version, pricesHash: prices, bindings: bindings ?? [] },
  };
}
