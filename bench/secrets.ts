/** What the search for secrets costs on texts that are made to cost as much as they can. See README.md. */
import { cpuUsage } from 'node:process';

import { findSecrets } from '@tidewaiter/secrets';

const megabytes = 10;
const key = Buffer.alloc(32, 1);
const baits: [text: string, path?: string][] = [
  ['a'],
  ['AKIA'],
  ['password='],
  ['password=Ab1!Ab1!x\n'],
  ['token: "aB3dE5fG7hJ9kL1m"'],
  ['secret_key="aB3dE5fG7hJ9kL1maB3dE5fG7hJ9kL1m"\n'],
  ['://a:bcd@'],
  ['-----BEGIN PRIVATE KEY-----'],
  ['eyJ-'],
  ['curl -H "'],
  ['kind: Secret\n', 'a/secret.yaml'],
  ['a:b:c:d:', 'root/.pgpass'],
  ['a:b:c:d:', 'etc/shadow'],
];

console.log(`CPU ms for ${megabytes} MB`);
for (const [bait, path = 'srv/app/settings'] of baits) {
  const length = megabytes * 1_000_000;
  const content = Buffer.from(bait.repeat(Math.ceil(length / bait.length)).slice(0, length));
  const before = cpuUsage();
  findSecrets({ path, content }, key);
  const { user } = cpuUsage(before);
  console.log(`  ${(user / 1000).toFixed(0).padStart(5)}  ${JSON.stringify(bait)} in ${path}`);
}
