const secretWords = new Set([
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'pass',
  'secret',
  'secrets',
  'token',
  'apikey',
  'credential',
  'credentials',
  'privatekey',
  'accesskey',
  'authkey',
]);

/** Pairs of words that together denote a secret. */
const secretPairs = new Set([
  'api_key',
  'private_key',
  'access_key',
  'auth_key',
  'account_key',
  'encryption_key',
  'signing_key',
  'master_key',
  'license_key',
  'ssh_key',
  'shared_key',
  'service_key',
]);

/**
 * Last words of names that denote no secret: `TOKEN_URL` is no token, `PASSWORD_FILE` is the path
 * of a password.
 */
const harmlessEndings = new Set(
  (
    'file path dir directory url uri endpoint host server name id ids user username type length size min max ttl ' +
    'expiry expires expiration lifetime duration timeout interval age count limit enabled disabled required policy ' +
    'algorithm alg header issuer audience provider backend store engine ref mount prefix suffix hash salt rounds ' +
    'version format mode method class arn region location field key_id namespace cookie scope scopes public validity ' +
    'reset changed cmd command helper'
  ).split(' '),
);

const harmlessStarts = new Set([
  'allow',
  'disable',
  'enable',
  'use',
  'no',
  'skip',
  'require',
  'has',
  'is',
  'max',
  'min',
  'num',
  'public',
]);

/**
 * Whether a variable of this name usually holds a secret: `DB_PASSWORD`, `githubToken`, not
 * `TOKEN_URL`.
 */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  const last = words.at(-1) ?? '';
  if (words.length === 0 || harmlessEndings.has(last) || harmlessStarts.has(words[0]!)) return false;
  // `PWD` alone is the working directory.
  if (words.length === 1 && (last === 'pwd' || last === 'pass')) return false;
  return words.some((word, index) => secretWords.has(word) || secretPairs.has(`${words[index - 1] ?? ''}_${word}`));
}

function wordsOf(name: string): string[] {
  return name
    .slice(0, 200)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
}

/**
 * Whether a value can be a secret: no switch, no reference to a variable, no file path, no
 * placeholder.
 */
export function isSecretValue(value: string): boolean {
  const text = value.trim();
  if (text.length < 3 || /^(?:true|false|yes|none|null|nil|undefined|required|optional|disabled|enabled)$/i.test(text))
    return false;
  if (/\$[{(A-Za-z_]|\{\{|^%[A-Za-z_]+%$|^<[^<>]*>$|^\[[^\]]*\]$/.test(text)) return false;
  return !/^(?:\.{0,2}\/[\w./-]+|[x*]+|\.+|(?:arn|vault|secret|ref|file|env|op|ssm|awssm|gcpsm):.*|https?:\/\/[^@]*)$/i.test(
    text,
  );
}
