import { readLayerInput } from '../read-layer.ts';
import { withTarChecksums } from '../tar-checksums.ts';
import type { Target } from '../target.ts';

export const layerTar: Target = { name: 'layer-tar', run: readLayerInput, repair: withTarChecksums };
