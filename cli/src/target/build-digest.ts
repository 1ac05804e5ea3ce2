/** `tools/bundle.mjs` puts the digest of the whole bundle in its place. */
const mark = '%digest-of-the-bundle%';

/**
 * Digest of the code that runs; undefined for plain modules, whose content nothing names.
 * `NODE_VERSION` and the like are not part of it.
 */
export const buildDigest = /^[0-9a-f]{16,64}$/.test(mark) ? mark : undefined;
