import { readLayerInput } from '../read-layer.ts';
import type { Target } from '../target.ts';

export const layerZstd: Target = { name: 'layer-zstd', run: readLayerInput };
