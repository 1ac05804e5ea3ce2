import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';

const mostValues = 1_000;
/** Distance between a value and its mark as sensitive, in characters. */
const reach = 400;
const text = '"((?:[^"\\\\\\n]|\\\\.){4,1000})"';
const attribute = new RegExp(
  `"(?:[\\w-]{0,60}(?:password|passwd|passphrase|secret|token|auth_key|api_key|access_key|secret_key|shared_key|private_key|account_key|primary_key|connection_string|kube_config_raw|client_key|user_data_secret)(?:_pem|_openssh|_base64|_v4|_plaintext|_string|_value)?|(result))"\\s{0,4}:\\s{0,4}${text}`,
  'dg',
);
const output = new RegExp(`"value"\\s{0,4}:\\s{0,4}${text}`, 'dg');
const harmless = /^(?:arn:|projects\/|https?:\/\/|\/|-----BEGIN|\d+$|true$|false$|[0-9a-f]{8}-[0-9a-f]{4}-)/;

/**
 * Attributes that are secrets by name, and outputs that are marked as sensitive. @see
 * https://developer.hashicorp.com/terraform/language/state/sensitive-data
 */
export function readTerraformState({ text }: KeywordPlace): readonly Candidate[] {
  if (!/"(?:version|terraform_version|lineage)"/.test(text.slice(0, 4_000))) return nothing;
  const found: Candidate[] = [];
  for (const { 1: result, 2: value = '', indices, index } of text.matchAll(attribute)) {
    // A result is a secret if it was generated for a password.
    if (result !== undefined && !isOfPassword(text, index)) continue;
    add(found, indices?.[2], value);
  }
  for (const { 1: value = '', indices, index, 0: whole } of text.matchAll(output)) {
    if (isSensitive(text, index, index + whole.length)) add(found, indices?.[1], value);
  }
  return found.slice(0, mostValues);
}

function add(found: Candidate[], span: readonly [number, number] | undefined, value: string): void {
  if (span !== undefined && found.length < mostValues && !harmless.test(value))
    found.push({ start: span[0], end: span[1] });
}

function isOfPassword(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 4_000), at);
  return /"type"\s{0,4}:\s{0,4}"random_password"/.test(before.slice(before.lastIndexOf('"type"')));
}

// The braces of the output are the bounds, so that a neighbor's mark does not count.
function isSensitive(text: string, start: number, end: number): boolean {
  const before = text.slice(Math.max(0, start - reach), start);
  const after = text.slice(end, end + reach);
  const own =
    before.slice(before.lastIndexOf('{') + 1) + after.slice(0, (after.indexOf('}') + 1 || after.length + 1) - 1);
  return /"sensitive"\s{0,4}:\s{0,4}true/.test(own);
}
