import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import { InvalidInput, NotFound } from '@tidewaiter/domain';

const maxListBytes = 64 * 1024 * 1024;
const maxTargets = 100_000;
const maxTargetLength = 4_096;

/**
 * Reads targets, one a line. Empty lines and lines that start with `#` are skipped.
 * @param path a file, or `-` for standard input
 * @throws NotFound `TARGET_LIST_MISSING`; InvalidInput `TARGET_LIST_INVALID`, with the line
 */
export async function readTargetList(path: string): Promise<string[]> {
  const name = path === '-' ? 'standard input' : path;
  const text = path === '-' ? await readAll(process.stdin, name) : await readFileOf(path);
  const targets: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const target = line.trim();
    if (target === '' || target.startsWith('#')) continue;
    const problem = problemOf(target);
    if (problem !== undefined) throw new InvalidInput('TARGET_LIST_INVALID', `${name}, line ${index + 1}: ${problem}`);
    targets.push(target);
    if (targets.length > maxTargets)
      throw new InvalidInput('TARGET_LIST_INVALID', `${name} has more than ${maxTargets} targets`);
  }
  if (targets.length === 0) throw new InvalidInput('TARGET_LIST_INVALID', `${name} names no target`);
  return targets;
}

function problemOf(target: string): string | undefined {
  if (target.length > maxTargetLength) return `longer than ${maxTargetLength} characters`;
  // A name with one is cut at it by the kernel, or spoofs a line of the terminal.
  return /\p{Cc}/u.test(target) ? 'a control character' : undefined;
}

async function readFileOf(path: string): Promise<string> {
  const missing = (cause: unknown) => {
    throw new NotFound('TARGET_LIST_MISSING', `${path} cannot be read`, { cause });
  };
  const found = await stat(path).catch(missing);
  if (found.isDirectory()) return missing(undefined);
  return readAll(createReadStream(path), path);
}

async function readAll(stream: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxListBytes)
      throw new InvalidInput('TARGET_LIST_INVALID', `${name} is larger than ${maxListBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
