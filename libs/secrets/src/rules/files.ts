import { isBasicAuth, readOnlyValue, readPgpass, readShadow } from '../config-files.js';
import { readCurl } from '../curl-command.js';
import { readKubernetesSecret } from '../kubernetes-secret.js';
import { captured, read } from '../secret-rule.js';
import type { Place, SecretRule } from '../secret-rule.js';
import { fake, spelt } from './fake.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const keyData = base64(`-----BEGIN RSA PRIVATE KEY-----\n${fake(200, 'base64')}\n-----END RSA PRIVATE KEY-----\n`);

const longestComment = 4000;

function isInComment({ text, start }: Place): boolean {
  const before = text.slice(Math.max(0, start - longestComment), start);
  return before.lastIndexOf('<!--') > before.lastIndexOf('-->');
}

/** Secrets that are such because of the file they stand in. */
export const fileRules: readonly SecretRule[] = [
  captured({
    id: 'netrc-password',
    title: 'Password in .netrc',
    paths: /(?:^|\/)[._]netrc$/,
    examplePath: 'root/.netrc',
    minEntropy: 1,
    keywords: ['password'],
    expression: /password[ \t\r\n]{1,20}([^\s#][^\s]{2,255})/,
    matches: [`machine a.b login c password ${fake(16)}`],
    ignores: ['machine a.b login c password ${PASSWORD}'],
  }),
  read({
    id: 'pgpass-password',
    title: 'Password in .pgpass',
    paths: /(?:^|\/)(?:\.pgpass|pgpass\.conf)$/,
    examplePath: 'root/.pgpass',
    minEntropy: 1,
    keywords: [],
    find: readPgpass,
    matches: [`db.internal:5432:app:app:${fake(16)}\n`],
    ignores: ['# hostname:port:database:username\n', 'db.internal:5432:app:app:<password>\n'],
  }),
  captured({
    id: 'docker-config-auth',
    title: 'Registry credentials of Docker',
    rank: 3,
    keywords: ['"auth"'],
    within: 4_000,
    tries: 5_000,
    expression: /"auth"[ \t]{0,8}:[ \t]{0,8}"([A-Za-z0-9+/]{8,}={0,2})"/,
    verify: (value) => (isBasicAuth(value) ? 'certain' : undefined),
    matches: [`{"auths":{"r.example.com":{"auth":"${base64('deploy:' + fake(18))}"}}}`],
    ignores: ['{"auths":{"r.example.com":{"auth":"xxxxxxxxxxxx"}}}', `{"auth": "${fake(24)}"}`],
  }),
  captured({
    id: 'dockerconfig-secret',
    title: 'Registry credentials in a Kubernetes Secret',
    rank: 3,
    minEntropy: 3,
    keywords: ['.dockerconfigjson', '.dockercfg'],
    within: 16_000,
    tries: 1_000,
    expression: /\.docker(?:configjson|cfg)['"]?:[ \t]{0,8}['"]?(ey[A-Za-z0-9+/]{20,}={0,2})/,
    verify: (value) => (Buffer.from(value, 'base64').toString('latin1').includes('"auth') ? 'certain' : undefined),
    matches: [`.dockerconfigjson: ${base64('{"auths":{"a.b":{"auth":"' + base64('a:' + fake(12)) + '"}}}')}`],
    ignores: ['.dockerconfigjson: {{ .Values.dockerconfig }}', `.dockercfg: ey${fake(40)}`],
  }),
  captured({
    id: 'npmrc-auth',
    title: 'Registry credentials of npm',
    minEntropy: 3,
    paths: /(?:^|\/)(?:\.npmrc|npmrc|\.yarnrc(?:\.yml)?)$/,
    examplePath: 'root/.npmrc',
    keywords: ['_auth', '_password', 'npmauthtoken'],
    expression:
      /(?:_auth(?:Token)?|_password|npmAuthToken)[ \t]{0,8}[=:][ \t]{0,8}["']?([A-Za-z0-9+/_.~-]{8,1000}={0,2})/,
    matches: [`//npm.corp/:_authToken=${fake(36)}`, `//npm.corp/:_password=${base64(fake(12))}`],
    ignores: ['//npm.example.com/:_authToken=${NPM_TOKEN}'],
  }),
  captured({
    id: 'client-config-password',
    title: 'Password in the configuration of a client',
    minEntropy: 2,
    paths:
      /(?:^|\/)(?:\.pypirc|\.?my\.cnf|\.mylogin\.cnf|\.s3cfg|\.boto|\.wgetrc|\.curlrc|\.smbcredentials|\.msmtprc|msmtprc|\.fetchmailrc|\.mutt(?:rc)?|\.offlineimaprc|\.mbsyncrc|odbc\.ini|\.odbc\.ini|\.ftpconfig|sftp-config\.json|\.gem\/credentials|\.condarc|\.dbeaver[\w/.-]{0,80}\.json|\.remote-sync\.json|wp-config\.php)$/i,
    examplePath: 'root/.my.cnf',
    keywords: ['password', 'passwd', 'secret_key'],
    expression: /(?:[Pp]ass(?:word|wd)|PASSWORD|secret_key)["']?[ \t]{0,8}[=:,]?[ \t]{0,8}["']?([^\s"';]{6,128})/,
    matches: [`[client]\npassword = ${fake(14)}\n`],
    ignores: ['[client]\npassword = <password>\n', '# password must be set\n'],
  }),
  captured({
    id: 'maven-settings-password',
    title: 'Password in the settings of Maven',
    paths: /(?:^|\/)settings(?:-[\w-]{1,40})?\.xml$/,
    examplePath: 'root/.m2/settings.xml',
    keywords: ['<password>', '<passphrase>'],
    expression: /<pass(?:word|phrase)>([^<>{}\s]{6,128})<\/pass/,
    verify: (_, place) => (isInComment(place) ? undefined : 'likely'),
    matches: [`<server><password>${fake(14)}</password></server>`],
    ignores: ['<password>{COQLCE6DU6GtcS5P=}</password>', '<password>${env.MAVEN_REPO_PASS}</password>'],
  }),
  captured({
    id: 'maven-settings-security-master',
    title: 'Master password of Maven',
    paths: /(?:^|\/)settings-security\.xml$/,
    examplePath: 'root/.m2/settings-security.xml',
    keywords: ['<master>'],
    expression: /<master>([^<>\s]{6,256})<\/master>/,
    matches: [`<settingsSecurity><master>${fake(14)}</master></settingsSecurity>`],
    ignores: ['<settingsSecurity><master>${master}</master></settingsSecurity>'],
  }),
  captured({
    id: 'kubeconfig-client-key',
    title: 'Client key in a kubeconfig',
    severity: 'critical',
    rank: 3,
    keywords: ['client-key-data'],
    within: 16_000,
    tries: 1_000,
    expression: /client-key-data['"]?:[ \t]{0,8}['"]?([A-Za-z0-9+/]{100,}={0,2})/,
    verify: (value) =>
      Buffer.from(value.slice(0, 80), 'base64').toString('latin1').includes('PRIVATE KEY') ? 'certain' : undefined,
    matches: [`users:\n- name: a\n  user:\n    client-key-data: ${keyData}\n`],
    ignores: ['client-key-data: REDACTED', `client-key-data: ${fake(120)}`],
  }),
  captured({
    id: 'kubeconfig-token',
    title: 'Token in a kubeconfig',
    severity: 'critical',
    minEntropy: 3,
    paths:
      /(?:^|\/)(?:\.kube\/[\w.-]{1,80}|[\w.-]{0,80}kubeconfig(?:\.ya?ml)?|(?:admin|kubelet|controller-manager|scheduler)\.conf)$/,
    examplePath: 'root/.kube/config',
    keywords: ['token:', 'password:'],
    within: 4_000,
    tries: 5_000,
    expression: /(?:token|password):[ \t]{1,8}['"]?([A-Za-z0-9._~+/=-]{8,})/,
    matches: [`users:\n- name: a\n  user:\n    token: ${fake(32)}\n`],
    ignores: ['users:\n- name: a\n  user:\n    token: <token>\n'],
  }),
  read({
    id: 'kubernetes-secret-yaml',
    title: 'Value of a Kubernetes Secret',
    paths: /\.ya?ml$/i,
    examplePath: 'deploy/secret.yaml',
    keywords: ['kind: ', 'kind:\t'],
    tries: 200,
    find: readKubernetesSecret,
    matches: [`apiVersion: v1\nkind: Secret\ndata:\n  password: ${base64(fake(12))}\n`],
    ignores: [
      'apiVersion: v1\nkind: Secret\ndata:\n  password: {{ .Values.password }}\n',
      `kind: ConfigMap\ndata:\n  secret: ${base64(fake(12))}\n`,
    ],
  }),
  read({
    id: 'shadow-password-hash',
    title: 'Password hash in /etc/shadow',
    severity: 'medium',
    paths: /^etc\/shadow-?$/,
    examplePath: 'etc/shadow',
    keywords: [],
    find: readShadow,
    matches: [`root:$6$${fake(8)}$${fake(86)}:19000:0:99999:7:::\n`],
    ignores: ['root:!:19000:0:99999:7:::\nsvc:*:19000:0:99999:7:::\n'],
  }),
  read({
    id: 'rails-master-key',
    title: 'Master key of Rails',
    severity: 'critical',
    rank: 3,
    paths: /(?:^|\/)config\/(?:master|credentials\/[\w-]{1,40})\.key$/,
    examplePath: 'app/config/master.key',
    minEntropy: 3,
    keywords: [],
    find: readOnlyValue,
    matches: [`${fake(32, 'hex')}\n`],
    ignores: [`${'0'.repeat(32)}\n`],
  }),
  read({
    id: 'symfony-default-secret',
    title: 'Default secret of Symfony',
    severity: 'medium',
    rank: 3,
    keywords: ['thistokenisnotsosecretchangeit'],
    // The value is known to everybody: that is what is wrong with it.
    find: ({ text, start, end }) => [{ start, end, value: text.slice(start, end), confidence: 'certain' }],
    matches: [spelt('secret: ThisTokenIsNotSoSecret', 'ChangeIt')],
    ignores: ['secret: ThisTokenIsNotSoSecret'],
  }),
  read({
    id: 'curl-auth-header',
    title: 'Token in a header for curl',
    minEntropy: 2.75,
    keywords: ['curl'],
    tries: 5_000,
    find: (place) => readCurl(place, 'header'),
    matches: [
      `curl -H "Authorization: Bearer ${fake(40)}" https://a.b`,
      `curl -X POST \\\n -H 'X-Api-Key: ${fake(32)}'`,
    ],
    ignores: [
      'curl -H "Authorization: Bearer $TOKEN"',
      'curl -H "Authorization: Bearer <token>"',
      'curl --header "Authorization: Basic ..."',
    ],
  }),
  read({
    id: 'curl-auth-user',
    title: 'Password on the command line of curl',
    keywords: ['curl'],
    tries: 5_000,
    find: (place) => readCurl(place, 'user'),
    matches: [`curl -u deploy:${fake(14)} https://a.b`, `curl -s --user 'api:${fake(14)}' https://a.b`],
    ignores: [
      'curl -u "$USER:$PASSWORD" https://a.b',
      'curl -u username:password https://a.b',
      'curl -u ":" https://localhost:9200',
    ],
  }),
];
