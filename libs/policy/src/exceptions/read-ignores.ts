import type { Exception } from './exception.js';
import { readIgnoreFile } from './ignore-file.js';
import { readTrivyIgnore, readTrivyIgnoreYaml } from './trivyignore.js';

const trivySection = /^(vulnerabilities|misconfigurations|secrets|licenses):/m;

/**
 * Parses an ignore file of any kind, recognized by its name, and YAML by its first key.
 * @throws InvalidInput `IGNORE_FILE_INVALID` naming the line and key of every problem
 */
export function readIgnores(text: string, name: string): Exception[] {
  if (!/\.ya?ml$/i.test(name)) return readTrivyIgnore(text, name);
  const isTrivys = name.includes('trivyignore') || trivySection.test(text);
  return isTrivys ? readTrivyIgnoreYaml(text, name) : readIgnoreFile(text, name);
}
