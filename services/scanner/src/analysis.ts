import { type AnalysisOptions, analysisVersion } from '@tidewaiter/analyzers';
import type { Secret } from '@tidewaiter/domain';
import { fingerprintKeyOf } from '@tidewaiter/secrets';

/** What images are looked at for; the same in every scanner of an installation, or they would read each other's layers again. */
export class Analysis {
  readonly options: AnalysisOptions;
  /** Names the answers: what was analysed under another name is analysed again. */
  readonly version: string;

  /** @param fingerprintKey without it no secrets are looked for: their fingerprints could be guessed */
  constructor(fingerprintKey: Secret | undefined) {
    const secretKey = fingerprintKey && fingerprintKeyOf(fingerprintKey.reveal());
    this.options = { isInspected: true, ...(secretKey && { secretKey }) };
    this.version = analysisVersion(this.options);
  }
}
