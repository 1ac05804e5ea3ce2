import { stringify } from 'yaml';

/** Formats maps, lists and texts as YAML that `YamlDocument` reads as the same texts. */
export function formatYaml(value: unknown): string {
  // Scalars are read as text, so that those like numbers need no quotes. Lines are not broken.
  return stringify(value, { schema: 'failsafe', customTags: ['null'], lineWidth: 0, aliasDuplicateObjects: false });
}
