import type { JsonObject } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { observe } from '@tidewaiter/sensors';

import { FileWriters } from '../events/file-writers.js';
import { IssuedKeys } from '../events/issued-keys.js';
import { OwnObjects } from '../events/own-objects.js';
import { PodOrigins } from '../events/pod-origins.js';
import { ProcessTree } from '../events/process-tree.js';
import { recordOf } from '../storylines/storyline.js';
import { joinKeys } from './join-keys.js';

const at = '2026-04-01T10:00:00Z';

const cloudCall = {
  eventVersion: '1.11',
  eventSource: 'sts.amazonaws.com',
  eventTime: at,
  eventID: 'e1',
  userIdentity: { accessKeyId: 'AKIAOLD00000' },
};

/** Keys of the identity that makes a call to the API server. */
function identityKeys(username: string, userAgent: string): string[] {
  const call = { kind: 'Event', stage: 'ResponseComplete', verb: 'get', user: { username }, userAgent };
  const event = { ...call, sourceIPs: ['10.0.0.9'], objectRef: { resource: 'secrets', namespace: 'pay' } };
  return keysOf('kubernetes-audit', event, 'identity:');
}

function keysOf(
  source: 'kubernetes-audit' | 'cloudtrail',
  event: JsonObject,
  kind: string,
  issuedKeys = new IssuedKeys(),
): string[] {
  const observation = observe(recordOf({ id: '1', at, source, event }, 'c'));
  const facts = factContext({ ...factsFromFile({ format: 'tidewaiter-storyline-facts/1', cluster: 'c' }) });
  const [tree, writers, origins] = [new ProcessTree(), new FileWriters(), new PodOrigins()];
  const place = { cluster: 'c', imageDigest: null, workload: null } as never;
  const { keys } = joinKeys(
    {
      observation,
      process: null,
      tree,
      writers,
      origins,
      objects: new OwnObjects(),
      issuedKeys,
      facts,
    },
    place,
  );
  return keys.filter((key) => key.startsWith(kind));
}

describe('joinKeys', () => {
  it.each([
    ['system:node:n1', 'kubelet/v1.33', []],
    ['system:node:n1', 'kubectl/v1.33', ['identity:c/system:node:n1']],
    ['system:serviceaccount:kube-system:job-controller', 'kube-controller-manager/v1.33', []],
    ['system:serviceaccount:kube-system:aws-node', 'curl/8', ['identity:c/system:serviceaccount:kube-system:aws-node']],
    ['kim@example.com', 'kubectl/v1.33', ['identity:c/kim@example.com']],
  ])('joins the calls of %s with %s by %j', (user, userAgent, keys) => {
    expect(identityKeys(user, userAgent)).toEqual(keys);
  });

  it('joins a call with those of the key that it issues', () => {
    const call = (eventName: string, responseElements: JsonObject) =>
      keysOf('cloudtrail', { ...cloudCall, eventName, responseElements }, 'key:');
    const old = 'key:AKIA****0000';
    expect(call('AssumeRole', { credentials: { accessKeyId: 'ASIANEW00001' } })).toEqual([old, 'key:ASIA****0001']);
    expect(call('CreateAccessKey', { accessKey: { accessKeyId: 'AKIANEW00002' } })).toEqual([old, 'key:AKIA****0002']);
    expect(call('UpdateAccessKey', { accessKey: { accessKeyId: 'AKIANEW00002' } })).toEqual([old]);
  });

  it('joins a session with the calls of the key that issued it', () => {
    const issuedKeys = new IssuedKeys();
    const session = { credentials: { accessKeyId: 'ASIANEW00001' } };
    const asking = { ...cloudCall, eventName: 'AssumeRole', responseElements: session };
    issuedKeys.note(observe(recordOf({ id: '0', at, source: 'cloudtrail', event: asking }, 'c')));
    const reading = { ...cloudCall, eventName: 'GetSecretValue', userIdentity: { accessKeyId: 'ASIANEW00001' } };
    expect(keysOf('cloudtrail', reading, 'key:', issuedKeys)).toEqual(['key:AKIA****0000', 'key:ASIA****0001']);
  });
});
