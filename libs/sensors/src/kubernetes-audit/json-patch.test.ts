import type { JsonValue } from '@tidewaiter/domain';

import { objectOfPatch } from './json-patch.js';

const context = '/spec/template/spec/containers/0/securityContext';

describe('objectOfPatch', () => {
  it.each<[what: string, operations: JsonValue[], expected: JsonValue]>([
    ['a member', [{ op: 'replace', path: '/spec/hostPID', value: true }], { spec: { hostPID: true } }],
    [
      'an item of a list',
      [{ op: 'add', path: context, value: { privileged: true } }],
      { spec: { template: { spec: { containers: [{ securityContext: { privileged: true } }] } } } },
    ],
    [
      'the end of a list',
      [
        { op: 'add', path: '/spec/volumes/-', value: { hostPath: { path: '/' } } },
        { op: 'add', path: '/spec/volumes/-', value: { emptyDir: {} } },
      ],
      { spec: { volumes: [{ hostPath: { path: '/' } }, { emptyDir: {} }] } },
    ],
    [
      'what an earlier operation brought',
      [
        { op: 'add', path: '/spec/containers', value: [{ name: 'a' }] },
        { op: 'add', path: '/spec/containers/0/image', value: 'alpine' },
      ],
      { spec: { containers: [{ name: 'a', image: 'alpine' }] } },
    ],
    [
      'names with slashes',
      [{ op: 'add', path: '/metadata/labels/a~1b', value: 'c' }],
      { metadata: { labels: { 'a/b': 'c' } } },
    ],
    [
      'nothing that is taken away or tested',
      [
        { op: 'remove', path: '/spec/x' },
        { op: 'test', path: '/a', value: 1 },
      ],
      {},
    ],
  ])('gives %s', (_, operations, expected) => {
    expect(JSON.parse(JSON.stringify(objectOfPatch(operations)))).toEqual(expected);
  });

  it('leaves what it was given as it is, and is not led astray by names or depth', () => {
    const given = [
      { op: 'add', path: '/spec', value: { a: 1 } },
      { op: 'add', path: '/spec/__proto__/polluted', value: true },
      { op: 'add', path: '/x'.repeat(100), value: 1 },
    ];
    const before = JSON.stringify(given);
    objectOfPatch(given);
    expect(JSON.stringify(given)).toBe(before);
    expect({}).not.toHaveProperty('polluted');
  });
});
