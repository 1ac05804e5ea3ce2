import type { Labels } from '@tidewaiter/domain';
import { channelReaders } from '@tidewaiter/receivers';
import * as fc from 'fast-check';

import { parseRouting } from '../config/routing.js';
import { Inhibitions, type InhibitRule } from './inhibition.js';
import { matches } from './matcher.js';

const rulesOf = (rules: string) =>
  parseRouting(`inhibit_rules: ${rules}\nroute: {receiver: a}\nreceivers: [{name: a}]`, {
    channels: channelReaders,
    readFile: () => '',
  }).inhibitRules;
const clusterDown = rulesOf(
  `[{source_matchers: [alertname = ClusterDown], target_matchers: ['severity =~ "warning|low"'], equal: [cluster]}]`,
);
const down = { id: 'd', labels: { alertname: 'ClusterDown', severity: 'critical', cluster: 'eu1' } };

describe('Inhibitions', () => {
  it('inhibits targets while a source fires', () => {
    const inhibitions = new Inhibitions(clusterDown);
    const low: Labels = { severity: 'low', cluster: 'eu1' };
    expect(inhibitions.inhibitorOf(low)).toBeNull();
    inhibitions.fire(down);
    inhibitions.fire({ ...down, id: 'again' });
    expect(inhibitions.inhibitorOf(low)).toBe('d');
    expect(inhibitions.inhibitorOf({ severity: 'low', cluster: 'us1' })).toBeNull();
    expect(inhibitions.inhibitorOf({ severity: 'high', cluster: 'eu1' })).toBeNull();
    inhibitions.resolve(down);
    expect(inhibitions.inhibitorOf(low)).toBe('again');
    inhibitions.resolve({ ...down, id: 'again' });
    expect(inhibitions.inhibitorOf(low)).toBeNull();
  });

  it('takes labels that neither has for equal', () => {
    const inhibitions = new Inhibitions(rulesOf('[{source_match: {a: x}, target_match_re: {b: .+}, equal: [c, d]}]'));
    inhibitions.fire({ id: 's', labels: { a: 'x' } });
    expect(inhibitions.inhibitorOf({ b: 'y' })).toBe('s');
    expect(inhibitions.inhibitorOf({ b: 'y', c: 'z' })).toBeNull();
  });

  it('lets nothing inhibit itself, nor two that are both source and target each other', () => {
    const inhibitions = new Inhibitions(rulesOf('[{source_matchers: [a = x], target_matchers: [a = x]}]'));
    inhibitions.fire({ id: '1', labels: { a: 'x' } });
    inhibitions.fire({ id: '2', labels: { a: 'x' } });
    expect(inhibitions.inhibitorOf({ a: 'x' })).toBeNull();
  });

  it('rejects a rule with every problem', () => {
    expect(() => rulesOf('[{source_match: {no-label: x}, target_matchers: ["x"], equals: [a]}]')).toThrow(
      [
        'inhibit_rules[0].source_match: a name is not a classic label name; use matchers',
        'inhibit_rules[0].target_matchers[0]: expected one of = != =~ !~ at the end',
        'unknown key: inhibit_rules[0].equals',
      ].join('\n'),
    );
  });

  it('answers as one would who tries every firing alert', () => {
    const word = fc.constantFrom('x', 'y', '');
    const labels = fc.record({ a: word, b: word, c: word });
    const rules = rulesOf(`[{source_matchers: [a = x], target_matchers: ['b =~ "x|y"'], equal: [c]},
    {source_matchers: [b = y], target_matchers: [a != x]}]`);
    const slow = (firing: readonly Labels[], alert: Labels) =>
      rules.some((rule) => firing.some((source) => inhibits(rule, source, alert)));
    fc.assert(
      fc.property(fc.array(labels), fc.array(fc.nat(20)), labels, (all, gone, alert) => {
        const inhibitions = new Inhibitions(rules);
        all.forEach((each, index) => inhibitions.fire({ id: String(index), labels: each }));
        for (const index of gone) if (all[index]) inhibitions.resolve({ id: String(index), labels: all[index] });
        const firing = all.filter((_, index) => !gone.includes(index));
        expect(inhibitions.inhibitorOf(alert) !== null).toBe(slow(firing, alert));
      }),
    );
  });

  function inhibits({ source, target, equal }: InhibitRule, firing: Labels, alert: Labels): boolean {
    const meets = (matchers: InhibitRule['source'], labels: Labels) => matchers.every((each) => matches(each, labels));
    const isBoth = (labels: Labels) => meets(source, labels) && meets(target, labels);
    if (!meets(source, firing) || !meets(target, alert) || (isBoth(firing) && isBoth(alert))) return false;
    return equal.every((name) => (firing[name] ?? '') === (alert[name] ?? ''));
  }
});
