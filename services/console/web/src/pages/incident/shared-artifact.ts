import type { Condition } from '../vulnerabilities/reach-question.js';

interface SharedArtifact {
  /** `secret 6bb9f1c04a2d` */
  text: string;
  /** Search across the fleet that finds it; null for what no image holds. */
  search: { by: Condition; value: string } | null;
}

/** Reads what incidents share, as the API has it: kind and value, of a secret its fingerprint. */
export function sharedArtifact(share: string): SharedArtifact {
  const [, kind = '', value = ''] = /^(sha256|secret) ([0-9a-f]{64})$/.exec(share) ?? [];
  if (kind === '') return { text: share, search: null };
  return kind === 'secret'
    ? { text: `secret ${value.slice(0, 12)}`, search: { by: 'secret', value } }
    : { text: `file ${value.slice(0, 12)}`, search: { by: 'file', value: `sha256:${value}` } };
}
