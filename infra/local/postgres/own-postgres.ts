import { startKeeper } from '../keep.ts';
import { REPOSITORY } from '../repository.ts';
import { createRunFolder } from '../run-folder.ts';
import { createThrowawayAuthority, type ThrowawayAuthority } from '../throwaway-authority.ts';
import { startLocalPostgres } from './local-postgres.ts';

export type OwnPostgres = { readonly url: string; readonly authority: ThrowawayAuthority } & AsyncDisposable;

/**
 * A PostgreSQL of a test's own, for what belongs to a whole server: roles, its certificate, who is let in.
 * It takes TLS connections alone; its URL trusts its authority. Gone at the end of the scope.
 */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const authority = await createThrowawayAuthority();
  const keeper = startKeeper(await createRunFolder(`${REPOSITORY}/.bursar`));
  try {
    const tls = { ...(await authority.server()), authority: authority.certificate };
    const { url } = await startLocalPostgres({ keeper, durable: false, tls });
    return { url, authority, [Symbol.asyncDispose]: () => keeper.close() };
  } catch (error) {
    await keeper.close();
    throw error;
  }
}
