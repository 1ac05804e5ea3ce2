const wide =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/gu;
const combining = /\p{M}/gu;
const plain = /^[ -~]*$/;

/** Number of terminal columns of a printable text. */
export function widthOf(text: string): number {
  if (plain.test(text)) return text.length;
  const characters = text.match(/./gsu)?.length ?? 0;
  return characters + (text.match(wide)?.length ?? 0) - (text.match(combining)?.length ?? 0);
}
