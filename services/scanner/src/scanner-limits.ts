/** Limits of one scanner process. */
export class ScannerLimits {
  constructor(
    readonly pushes: number,
    readonly layers: number,
    /** Time for which one layer may be read, with its download. */
    readonly maxLayerSeconds: number,
    /** Matches with advisories that are stored of one image in one examination. */
    readonly maxMatches: number,
  ) {}
}
