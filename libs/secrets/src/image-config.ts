import type { Confidence } from '@tidewaiter/domain';

import { imageConfigTraits } from './file-traits.js';
import { describe, searchBytes } from './matcher.js';
import type { SecretMatch, SecretSighting } from './matcher.js';

/**
 * Parts of an image config in which users leave secrets.
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md
 */
export interface ConfigTexts {
  /** `NAME=value` each. */
  env: readonly string[];
  labels: Readonly<Record<string, string>>;
  history: readonly { createdBy?: string }[];
  cmd: readonly string[];
  entrypoint: readonly string[];
  /** Texts of all other fields, each with its place in the config. */
  otherTexts?: readonly { place: string; text: string }[];
}

/** Secret in the config of an image, without its value. */
export interface ConfigSecretSighting extends Omit<SecretSighting, 'path' | 'line'> {
  origin: 'env' | 'label' | 'history' | 'cmd' | 'entrypoint' | 'config';
  /**
   * Name of the variable or label, the number of the step of the history or of the argument, or the
   * place of another field: `config.Healthcheck.Test[1]`.
   */
  name: string;
}

const limits = { texts: 50_000, textBytes: 4 * 1024 * 1024 };

/**
 * Finds secrets in the config of an image: variables, labels, build steps, arguments and every
 * other text; `key` is the HMAC key of the installation.
 */
export function findSecretsInConfig(config: ConfigTexts, key: Uint8Array): ConfigSecretSighting[] {
  const sightings: ConfigSecretSighting[] = [];
  // Docker repeats fields in `container_config`, and a list is read as a line, too.
  const known = new Set<string>();
  let texts = 0;
  for (const { origin, name, text, isRepeated = false } of textsOf(config)) {
    texts += 1;
    if (texts > limits.texts) break;
    for (const secret of findIn(text, key)) {
      if (isRepeated && known.has(secret.fingerprint)) continue;
      known.add(secret.fingerprint);
      sightings.push({ ...secret, origin, name });
    }
  }
  return sightings;
}

type Text = Pick<ConfigSecretSighting, 'origin' | 'name'> & {
  text: string;
  /** Whether other texts may have the same words. */
  isRepeated?: boolean;
};

function* textsOf({ env, labels, history, cmd, entrypoint, otherTexts = [] }: ConfigTexts): Generator<Text> {
  for (const text of env)
    yield { origin: 'env', name: text.slice(0, Math.max(0, text.indexOf('='))) || text.slice(0, 64), text };
  for (const [name, value] of Object.entries(labels)) yield { origin: 'label', name, text: `${name}=${value}` };
  for (const [step, { createdBy = '' }] of history.entries())
    yield { origin: 'history', name: String(step), text: createdBy };
  yield* argumentsOf('entrypoint', entrypoint);
  yield* argumentsOf('cmd', cmd);
  for (const { place, text } of otherTexts) {
    yield { origin: 'config', name: place, text, isRepeated: true };
    const decoded = decodedDocument(text);
    if (decoded !== undefined) yield { origin: 'config', name: place, text: decoded, isRepeated: true };
  }
}

const encodedDocument = /^(?:[\w.-]{1,100}=)?(eyJ[A-Za-z0-9+/]{20,}={0,2})$/;

/** JSON in Base64: the build arguments in `moby.buildkit.buildinfo.v1`. */
function decodedDocument(text: string): string | undefined {
  const encoded = encodedDocument.exec(text)?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}

// `--token VALUE` is two arguments; joined they read as an assignment.
function* argumentsOf(origin: 'cmd' | 'entrypoint', values: readonly string[]): Generator<Text> {
  for (const [index, value] of values.entries()) {
    const before = values[index - 1] ?? '';
    const isOption = /^--?[A-Za-z][\w-]{0,60}$/.test(before) && !value.startsWith('-');
    yield { origin, name: String(index), text: isOption ? `${before}=${value}` : value };
  }
  // The name of the program gives the words after it their meaning: `curl -u ci:…`.
  if (values.length > 1) yield { origin, name: '0', text: values.join(' '), isRepeated: true };
}

function search(content: Buffer): SecretMatch[] {
  return searchBytes(content, imageConfigTraits).found;
}

function findIn(text: string, key: Uint8Array) {
  return search(Buffer.from(text.slice(0, limits.textBytes))).map((secret) => ({
    ...describe(secret, key),
    confidence: raise(secret.confidence, secret.rule.rank),
  }));
}

/**
 * Raises the confidence of variables by name: `PASSWORD` of an image is a real password, not an
 * example or prose.
 */
function raise(confidence: Confidence, rank: number): Confidence {
  return confidence === 'possible' && rank === 1 ? 'likely' : confidence;
}
