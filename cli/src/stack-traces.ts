import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

const placeInBundle = /(file:\/\/[^\s()]+\.js):(\d+):(\d+)/g;
/** By the URL of a chunk; null for a file without a map. */
const maps = new Map<string, SourceMap | null>();

/**
 * Makes stack traces name lines of the sources in place of lines of the bundle. The map of a chunk
 * is read with the first trace that names it; `--enable-source-maps` would read and keep the map of
 * every chunk that is loaded.
 */
export function useSourceMaps(): void {
  Error.prepareStackTrace = (error, frames) => {
    const trace = [Error.prototype.toString.call(error), ...frames.map((frame: unknown) => `    at ${String(frame)}`)];
    return trace.join('\n').replaceAll(placeInBundle, sourcePlace);
  };
}

function sourcePlace(place: string, chunk: string, line: string, column: string): string {
  const entry = mapOf(chunk)?.findEntry(Number(line) - 1, Number(column) - 1);
  if (!entry || !('originalSource' in entry)) return place;
  return `${fileURLToPath(new URL(entry.originalSource, chunk))}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}

function mapOf(chunk: string): SourceMap | null {
  const known = maps.get(chunk);
  if (known !== undefined) return known;
  const map = readMap(chunk);
  maps.set(chunk, map);
  return map;
}

function readMap(chunk: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${chunk}.map`), 'utf8')) as SourceMapPayload);
  } catch {
    return null; // not a file of the bundle, or one whose map was removed
  }
}
