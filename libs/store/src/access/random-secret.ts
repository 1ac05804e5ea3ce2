import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits as 43 characters. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Hash under which a random secret is stored; 256 bits need no slow one. */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
