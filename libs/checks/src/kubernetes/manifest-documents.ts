import { LimitExceeded, MalformedFile } from '@tidewaiter/domain';
import { type DocumentText, type Located, splitDocuments, YamlDocument } from '@tidewaiter/yaml';

export const manifestLimits = {
  maxFileLength: 8 * 1024 * 1024,
  /** The largest custom resource definitions have one mebibyte. */
  maxDocumentLength: 2 * 1024 * 1024,
  maxDocuments: 10_000,
  /**
   * Colons, commas, opening brackets and line ends in parsed documents of a file: the parser needs
   * 1 KB for each.
   */
  maxMarks: 300_000,
  /**
   * Nodes of one file; an alias counts as often as it is used, so that a few lines cannot expand to
   * millions.
   */
  maxNodes: 200_000,
  maxDepth: 100,
} as const;

/**
 * Splits a file at its document markers, so that a broken document does not affect the others.
 * @throws LimitExceeded `maxFileLength`, `maxDocuments`
 */
export function manifestDocuments(text: string): DocumentText[] {
  const { maxFileLength, maxDocuments } = manifestLimits;
  return splitDocuments(text, {
    maxFileLength,
    maxDocuments,
    overLimit: (limit) =>
      limit === 'maxFileLength'
        ? new LimitExceeded(limit, `more than ${maxFileLength} characters`)
        : new LimitExceeded(limit, `more than ${maxDocuments} documents`),
  });
}

export type DocumentReader = (document: DocumentText) => Located;

/**
 * Creates a reader for the documents of one file, YAML or JSON, as plain values: for custom tags,
 * the tagged value. Reading throws MalformedFile with the line, never with the text, which may be a
 * secret, and LimitExceeded `maxDocumentLength`, `maxMarks`, `maxNodes` or `maxDepth`.
 * @see https://yaml.org/spec/1.2.2/
 */
export function documentReader(): DocumentReader {
  let marks = 0;
  const counted = { values: 0 };
  return ({ text, line }) => {
    if (text.length > manifestLimits.maxDocumentLength) {
      throw new LimitExceeded(
        'maxDocumentLength',
        `document at line ${line} has more than ${manifestLimits.maxDocumentLength} characters`,
      );
    }
    marks += marksIn(text);
    if (marks > manifestLimits.maxMarks) {
      throw new LimitExceeded(
        'maxMarks',
        `up to the document at line ${line} the file has more than ${manifestLimits.maxMarks} marks`,
      );
    }
    return readDocument(text, line, counted);
  };
}

const marksOfYaml = new Set(':,[{\n');

function marksIn(text: string): number {
  let count = 0;
  for (const char of text) if (marksOfYaml.has(char)) count += 1;
  return count;
}

function readDocument(text: string, line: number, counted: { values: number }): Located {
  const document = parse(text, line);
  const { errors } = document;
  const [error] = errors;
  if (error) {
    if (errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) throw tooDeep(line);
    throw new MalformedFile(`line ${error.line} is no valid YAML (${error.code})`);
  }
  return document.values({
    maxDepth: manifestLimits.maxDepth,
    maxValues: manifestLimits.maxNodes,
    counted,
    // As in Kubernetes.
    repeatedKeys: 'last',
    problem(problem) {
      // Keys and merges that Kubernetes would refuse are left out.
      if (problem.kind !== 'alias without anchor') return;
      throw new MalformedFile(`line ${problem.line} uses an alias that has no anchor above it`);
    },
    overLimit: (limit) => (limit === 'maxDepth' ? tooDeep(line) : tooManyNodes(line)),
  });
}

function parse(text: string, line: number): YamlDocument {
  try {
    return new YamlDocument(text, { line });
  } catch (cause) {
    throw new MalformedFile(`document at line ${line} cannot be read as YAML`, { cause });
  }
}

function tooDeep(line: number): LimitExceeded {
  return new LimitExceeded(
    'maxDepth',
    `document at line ${line} is nested deeper than ${manifestLimits.maxDepth} levels`,
  );
}

function tooManyNodes(line: number): LimitExceeded {
  return new LimitExceeded(
    'maxNodes',
    `up to the document at line ${line} the file has more than ${manifestLimits.maxNodes} values, aliases counted`,
  );
}
