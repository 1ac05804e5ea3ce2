import { hash } from 'node:crypto';

import { type AnalysisOptions, analysisVersion, configFindingsVersion } from '@tidewaiter/analyzers';
import { imageChecksVersion } from '@tidewaiter/checks';
import type { FindingKind, Secret } from '@tidewaiter/domain';
import type { ReadingLimits } from '@tidewaiter/sandbox';
import { fingerprintKeyOf } from '@tidewaiter/secrets';
import type { LayerReader } from '@tidewaiter/store';

/** What images are looked at for; the same in every scanner of an installation, or they would read each other's layers again. */
export class Analysis {
  readonly options: AnalysisOptions;
  /** Names the answers of layers: one that was analyzed under another name is analyzed again. */
  readonly version: string;
  /** Names what is made of the layers of an image. */
  readonly imageVersion: string;
  /** Names what is made of its config. */
  readonly configVersion: string;
  /** A layer that could not be read is tried again under another name. */
  readonly reader: LayerReader;

  /** @param fingerprintKey without it no secrets are looked for: their fingerprints could be guessed */
  constructor(
    fingerprintKey: Secret | undefined,
    readonly limits: ReadingLimits = { layer: {}, thread: {} },
  ) {
    const secretKey = fingerprintKey && fingerprintKeyOf(fingerprintKey.reveal());
    this.options = { isInspected: true, ...(secretKey && { secretKey }) };
    this.version = analysisVersion(this.options);
    this.imageVersion = `${this.version} checks@${imageChecksVersion}`;
    this.configVersion = `${configFindingsVersion(this.options)} checks@${imageChecksVersion}`;
    const named = JSON.stringify(limits);
    this.reader = { analyzersVersion: this.version, reader: hash('sha256', `${this.version} ${named}`).slice(0, 16) };
  }
}

/** Kinds of findings that were not looked for in an image. */
export function notEvaluated({ secretKey }: AnalysisOptions, configVersion: string | null): FindingKind[] {
  return [
    ...(configVersion === null ? (['misconfiguration'] as const) : []),
    ...(secretKey === undefined ? (['secret'] as const) : []),
  ];
}
