import { InvalidInput, limitJsonValues, LimitExceeded } from '@tidewaiter/domain';
import { z } from 'zod';

import { missingKey } from '../missing-key.js';
import { csafSchema, csafStatements } from './csaf.js';
import { cycloneDxStatements, cycloneDxVexSchema } from './cyclonedx.js';
import { openVexSchema, openVexStatements } from './openvex.js';
import type { VexStatement } from './statement.js';

const maxVexBytes = 64 * 1024 * 1024;
const maxProblems = 10;

/**
 * Parses a VEX document: OpenVEX, CycloneDX or CSAF, in JSON; also the OpenVEX document in an
 * in-toto statement.
 * @param source name of the document in results: the file name
 * @throws InvalidInput `VEX_INVALID` naming every wrong key; LimitExceeded `maxVexBytes`,
 * `maxJsonValues`, `maxProducts`
 */
export function readVex(text: string, source: string): VexStatement[] {
  if (text.length > maxVexBytes)
    throw new LimitExceeded('maxVexBytes', `${source} is larger than ${maxVexBytes} bytes`);
  const document = unwrapped(parsed(text, source));
  if (isOpenVex(document)) return openVexStatements(checked(openVexSchema, document, source), source);
  if (isObject(document) && document['bomFormat'] === 'CycloneDX')
    return cycloneDxStatements(checked(cycloneDxVexSchema, document, source), source);
  if (isObject(document) && isObject(document['document']) && 'csaf_version' in document['document'])
    return csafStatements(checked(csafSchema, document, source), source);
  throw new InvalidInput('VEX_INVALID', `${source}: neither OpenVEX, nor CycloneDX, nor CSAF`);
}

function parsed(text: string, source: string): unknown {
  limitJsonValues(text);
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new InvalidInput('VEX_INVALID', `${source}: not JSON`, { cause });
  }
}

/** @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
function unwrapped(document: unknown): unknown {
  return isObject(document) && begins(document['_type'], 'https://in-toto.io/Statement/')
    ? document['predicate']
    : document;
}

function isOpenVex(document: unknown): boolean {
  return isObject(document) && begins(document['@context'], 'https://openvex.dev/ns');
}

function begins(value: unknown, prefix: string): boolean {
  return typeof value === 'string' && value.startsWith(prefix);
}

function checked<Schema extends z.ZodType>(schema: Schema, document: unknown, source: string): z.output<Schema> {
  const read = schema.safeParse(document, { error: missingKey });
  if (read.success) return read.data;
  const problems = read.error.issues.map(
    ({ path, message }) => `${source}: ${z.core.toDotPath(path) || 'the document'}: ${message}`,
  );
  throw new InvalidInput('VEX_INVALID', problems.slice(0, maxProblems).join('\n'));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
