import type { Comparison } from '../../api/types.js';
import { counted } from '../../parts/words.js';

/** Whether both sides are the same images. */
export function isSameImage({ platforms }: Pick<Comparison, 'platforms'>): boolean {
  return platforms.every(({ change }) => change === 'same');
}

type Compared = Pick<Comparison, 'platforms' | 'findings' | 'kept' | 'packages' | 'files' | 'base'>;

/** The difference in words: `1 finding introduced, 4 resolved, 30 in both; 12 packages differ`. */
export function comparisonSentence(compared: Compared): string {
  if (isSameImage(compared)) return 'Both are the same image.';
  const { findings, kept, packages, files, base, platforms } = compared;
  const { introduced, newlyPublished, resolved } = findings;
  const alone = platforms.filter(({ change }) => change === 'added' || change === 'removed');
  const common = base.reduce((sum, { commonLayers }) => sum + commonLayers, 0);
  const parts = [
    [
      `${counted(introduced.total, 'finding')} introduced`,
      newlyPublished.total > 0 && `${newlyPublished.total} newly published`,
      `${resolved.total} resolved`,
      `${kept.total} in both`,
    ],
    [
      `${counted(packages.total, 'package')} ${packages.total === 1 ? 'differs' : 'differ'}`,
      files === null
        ? 'files could not be compared'
        : `${counted(files.total, 'file')} ${files.total === 1 ? 'differs' : 'differ'}`,
      counted(common, 'common layer'),
    ],
    alone.map(({ platform, change }) => `${platform} only in the ${change === 'added' ? 'second' : 'first'}`),
  ];
  const texts = parts.map((some) => some.filter((part) => part !== false).join(', ')).filter((text) => text !== '');
  return `${texts.join('; ')}.`;
}
