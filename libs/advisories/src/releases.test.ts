import { readRedHatRelease, readSuseRelease, readUbuntuRelease, redHatStanding, ubuntuStanding } from './releases.js';

describe('releases of qualified ecosystems', () => {
  it.each([
    ['22.04:LTS', { release: '22.04:LTS' }],
    ['25.10', { release: '25.10' }],
    ['Pro:14.04:LTS', { release: '14.04:LTS', stream: 'Pro' }],
    ['Pro:FIPS-updates:20.04:LTS', { release: '20.04:LTS', stream: 'Pro:FIPS-updates' }],
    ['Pro:22.04:LTS:Realtime:Kernel', { release: '22.04:LTS', stream: 'Pro:Realtime:Kernel' }],
    ['22.04:LTS:for:NVIDIA:BlueField', { release: '22.04:LTS', stream: 'for:NVIDIA:BlueField' }],
    ['next', { release: 'next' }],
    ['', { release: null }],
  ])('parse %j of Ubuntu', (text, release) => {
    expect(readUbuntuRelease(text)).toEqual(release);
  });

  it.each([
    ['enterprise_linux:9::appstream', { release: '9' }],
    ['enterprise_linux:10.1', { release: '10', stream: 'enterprise_linux:10.1' }],
    ['rhel_eus:9.4::baseos', { release: '9', stream: 'rhel_eus:9.4::baseos' }],
    ['openshift:4.16::el9', { release: '9', stream: 'openshift:4.16::el9' }],
    ['satellite:6.13', { release: 'satellite:6.13', stream: 'satellite:6.13' }],
  ])('parse %j of Red Hat', (text, release) => {
    expect(readRedHatRelease(text)).toEqual(release);
  });

  it.each([
    ['Linux Enterprise Server 15 SP5', '15 SP5'],
    ['Linux Enterprise Module for Basesystem 15 SP5', '15 SP5'],
    ['Linux Enterprise Server 12 SP5-LTSS', '12 SP5'],
    ['Linux Enterprise Server 15', '15'],
    ['Linux Micro 6.0', '6.0'],
    ['Linux Enterprise Server 16.0', '16.0'],
  ])('parse %j of SUSE', (text, release) => {
    expect(readSuseRelease(text)).toEqual({ release });
  });

  it.each([
    ['1.2-3ubuntu4', 'Pro', 'beyond'],
    ['1.2-3ubuntu4+esm1', 'Pro', 'before'],
    ['1.2-3ubuntu4', 'Pro:FIPS', 'foreign'],
    ['1.2-3ubuntu4.fips.1', 'Pro:FIPS', 'before'],
    ['1.2-3ubuntu4', 'for:NVIDIA:BlueField', 'foreign'],
  ])('rank %s of Ubuntu beside %s: %s', (version, stream, standing) => {
    expect(ubuntuStanding(version, stream)).toBe(standing);
  });

  it.each([
    ['3.0.7-16.el9_2', '3.0.7-18.el9_2', 'before'],
    ['3.0.7-16.el9_2', '3.0.7-18.el9_4', 'foreign'],
    ['3.0.7-16.el9', '3.0.7-18.el9_4', 'foreign'],
    ['1.3.7-1.el8sat', '1.3.8-1.el8sat', 'before'],
  ])('rank %s of Red Hat beside a stream with %s: %s', (version, fixed, standing) => {
    expect(redHatStanding(version, 'rhel_eus:9.2', [fixed])).toBe(standing);
  });
});
