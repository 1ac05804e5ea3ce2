import { readLayerInput } from '../read-layer.ts';
import type { Target } from '../target.ts';

export const layerGzip: Target = { name: 'layer-gzip', run: readLayerInput };
