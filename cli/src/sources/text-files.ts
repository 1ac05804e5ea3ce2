import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { type Finding, LimitExceeded, NotFound, TidewaiterError } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

const maxTextBytes = 16 * 1024 * 1024;
const maxFiles = 10_000;

/** @throws NotFound `TARGET_MISSING`, `UNREADABLE`; LimitExceeded `maxTextBytes` */
export async function readText(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new NotFound('TARGET_MISSING', `${path}: there is no such file`);
  if (!found.isFile()) throw new NotFound('TARGET_MISSING', `${path} is a folder or device, and no file`);
  if (found.size > maxTextBytes) throw new LimitExceeded('maxTextBytes', `${path} has ${found.size} bytes`);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new NotFound('UNREADABLE', `${path}: file that may not be read`, { cause });
  }
}

/** Result of the checks of one file. */
interface CheckedText {
  findings: Finding[];
  warnings: Warning[];
  /** Number of checked objects, where the file has several. */
  checked?: number;
}

/** Checks a file; one that cannot be read costs itself and leaves a warning. */
export async function checkText(
  path: string,
  name: string,
  check: (text: string) => CheckedText,
): Promise<CheckedText> {
  try {
    return check(await readText(path));
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    return { findings: [], warnings: [{ code: error.code, path: name, message: error.message }] };
  }
}

/**
 * A file, or those of a folder whose names fit, each with its name below the folder.
 * @throws NotFound `TARGET_MISSING`; LimitExceeded `maxFiles`
 */
export async function textFiles(location: string, pattern: RegExp): Promise<{ path: string; name: string }[]> {
  const found = await stat(location).catch(() => undefined);
  if (!found) throw new NotFound('TARGET_MISSING', `${location}: there is no such file or folder`);
  if (!found.isDirectory()) return [{ path: location, name: basename(location) }];
  const entries = await readdir(location, { recursive: true });
  const names = entries.filter((name) => pattern.test(name) && !name.includes('node_modules/')).toSorted();
  if (names.length === 0) throw new NotFound('TARGET_MISSING', `${location} holds no file of that kind`);
  if (names.length > maxFiles) throw new LimitExceeded('maxFiles', `${location} holds ${names.length} files`);
  return names.map((name) => ({ path: join(location, name), name }));
}
