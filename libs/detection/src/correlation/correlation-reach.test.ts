import { loadRules } from '@tidewaiter/sigma';

import { isLocal } from './correlation-reach.js';

const rule = (name: string, logsource: string) => `
title: ${name}
name: ${name}
logsource: { ${logsource} }
detection: { any: { Image: x }, condition: any }
`;

const parts = [
  rule('exec', 'product: tidewaiter, category: exec'),
  rule('write', 'product: linux, category: file_event'),
  rule('request', 'product: tidewaiter, category: request'),
  rule('audit', 'product: kubernetes, service: audit'),
  rule('call', 'product: aws, service: cloudtrail'),
  rule('shell', 'product: falco, service: alert'),
  rule('any', 'product: tidewaiter'),
  rule('foreign', 'category: process_creation'),
];

const correlation = (name: string, of: string, groupBy: string, aliases = '{}') => `
title: ${name}
name: ${name}
correlation: { type: temporal, rules: [${of}], group-by: [${groupBy}], timespan: 1m, aliases: ${aliases}, generate: true }
`;

/** Whether the correlation `it` is local, among others. */
function evaluated(...documents: string[]): boolean {
  const loaded = loadRules([{ path: 'test.yml', text: [...parts, ...documents].join('---') }]);
  expect(loaded.refused).toEqual([]);
  return isLocal(
    loaded.correlations.find(({ info }) => info.name === 'it')!,
    loaded,
  );
}

describe('isLocal', () => {
  it.each([
    ['exec', 'Container.Id', true],
    ['exec, write', 'Container.Id', true],
    ['exec, write', 'Process.Executable, ProcessGuid', true],
    ['exec', 'Pod.Name, Pod.Namespace', true],
    ['exec', 'Node', true],
    // Fields that name no node: events may come from several.
    ['exec', 'Process.User', false],
    ['exec', 'sha256', false],
    ['exec', 'Container.ImageDigest', false],
    ['exec', 'Network.DestinationIp', false],
    ['exec', '', false],
    // Events that are not reported by nodes.
    ['audit', 'Container.Id', false],
    ['exec, audit', 'Pod.Name', false],
    ['exec, request', 'Container.Id', false],
    ['exec, call', 'Container.Id', false],
    ['shell', 'container.id', false],
    ['any', 'Container.Id', true],
    ['any', 'Request.User', false],
    ['foreign', 'Container.Id', false],
    ['audit', 'Request.User', false],
    ['call', 'userIdentity.arn', false],
  ])('decides whether a correlation of %s by %s is local: %s', (of, groupBy, expected) => {
    expect(evaluated(correlation('it', of, groupBy))).toBe(expected);
  });

  it.each([
    ['{ place: { exec: Container.Id, write: container.id } }', true],
    ['{ place: { exec: Container.Id, write: File.Path } }', false],
  ])('resolves the fields of aliases: %s', (aliases, expected) => {
    expect(evaluated(correlation('it', 'exec, write', 'place', aliases))).toBe(expected);
  });

  it('makes a correlation wide if an inner or an outer one is wide', () => {
    const local = correlation('inner', 'exec', 'Container.Id');
    expect(evaluated(local, correlation('it', 'inner, write', 'Container.Id'))).toBe(true);
    expect(evaluated(correlation('inner', 'exec', 'User'), correlation('it', 'inner, write', 'Container.Id'))).toBe(
      false,
    );
    expect(evaluated(correlation('it', 'exec', 'Container.Id'), correlation('outer', 'it, audit', 'User'))).toBe(false);
  });

  it('makes a correlation wide if a third one nests it with a wide one', () => {
    const documents = [
      correlation('it', 'exec', 'Container.Id'),
      correlation('middle', 'it, write', 'Container.Id'),
      correlation('outer', 'middle', 'User'),
    ];
    expect(evaluated(...documents)).toBe(false);
  });
});
