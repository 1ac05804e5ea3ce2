import { TidewaiterError, type OsRelease, type PackageRecord } from '@tidewaiter/domain';
import { WarningList, type LayerContent, type Warning } from '@tidewaiter/oci';

import type { Analyzer, FileFacts, SourceFile } from './analyzer.js';

/** What one file of a layer says, with the analyzer that read it. */
export interface FileRecord {
  path: string;
  analyzer: string;
  packages?: PackageRecord[];
  os?: OsRelease;
}

/** What the files of a layer say: the same for the same layer and the same analyzers, and plain JSON. */
export interface LayerFacts {
  /** In the order of their paths. */
  files: FileRecord[];
  /** Of reading the layer and of its files. */
  warnings: Warning[];
}

/** Runs each analyzer over the files that it wants. A file that cannot be read costs itself and leaves a warning. */
export function readFacts({ files, warnings }: LayerContent, analyzers: readonly Analyzer[]): LayerFacts {
  const list = new WarningList();
  for (const { code, path, message } of warnings) list.add(code, path, message);
  const facts: LayerFacts = { files: [], warnings: [] };
  for (const path of [...files.keys()].toSorted()) {
    for (const analyzer of analyzers) {
      if (!analyzer.wants(path)) continue;
      const record = analyzeFile(analyzer, { path, content: files.get(path)! }, list);
      if (record) facts.files.push(record);
    }
  }
  facts.warnings = list.toArray();
  return facts;
}

function analyzeFile(analyzer: Analyzer, file: SourceFile, warnings: WarningList): FileRecord | undefined {
  try {
    const { damage, ...found }: FileFacts = analyzer.analyze(file);
    if (damage !== undefined) warnings.add('MALFORMED_FILE', file.path, damage);
    return { path: file.path, analyzer: analyzer.name, ...found };
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    warnings.add(error.code, file.path, error.message);
    return undefined;
  }
}
