import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { analyzeLayer, type AnalysisOptions, type LayerFacts } from './index.js';

async function factsOf(entries: TarEntry[], options: AnalysisOptions): Promise<LayerFacts> {
  async function* blob(): AsyncGenerator<Uint8Array> {
    yield tarArchive(entries);
  }
  const { facts } = await analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar', ...options });
  return facts;
}

const code = (path: string, host: string): TarEntry => ({ path, content: `get("https://${host}/")\n` });

it('reads what a link leads to as what it is, not as the file whose place it takes', async () => {
  const entries: TarEntry[] = [
    { path: 'data', content: 'ID=a\nHOME_URL="https://a.io/"\n' },
    { path: 'etc/os-release', content: '' },
    { path: 'etc/os-release', type: 'symlink', linkTarget: '/data' },
  ];
  const { files, hosts } = await factsOf(entries, { isInspected: true });
  expect({ files, hosts }).toMatchObject({ files: [{ os: { id: 'a' } }], hosts: [{ hosts: ['a.io'] }] });
});

describe('the hosts that files name', () => {
  it('are those of files that no later entry of the layer replaced', async () => {
    const entries = [code('app/b.js', 'b.io'), code('app/a.js', 'old.io'), code('app/a.js', 'new.io')];
    const { hosts } = await factsOf([...entries, { path: 'readme.md', content: 'https://c.io' }], {
      isInspected: true,
    });
    expect(hosts).toEqual([
      { path: 'app/a.js', hosts: ['new.io'] },
      { path: 'app/b.js', hosts: ['b.io'] },
    ]);
  });

  it('are remembered of twenty files each', async () => {
    const many = Array.from({ length: 30 }, (_, index) => code(`app/${String(index).padStart(2, '0')}.js`, 'a.io'));
    const { hosts } = await factsOf([...many, code('app/29b.js', 'rare.io')], { isInspected: true });
    expect(hosts).toHaveLength(21);
    expect(hosts?.at(-1)).toEqual({ path: 'app/29b.js', hosts: ['rare.io'] });
  });

  it('are not known where nobody looked', async () => {
    expect(await factsOf([code('app/a.js', 'a.io')], {})).not.toHaveProperty('hosts');
  });
});
