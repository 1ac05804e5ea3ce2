import { policyModes, type PolicyMode } from '@tidewaiter/domain';
import { z } from 'zod';

import { readYamlFile } from '../yaml-file.js';
import { compilePolicy, type Policy } from './policy.js';

export const policyNameSchema = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/, 'use 1 to 64 of a-z, 0-9, dot, dash and underscore');

const maxVariables = 100;

const policyFile = z.strictObject({
  name: policyNameSchema.optional(),
  description: z.string().default(''),
  mode: z.enum(policyModes).optional(),
  variables: z
    .record(z.string().regex(/^[a-z][A-Za-z0-9]{0,63}$/, 'use a name such as oldFindings'), z.string())
    .refine((variables) => Object.keys(variables).length <= maxVariables, `more than ${maxVariables} variables`)
    .default({}),
  rules: z
    .array(z.strictObject({ expression: z.string(), message: z.string().optional() }))
    .min(1)
    .max(100),
});

/** Settings of a policy, which override its file. */
export interface PolicySettings {
  name?: string | undefined;
  mode?: PolicyMode | undefined;
}

/**
 * Parses a policy: YAML, or in a `.cel` file one expression that must hold, with comments.
 * @param file its name
 * @throws InvalidInput `POLICY_INVALID` naming the line and key of every problem
 */
export function readPolicy(text: string, file: string, { name, mode }: PolicySettings = {}): Policy {
  const called = name ?? nameOf(file);
  if (file.endsWith('.cel')) {
    const description = firstComment(text) ?? `${called} does not hold`;
    const source = { name: called, description, variables: {}, rules: [{ expression: text }] };
    return compilePolicy(source, mode ?? 'enforce', () => file);
  }
  const { value, lineOf } = readYamlFile(text, policyFile, file, 'POLICY_INVALID');
  const source = { ...value, name: name ?? value.name ?? called };
  const described = { ...source, description: value.description || `${source.name} does not hold` };
  return compilePolicy(described, mode ?? value.mode ?? 'enforce', (path) => `${file}:${lineOf(path)}`);
}

function nameOf(file: string): string {
  return file.replace(/^.*[\\/]/, '').replace(/\.(cel|ya?ml)$/, '');
}

function firstComment(text: string): string | undefined {
  return /^[ \t]*\/\/[ \t]*(\S.*)/m.exec(text)?.[1]?.trimEnd();
}
