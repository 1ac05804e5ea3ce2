import { stringify } from 'yaml';

/** Formats maps, lists and texts as YAML that `YamlDocument` reads as the same texts. */
export function formatYaml(value: unknown): string {
  // Texts that look like numbers need no quotes: scalars are read as text. Matchers stay on one line.
  return stringify(value, { schema: 'failsafe', customTags: ['null'], lineWidth: 0, aliasDuplicateObjects: false });
}
