import { readFileSync } from 'node:fs';
import { stdout } from 'node:process';

import { describeWith, sharedData } from '@tidewaiter/testkit';

import { amazonRepository, redHatCpes } from './repositories.js';

describe('amazonRepository', () => {
  it.each([
    ['amzn-updates', '1', 'core'],
    ['amzn2-core', '2', 'core'],
    ['amzn2-core-debuginfo', '2', 'core'],
    ['amzn2extra-docker', '2', 'extras/docker'],
    ['amzn2extra-kernel-5.10', '2', 'extras/kernel-5.10'],
    ['amazonlinux', '2023', 'core'],
    ['amazonlinux-nvidia', '2023', 'nvidia'],
    ['kernel-livepatch', '2023', 'kernel-livepatch'],
    ['amzn2-core', '2023', 'other/amzn2-core'],
    ['epel', '2', undefined],
    ['installed', '2', undefined],
  ])('finds %s of release %s in %s', (id, release, repository) => {
    expect(amazonRepository(id, release)).toBe(repository);
  });
});

const unknown = () => undefined;

describe('redHatCpes', () => {
  it.each([
    ['rhel-9-for-x86_64-baseos-rpms', 'cpe:/o:redhat:enterprise_linux:9::baseos'],
    ['rhel-8-for-aarch64-appstream-debug-rpms', 'cpe:/a:redhat:enterprise_linux:8::appstream'],
    ['rhel-9-for-x86_64-appstream-eus-rpms__9_DOT_2', 'cpe:/a:redhat:rhel_eus:9.2::appstream'],
    ['codeready-builder-for-rhel-8-x86_64-rpms', 'cpe:/a:redhat:enterprise_linux:8::crb'],
    ['ubi-9-appstream-rpms', 'cpe:/a:redhat:enterprise_linux:9::appstream'],
    ['rhel-7-server-rpms', 'cpe:/o:redhat:enterprise_linux:7::server'],
    ['cpe:/a:redhat:openshift:4.16::el9', 'cpe:/a:redhat:openshift:4.16::el9'],
  ])('finds the CPE of %s', (id, cpe) => {
    expect(redHatCpes([id], unknown)).toEqual([cpe]);
  });

  it('finds none of unknown repositories', () => {
    expect(
      redHatCpes(['epel', 'rhel-8-for-x86_64-baseos-eus-rpms', 'rhocp-4.16-for-rhel-9-x86_64-rpms'], unknown),
    ).toBeUndefined();
  });

  it('prefers the map of Red Hat to the form of an id', () => {
    const map = new Map([
      ['rhel-8-for-x86_64-rt-rpms', ['cpe:/a:redhat:enterprise_linux:8::realtime']],
      ['rhocp-4.16-for-rhel-9-x86_64-rpms', ['cpe:/a:redhat:openshift:4.16::el9']],
    ]);
    expect(redHatCpes([...map.keys(), 'ubi-9-baseos-rpms', 'epel'], (id) => map.get(id))).toEqual([
      ...[...map.values()].flat(),
      'cpe:/o:redhat:enterprise_linux:9::baseos',
    ]);
  });
});

const map = sharedData('feeds/redhat/repository-to-cpe.json');

describeWith(map)('redHatCpes beside the map of Red Hat', () => {
  it('agrees with it about repositories of the releases', () => {
    const { data } = JSON.parse(readFileSync(map.path, 'utf8')) as { data: Record<string, { cpes: string[] }> };
    const productsOf = (cpes: readonly string[]) => cpes.map((cpe) => cpe.replace(/^cpe:\/[aoh]/, ''));
    const derived = Object.entries(data).flatMap(([id, { cpes }]) => {
      const own = redHatCpes([id], unknown);
      return own ? [{ id, isRight: productsOf(cpes).includes(productsOf(own)[0]!) }] : [];
    });
    const wrong = derived.filter(({ isRight }) => !isRight).map(({ id }) => id);
    stdout.write(
      `repositories of Red Hat: ${derived.length} derived, ${wrong.length} differ: ${wrong.slice(0, 30).join(' ')}\n`,
    );
    expect(wrong.length / derived.length).toBeLessThan(0.05);
  });
});
