/**
 * Cost of the search for secrets on texts that are crafted to be as expensive as possible. See
 * README.md.
 */
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
  ['-token-', 'root/.circleci/cli.yml'],
  [' password ', 'root/.my.cnf'],
  ['_', 'opt/tomcat/conf/server.xml'],
  ['"value": "abcd", "secret": "abcd', 'app/terraform.tfstate'],
  ['a b c', 'etc/ppp/chap-secrets'],
  ['eyJ0eXBlIjoi\n'],
  ['LS0tLS1CRUdJTi'.repeat(6) + '\n'],
  ['mysql -u root '],
  ['echo | chpasswd\n'],
  ['name: PASSWORD\n'],
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
