import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { lookalikeOf } from './lookalike.js';

describe('lookalikeOf', () => {
  it.each([
    ['generic-garbage-colIector', 'generic-garbage-collector'],
    ['generic-garbage-col1ector', 'generic-garbage-collector'],
    ['kube-pr0xy', 'kube-proxy'],
    ['kube-proxу', 'kube-proxy'], // a Cyrillic у
    ['kube_proxy', 'kube-proxy'],
    ['kube-poxy', 'kube-proxy'],
    ['kube-proxxy', 'kube-proxy'],
    ['kube-porxy', 'kube-proxy'],
    ['daernon-set-controller', 'daemon-set-controller'],
    ['cronjob-contro11er', 'cronjob-controller'],
  ])('%s imitates %s', (name, known) => {
    expect(lookalikeOf(name)).toBe(known);
  });

  it.each([
    'kube-proxy',
    'generic-garbage-collector',
    'payment',
    'my-operator',
    'default',
    'kube-state-metrics',
    '',
    null,
  ])('%s imitates nothing', (name) => {
    expect(lookalikeOf(name)).toBeNull();
  });

  it('answers for any text', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter, maxLength: 200 }), (name) => void lookalikeOf(name)));
  });
});
