import type { Attestation } from '@tidewaiter/domain';

import { at, listAt, textAt } from './json-path.js';

/** Builder, source, revision and time of a build. */
export type BuildFacts = Pick<Attestation, 'builder' | 'source' | 'revision' | 'builtAt'>;

export const noBuildFacts: BuildFacts = { builder: null, source: null, revision: null, builtAt: null };

/** Parses a SLSA provenance predicate of any version. */
export function readBuildFacts(predicate: unknown): BuildFacts {
  return at(predicate, 'buildDefinition') === undefined ? slsa02(predicate) : slsa1(predicate);
}

/** @see https://slsa.dev/spec/v1.0/provenance */
function slsa1(predicate: unknown): BuildFacts {
  const parameters = at(predicate, 'buildDefinition', 'externalParameters');
  const metadata = at(predicate, 'runDetails', 'metadata');
  const named =
    textAt(parameters, 'workflow', 'repository') ?? textAt(parameters, 'source', 'uri') ?? textAt(parameters, 'source');
  return {
    builder: textAt(predicate, 'runDetails', 'builder', 'id'),
    builtAt: timeAt(metadata, 'finishedOn') ?? timeAt(metadata, 'startedOn'),
    ...sourceAmong(
      [at(parameters, 'configSource'), ...listAt(predicate, 'buildDefinition', 'resolvedDependencies')],
      named,
      at(metadata, 'buildkit_metadata', 'vcs'),
    ),
  };
}

/** @see https://slsa.dev/spec/v0.2/provenance */
function slsa02(predicate: unknown): BuildFacts {
  const metadata = at(predicate, 'metadata');
  const configSource = at(predicate, 'invocation', 'configSource');
  return {
    builder: textAt(predicate, 'builder', 'id'),
    builtAt: timeAt(metadata, 'buildFinishedOn') ?? timeAt(metadata, 'buildStartedOn'),
    ...sourceAmong(
      [configSource, ...listAt(predicate, 'materials')],
      textAt(configSource, 'uri'),
      at(metadata, 'https://mobyproject.org/buildkit@v1#metadata', 'vcs'),
    ),
  };
}

/**
 * Finds the source among the materials of a build: the repository in its parameters, else the first
 * material with a commit. A build of a local folder has none; BuildKit records the folder's origin
 * beside it.
 */
function sourceAmong(
  materials: readonly unknown[],
  named: string | null,
  vcs: unknown,
): Pick<BuildFacts, 'source' | 'revision'> {
  const commits = materials.flatMap((each) => {
    const revision = textAt(each, 'digest', 'gitCommit') ?? textAt(each, 'digest', 'sha1');
    const uri = textAt(each, 'uri');
    return revision === null || uri === null ? [] : { source: repositoryOf(uri), revision };
  });
  const wanted = named === null ? null : repositoryOf(named);
  const found = commits.find(({ source }) => source === wanted) ?? commits[0];
  if (found) return found;
  const source = textAt(vcs, 'source') ?? (wanted?.includes('://') ? wanted : null);
  return { source: source === null ? null : repositoryOf(source), revision: textAt(vcs, 'revision') };
}

/**
 * Repository of `git+https://host/org/app.git@refs/heads/main`, and of BuildKit's
 * `https://host/org/app.git#main`.
 */
function repositoryOf(uri: string): string {
  const plain = uri.replace(/^git\+/, '').replace(/#[^]*/, '');
  const path = plain.indexOf('/', plain.indexOf('://') + 3);
  const reference = path < 0 ? -1 : plain.indexOf('@', path);
  return (reference < 0 ? plain : plain.slice(0, reference)).replace(/\.git$/, '');
}

function timeAt(value: unknown, name: string): string | null {
  const text = textAt(value, name);
  return text !== null &&
    /^\d{4}-\d\d-\d\dT[\d:.]{8,20}(Z|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
    ? text
    : null;
}
