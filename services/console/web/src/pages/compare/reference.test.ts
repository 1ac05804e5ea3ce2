import { pushQuery, runningReference, tagReference, workloadQuery } from './reference.js';

const pushed = { registryHost: null, connection: 'main', repository: 'shop/app', tag: '1', digest: null };

describe('references of a comparison', () => {
  it('names a tag by the host of its registry, or by the connection where none is known', () => {
    expect(tagReference(pushed)).toBe('main/shop/app:1');
    expect(tagReference({ ...pushed, registryHost: 'localhost:5000' })).toBe('localhost:5000/shop/app:1');
    expect(tagReference({ ...pushed, tag: null })).toBeNull();
  });

  it.each([[null], ['']])('names the workload of the cluster %j by a dash', (cluster) => {
    const place = { cluster, namespace: 'shop', kind: 'Deployment', name: 'web' };
    expect(runningReference(place)).toBe('running:-/shop/Deployment/web');
  });

  it.each([
    ['', ''],
    [' shop ', 'image="*shop*"'],
    ['shop/app:1', 'image="*shop/app:1*"'],
    ['registry.example.com/shop/app', 'image="*shop/app*"'],
    ['localhost:5000/shop', 'image="*shop*"'],
    ['localhost/shop', 'image="*shop*"'],
    ['sha256:ab', 'digest=sha256:ab*'],
    ['shop/app@sha256:ab', 'digest=sha256:ab*'],
    ['running:eu1/shop', ''],
    ['a"b', String.raw`image="*a\"b*"`],
  ])('finds pushes for %j', (typed, query) => {
    expect(pushQuery(typed)).toBe(query);
  });

  it.each([
    ['', ''],
    ['web', '"web"'],
    ['a"b', String.raw`"a\"b"`],
    ['running:eu1/shop/Deployment/web', '"web"'],
    ['running:-/shop', '"shop"'],
    ['running:eu', '"eu"'],
    ['running:', ''],
  ])('finds workloads for %j', (typed, query) => {
    expect(workloadQuery(typed)).toBe(query);
  });
});
