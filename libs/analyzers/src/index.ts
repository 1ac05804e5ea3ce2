import type { LayerContent } from '@tidewaiter/oci';

import type { Analyzer } from './analyzer.js';
import { apk } from './apk/apk.js';
import { dpkg } from './dpkg/dpkg.js';
import { readFacts, type LayerFacts } from './layer-facts.js';
import { osRelease } from './os-release/os-release.js';

export { inventory } from './inventory.js';
export type { AnalyzedLayer, Inventory } from './inventory.js';
export type { Analyzer, FileFacts, SourceFile } from './analyzer.js';
export type { FileRecord, LayerFacts } from './layer-facts.js';

/** Every analyzer, one line each, by name. */
export const analyzers: readonly Analyzer[] = [apk, dpkg, osRelease];

/** Names the answers that these analyzers give; a layer analysed under another name is analysed again. */
export const analyzersVersion = analyzers.map(({ name, version }) => `${name}@${version}`).join(',');

/** Whether any analyzer wants the file at this path, which has no leading slash. */
export function wanted(path: string): boolean {
  return analyzers.some((analyzer) => analyzer.wants(path));
}

/** Everything that the wanted files of a layer say. */
export function analyzeLayer(content: LayerContent): LayerFacts {
  return readFacts(content, analyzers);
}
