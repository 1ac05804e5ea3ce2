// node tools/package-notices.mjs FOLDER: for each package in the bundle its manifest and licenses, in
// FOLDER/node_modules. Who has the program must have the licenses, and a scan of an image finds
// packages by their manifests.
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const isNotice = /^(?:package\.json|(?:licen[cs]e|copying|notice)\b.*)$/i;

export function copyNotices(folder) {
  const packages = JSON.parse(readFileSync(join(root, 'cli/dist/bundle/packages.json'), 'utf8'));
  for (const path of packages) {
    mkdirSync(join(folder, path), { recursive: true });
    for (const name of readdirSync(join(root, path)).filter((each) => isNotice.test(each)))
      cpSync(join(root, path, name), join(folder, path, name), { recursive: true });
  }
}

if (import.meta.main) copyNotices(process.argv[2]);
