const steps = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** Round whole number at which an axis ends: not below the largest value, and 1 at least. */
export function topOf(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * steps.find((step) => step * power >= value && Number.isInteger(step * power))!;
}
