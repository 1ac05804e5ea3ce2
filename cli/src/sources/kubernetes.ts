import type { Finding } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import type { SourceKind } from './image-source.js';
import { readText, textFiles } from './text-files.js';

/** `k8s:FILE_OR_DIR`: Kubernetes manifests, of a folder those in `.yaml`, `.yml` and `.json`. */
export const kubernetes: SourceKind = {
  scheme: 'k8s',
  async open(location) {
    const { checkKubernetes } = await import('@tidewaiter/checks');
    const checked: Finding[] = [];
    const warnings: Warning[] = [];
    for (const { path, name } of await textFiles(location, /\.(ya?ml|json)$/)) {
      const result = checkKubernetes(await readText(path), name);
      checked.push(...result.findings);
      warnings.push(...result.warnings);
    }
    return {
      digest: null,
      mediaType: null,
      platform: null,
      configDigest: null,
      config: null,
      layers: [],
      checked,
      warnings,
      close: () => Promise.resolve(),
    };
  },
};
