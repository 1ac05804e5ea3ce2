import { incidentQuery } from './incident-query.js';
import { doneText, snoozeChoices } from './triage-acts.js';

describe('doneText', () => {
  it.each([
    [{ kind: 'acknowledge' }, [7], 'INC-7 is acknowledged'],
    [{ kind: 'comment', comment: 'seen' }, [7], 'The comment is added to INC-7'],
    [{ kind: 'comment', comment: 'seen' }, [7, 8], 'The comment is added to 2 incidents'],
    [{ kind: 'assign', assignee: null }, [7, 8], '2 incidents are no longer assigned'],
  ] as const)('of %j on %j', (act, numbers, text) => {
    expect(doneText(act, numbers)).toBe(text);
  });
});

describe('snoozeChoices', () => {
  const names = (now: Date) => snoozeChoices(now).map(([name]) => name);

  it.each([
    ['Friday', new Date(2026, 10, 27, 16, 30), 30],
    ['Monday', new Date(2026, 10, 30, 8), 7],
  ] as const)('offers the morning of the next Monday on %s', (_, now, day) => {
    const [, monday] = snoozeChoices(now).find(([name]) => name === 'Monday morning')!;
    expect([monday.getDay(), monday.getDate(), monday.getHours()]).toEqual([1, day, 9]);
  });

  it('offers no Monday that is tomorrow', () => {
    expect(names(new Date(2026, 10, 29, 12))).not.toContain('Monday morning');
  });

  it('offers times after now only, in their order', () => {
    const now = new Date(2026, 11, 31, 23, 59);
    const times = snoozeChoices(now).map(([, time]) => time.getTime());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(now.getTime());
  });
});

describe('incidentQuery', () => {
  const none = { severity: undefined, assignee: undefined, q: undefined };

  it('keeps an or of the typed part together, and in its column', () => {
    expect(incidentQuery({ ...none, state: 'open', severity: 'high', q: 'a or b' }, 'jane')).toBe(
      '(a or b) state=open severity=high',
    );
  });

  it('names the user, in quotation marks', () => {
    expect(incidentQuery({ ...none, state: 'snoozed', assignee: 'me' }, 'Jane "J" Doe')).toBe(
      String.raw`state=open snoozed assignee="Jane \"J\" Doe"`,
    );
    expect(incidentQuery({ ...none, state: 'all', assignee: 'none' }, undefined)).toBe(
      '(snoozed or -snoozed) -assigned',
    );
  });
});
