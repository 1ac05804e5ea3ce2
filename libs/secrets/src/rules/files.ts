import { basicAuthIn } from '../basic-auth.js';
import { decodeBase64 } from '../encoded-text.js';
import { readKubernetesSecret } from '../kubernetes-secret.js';
import { looksRandom } from '../placeholder.js';
import { readPrivateKey } from '../private-key.js';
import { captured, listed, nothing, read } from '../secret-rule.js';
import type { Candidate, KeywordPlace, SecretRule } from '../secret-rule.js';
import { readTerraformState } from '../terraform-state.js';
import { isWeak } from '../url-credentials.js';
import { fake, spelt } from './fake.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const keyData = base64(`-----BEGIN RSA PRIVATE KEY-----\n${fake(200, 'base64')}\n-----END RSA PRIVATE KEY-----\n`);
const dockerAuth = /"auth"[ \t]{0,8}:[ \t]{0,8}"([A-Za-z0-9+/]{8,}={0,2})"/;

/** First credentials in a Docker configuration that is encoded as a whole. */
function dockerConfigIn(text: string, start: number, end: number): readonly Candidate[] {
  const decoded = decodeBase64(text.slice(start, end));
  const auth = dockerAuth.exec(decoded);
  if (auth === null) return nothing;
  const from = auth.index + auth[0].lastIndexOf('"', auth[0].length - 2) + 1;
  return basicAuthIn(decoded, from, from + (auth[1] ?? '').length).map((found) => ({ ...found, start, end }));
}

/**
 * The `_password` of npm is in Base64, its `_auth` is name and password, and its token is not
 * encoded.
 */
function npmAuthIn(text: string, start: number, end: number): readonly Candidate[] {
  const before = text.slice(Math.max(0, start - 30), start);
  if (/_password/.test(before)) return [{ start, end, value: decodeBase64(text.slice(start, end)) }];
  const asBasic = /_auth[ \t]{0,8}[=:]/.test(before) ? basicAuthIn(text, start, end) : nothing;
  return asBasic.length > 0 ? asBasic : [{ start, end }];
}

/** Schemes whose parameter is no token: a name with its password, or a signature of one request. */
const isOfToken = (value: string, { text, start }: KeywordPlace): boolean =>
  !/(?:basic|digest|negotiate|ntlm|signature|hmac[\w-]{0,16}|aws4[\w-]{0,16})[ \t]{1,4}$/i.test(
    text.slice(start, text.indexOf(value, start)),
  );

const isText = (value: string): boolean => /^[\s\x20-\x7e]{4,}$/.test(value);

