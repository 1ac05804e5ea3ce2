import { TidewaiterError, type Finding } from '@tidewaiter/domain';
import { WarningList, type Warning } from '@tidewaiter/oci';
import type { DocumentText } from '@tidewaiter/yaml';

import { runChecks } from '../check.js';
import { baselineChecks } from './baseline.js';
import { type DocumentReader, documentReader, manifestDocuments } from './manifest-documents.js';
import { networkChecks } from './network.js';
import { rbacChecks } from './rbac.js';
import { addResources, isManifest, type KubernetesCheck, type KubernetesManifest } from './resource.js';
import { restrictedChecks } from './restricted.js';
import { secretChecks } from './secrets.js';
import { volumeChecks } from './volumes.js';
import { workloadChecks } from './workloads.js';

export const kubernetesChecks: readonly KubernetesCheck[] = [
  ...baselineChecks,
  ...restrictedChecks,
  ...volumeChecks,
  ...workloadChecks,
  ...rbacChecks,
  ...networkChecks,
  ...secretChecks,
];

/** Result of checking a manifest. */
export interface CheckedManifests {
  findings: Finding[];
  warnings: Warning[];
  /** Number of objects that were checked, and of definitions, which need no check. */
  checked: number;
}

/**
 * Returns the findings of all checks on the objects of a manifest: YAML with any number of
 * documents, or JSON, lists included. An unreadable document gives a warning; custom resources are
 * skipped.
 * @throws LimitExceeded `maxFileLength`, `maxDocuments`
 */
export function checkKubernetes(text: string, path: string): CheckedManifests {
  const warnings = new WarningList();
  const manifest: KubernetesManifest = { resources: [], accounts: new Map() };
  const read = documentReader();
  let definitions = 0;
  for (const document of manifestDocuments(text)) {
    if (isDefinition(document)) definitions += 1;
    else readResources(document, read, path, manifest, warnings);
  }
  const findings = runChecks(kubernetesChecks, manifest.resources, path);
  return { findings, warnings: warnings.toArray(), checked: definitions + manifest.resources.length };
}

/**
 * Custom resource definitions are the bulk of many manifests and run nothing, so they are not even
 * parsed.
 */
function isDefinition({ text }: DocumentText): boolean {
  const kinds = text.match(/^kind:.{0,100}$/gm) ?? [];
  return kinds.length === 1 && /^kind:\s{1,8}CustomResourceDefinition\s{0,8}$/.test(kinds[0]);
}

function readResources(
  document: DocumentText,
  read: DocumentReader,
  path: string,
  manifest: KubernetesManifest,
  warnings: WarningList,
): void {
  const isTemplate = document.text.includes('{{');
  const before = manifest.resources.length;
  try {
    const value = read(document);
    if (!isManifest(value)) {
      warnings.add('K8S_NO_MANIFEST', path, `document at line ${document.line} has no apiVersion and kind`);
      return;
    }
    addResources(manifest, value);
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    // The output of a template is unknown; the error of the YAML parser would only confuse.
    if (isTemplate) warnTemplate(document, path, warnings);
    else warnings.add(error.code, path, error.message);
    return;
  }
  if (isTemplate && manifest.resources.length > before) warnTemplate(document, path, warnings);
}

function warnTemplate({ line }: DocumentText, path: string, warnings: WarningList): void {
  warnings.add(
    'K8S_TEMPLATE',
    path,
    `document at line ${line} is a template: render it first, for example with helm template`,
  );
}
