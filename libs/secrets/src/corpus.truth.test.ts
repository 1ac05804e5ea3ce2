import { describeWith, sharedData } from '@tidewaiter/testkit';

import { findSecrets, findSecretsInConfig } from './index.js';
import { mayHoldSecrets } from './paths.js';

const generator = sharedData('corpus/lib/secretgen.mjs');
const key = Buffer.from('key of the tests');

interface Generator {
  Planter: new (seed: string) => { make(kind: string): string };
  lookalikes(seed: string, count: number): { path: string; data: string }[];
}

function look(path: string, text: string) {
  const content = Buffer.from(text);
  return mayHoldSecrets(path, content.subarray(0, 512)) ? findSecrets({ path, content }, key).sightings : [];
}

type Make = (kind: string) => string;

// Files of the image secrets-basic, and others of their kinds: path, text, and the lines with
// secrets.
const planted: [path: string, text: (make: Make) => string, lines: number[]][] = [
  [
    'app/.env',
    (m) =>
      `# x\nAWS_ACCESS_KEY_ID=${m('aws-access-key-id')}\nAWS_SECRET_ACCESS_KEY=${m('aws-secret-access-key')}\nSTRIPE_KEY=${m('stripe-secret-key')}\n`,
    [2, 3, 4],
  ],
  [
    'app/config/database.yml',
    (m) => `production:\n  adapter: postgresql\n  url: postgres://app:${m('password')}@db.internal:5432/app\n`,
    [3],
  ],
  [
    'app/settings.py',
    (m) => `\nREDIS = 'redis://:${m('password')}@cache:6379/0'\nM = "mysql://root:${m('password')}@10.0.0.3/x"\n`,
    [2, 3],
  ],
  ['tmp/build/id_rsa', (m) => m('rsa-private-key'), [1]],
  [
    'root/.aws/credentials',
    (m) =>
      `[default]\naws_access_key_id = ${m('aws-access-key-id')}\naws_secret_access_key = ${m('aws-secret-access-key')}\n`,
    [2, 3],
  ],
  [
    'app/aws.json',
    (m) => `{\n "accessKeyId": "${m('aws-session-key-id')}",\n "secretAccessKey": "${m('aws-secret-access-key')}"\n}\n`,
    [2, 3],
  ],
  ['root/.npmrc', (m) => `registry=https://npm.example.com/\n//npm.example.com/:_authToken=${m('npm-token')}\n`, [2]],
  [
    'app/.git/config',
    (m) => `[remote "origin"]\n\turl = https://ci:${m('github-pat')}@github.com/example/app.git\n`,
    [2],
  ],
  [
    'root/.git-credentials',
    (m) => `https://deploy:${m('gitlab-pat')}@gitlab.com\nhttps://me:${m('password')}@git.corp.net\n`,
    [1, 2],
  ],
  ['root/.ssh/id_ed25519', (m) => m('openssh-private-key'), [1]],
  ['etc/ssl/private/server.key', (m) => m('private-key'), [1]],
  ['root/.docker/config.json', (m) => `{"auths":{"registry.example.com":{"auth":"${m('basic-auth')}"}}}\n`, [1]],
  ['root/.netrc', (m) => `machine api.example.com\n  login deploy\n  password ${m('password')}\n`, [3]],
  ['root/.pgpass', (m) => `db.internal:5432:app:app:${m('password')}\n`, [1]],
  [
    'app/gcp.json',
    (m) => `${JSON.stringify({ type: 'service_account', private_key: m('rsa-private-key') }, null, 2)}\n`,
    [3],
  ],
  [
    'app/src/notify.py',
    (m) => `import requests\n\nHOOK = "${m('slack-webhook')}"\nBOT = '${m('slack-bot-token')}'\n`,
    [3, 4],
  ],
  ['app/src/mail.js', (m) => `const sg = require("@sendgrid/mail");\nsg.setApiKey("${m('sendgrid-api-key')}");\n`, [2]],
  [
    'app/src/maps.html',
    (m) => `<script src="https://maps.googleapis.com/maps/api/js?key=${m('google-api-key')}"></script>\n`,
    [1],
  ],
  [
    'app/appsettings.json',
    (m) => `{ "ConnectionStrings": {\n "Storage": ${JSON.stringify(m('azure-storage-key'))} } }\n`,
    [2],
  ],
  ['app/token.txt', (m) => `Authorization: Bearer ${m('jwt')}\n`, [1]],
  [
    'root/.config/gh/hosts.yml',
    (m) => `github.com:\n    user: x\n    oauth_token: ${m('github-fine-grained-pat')}\n`,
    [3],
  ],
  ['root/.pypirc', (m) => `[pypi]\nusername = __token__\npassword = ${m('pypi-token')}\n`, [3]],
  [
    'app/ci.sh',
    (m) =>
      [
        'github-app-token',
        'openai-api-key',
        'anthropic-api-key',
        'huggingface-token',
        'digitalocean-pat',
        'shopify-token',
        'vault-token',
        'twilio-api-key',
      ]
        .map((kind) => `export A='${m(kind)}'\n`)
        .join(''),
    [1, 2, 3, 4, 5, 6, 7, 8],
  ],
];

