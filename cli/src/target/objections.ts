import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { NotFound } from '@tidewaiter/domain';
import type { Objections } from '@tidewaiter/policy';

import { readText } from '../sources/text-files.js';

/** Files with VEX statements and ignore rules. */
export interface ObjectionFiles {
  vex?: string[];
  /** Defaults to the ignore files of the working directory. */
  ignoreFile?: string[];
}

export const noObjections: Objections = { statements: [], exceptions: [] };

/**
 * Reads VEX documents and ignore files before the scan: an invalid one must not cost a whole scan.
 * @throws NotFound `VEX_MISSING`, `IGNORE_FILE_MISSING`; InvalidInput `VEX_INVALID`,
 * `IGNORE_FILE_INVALID`; of a default file NotFound `TARGET_MISSING`, `UNREADABLE`
 */
export async function readObjections({
  vex = [],
  ignoreFile,
}: ObjectionFiles): Promise<{ objections: Objections; documents: NamedText[] }> {
  const ignores = ignoreFile ? await readNamed(ignoreFile, 'IGNORE_FILE_MISSING') : await readDefaults();
  const statements = await readNamed(vex, 'VEX_MISSING');
  if (ignores.length === 0 && statements.length === 0) return { objections: noObjections, documents: [] };
  const { readIgnores, readVex } = await import('@tidewaiter/policy');
  const objections = {
    statements: statements.flatMap(({ name, text }) => readVex(text, name)),
    exceptions: ignores.flatMap(({ name, text }) => readIgnores(text, name)),
  };
  const kinds = { vex: statements, ignore: ignores };
  const documents = Object.entries(kinds).flatMap(([kind, texts]) => texts.map((each) => ({ ...each, kind })));
  return { objections, documents };
}

/** Text of a file, by the name that the user gave it. */
export interface NamedText {
  kind: string;
  name: string;
  text: string;
}

type FileText = Pick<NamedText, 'name' | 'text'>;

async function readNamed(names: readonly string[], code: string): Promise<FileText[]> {
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(name, 'utf8').catch((cause: unknown) => {
        throw new NotFound(code, `${name} cannot be read`, { cause });
      });
      return { name, text };
    }),
  );
}

/** Default ignore files in the working directory. */
export const ignoreFileNames = ['.tidewaiter-ignore.yaml', '.trivyignore', '.trivyignore.yaml'];

/** A repository may have a link to a device under such a name, which would be read without end. */
async function readDefaults(): Promise<FileText[]> {
  const there = ignoreFileNames.filter((name) => existsSync(name));
  return Promise.all(there.map(async (name) => ({ name, text: await readText(name) })));
}
