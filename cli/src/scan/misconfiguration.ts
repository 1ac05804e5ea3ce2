import type { AnalyzedLayer } from '@tidewaiter/analyzers';
import { checkImageConfig } from '@tidewaiter/checks';
import type { Finding } from '@tidewaiter/domain';
import type { ImageConfig, LayerEntry, Overlay } from '@tidewaiter/oci';

const setIdBits = 0o6000;

/** What an image's configuration gets wrong, with the files that make it worse. */
export function misconfigurations(config: ImageConfig, layers: readonly AnalyzedLayer[], view: Overlay): Finding[] {
  const setuidFiles = layers.flatMap(({ entries }, layer) =>
    Iterator.from(entries)
      .filter((entry) => isSetuid(entry) && view.isVisible(entry.path, layer))
      .map(({ path }) => path)
      .toArray(),
  );
  return checkImageConfig({
    config,
    setuidFiles,
    hasSudo: view.lookup('usr/bin/sudo') !== undefined,
    ...(config.created !== undefined && { createdAt: config.created }),
  });
}

function isSetuid({ type, mode }: LayerEntry): boolean {
  return type === 'file' && (mode & setIdBits) !== 0;
}
