import { distributionOf } from './distributions.js';

const os = (id: string, versionId?: string, idLike: string[] = []) => ({ id, versionId, name: id, idLike });

describe('distributionOf', () => {
  it.each([
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
    os('wolfi', '20230201'),
    os('constructor', '1'),
  ])('does not guess at %j', (release) => {
    expect(distributionOf(release)).toBeNull();
  });
});
