import { cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { removeFolders, runIn, temporaryFolder } from './tidewaiter.js';

const root = resolve(__dirname, '..');

/**
 * A root file system with our own files of the image; chunks of earlier builds lie beside those of
 * the last one.
 */
function ownFiles(): string {
  const folder = temporaryFolder();
  const bundle = join(root, 'cli/dist/bundle');
  const builtAt = statSync(join(bundle, 'main.js')).mtimeMs;
  mkdirSync(join(folder, 'app/bundle'), { recursive: true });
  for (const name of readdirSync(bundle))
    if (builtAt - statSync(join(bundle, name)).mtimeMs < 10_000)
      cpSync(join(bundle, name), join(folder, 'app/bundle', name));
  for (const part of ['rules', 'deploy', 'services/console/web/dist', 'package.json'])
    cpSync(join(root, part), join(folder, 'app', part), { recursive: true });
  mkdirSync(join(folder, 'etc'));
  writeFileSync(join(folder, 'etc/os-release'), 'ID=wolfi\nVERSION_ID=20230201\n');
  return folder;
}

describe('the program itself', () => {
  afterAll(removeFolders);

  it('has no findings: examples of rules are not in it, and recipes hold no secrets', async () => {
    // Builds the program if it is older than its sources.
    await runIn(temporaryFolder(), '--version');
    const { stdout } = await runIn(temporaryFolder(), 'scan', `rootfs:${ownFiles()}`, '--offline', '-o', 'json');
    const { findings } = JSON.parse(stdout) as { findings: { id: string; path: string }[] };
    expect(findings.map(({ id, path }) => `${id} in ${path}`)).toEqual([]);
  });
});
