import { type Integration, matches, readMatcherList, type Section } from '@tidewaiter/routing';

/** Labels of a pushed image that matchers of a channel for images see. */
export const imageLabelNames = ['registry', 'repository', 'tag', 'verdict', 'severity'] as const;

/** Condition for the pushes that a channel gets: all matchers match their labels. */
export type ImageFilter = (labels: Readonly<Record<string, string>>) => boolean;

/** Reads `matchers` of a channel for images. A label that images do not have is a mistake. */
export function readImageFilter(section: Section): ImageFilter {
  const matchers = readMatcherList(section, 'matchers');
  for (const { name } of matchers)
    if (!(imageLabelNames as readonly string[]).includes(name))
      section.problem('matchers', `images have no label ${name}; they have ${imageLabelNames.join(', ')}`);
  return (labels) => matchers.every((matcher) => matches(matcher, labels));
}

/** Whether a channel for images gets a push with these labels. */
export function takesImage({ config }: Pick<Integration, 'config'>, labels: Readonly<Record<string, string>>): boolean {
  return 'takes' in config && (config.takes as ImageFilter)(labels);
}
