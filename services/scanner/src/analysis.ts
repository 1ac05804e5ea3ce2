import { hash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { advisoryKeysVersion } from '@tidewaiter/advisories';
import {
  type AnalysisOptions,
  analysisVersion,
  configFindingsVersion,
  secretPlacesVersion,
} from '@tidewaiter/analyzers';
import { imageChecksVersion } from '@tidewaiter/checks';
import type { FindingKind } from '@tidewaiter/domain';
import { documentLimits, imageLimits } from '@tidewaiter/oci';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import { type ReadingLimits, readingLimits } from '@tidewaiter/sandbox';
import { fingerprintKeyOf } from '@tidewaiter/secrets';
import type { LayerReader } from '@tidewaiter/store';

import { ScannerConfig } from './config.js';

/**
 * Options and versions of the analysis. They must be equal in every scanner of an installation, or
 * the scanners would analyze each other's layers again.
 */
@Injectable()
export class Analysis {
  readonly options: AnalysisOptions;
  /**
   * Version of the analysis of layers: a layer that was analyzed under another version is analyzed
   * again.
   */
  readonly version: string;
  /** Version of the results derived from the layers of an image. */
  readonly imageVersion: string;
  /** Version of the results derived from its config. */
  readonly configVersion: string;
  /** A layer that could not be read is retried under another reader name. */
  readonly reader: LayerReader;

  /** A push that was refused under other versions, limits or platforms is tried again. */
  readonly resolver: string;

  readonly limits: ReadingLimits;

  /**
   * Without a fingerprint key secrets are not searched, because unkeyed fingerprints could be
   * guessed.
   */
  constructor(config: ScannerConfig, { platforms }: TidewaiterSettings) {
    const { fingerprintKey } = config;
    const secretKey = fingerprintKey && fingerprintKeyOf(fingerprintKey.reveal());
    this.limits = readingLimits(config);
    const { facts } = this.limits;
    const hasLimits = Object.keys(facts).length > 0;
    this.options = { isInspected: true, ...(secretKey && { secretKey }), ...(hasLimits && { factLimits: facts }) };
    this.version = analysisVersion(this.options);
    this.imageVersion = `${this.version} checks@${imageChecksVersion} places@${secretPlacesVersion} keys@${advisoryKeysVersion}`;
    this.configVersion = `${configFindingsVersion(this.options)} checks@${imageChecksVersion}`;
    const named = JSON.stringify(this.limits);
    const resolution = [this.imageVersion, this.configVersion, this.limits, documentLimits, imageLimits, platforms];
    this.resolver = shortHash(JSON.stringify(resolution));
    this.reader = { analyzersVersion: this.version, reader: shortHash(`${this.version} ${named}`) };
  }
}

function shortHash(text: string): string {
  return hash('sha256', text).slice(0, 16);
}

/** Kinds of findings that an image was not evaluated for. */
export function notEvaluated({ secretKey }: AnalysisOptions, configVersion: string | null): FindingKind[] {
  return [
    ...(configVersion === null ? (['misconfiguration'] as const) : []),
    ...(secretKey === undefined ? (['secret'] as const) : []),
  ];
}
