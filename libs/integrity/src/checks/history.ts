import type { Finding } from '@tidewaiter/domain';

import { downloadsOf, type Download } from '../files/shell-commands.js';
import { integrityFinding } from './integrity-finding.js';

const maxSteps = 2_000;
const add = /^(?:\/bin\/sh -c #\(nop\) )?ADD ((?:--[a-z]{1,20}(?:=\S{0,256})? )*)((?:https?|ftp):\/\/[^\n]{1,4096})/i;
const remote = /^(https?|ftp):\/\/(?:[^@/\s]{1,256}@)?([^\s/?#]{1,256})/i;

/** Reports sources of code that a build downloaded and ran, or never verified by a digest. */
export function evaluateHistory(history: readonly { createdBy?: string }[]): Finding[] {
  const findings = new Map<string, Finding>();
  for (const { createdBy = '' } of history.slice(0, maxSteps)) {
    for (const finding of [...remoteAdds(createdBy), ...downloads(createdBy)])
      findings.set(finding.fingerprint, finding);
  }
  return [...findings.values()];
}

function* remoteAdds(createdBy: string): Generator<Finding> {
  const [, flags = '', sources = ''] = add.exec(createdBy) ?? [];
  if (flags.includes('--checksum=')) return;
  for (const source of sources.split(/\s+/)) {
    const [, scheme, host] = remote.exec(source) ?? [];
    if (scheme !== undefined) yield fetched(`${scheme.toLowerCase()}://${host}`, 'ADD');
  }
}

function* downloads(createdBy: string): Generator<Finding> {
  for (const download of downloadsOf(scriptOf(createdBy))) {
    if (download.isChecked || (download.origin === null && download.runBy === undefined)) continue;
    yield download.runBy === undefined ? fetched(download.origin!, 'RUN') : run(download);
  }
}

/**
 * Shell text of a step without the builder's additions: `RUN |1 TOKEN=… /bin/sh -c … # buildkit`.
 */
function scriptOf(createdBy: string): string {
  const at = createdBy.indexOf('-c ');
  const step = createdBy.replace(/ # buildkit$/, '');
  return /^(?:RUN |\/bin\/|\|\d)/.test(createdBy) && at !== -1 ? step.slice(at + 3) : step;
}

function run({ origin, isEncrypted, runBy }: Download): Finding {
  const known = {
    kind: 'supply-chain',
    id: 'history-download-and-run',
    severity: isEncrypted ? 'medium' : 'high',
    title: 'Downloaded script executed in build (history)',
    layer: null,
    confidence: origin === null ? 'possible' : 'likely',
    evidence: { origin: origin ?? 'a variable', runBy },
  } as const;
  return integrityFinding(known, `${origin ?? ''} ${runBy}`);
}

function fetched(origin: string, instruction: 'ADD' | 'RUN'): Finding {
  const known = {
    kind: 'supply-chain',
    id: instruction === 'ADD' ? 'history-remote-add' : 'history-download-without-checksum',
    severity: origin.startsWith('https:') ? 'low' : 'medium',
    title: 'Download without checksum in build history',
    layer: null,
    confidence: 'possible',
    evidence: { origin, instruction },
  } as const;
  return integrityFinding(known, origin);
}
