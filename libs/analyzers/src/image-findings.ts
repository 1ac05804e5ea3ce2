import { compareSeverity, type Finding, isDistributionType, type Layer } from '@tidewaiter/domain';
import { judgeHistory, judgeIntegrity, type IntegrityLayer } from '@tidewaiter/integrity';
import type { ImageConfig, Overlay } from '@tidewaiter/oci';

import type { AnalysisOptions, AnalyzedLayer } from './layer-facts.js';
import { secretsInConfig, secretsInFiles } from './secret-findings.js';

/** What is wrong with the files of an image, as far as its layers were looked at for it; worst first. */
export function fileFindings(
  layers: readonly (AnalyzedLayer & Pick<Layer, 'createdBy'>)[],
  view: Overlay,
  { secretKey, isInspected = false }: AnalysisOptions,
): Finding[] {
  const secrets = secretKey === undefined ? [] : secretsInFiles(layers, view);
  const integrity = isInspected ? judgeIntegrity(layers.map(integrityLayer), view) : [];
  return [...secrets, ...integrity].toSorted(worstFirst);
}

/** What is wrong with what an image says about itself; worst first. */
export function configFindings(config: ImageConfig, { secretKey, isInspected = false }: AnalysisOptions): Finding[] {
  const secrets = secretKey === undefined ? [] : secretsInConfig(config, secretKey);
  const history = isInspected ? judgeHistory(config.history) : [];
  return [...secrets, ...history].toSorted(worstFirst);
}

function integrityLayer({ entries, facts, createdBy }: AnalyzedLayer & Pick<Layer, 'createdBy'>): IntegrityLayer {
  return {
    entries,
    owned: facts.files.flatMap(({ path, owned = [] }) => owned.map((each) => ({ ...each, database: path }))),
    databases: facts.files.flatMap(({ path, packages = [] }) => {
      const [first] = packages;
      return first && isDistributionType(first.type) ? [{ path, type: first.type, packages }] : [];
    }),
    signs: facts.signs,
    ...(createdBy !== undefined && { createdBy }),
  };
}

function worstFirst(a: Finding, b: Finding): number {
  const keys = [a, b].map(({ kind, id, path, fingerprint }) => [kind, id, path ?? '', fingerprint].join('\n'));
  return compareSeverity(a.severity, b.severity) || (keys[0]! < keys[1]! ? -1 : 1);
}
