/** The part of `million.ts` that runs in a process of its own. */
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { decodeFacts, fileFindings, inventory } from '@tidewaiter/analyzers';
import { decodeEntries, overlay } from '@tidewaiter/oci';
import { LayerProcesses } from '@tidewaiter/sandbox';

interface Blob {
  digest: string;
  mediaType: string;
}

await assemble(process.argv[2]!);

/**
 * Reads the layers in processes and merges them, as the scanner does between registry and database.
 */
async function assemble(layout: string): Promise<void> {
  const pathOf = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
  const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as { manifests: Blob[]; layers: Blob[] };
  const { layers } = json(pathOf(json(join(layout, 'index.json')).manifests[0]!.digest));
  const processes = new LayerProcesses(2);
  const options = { secretKey: Buffer.alloc(32), isInspected: true };
  const packed = await Promise.all(
    layers.map(({ digest, mediaType }) => {
      const open = () => createReadStream(pathOf(digest), { highWaterMark: 512 * 1024 });
      return processes.analyze(open, { mediaType, ...options });
    }),
  );
  await processes.close();
  const read = packed.map(({ facts, entries }) => ({ facts: decodeFacts(facts), entries: decodeEntries(entries) }));
  const view = overlay(read.map(({ entries }) => entries));
  inventory(read, view);
  fileFindings(read, view, options);
}
