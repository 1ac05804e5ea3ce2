import { type FileSign, type Inspector, textOf } from '../files/file-sign.js';
import type { IntegrityCheck } from '../image/evaluated-image.js';
import { integrityFinding } from './integrity-finding.js';

const configuration = /^etc\/(?:ld\.so\.conf|ld\.so\.conf\.d\/[^/]{1,255}\.conf|ld-musl-[^/]{1,32}\.path)$/;
/** Directories that other users than root can write to, or that are rarely inspected. */
const unsafe = /^\/(?:tmp|var\/tmp|dev\/shm|run|home|var\/www|srv)(?:\/|$)|\/\.[^/.]/;
/** Directories that the loader searches by default, or that every distribution configures. */
const usual = /^\/(?:usr\/(?:local\/)?)?lib(?:32|64)?(?:\/[a-z0-9_]{1,32}-linux-[a-z0-9]{1,16})?\/?$/;
const maxDirectories = 50;

/**
 * Directories in which the loader searches libraries for every program. @see
 * https://man7.org/linux/man-pages/man8/ldconfig.8.html
 */
export const libraryPathSigns: Inspector = {
  wants: (path) => configuration.test(path),
  inspect: ({ path, content }): FileSign[] => {
    const words = textOf(content)
      .replaceAll(/#.*/g, '')
      .split(/[\s:,]+/)
      .filter((word) => word.startsWith('/'));
    const directories = [...new Set(words.filter((word) => !word.includes('*') && !usual.test(word)))].slice(
      0,
      maxDirectories,
    );
    return directories.length === 0
      ? []
      : [{ path, sign: 'library-path', confidence: 'certain', evidence: { directories } }];
  },
};

/**
 * Reports library directories that no package configured: a user who can write there controls every
 * program.
 */
export const libraryPaths: IntegrityCheck = function* ({ tree, ownership, spans, signs }) {
  const base = Math.min(...spans.databases.map(({ from }) => from));
  for (const { path, layer, sign, evidence } of signs) {
    if (sign !== 'library-path' || !tree.isShown(path, layer)) continue;
    const isUnsafe = (evidence['directories'] as string[]).some((directory) => unsafe.test(directory));
    const isAdded = ownership.isComplete && layer > base && !ownership.isDistributed(path);
    if (!isUnsafe && !isAdded) continue;
    yield integrityFinding({
      id: isUnsafe ? 'unsafe-library-path' : 'unowned-library-path',
      severity: isUnsafe ? 'high' : 'low',
      title: isUnsafe
        ? 'Libraries of every program are looked for where others than root write'
        : 'Libraries of every program are looked for in directories that no package named',
      path,
      layer,
      confidence: isUnsafe ? 'likely' : 'possible',
      evidence,
    });
  }
};
