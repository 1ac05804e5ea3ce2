import { compareSeverity, type Finding, isDistributionType, type Layer } from '@tidewaiter/domain';
import {
  evaluateHistory,
  evaluateStartCommands,
  evaluateIntegrity,
  evaluateWithContents,
  type FileOwners,
  type FleetFile,
  type IntegrityLayer,
  type PackageContent,
  type ScriptSource,
} from '@tidewaiter/integrity';
import type { ImageConfig, Overlay } from '@tidewaiter/oci';

import type { AnalysisOptions } from './file-readers.js';
import { findOs } from './inventory.js';
import type { AnalyzedLayer } from './layer-facts.js';
import { secretsInConfig, secretsInFiles } from './secret-findings.js';
import { groupSecrets } from './secret-places.js';

/** Layer with the build step that created it. */
type StepLayer = AnalyzedLayer & Pick<Layer, 'createdBy'>;

/** Findings about the files of an image, as far as `options` request them; worst first. */
export function fileFindings(layers: readonly StepLayer[], view: Overlay, options: AnalysisOptions): Finding[] {
  const integrity = options.isInspected === true ? evaluateIntegrity(layers.map(integrityLayer), view) : [];
  return [...secretFindings(layers, view, options), ...integrity].toSorted(worstFirst);
}

/** Results of evaluating the files of an image. */
export interface FileEvaluation {
  findings: Finding[];
  /** Programs and libraries of its packages, to compare with the same packages in other images. */
  programs: PackageContent[];
  /**
   * Scripts, programs and libraries that no package owns, to compare with the same paths in other
   * images.
   */
  unowned: FleetFile[];
  /** For {@link imageFiles}; undefined where files were not inspected. */
  owners?: FileOwners;
}

/** {@link fileFindings} plus the files to compare with other images, and their owners. */
export function evaluateFiles(layers: readonly StepLayer[], view: Overlay, options: AnalysisOptions): FileEvaluation {
  const { findings, ...contents } =
    options.isInspected === true
      ? evaluateWithContents(layers.map(integrityLayer), view, scriptSource(layers))
      : nothingInspected;
  return { findings: [...secretFindings(layers, view, options), ...findings].toSorted(worstFirst), ...contents };
}

const nothingInspected = { findings: [], programs: [], unowned: [] };

function scriptSource(layers: readonly StepLayer[]): ScriptSource {
  const texts = layers.map(({ facts }) => new Map((facts.scripts ?? []).map(({ path, text }) => [path, text])));
  const identified = new Set(
    layers.flatMap(({ facts }) =>
      facts.files.flatMap(({ path, packages = [] }) => (packages.length > 0 ? [path] : [])),
    ),
  );
  return { textOf: (path, layer) => texts[layer]?.get(path), isIdentified: (path) => identified.has(path) };
}

function secretFindings(layers: readonly StepLayer[], view: Overlay, { secretKey }: AnalysisOptions): Finding[] {
  return secretKey === undefined ? [] : groupSecrets(secretsInFiles(layers, view, findOs(layers, view)));
}

/** Findings about the config of an image; worst first. */
export function configFindings(config: ImageConfig, { secretKey, isInspected = false }: AnalysisOptions): Finding[] {
  const secrets = secretKey === undefined ? [] : groupSecrets(secretsInConfig(config, secretKey));
  const commands = isInspected ? [...evaluateHistory(config.history), ...evaluateStartCommands(config)] : [];
  return [...secrets, ...commands].toSorted(worstFirst);
}

/** Converts a layer into the input of the integrity evaluations. */
export function integrityLayer({
  entries,
  facts,
  createdBy,
}: AnalyzedLayer & { createdBy?: string | undefined }): IntegrityLayer {
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
