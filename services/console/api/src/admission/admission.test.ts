import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseSettings } from '@tidewaiter/runtime';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { admissionReview, type AdmissionVerdict, answerOf, decide, imagesToEvaluate } from './admission.js';

const { admission: settings } = parseSettings('', () => '');
const pod = (...images: string[]) => ({ spec: { containers: images.map((image) => ({ name: 'c', image })) } });

function imagesOf(request: object): string[] {
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u', operation: 'CREATE', ...request },
  };
  return imagesToEvaluate(admissionReview.parse(review).request, settings);
}

describe('admissionReview', () => {
  it.each<[string, object, string[]]>([
    ['a pod', { object: pod('a', 'b', 'a') }, ['a', 'b']],
    [
      'containers of every kind',
      {
        object: {
          spec: {
            initContainers: [{ image: 'i' }],
            containers: [{ image: 'c' }],
            ephemeralContainers: [{ image: 'e' }],
          },
        },
      },
      ['i', 'c', 'e'],
    ],
    ['a deployment', { object: { spec: { template: pod('a') } } }, ['a']],
    ['a cron job', { object: { spec: { jobTemplate: { spec: { template: pod('a') } } } } }, ['a']],
    ['a pod template', { object: { template: pod('a') } }, ['a']],
    ['what an update adds', { operation: 'UPDATE', object: pod('a', 'b'), oldObject: pod('a') }, ['b']],
    ['nothing of an update that changes no image', { operation: 'UPDATE', object: pod('a'), oldObject: pod('a') }, []],
    ['nothing of a deletion', { operation: 'DELETE', object: null, oldObject: pod('a') }, []],
    ['nothing of an exec', { operation: 'CONNECT', object: { kind: 'PodExecOptions', command: ['sh'] } }, []],
    ['nothing of an exempt namespace', { namespace: 'kube-system', object: pod('a') }, []],
    ['a container without an image', { object: { spec: { containers: [{ name: 'c' }, { image: 'a' }] } } }, ['a']],
    ['an object of another kind', { object: { spec: 'x' } }, []],
    ['volumes of images', { object: { spec: { volumes: [{ emptyDir: {} }, { image: { reference: 'v' } }] } } }, ['v']],
    // Kubernetes limits neither the length of an image nor the number of containers.
    ['what is beside an endless name', { object: pod('bad', 'x'.repeat(5_000)) }, ['bad', 'x'.repeat(5_000)]],
    ['the last of many containers', { object: pod(...Array(1_001).fill('a'), 'bad') }, ['a', 'bad']],
    ['what is beside an unreadable part', { object: { spec: { template: 'x', ...pod('bad').spec } } }, ['bad']],
    [
      'an image that is no text',
      { object: { spec: { containers: [5, { image: 5 }, { image: 'bad' }] } } },
      ['5', 'bad'],
    ],
  ])('evaluates %s', (_what, request, images) => {
    expect(imagesOf(request)).toEqual(images);
  });

  const verdicts: AdmissionVerdict[] = [
    { image: 'good', result: 'pass', reasons: [] },
    { image: 'bad', result: 'fail', reasons: ['2 findings are high or worse'] },
    { image: 'who', result: 'unknown', reasons: ['no image who was pushed'], isUnscanned: true },
  ];

  it.each([
    ['audit', 'allow', 'allowed', 0],
    ['audit', 'deny', 'allowed', 0],
    ['warn', 'allow', 'warned', 2],
    ['warn', 'deny', 'warned', 2],
    ['enforce', 'allow', 'denied', 1],
    ['enforce', 'deny', 'denied', 0],
  ] as const)('%s, and %s what is unknown: %s with %i warnings', (mode, unknown, outcome, warnings) => {
    const decision = decide(verdicts, { ...settings, mode, unknown });
    expect([decision.outcome, decision.warnings.length]).toEqual([outcome, warnings]);
  });

  it.each([
    ['allow', 'warned', true],
    ['deny', 'denied', false],
  ] as const)('fails as the settings say: %s', (unknown, outcome, allowed) => {
    const decision = decide([verdicts[2]!], { ...settings, mode: 'enforce', unknown });
    expect(decision.outcome).toBe(outcome);
    expect(answerOf('u', decision).response).toMatchObject({ uid: 'u', allowed });
  });

  it.each(['allow', 'deny'] as const)(
    'denies what was scanned and is still unknown in enforce mode: unknown: %s',
    (unknown) => {
      const unread = { image: 'unread', result: 'unknown' as const, reasons: ['LIMIT_EXCEEDED: too many entries'] };
      const decision = decide([unread], { ...settings, mode: 'enforce', unknown });
      expect(decision).toMatchObject({ outcome: 'denied', unscanned: [] });
      expect(answerOf('u', decision).response.allowed).toBe(false);
    },
  );

  it('denies what is unknown in enforce mode unless the settings say otherwise', () => {
    expect(decide([verdicts[2]!], { ...settings, mode: 'enforce' }).outcome).toBe('denied');
  });

  it('names the images that may run unscanned', () => {
    expect(decide(verdicts, { ...settings, mode: 'warn' }).unscanned).toEqual(['who']);
    expect(decide([verdicts[2]!], { ...settings, mode: 'enforce', unknown: 'allow' }).unscanned).toEqual(['who']);
  });

  it('gives the reasons of the gate on one line, within the limit of Kubernetes', () => {
    const hostile = { image: 'a\nb\u202e', result: 'fail' as const, reasons: ['x'.repeat(5_000)] };
    const { refusal } = decide([hostile, verdicts[1]!], { ...settings, mode: 'enforce' });
    expect(refusal).toMatch(/^tidewaiter: a\uFFFDb\uFFFD: fail: x+/);
    expect(refusal!.length).toBeLessThanOrEqual(1_000);
    const { warnings } = decide(
      Array.from({ length: 50 }, () => hostile),
      { ...settings, mode: 'warn' },
    );
    expect([warnings.length, Math.max(...warnings.map(({ length }) => length))]).toEqual([10, 256]);
  });

  const shared = sharedData('fixtures/ci/admission');

  describeWith(shared)('real requests', () => {
    it.each(readdirSync(shared.path).filter((name) => name.startsWith('request-')))('reads %s', (name) => {
      const review = JSON.parse(readFileSync(join(shared.path, name), 'utf8')) as { request: { uid: string } };
      const { request } = admissionReview.parse(review);
      const isStarted = !/delete|exec/.test(name);
      expect(imagesToEvaluate(request, settings).length > 0).toBe(isStarted);
      expect(answerOf(request.uid, decide([], settings)).response).toEqual({ uid: review.request.uid, allowed: true });
    });
  });
});
