import { type Resolution } from '@tidewaiter/domain';

/** An act on an incident, with what its dialog asks for. */
export type TriageAct =
  | { kind: 'acknowledge' | 'unsnooze' | 'reopen' }
  | { kind: 'assign'; assignee: string | null }
  | { kind: 'snooze'; until: Date }
  | { kind: 'comment'; comment: string }
  | { kind: 'resolve'; reason: Resolution; comment: string };

/** `INC-7 is resolved`, `3 incidents are resolved`, `The comment is added to INC-7`. */
export function doneText(act: TriageAct, numbers: readonly number[]): string {
  const [only] = numbers;
  if (act.kind === 'comment')
    return `The comment is added to ${numbers.length === 1 ? `INC-${only}` : `${numbers.length} incidents`}`;
  const subject = numbers.length === 1 ? `INC-${only} is` : `${numbers.length} incidents are`;
  return `${subject} ${participle(act)}`;
}

function participle(act: Exclude<TriageAct, { kind: 'comment' }>): string {
  switch (act.kind) {
    case 'acknowledge':
      return 'acknowledged';
    case 'unsnooze':
      return 'listed again';
    case 'reopen':
      return 'open again';
    case 'assign':
      return act.assignee === null ? 'no longer assigned' : `assigned to ${act.assignee}`;
    case 'snooze':
      return `snoozed until ${act.until.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}`;
    case 'resolve':
      return 'resolved';
  }
}

/** Whether the act takes an incident out of the list of open ones. */
export function isLeaving({ kind }: TriageAct): boolean {
  return kind === 'resolve' || kind === 'snooze';
}

const hourMs = 3_600_000;
const morning = 9;

/** Ends of a snooze that are one press away, in the zone of the browser. */
export function snoozeChoices(now: Date): readonly (readonly [string, Date])[] {
  const tomorrow = morningIn(now, 1);
  // From Sunday on, Monday is tomorrow.
  const untilMonday = (8 - now.getDay()) % 7 || 7;
  return [
    ['1 hour', new Date(now.getTime() + hourMs)],
    ['4 hours', new Date(now.getTime() + 4 * hourMs)],
    ['Tomorrow morning', tomorrow],
    ...(untilMonday > 1 ? ([['Monday morning', morningIn(now, untilMonday)]] as const) : []),
    ['1 week', morningIn(now, 7)],
  ];
}

function morningIn(now: Date, days: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, morning);
}

/** Words for the reasons of a resolution. */
export const reasonWords: Record<Resolution, string> = {
  fixed: 'Fixed: it was an attack or fault, and is remedied',
  accepted: 'Accepted: the risk is known and taken',
  benign: 'Benign: it happened, and is allowed',
  test: 'Test: an exercise or penetration test',
  'false-positive': 'False positive: it did not happen',
  duplicate: 'Duplicate of another incident',
};
