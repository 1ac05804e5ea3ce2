import { Injectable } from '@nestjs/common';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import type { FastifyRequest } from 'fastify';

import { ConsoleConfig } from '../config.js';

/** Cookie with the secret of a session, which no script and no other site can use. */
@Injectable()
export class SessionCookie {
  readonly #name: string;
  readonly #pattern: RegExp;
  readonly #attributes: string;
  readonly #maxAge: number;

  /** `publicUrl`: where browsers find the console, perhaps below a path that a proxy removes. */
  constructor({ publicUrl, tlsCertFile }: ConsoleConfig, { access }: TidewaiterSettings) {
    const { protocol, pathname } = new URL(publicUrl ?? `${tlsCertFile === undefined ? 'http' : 'https'}://localhost`);
    const base = pathname.replace(/\/$/, '');
    const isHttps = protocol === 'https:';
    // The prefix keeps other hosts of the domain from setting it, but demands the path `/`.
    const isPrefixed = isHttps && base === '';
    this.#name = isPrefixed ? '__Host-tidewaiter_session' : 'tidewaiter_session';
    this.#pattern = new RegExp(`(?:^|; ?)${this.#name}=([A-Za-z0-9_-]{43})(?:;|$)`);
    this.#attributes = `Path=${isPrefixed ? '/' : `${base}/api`}; HttpOnly; SameSite=Strict${isHttps ? '; Secure' : ''}`;
    this.#maxAge = Math.floor(access.sessions.absoluteMs / 1_000);
  }

  /** Secret that a request carries; null without one. */
  of({ headers }: Pick<FastifyRequest, 'headers'>): string | null {
    return this.#pattern.exec(headers.cookie ?? '')?.[1] ?? null;
  }

  holding(secret: string): string {
    return `${this.#name}=${secret}; Max-Age=${this.#maxAge}; ${this.#attributes}`;
  }

  removed(): string {
    return `${this.#name}=; Max-Age=0; ${this.#attributes}`;
  }
}