describeWith(generator)('secrets of the corpus', () => {
  let corpus: Generator;
  beforeAll(async () => {
    corpus = (await import(generator.path)) as Generator;
  });

  it.each(planted)('finds the planted secrets of %s', (path, text, lines) => {
    for (let seed = 0; seed < 40; seed += 1) {
      // Generating a prime for RSA is slow.
      if (seed > 0 && text.toString().includes('rsa-private-key')) break;
      const planter = new corpus.Planter(`tests ${seed}`);
      const data = text((kind) => planter.make(kind));
      expect(look(path, data).map(({ line }) => line)).toEqual(lines);
    }
  });

  it('reports nothing in 6,000 files that look like secrets', () => {
    for (const seed of ['secrets-basic', 'unseen', 'another']) {
      for (const { path, data } of corpus.lookalikes(seed, 2000)) expect([path, ...look(path, data)]).toEqual([path]);
    }
  });

  it('finds the planted secrets in the config of an image', () => {
    const planter = new corpus.Planter('config');
    const sightings = findSecretsInConfig(
      {
        env: [
          'PATH=/usr/local/bin:/usr/bin:/bin',
          `AWS_ACCESS_KEY_ID=${planter.make('aws-access-key-id')}`,
          `AWS_SECRET_ACCESS_KEY=${planter.make('aws-secret-access-key')}`,
          `DATABASE_URL=postgresql://svc:${planter.make('password')}@db.prod.internal/main`,
          'PASSWORD_FILE=/run/secrets/password',
        ],
        labels: {
          'com.example.ci-token': planter.make('github-app-token'),
          'org.opencontainers.image.revision': '9'.repeat(40),
        },
        history: [
          { createdBy: 'ADD alpine-minirootfs.tar.gz / # buildkit' },
          { createdBy: `RUN |1 NPM_TOKEN=${planter.make('npm-token')} /bin/sh -c npm ci # buildkit` },
          { createdBy: 'ENV AWS_ACCESS_KEY_ID=[redacted]' },
          {},
        ],
        cmd: ['/bin/agent', '--token', planter.make('digitalocean-pat')],
        entrypoint: ['/bin/sh'],
      },
      key,
    );
    expect(sightings.map(({ origin, name, rule }) => `${origin} ${name}: ${rule}`)).toEqual([
      'env AWS_ACCESS_KEY_ID: aws-access-token',
      'env AWS_SECRET_ACCESS_KEY: aws-secret-access-key',
      'env DATABASE_URL: database-url',
      'label com.example.ci-token: github-app-token',
      'history 1: npm-access-token',
      'cmd 2: digitalocean-pat',
    ]);
  });
});
