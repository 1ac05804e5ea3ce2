import { workloadOfPodName } from './pod-name.js';

describe('workloadOfPodName', () => {
  it.each([
    ['checkout-7c9d8f6b5d-x2x8k', 'Deployment', 'checkout'],
    ['edge-proxy-6799fc88d8-mvl9s', 'Deployment', 'edge-proxy'],
    ['report-gen-29183040-x2k9p', 'CronJob', 'report-gen'],
    ['orders-db-0', 'StatefulSet', 'orders-db'],
    ['node-agent-x2x8k', 'Pod', 'node-agent-x2x8k'],
    ['netshoot', 'Pod', 'netshoot'],
    ['edge-aeiou12345-mvl9s', 'Pod', 'edge-aeiou12345-mvl9s'],
  ])('parses %s as %s %s', (pod, kind, name) => {
    expect(workloadOfPodName(pod)).toEqual({ kind, name });
  });
});
