import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readObjections } from './objections.js';

describe('readObjections', () => {
  const before = process.cwd();
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidewaiter-objections-'));
    process.chdir(folder);
  });

  afterEach(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  });

  it('reads the ignore files of the working directory', async () => {
    expect((await readObjections({})).objections.exceptions).toEqual([]);
    writeFileSync('.trivyignore', 'CVE-2026-1\n');
    expect((await readObjections({})).objections.exceptions).toMatchObject([{ finding: 'CVE-2026-1' }]);
  });

  it('reads no device that one of them links to', async () => {
    symlinkSync('/dev/zero', '.trivyignore');
    await expect(readObjections({})).rejects.toThrow('.trivyignore is a folder or device, and no file');
  });
});
