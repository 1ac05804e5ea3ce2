import { isDigest } from '@tidewaiter/domain';
import { z } from 'zod';

import { pageQuery } from '../http/paging.js';

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const digest = z.string().toLowerCase().refine(isDigest, 'expected sha256: and 64 hex digits');

/** Conditions of a search across the fleet; all must match. */
const blastConditions = {
  /** `CVE-2021-44228`, or the id of any advisory about it. */
  vulnerability: z.string().min(1).max(500).optional(),
  /**
   * `pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1`; without its version and what follows,
   * all versions.
   */
  purl: z.string().startsWith('pkg:').max(2_000).optional(),
  /** `openssl<3.0.14`, `openssl>=3.0.0,<3.0.14`: by name, name of the source package or purl. */
  package: z.string().min(1).max(2_000).optional(),
  /** `<3.0.14`: versions of the package. */
  version: z.string().min(1).max(500).optional(),
  /** SHA-256 of the content of a file, as `sha256:…`; empty files are not indexed. */
  file: digest.optional(),
  /** `/usr/bin/curl`: a file or link in any layer, including one that a later layer deletes. */
  path: z.string().startsWith('/').max(4_096).optional(),
  /** A diffID, or the digest of a blob. */
  layer: digest.optional(),
  /** `debian:12`, or the digest of a base image. */
  base: z.string().min(1).max(1_000).optional(),
  /** Fingerprint of a secret's value, as in findings. */
  secret: z
    .string()
    .toLowerCase()
    .regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits')
    .optional(),
  /** Digest of an image, an index or a configuration. */
  image: digest.optional(),
  /** Name, key fingerprint or certificate identity of the signer. */
  signer: z.string().min(1).max(2_000).optional(),
  /** Images that a tag pointed to, or that ran, at this time or later. */
  since: time.optional(),
  /** Images that a tag pointed to, or that ran, at this time or before. */
  until: time.optional(),
  /** Limits the search to running images. */
  running: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
};

/** The cursor of images names a push and an image; that of containers is the id of a container. */
export const blastRadiusQuery = pageQuery.extend({ ...blastConditions, after: z.string().min(1).max(200).optional() });
