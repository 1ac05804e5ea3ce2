import { pathOfHit } from './hit-links.js';

const digest = `sha256:${'a'.repeat(64)}`;

describe('pathOfHit', () => {
  it.each([
    [{ type: 'incident', id: '01a2', link: '' }, '/incidents/01a2'],
    [{ type: 'vulnerability', id: 'CVE-2021-44228', link: '' }, '/vulnerabilities/CVE-2021-44228'],
    [{ type: 'image', id: digest, link: '' }, `/images/${digest}`],
    [{ type: 'tag', id: 'main/shop/app:1', link: `/api/v1/images/${digest}` }, `/images/${digest}`],
    [{ type: 'repository', id: 'main/shop/app', link: '' }, '/images/repository?connection=main&name=shop%2Fapp'],
    [{ type: 'container', id: '5c0ffee00001', link: '/api/v1/workloads/-/shop/Pod/web' }, '/workloads/-/shop/Pod/web'],
    [{ type: 'file', id: 'ab12', link: '' }, '/vulnerabilities?by=file&value=ab12'],
    [{ type: 'package', id: 'pkg:npm/@a/b', link: '' }, '/vulnerabilities?by=purl&value=pkg%3Anpm%2F%40a%2Fb'],
    [{ type: 'path', id: '/bin/sh', link: '' }, '/vulnerabilities?by=path&value=%2Fbin%2Fsh'],
    [{ type: 'workload', id: 'shop/Deployment/web', link: '' }, '/workloads/-/shop/Deployment/web'],
    [{ type: 'workload', id: 'eu/1/shop/Deployment/web', link: '' }, '/workloads/eu%2F1/shop/Deployment/web'],
    [{ type: 'workload', id: 'Deployment/web', link: '' }, '/workloads?q=%22web%22'],
  ] as const)('leads %j to %s', (hit, path) => {
    expect(pathOfHit(hit)).toBe(path);
  });
});
