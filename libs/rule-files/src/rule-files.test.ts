import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fingerprintOf, readRuleFiles } from './rule-files.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-rules-'));
});

afterEach(async () => rm(folder, { recursive: true }));

const names = async (paths: string[]) =>
  (await readRuleFiles(paths)).map(({ path }) => path.slice(path.indexOf(folder) + folder.length + 1));

describe('fingerprintOf', () => {
  it('finds the rules of folders in folders, in one order, and nothing else', async () => {
    await mkdir(join(folder, 'b/c'), { recursive: true });
    for (const name of ['z.yml', 'a.yaml', 'b/c/d.yml', 'README.md', '.hidden.yml']) {
      await writeFile(join(folder, name), name);
    }
    expect(await names([folder])).toEqual(['a.yaml', 'b/c/d.yml', 'z.yml']);
  });

  it('reads files that are named alone, and links as Kubernetes mounts them', async () => {
    await mkdir(join(folder, '..data'), { recursive: true });
    await writeFile(join(folder, '..data/rule.yml'), 'title: x');
    await symlink('..data/rule.yml', join(folder, 'rule.yml'));
    expect(await readRuleFiles([folder])).toMatchObject([{ text: 'title: x' }]);
    expect(await names([join(folder, 'rule.yml')])).toEqual(['rule.yml']);
  });

  it('reports that a file was changed, added or removed', async () => {
    const seen = new Set<string>();
    const look = async () => seen.add(await fingerprintOf([folder])).size;
    expect(await look()).toBe(1);
    await writeFile(join(folder, 'a.yml'), 'one');
    expect(await look()).toBe(2);
    expect(await look()).toBe(2);
    await utimes(join(folder, 'a.yml'), 1, 1);
    expect(await look()).toBe(3);
    await writeFile(join(folder, 'a.yml'), 'three');
    expect(await look()).toBe(4);
    await rm(join(folder, 'a.yml'));
    expect(await look()).toBe(4);
  });

  it('refuses a folder that is not there', async () => {
    await expect(fingerprintOf([join(folder, 'gone')])).rejects.toMatchObject({ code: 'RULES_MISSING' });
  });

  it('does not read what is no file of rules by its size', async () => {
    await writeFile(join(folder, 'huge.yml'), 'x'.repeat(1024 * 1024 + 1));
    const [huge] = await readRuleFiles([folder]);
    expect(huge?.text.length).toBeLessThan(100);
  });
});
