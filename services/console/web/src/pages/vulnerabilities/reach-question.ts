import type { QueryOf } from '../../api/types.js';

/** Conditions that a search across the fleet asks about, with their label and an example. */
export const conditions = {
  vulnerability: ['Vulnerability', 'CVE-2021-44228'],
  package: ['Package', 'openssl<3.0.14'],
  purl: ['Package URL', 'pkg:npm/lodash'],
  path: ['Path', '/usr/bin/curl'],
  file: ['File by SHA-256', 'sha256:…'],
  base: ['Base image', 'debian:12'],
  layer: ['Layer', 'sha256:…'],
  secret: ['Secret by fingerprint', '64 hex digits'],
  image: ['Image', 'sha256:…'],
  signer: ['Signer', 'release'],
} as const;

export type Condition = keyof typeof conditions;

export const conditionNames = Object.keys(conditions) as Condition[];

/** Query of a question in the address. */
export function reachQuery(by: Condition, value: string, running: 'true' | undefined): QueryOf<'/api/v1/blast-radius'> {
  return { [by]: value.trim(), ...(running && { running }), limit: 100 };
}
