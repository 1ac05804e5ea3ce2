import { readPasswordAssignment, readSecretAssignment } from '../generic-assignment.js';
import { read } from '../secret-rule.js';
import type { SecretRule } from '../secret-rule.js';
import { readUrlCredentials } from '../url-credentials.js';
import { fake, spelt } from './fake.js';

/** What only its name or its place calls a secret. */
export const genericRules: readonly SecretRule[] = [
  read({
    id: 'database-url',
    title: 'Password in the URL of a database',
    rank: 1,
    minEntropy: 1,
    keywords: ['://'],
    find: (place) => readUrlCredentials(place, true),
    matches: [`postgres://app:${fake(16)}@db.internal:5432/app`, `mongodb+srv://app:${fake(12)}@a.b.mongodb.net`],
    ignores: [
      'postgres://${USER}:${PASS}@db/app',
      'postgres://postgres:postgres@localhost/app',
      'postgres://db.internal:5432/app',
    ],
  }),
  read({
    id: 'url-credentials',
    title: 'Password in a URL',
    rank: 1,
    minEntropy: 1,
    keywords: ['://'],
    find: (place) => readUrlCredentials(place, false),
    matches: [`https://ci:${fake(20)}@git.corp.net/app.git`],
    ignores: ['https://user@example.com/', 'https://user:pass@example.com/', 'http://a.b:8080/c@d'],
  }),
  read({
    id: 'generic-api-key',
    title: 'Secret by its name',
    severity: 'medium',
    confidence: 'possible',
    rank: 1,
    keywords: [
      'secret',
      'token',
      'password',
      'passwd',
      'passphrase',
      'api_key',
      'apikey',
      'api-key',
      'access_key',
      'accesskey',
      'auth_key',
      'authkey',
      'private_key',
      'privatekey',
      'encryption_key',
      'encryptionkey',
      'signing_key',
      'signingkey',
      'master_key',
      'masterkey',
      'credential',
    ],
    find: readSecretAssignment,
    matches: [`API_KEY=${fake(32)}\n`, `"clientSecret": "${fake(40)}"`, `my_token: '${fake(24)}'`],
    ignores: [
      `public_token = "${fake(40)}"`,
      'token_type = "urn:ietf:params:oauth"',
      'password = getPassword(config.get("database1"))',
      `"integrity": "sha512-${fake(86, 'base64')}=="`,
      `token = "${[8, 4, 4, 4, 12].map((length) => fake(length, 'hex')).join('-')}"`,
    ],
  }),
  read({
    id: 'generic-password',
    title: 'Password by its name',
    severity: 'medium',
    confidence: 'possible',
    rank: 1,
    keywords: ['password', 'passwd', 'passphrase', 'pwd', '_pass'],
    examplePath: 'app/application.properties',
    find: readPasswordAssignment,
    matches: [spelt('DB_PASSWORD=Tide', 'Waiter!2041\n'), spelt("spring.datasource.password: 'Grau", "Brot#77'\n")],
    ignores: [
      'login.password=Passwort\n',
      'DB_PASSWORD=${DB_PASSWORD}\n',
      'PASSWORD_FILE=/run/secrets/password\n',
      'password: changeme\n',
    ],
  }),
];
