import { type Finding, NotFound } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import type { SourceKind } from './image-source.js';
import { checkText, textFiles } from './text-files.js';

/** `k8s:FILE_OR_DIR`: Kubernetes manifests, of a folder those in `.yaml`, `.yml` and `.json`. */
export const kubernetes: SourceKind = {
  async open(location) {
    const { checkKubernetes } = await import('@tidewaiter/checks');
    const findings: Finding[] = [];
    const warnings: Warning[] = [];
    let checked = 0;
    for (const { path, name } of await textFiles(location, /\.(ya?ml|json)$/)) {
      const result = await checkText(path, name, (text) => checkKubernetes(text, name));
      findings.push(...result.findings);
      warnings.push(...result.warnings);
      checked += result.checked ?? 0;
    }
    // A verdict about nothing would pass. What is unreadable has its own warning and none.
    if (checked === 0 && warnings.every(({ code }) => code === 'K8S_NO_MANIFEST')) {
      throw new NotFound('TARGET_MISSING', `${location} holds no object of Kubernetes that is checked`);
    }
    return {
      digest: null,
      mediaType: null,
      platform: null,
      configDigest: null,
      config: null,
      layers: [],
      checked: { products: [], find: () => findings },
      warnings,
      close: () => Promise.resolve(),
    };
  },
};
