import { distributionOf } from './distributions.js';

const os = (id: string, versionId?: string, idLike: string[] = []) => ({ id, versionId, name: id, idLike });

describe('distributionOf', () => {
  it.each<[string, string, string, string | null]>([
    ['debian', '12', 'Debian', '12'],
    ['debian', '12.5', 'Debian', '12'],
    ['ubuntu', '22.04', 'Ubuntu', '22.04:LTS'],
    ['ubuntu', '8.04', 'Ubuntu', '8.04:LTS'],
    ['ubuntu', '23.04', 'Ubuntu', '23.04'],
    ['ubuntu', '24.10', 'Ubuntu', '24.10'],
    ['alpine', '3.20.3', 'Alpine', 'v3.20'],
    ['alpine', '3.9', 'Alpine', 'v3.9'],
    ['alpine', '3.22.0_alpha20250108', 'Alpine', 'edge'],
    ['alpaquita', 'stream', 'Alpaquita', 'stream'],
    ['alpaquita', '23', 'Alpaquita', '23'],
    ['amzn', '2', 'Amazon Linux', '2'],
    ['amzn', '2018.03', 'Amazon Linux', '1'],
    ['amzn', '2023', 'Amazon Linux', '2023'],
    ['amzn', '2023.6.20241031', 'Amazon Linux', '2023'],
    ['almalinux', '9.4', 'AlmaLinux', '9'],
    ['rocky', '8.10', 'Rocky Linux', '8'],
    ['rhel', '9.4', 'Red Hat', '9'],
    ['centos', '7', 'Red Hat', '7'],
    ['sles', '15.5', 'SUSE', '15 SP5'],
    ['sles', '15', 'SUSE', '15'],
    ['sles', '16.0', 'SUSE', '16.0'],
    ['sle-micro', '5.5', 'SUSE', '5.5'],
    ['sles_sap', '16.1', 'SUSE', '16.1'],
    ['opensuse-leap', '15.5', 'openSUSE', 'Leap 15.5'],
    ['opensuse-tumbleweed', '20250801', 'openSUSE', 'Tumbleweed'],
    ['opensuse-microos', '20250801', 'openSUSE', 'Tumbleweed'],
    ['mariner', '1.0.20210224', 'Azure Linux', '1'],
    ['azurelinux', '3.0', 'Azure Linux', '3'],
    ['photon', '3.0', 'Photon OS', '3.0'],
    ['mageia', '9', 'Mageia', '9'],
    ['openeuler', '24.03', 'openEuler', '24.03'],
    ['wolfi', '20230201', 'Wolfi', null],
    ['chainguard', '20230201', 'Chainguard', null],
  ])('finds %s %s in %s:%s', (id, versionId, ecosystem, release) => {
    expect(distributionOf(os(id, versionId))).toEqual({ ecosystem, release });
  });

  it.each([
    os('debian'), // testing and sid have no VERSION_ID
    os('debian', 'sid'),
    os('debian', '12\n13'),
    os('ubuntu', '22.04.3'),
    os('alpine', 'v3.20'),
    os('alpine', ''),
    os('raspbian', '12', ['debian']), // rebuilt, with versions of its own
    os('linuxmint', '21', ['ubuntu', 'debian']),
    os('opensuse-microos', '15.2', ['suse', 'opensuse', 'opensuse-leap']),
    os('opensuse-slowroll', '20250801', ['opensuse', 'suse', 'opensuse-tumbleweed']), // builds packages itself
    os('kali', '2025.4', ['debian']),
    os('fedora', '40'),
    os('amzn', 'rawhide'),
    os('sles', '15.5-beta'),
    os('constructor', '1'),
  ])('returns null for %j', (release) => {
    expect(distributionOf(release)).toBeNull();
  });

  it('reads the service pack of openEuler from its name', () => {
    const release = { id: 'openeuler', versionId: '22.03', name: 'openEuler 22.03 (LTS-SP1)', idLike: [] };
    expect(distributionOf(release)).toEqual({ ecosystem: 'openEuler', release: '22.03-LTS-SP1' });
  });
});
