import { severities, type Severity } from '@tidewaiter/domain';
import type { ReactNode } from 'react';

import type { Push } from '../api/types.js';

/** Each severity has its word, its shape and its color. */
const severityShapes: Record<Severity, string> = {
  critical: '▲',
  high: '◆',
  medium: '●',
  low: '▼',
  negligible: '○',
  unknown: '?',
};

export function SeverityMark({ severity, children }: { severity: Severity; children?: ReactNode }) {
  return (
    <span className={`severity ${severity}`}>
      <span aria-hidden="true">{severityShapes[severity]}</span> {children ?? severity}
    </span>
  );
}

/** `▲ 2 critical ◆ 5 high`, worst first, without the zeros. */
export function SeverityCounts({ counts }: { counts: Partial<Record<Severity, number>> }) {
  const found = severities.filter((severity) => (counts[severity] ?? 0) > 0);
  if (found.length === 0) return <span className="quiet">none</span>;
  return (
    <span className="counts">
      {found.map((severity) => (
        <SeverityMark key={severity} severity={severity}>
          {counts[severity]!.toLocaleString('en')} {severity}
        </SeverityMark>
      ))}
    </span>
  );
}

export type StampKind = 'good' | 'bad' | 'broken' | 'unknown' | 'waiting' | 'neutral';

const stampShapes: Record<StampKind, string> = {
  good: '✓',
  bad: '■',
  broken: '✕',
  unknown: '?',
  waiting: '…',
  neutral: '–',
};

/** State as a word with a shape and a color. */
export function Stamp({ kind, children }: { kind: StampKind; children: ReactNode }) {
  return (
    <span className={`stamp ${kind}`}>
      <span aria-hidden="true">{stampShapes[kind]}</span> {children}
    </span>
  );
}

/** State of a push and, once analyzed, its verdict. */
export function verdictOf({ state, verdict }: Pick<Push, 'state' | 'verdict'>): [StampKind, string] {
  switch (state) {
    case 'accepted':
      return ['waiting', 'waiting'];
    case 'analyzing':
      return ['waiting', 'analyzing'];
    case 'refused':
      return ['broken', 'refused'];
    case 'not-an-image':
      return ['neutral', 'not an image'];
    case 'dead-lettered':
      return ['broken', 'analysis failed'];
    case 'analyzed':
      if (verdict === 'pass') return ['good', 'passed'];
      return verdict === 'fail' ? ['bad', 'failed'] : ['unknown', 'not evaluated'];
  }
}

export function VerdictStamp({ push }: { push: Pick<Push, 'state' | 'verdict'> }) {
  const [kind, word] = verdictOf(push);
  return <Stamp kind={kind}>{word}</Stamp>;
}

/** A number that only its label explains, for strips of figures. */
export function Figure({ value, children }: { value: ReactNode; children: ReactNode }) {
  return (
    <div className="figure">
      <dt>{children}</dt>
      <dd>{value}</dd>
    </div>
  );
}
