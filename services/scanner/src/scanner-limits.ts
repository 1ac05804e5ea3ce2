/** How much one scanner process does at once. */
export class ScannerLimits {
  constructor(
    readonly pushes: number,
    readonly layers: number,
  ) {}
}
