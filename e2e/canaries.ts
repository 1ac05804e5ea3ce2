import { createHash } from 'node:crypto';

/** Planted secret: `text` is the command, header or setting around it. */
export interface Canary {
  name: string;
  text: string;
  secret: string;
}

const alphabets = {
  word: 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789',
  upper: 'ABCDEFGHJKLMNPQRSTUVWXYZ234567',
  digits: '0123456789',
  hex: '0123456789abcdef',
};

/** Characters derived from the seed, so that no literal in this file looks like a secret. */
class Characters {
  #count = 0;

  constructor(private readonly seed: Buffer) {}

  take(length: number, alphabet: keyof typeof alphabets = 'word'): string {
    const letters = alphabets[alphabet];
    return Array.from(this.bytes(length), (byte) => letters[byte % letters.length]).join('');
  }

  bytes(length: number): Buffer {
    const parts: Buffer[] = [];
    for (let have = 0; have < length; have += 32) {
      this.#count += 1;
      parts.push(createHash('sha256').update(this.seed).update(String(this.#count)).digest());
    }
    return Buffer.concat(parts).subarray(0, length);
  }

  password(): string {
    return `Qz${this.take(9)}7k`;
  }

  json(value: object): string {
    return Buffer.from(JSON.stringify(value)).toString('base64url');
  }
}

/** Each kind of secret, in the form in which it leaks. */
export function canaries(seed: Buffer): Canary[] {
  const some = new Characters(seed);
  const pem = (kind: string, body: string) =>
    ['BEGIN', 'END'].map((edge) => `${'-'.repeat(5)}${edge} ${kind}PRIVATE KEY${'-'.repeat(5)}`).join(`\\n${body}\\n`);
  const tokens: [name: string, secret: string][] = [
    ['aws-id', `AKIA${some.take(16, 'upper')}`],
    ['github', `ghp_${some.take(36)}`],
    ['github-pat', `github_pat_${some.take(22)}_${some.take(59)}`],
    ['gitlab', `glpat-${some.take(20)}`],
    ['slack-bot', `xoxb-${some.take(12, 'digits')}-${some.take(12, 'digits')}-${some.take(24)}`],
    ['stripe', `sk_live_${some.take(24)}`],
    ['npm', `npm_${some.take(36)}`],
    ['pypi', `pypi-AgEIcHlwaS5vcmc${some.take(80)}`],
    ['sendgrid', `SG.${some.take(22)}.${some.take(43)}`],
    ['google', `AIza${some.take(35)}`],
    ['vault', `hvs.${some.take(90)}`],
    ['openai', `sk-proj-${some.take(48)}`],
    ['jwt', `${some.json({ alg: 'HS256' })}.${some.json({ sub: 'deploy', iat: 1 })}.${some.take(43)}`],
    ['jwt-cut', `${some.json({ alg: 'RS256' })}.${some.json({ sub: some.take(20) })}`],
    [
      'slack-webhook',
      `https://hooks.slack.com/services/T${some.take(8, 'upper')}/B${some.take(8, 'upper')}/${some.take(24)}`,
    ],
  ];
  const marked: [name: string, write: (secret: string) => string, secret: string][] = [
    ['aws-secret', (s) => `curl -d AWS_SECRET_ACCESS_KEY=${s} https://a.corp.net`, some.take(40)],
    ['aws-session', (s) => `AWS_SESSION_TOKEN=IQoJb3JpZ2lu${s} aws s3 ls`, some.take(200)],
    ['bearer', (s) => `curl -H Authorization: Bearer ${s} https://a.corp.net`, some.take(40)],
    ['bearer-quoted', (s) => `curl -H 'Authorization: Bearer ${s}' https://a.corp.net`, some.take(40)],
    ['api-key-header', (s) => `wget --header=X-Api-Key:${s} https://a.corp.net`, some.take(32)],
    ['private-token', (s) => `curl -H 'PRIVATE-TOKEN: ${s}' https://git.corp.net`, some.take(26)],
    ['cookie', (s) => `curl -H 'Cookie: sessionid=${s}' https://a.corp.net`, some.take(32)],
    ['curl-user', (s) => `curl -u admin:${s} https://a.corp.net`, some.password()],
    ['curl-user-joined', (s) => `curl -sku admin:${s} https://a.corp.net`, some.password()],
    ['proxy-user', (s) => `curl --proxy-user bob:${s} https://a.corp.net`, some.password()],
    ['wget', (s) => `wget --user=a --password=${s} https://a.corp.net`, some.password()],
    ['git-url', (s) => `git clone https://ci:${s}@git.corp.net/a.git`, some.password()],
    ['git-token-url', (s) => `git clone https://${s}@git.corp.net/a.git`, some.take(30)],
    ['mysql', (s) => `mysql -u root -p${s} shop`, some.password()],
    ['mysql-long', (s) => `mysqldump --password=${s} shop`, some.password()],
    ['postgres-variable', (s) => `PGPASSWORD=${s} psql -h db`, some.password()],
    ['postgres-url', (s) => `DATABASE_URL=postgres://app:${s}@db.corp.net/app`, some.password()],
    ['postgres-dsn', (s) => `psql host=db user=a password=${s} dbname=x`, some.password()],
    ['mongodb-url', (s) => `mongosh mongodb+srv://app:${s}@c.mongodb.net/x`, some.password()],
    ['redis-url', (s) => `celery -b redis://:${s}@redis:6379/0`, some.password()],
    ['amqp-url', (s) => `worker amqp://app:${s}@mq.corp.net/`, some.password()],
    ['redis-cli', (s) => `redis-cli -h cache -a ${s} ping`, some.password()],
    ['sql-server', (s) => `app Server=db;User Id=sa;Password=${s};`, some.password()],
    ['sqlcmd', (s) => `sqlcmd -S db -U sa -P ${s}`, some.password()],
    [
      'azure',
      (s) => `AccountName=a;AccountKey=${s};EndpointSuffix=core.windows.net`,
      some.bytes(64).toString('base64'),
    ],
    ['azure-sas', (s) => `azcopy https://a.blob.core.windows.net/c?sv=1&sig=${s}`, some.take(44)],
    [
      'google-account',
      (s) => `{"type":"service_account","private_key":"${pem('', s)}"}`,
      some.bytes(120).toString('base64'),
    ],
    ['private-key', (s) => `echo ${pem('RSA ', s)}`, some.bytes(120).toString('base64')],
    [
      'basic',
      (s) => `curl -H 'Authorization: Basic ${Buffer.from(`admin:${s}`).toString('base64')}' https://a.corp.net`,
      some.password(),
    ],
    [
      'docker-auth',
      (s) => `{"auths":{"reg.corp.net":{"auth":"${Buffer.from(`ci:${s}`).toString('base64')}"}}}`,
      some.password(),
    ],
    ['docker-login', (s) => `docker login -u ci -p ${s} reg.corp.net`, some.password()],
    ['piped', (s) => `echo ${s} | docker login -u ci --password-stdin`, some.password()],
    ['chpasswd', (s) => `echo root:${s} | chpasswd`, some.password()],
    ['sshpass', (s) => `sshpass -p ${s} ssh root@h`, some.password()],
    ['option', (s) => `tool --password ${s} run`, some.password()],
    ['option-equals', (s) => `tool --db-password=${s} run`, some.password()],
    ['option-letters', (s) => `tool --password ${s} run`, 'correcthorsebatterystaple'],
    ['token-option', (s) => `tool --token ${s} run`, some.take(24)],
    ['api-key-option', (s) => `tool --api-key=${s} run`, some.take(24)],
    ['secret-option', (s) => `tool --client-secret ${s} run`, some.take(24)],
    ['passphrase', (s) => `gpg --batch --passphrase ${s} -d a`, some.password()],
    ['openssl', (s) => `openssl enc -aes-256-cbc -k ${s}`, some.password()],
    ['openssl-pass', (s) => `openssl pkcs12 -passout pass:${s}`, some.password()],
    ['htpasswd', (s) => `htpasswd -bc f admin ${s}`, some.password()],
    ['ldap', (s) => `ldapsearch -x -D cn=a -w ${s}`, some.password()],
    ['java', (s) => `java -Djavax.net.ssl.keyStorePassword=${s} -jar a.jar`, some.password()],
    ['query', (s) => `curl https://a.corp.net/x?token=${s}`, some.take(32)],
    ['query-hex', (s) => `curl https://a.corp.net/x?access_token=${s}&a=b`, some.take(32, 'hex')],
    ['json', (s) => `curl -d {"user":"a","password":"${s}"} https://a.corp.net`, some.password()],
    ['form', (s) => `curl -d user=a&password=${s}&b=c https://a.corp.net`, some.password()],
    ['literal', (s) => `kubectl create secret generic a --from-literal=password=${s}`, some.password()],
    [
      'telegram',
      (s) => `curl https://api.telegram.org/bot${s}/sendMessage`,
      `${some.take(10, 'digits').replace(/^0/, '4')}:AA${some.take(33)}`,
    ],
    ['hash', (s) => `useradd -p ${s} bob`, `$6$${some.take(8)}$${some.take(86)}`],
  ];
  return [
    ...tokens.map(([name, secret]) => ({ name, text: `deploy ${secret}`, secret })),
    ...marked.map(([name, write, secret]) => ({ name, text: write(secret), secret })),
  ];
}

/** Forms in which a secret could be stored: as it is, or in an encoding. */
export function formsOf(secret: string): { form: string; written: string }[] {
  const forms = [
    ['clear text', secret],
    ['JSON', JSON.stringify(secret).slice(1, -1)],
    ['URL encoding', encodeURIComponent(secret)],
    ['hex', Buffer.from(secret).toString('hex')],
    ...[0, 1, 2].map((lead) => ['Base64', base64At(secret, lead)] as const),
  ] as const;
  return forms.map(([form, written]) => ({ form, written }));
}

/** Characters of Base64 that only the secret determines, after `lead` other bytes. */
export function base64At(secret: string, lead: number): string {
  const encoded = Buffer.from(`${'\0'.repeat(lead)}${secret}`)
    .toString('base64')
    .replace(/=+$/, '');
  return encoded.slice(lead === 0 ? 0 : lead + 1, -2);
}

/** Planted secrets found in each place, with their form. */
export function leaksIn(places: ReadonlyMap<string, string>, planted: readonly Canary[]): string[] {
  const forms = planted.map(({ name, secret }) => ({ name, forms: formsOf(secret) }));
  return [...places].flatMap(([place, text]) =>
    forms.flatMap(({ name, forms: written }) => {
      const form = written.find((each) => text.includes(each.written));
      return form ? [`${name} as ${form.form} in ${place}`] : [];
    }),
  );
}
