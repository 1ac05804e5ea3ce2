import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import { ConsoleConfig } from '../config.js';
import type { SignInAttempt } from './identity-provider.js';

const lifeSeconds = 600;

/** Path of this console: no other host and no other scheme, in any reading of a browser. */
const localPath = /^\/(?![/\\])[\w\-.~!$&'()*+,;=:@%/?#]{0,2000}$/;

const content = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  next: z.string().regex(localPath),
});

/** A path of this console that is safe to redirect to; `/` in place of any other text. */
export function safePath(text: string | undefined): string {
  return text !== undefined && localPath.test(text) ? text : '/';
}

/**
 * Cookie of a browser that signs in by OpenID Connect. It binds the answer of the provider to the
 * browser that has asked, and comes along when the provider redirects it here (`SameSite=Lax`).
 */
@Injectable()
export class AttemptCookie {
  readonly #name: string;
  readonly #pattern: RegExp;
  readonly #attributes: string;

  constructor({ publicUrl = 'http://localhost' }: ConsoleConfig) {
    const { protocol, pathname } = new URL(publicUrl);
    const base = pathname.replace(/\/$/, '');
    const isHttps = protocol === 'https:';
    const isPrefixed = isHttps && base === '';
    this.#name = isPrefixed ? '__Host-tidewaiter_sign_in' : 'tidewaiter_sign_in';
    this.#pattern = new RegExp(`(?:^|; ?)${this.#name}=([A-Za-z0-9_-]{1,3500})(?:;|$)`);
    const path = isPrefixed ? '/' : `${base}/api/v1/sign-in`;
    this.#attributes = `Path=${path}; HttpOnly; SameSite=Lax${isHttps ? '; Secure' : ''}`;
  }

  holding(attempt: SignInAttempt & { next: string }): string {
    const text = Buffer.from(JSON.stringify(attempt)).toString('base64url');
    return `${this.#name}=${text}; Max-Age=${lifeSeconds}; ${this.#attributes}`;
  }

  removed(): string {
    return `${this.#name}=; Max-Age=0; ${this.#attributes}`;
  }

  /** Attempt of the browser; null without one. */
  of({ headers }: Pick<FastifyRequest, 'headers'>): (SignInAttempt & { next: string }) | null {
    const text = this.#pattern.exec(headers.cookie ?? '')?.[1];
    if (text === undefined) return null;
    try {
      return content.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    } catch {
      return null;
    }
  }
}
