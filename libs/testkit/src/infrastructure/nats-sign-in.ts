import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type ConnectionOptions, credsAuthenticator, nkeyAuthenticator, nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** Ways in which a client of NATS proves who it is. */
export type NatsSignIn = 'password' | 'nkey' | 'creds';

/** The only user of throw-away servers: for the configuration of the servers and for its client. */
export interface NatsTestUser {
  /** Lines of the servers' configuration. */
  config: string;
  /** Part of the URL before the hosts. */
  authority: string;
  options: Pick<ConnectionOptions, 'user' | 'pass' | 'authenticator'>;
  nkeyFile: string | undefined;
  credsFile: string | undefined;
}

const user = 'tidewaiter';
const password = 'password-of-the-test';
const seconds = () => Math.floor(Date.now() / 1000);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Makes the user, with its files in `dir`. */
export async function makeNatsTestUser(signIn: NatsSignIn, dir: string): Promise<NatsTestUser> {
  const unset = { authority: '', nkeyFile: undefined, credsFile: undefined };
  if (signIn === 'nkey') {
    const pair = nkeys.createUser();
    const nkeyFile = join(dir, 'user.nk');
    // The line end belongs to the file alone.
    await writeFile(nkeyFile, `${text(pair.getSeed())}\n`, { mode: 0o600 });
    const config = `authorization { users: [ { nkey: ${pair.getPublicKey()} } ] }`;
    return { ...unset, config, options: { authenticator: nkeyAuthenticator(pair.getSeed()) }, nkeyFile };
  }
  if (signIn === 'creds') {
    const { config, creds } = makeOperator();
    const credsFile = join(dir, 'user.creds');
    await writeFile(credsFile, creds, { mode: 0o600 });
    const authenticator = credsAuthenticator(new TextEncoder().encode(creds));
    return { ...unset, config, options: { authenticator }, credsFile };
  }
  const config = `authorization { users: [ { user: ${user}, password: "${password}" } ] }`;
  return { ...unset, config, authority: `${user}:${password}@`, options: { user, pass: password } };
}

/**
 * An operator with an account that may use JetStream, a user of it, and the system account without
 * which a cluster in operator mode has no JetStream.
 */
function makeOperator(): { config: string; creds: string } {
  const operator = nkeys.createOperator();
  const [system, account, person] = [nkeys.createAccount(), nkeys.createAccount(), nkeys.createUser()];
  const unlimited = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, conn: -1, leaf: -1 };
  const jetstream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const accountToken = (pair: KeyPair, name: string, limits: object) =>
    tokenOf(operator, pair, { name, nats: { type: 'account', version: 2, limits: { ...limits, wildcards: true } } });
  const config = `operator: ${tokenOf(operator, operator, { name: 'test', nats: { type: 'operator', version: 2 } })}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: {
  ${system.getPublicKey()}: ${accountToken(system, 'SYS', unlimited)}
  ${account.getPublicKey()}: ${accountToken(account, 'tidewaiter', { ...unlimited, ...jetstream })}
}`;
  const nats = { ...{ type: 'user', version: 2, subs: -1, data: -1, payload: -1 }, pub: {}, sub: {} };
  const creds = `-----BEGIN NATS USER JWT-----
${tokenOf(account, person, { name: user, nats })}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${text(person.getSeed())}
------END USER NKEY SEED------
`;
  return { config, creds };
}

/**
 * A JWT of NATS.
 *
 * @see https://docs.nats.io/running-a-nats-service/configuration/securing_nats/jwt
 */
function tokenOf(issuer: KeyPair, subject: KeyPair, claims: { name: string; nats: object }): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const body = { jti: nkeys.createUser().getPublicKey(), iat: seconds(), iss: issuer.getPublicKey() };
  const signed = [
    { typ: 'JWT', alg: 'ed25519-nkey' },
    { ...body, sub: subject.getPublicKey(), ...claims },
  ];
  const input = signed.map(encode).join('.');
  return `${input}.${Buffer.from(issuer.sign(new TextEncoder().encode(input))).toString('base64url')}`;
}
