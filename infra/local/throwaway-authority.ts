import { randomUUID } from 'node:crypto';
import { generate } from 'selfsigned';

export type Identity = { readonly certificate: string; readonly key: string };

/** A certificate authority that nobody else trusts, made for one test: all PEM texts. */
export type ThrowawayAuthority = {
  readonly certificate: string;
  /** A certificate for a server on this machine. */
  server(): Promise<Identity>;
  /** A certificate that a client shows for itself. */
  client(name: string): Promise<Identity>;
};

type Extensions = NonNullable<Parameters<typeof generate>[1]>['extensions'];

const ON_THIS_MACHINE: Extensions = [
  { name: 'basicConstraints', cA: false },
  { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
  {
    name: 'subjectAltName',
    altNames: [
      { type: 2, value: 'localhost' },
      { type: 7, ip: '127.0.0.1' },
    ],
  },
];

export async function createThrowawayAuthority(): Promise<ThrowawayAuthority> {
  const authority = await issue(`throw-away authority ${randomUUID()}`, [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ]);
  const ca = { cert: authority.certificate, key: authority.key };
  return {
    certificate: authority.certificate,
    server: () => issue('localhost', ON_THIS_MACHINE, ca),
    client: (name) => issue(name, [{ name: 'extKeyUsage', clientAuth: true }], ca),
  };
}

async function issue(
  commonName: string,
  extensions: Extensions,
  ca?: { cert: string; key: string },
): Promise<Identity> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: extensions ?? [],
    ...(ca && { ca }),
  });
  return { certificate: cert, key };
}
