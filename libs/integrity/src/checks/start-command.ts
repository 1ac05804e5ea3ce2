import type { Finding } from '@tidewaiter/domain';

import { downloadsOf } from '../files/shell-commands.js';
import { integrityFinding } from './integrity-finding.js';

/** Commands that a container of an image runs by itself. */
export interface StartCommands {
  entrypoint: readonly string[];
  cmd: readonly string[];
  healthcheck?: readonly string[];
}

/** Stored with every image: raise it when the same config gives other findings of its commands. */
export const commandsVersion = 1;

const maxWords = 200;

/**
 * Reports code that every container start or health check downloads and runs: no scan and no
 * signature covers it.
 */
export function evaluateStartCommands({ entrypoint, cmd, healthcheck = [] }: StartCommands): Finding[] {
  return [...downloads('command', [...entrypoint, ...cmd]), ...downloads('healthcheck', healthcheck)];
}

function downloads(field: string, words: readonly string[]): Finding[] {
  const findings = new Map<string, Finding>();
  for (const script of scriptsOf(words)) {
    for (const { origin, runBy } of downloadsOf(script)) {
      if (runBy === undefined) continue;
      const known = {
        kind: 'supply-chain',
        id: 'start-download-and-run',
        severity: 'high',
        title: `Image ${field} downloads and executes code`,
        layer: null,
        confidence: origin === null ? 'possible' : 'likely',
        evidence: { field, origin: origin ?? 'a variable', runBy },
      } as const;
      const finding = integrityFinding(known, `${field} ${origin ?? ''} ${runBy}`);
      findings.set(finding.fingerprint, finding);
    }
  }
  return [...findings.values()];
}

/**
 * Each word may be a shell script; the words together are one if the image leaves the shell to the
 * runtime.
 */
function scriptsOf(words: readonly string[]): string[] {
  const some = words.slice(0, maxWords);
  return [...some, some.join(' ')];
}