/** Secrets that are identified by their file. */
export const fileRules: readonly SecretRule[] = [
  captured({
    id: 'netrc-password',
    title: 'Password in .netrc',
    // Also in the files of apt, which have the same form.
    paths: /(?:^|\/)(?:[._]?netrc|apt\/auth\.conf(?:\.d\/[\w.-]{1,80})?)$/,
    examplePath: 'root/.netrc',
    minEntropy: 1,
    keywords: ['password'],
    expression: /password[ \t\r\n]{1,20}([^\s#][^\s]{2,255})/,
    matches: () => [`machine a.b login c password ${fake(16)}`],
    ignores: () => ['machine a.b login c password ${PASSWORD}'],
  }),
  captured({
    id: 'docker-config-auth',
    title: 'Docker registry credentials',
    rank: 3,
    keywords: ['"auth"'],
    within: 4_000,
    tries: 5_000,
    expression: dockerAuth,
    decode: basicAuthIn,
    matches: () => [`{"auths":{"r.example.com":{"auth":"${base64('deploy:' + fake(18))}"}}}`],
    ignores: () => ['{"auths":{"r.example.com":{"auth":"xxxxxxxxxxxx"}}}', `{"auth": "${fake(24)}"}`],
  }),
  captured({
    id: 'dockerconfig-secret',
    title: 'Registry credentials in Kubernetes Secret',
    rank: 3,
    minEntropy: 3,
    keywords: ['.dockerconfigjson', '.dockercfg'],
    within: 16_000,
    tries: 1_000,
    expression: /\.docker(?:configjson|cfg)['"]?:[ \t]{0,8}['"]?(ey[A-Za-z0-9+/]{20,}={0,2})/,
    decode: dockerConfigIn,
    matches: () => [`.dockerconfigjson: ${base64('{"auths":{"a.b":{"auth":"' + base64('a:' + fake(12)) + '"}}}')}`],
    ignores: () => ['.dockerconfigjson: {{ .Values.dockerconfig }}', `.dockercfg: ey${fake(40)}`],
  }),
  captured({
    id: 'npmrc-auth',
    title: 'npm registry credentials',
    minEntropy: 3,
    paths: /(?:^|\/)(?:\.npmrc|npmrc|\.yarnrc(?:\.yml)?)$/,
    examplePath: 'root/.npmrc',
    keywords: ['_auth', '_password', 'npmauthtoken', 'npmauthident'],
    expression:
      /(?:_auth(?:Token)?|_password|npmAuthToken|npmAuthIdent["']?[ \t]{0,8}:[ \t]{0,8}["']?[\w.-]{1,80})["']?(?:[ \t]{0,8}[=:][ \t]{0,8}|[ \t]{1,8})["']?([A-Za-z0-9+/_.~!@#$%^&*-]{8,1000}={0,2})/,
    decode: npmAuthIn,
    matches: () => [`//npm.corp/:_authToken=${fake(36)}`, `//npm.corp/:_password=${base64(fake(12))}`],
    ignores: () => ['//npm.example.com/:_authToken=${NPM_TOKEN}'],
  }),
  captured({
    id: 'maven-settings-security-master',
    title: 'Maven master password',
    paths: /(?:^|\/)settings-security\.xml$/,
    examplePath: 'root/.m2/settings-security.xml',
    keywords: ['<master>'],
    expression: /<master>([^<>\s]{6,256})<\/master>/,
    matches: () => [`<settingsSecurity><master>${fake(14)}</master></settingsSecurity>`],
    ignores: () => ['<settingsSecurity><master>${master}</master></settingsSecurity>'],
  }),
  captured({
    id: 'kubeconfig-client-key',
    title: 'Kubeconfig client key',
    severity: 'critical',
    rank: 3,
    keywords: ['client-key-data'],
    within: 16_000,
    tries: 1_000,
    expression: /client-key-data['"]?:[ \t]{0,8}['"]?([A-Za-z0-9+/]{100,}={0,2})/,
    decode: (text, start) => readPrivateKey({ text, start }, 'plain'),
    matches: () => [`users:\n- name: a\n  user:\n    client-key-data: ${keyData}\n`],
    ignores: () => ['client-key-data: REDACTED', `client-key-data: ${fake(120)}`],
  }),
  captured({
    id: 'kubeconfig-token',
    title: 'Kubeconfig token',
    severity: 'critical',
    minEntropy: 3,
    paths:
      /(?:^|\/)(?:\.kube\/[\w.-]{1,80}|[\w.-]{0,80}kubeconfig(?:\.ya?ml)?|(?:admin|kubelet|controller-manager|scheduler)\.conf)$/,
    examplePath: 'root/.kube/config',
    keywords: ['token:', 'password:'],
    within: 4_000,
    tries: 5_000,
    expression: /(?:token|password):[ \t]{1,8}['"]?([A-Za-z0-9._~+/=-]{8,})/,
    matches: () => [`users:\n- name: a\n  user:\n    token: ${fake(32)}\n`],
    ignores: () => ['users:\n- name: a\n  user:\n    token: <token>\n'],
  }),
  read({
    id: 'kubernetes-secret-yaml',
    title: 'Kubernetes Secret value',
    paths: /\.ya?ml$/i,
    examplePath: 'deploy/secret.yaml',
    minEntropy: 1.5,
    keywords: ['kind: ', 'kind:\t'],
    tries: 200,
    find: readKubernetesSecret,
    matches: () => [
      `apiVersion: v1\nkind: Secret\ndata:\n  password: ${base64(fake(12))}\n`,
      `kind: Secret\nstringData:\n  password: "${fake(12)}"\n`,
      `kind: List\nitems:\n- apiVersion: v1\n  data:\n    password: ${base64(fake(12))}\n  kind: Secret\n`,
    ],
    ignores: () => [
      'apiVersion: v1\nkind: Secret\ndata:\n  password: {{ .Values.password }}\n',
      'kind: Secret\nstringData:\n  password: ${PASSWORD}\n  username: administrator\n',
      `kind: ConfigMap\ndata:\n  secret: ${base64(fake(12))}\n`,
      `items:\n- kind: Secret\n  name: a\n- kind: ConfigMap\n  data:\n    a: ${base64(fake(12))}\n`,
    ],
  }),
  listed({
    id: 'kubernetes-secret-json',
    title: 'Kubernetes Secret value',
    files: ['*secret*.json'],
    examplePath: 'deploy/secret.json',
    expression:
      /"[\w.-]{0,80}(?:pass(?:word)?|token|secret|key|\.env)"[ \t]{0,4}:[ \t]{0,4}"([A-Za-z0-9+/]{8,1000}={0,2})"/,
    decode: (text, start, end) => [
      { start, end, value: decodeBase64(text.slice(start, end)), decoded: decodeBase64(text.slice(start, end)) },
    ],
    verify: (value, { text }) =>
      /"kind"[ \t]{0,4}:[ \t]{0,4}"Secret"/.test(text) && isText(value) ? 'likely' : undefined,
    matches: () => [`{"kind": "Secret", "data": {"password": "${base64(fake(12))}"}}`],
    ignores: () => [`{"kind": "ConfigMap", "data": {"password": "${base64(fake(12))}"}}`],
  }),
  read({
    id: 'terraform-state-secret',
    title: 'Secret in Terraform state',
    files: ['*.tfstate', '*.tfstate.backup'],
    examplePath: 'app/terraform.tfstate',
    minEntropy: 1.5,
    keywords: [],
    find: readTerraformState,
    matches: () => [
      `{"version": 4, "resources": [{"instances": [{"attributes": {"password": "${fake(12)}"}}]}]}`,
      `{"version": 4, "outputs": {"db": {"value": "${fake(12)}", "type": "string", "sensitive": true}}}`,
      `{"version": 4, "resources": [{"type": "random_password", "instances": [{"attributes": {"result": "${fake(12)}"}}]}]}`,
    ],
    ignores: () => [
      '{"version": 4, "resources": [{"instances": [{"attributes": {"password": null, "password_length": "12345678"}}]}]}',
      `{"version": 4, "outputs": {"db": {"value": "${fake(12)}", "type": "string"}}}`,
      '{"version": 4, "resources": [{"instances": [{"attributes": {"secret_id": "arn:aws:secretsmanager:eu:1:secret:a"}}]}]}',
    ],
  }),
  listed({
    id: 'terraform-variable-default',
    title: 'Secret in Terraform variable default',
    files: ['*.tf'],
    examplePath: 'app/variables.tf',
    expression:
      /variable[ \t]{1,8}"[\w-]{0,60}(?:password|passwd|secret|token|api_key)"[ \t]{0,8}\{[^{}]{0,400}default[ \t]{0,20}=[ \t]{0,8}"([^"$\s]{6,128})"/,
    verify: (value) => (isWeak(value) ? undefined : 'likely'),
    matches: () => [`variable "db_password" {\n  type = string\n  default = "${fake(14)}"\n}\n`],
    ignores: () => ['variable "db_password" {\n  default = ""\n}\nvariable "a" {\n  default = "something1"\n}\n'],
  }),
  captured({
    id: 'http-basic-auth',
    title: 'HTTP basic authentication credentials',
    keywords: ['authorization'],
    tries: 5_000,
    within: 2_000,
    expression:
      /[Aa](?:uthorization|UTHORIZATION)\\?["']?(?:[ \t]{0,4}(?:=>|[:=,])[ \t]{0,4}|[ \t]{1,8})\\?["']?[Bb](?:asic|ASIC)[ \t]{1,4}([A-Za-z0-9+/]{8,}={0,2})/,
    decode: basicAuthIn,
    verify: (value) => (isWeak(value) ? undefined : 'certain'),
    matches: () => [
      `[http]\n\textraheader = AUTHORIZATION: basic ${base64('x-access-token:' + fake(30))}\n`,
      `proxy_set_header Authorization "Basic ${base64('ci:' + fake(14))}";`,
      `{"Authorization": "Basic ${base64('ci:' + fake(14))}"}`,
    ],
    ignores: () => [
      'Authorization: Basic <credentials>',
      `Authorization: Basic ${base64('username:password')}`,
      `Authorization: Basic ${fake(24)}`,
    ],
  }),
  captured({
    id: 'http-bearer-token',
    title: 'HTTP authorization token',
    confidence: 'possible',
    minEntropy: 3.5,
    keywords: ['authorization', 'private-token', 'x-api-key', 'x-auth-token', 'x-vault-token'],
    tries: 5_000,
    expression:
      /(?:[Aa](?:uthorization|UTHORIZATION)\\?["']?(?:[ \t]{0,4}(?:=>|[:=,])[ \t]{0,4}|[ \t]{1,8})\\?["']?[A-Za-z][\w-]{1,20}[ \t]{1,4}|(?:[Pp]rivate|PRIVATE|[Xx]-[A-Za-z]{3,5})-(?:[Tt]oken|TOKEN|[Kk]ey|KEY)\\?["']?(?:[ \t]{0,4}[:,=][ \t]{0,4}|[ \t]{1,4})\\?["']?)([A-Za-z0-9._~+/=-]{16,1000})/,
    verify: (value, place) => (looksRandom(value) && isOfToken(value, place) ? 'possible' : undefined),
    matches: () => [
      `Authorization: SSWS 00${fake(40)}`,
      `Authorization: Bearer ${fake(40)}`,
      `[http]\n\textraHeader = PRIVATE-TOKEN: ${fake(24)}\n`,
    ],
    ignores: () => [
      'Authorization: Bearer $TOKEN',
      'Authorization: Bearer your-access-token-here',
      'X-Api-Key: request.headers.token1',
    ],
  }),
  read({
    id: 'symfony-default-secret',
    title: 'Symfony default secret',
    severity: 'medium',
    rank: 3,
    // In two parts, so that the rule is no finding in our own program.
    keywords: [spelt('thistokenisnotsosecret', 'changeit')],
    // The value is public, which is the problem.
    find: ({ text, start, end }) => [{ start, end, value: text.slice(start, end), confidence: 'certain' }],
    matches: () => [spelt('secret: ThisTokenIsNotSoSecret', 'ChangeIt')],
    ignores: () => ['secret: ThisTokenIsNotSoSecret'],
  }),
];
