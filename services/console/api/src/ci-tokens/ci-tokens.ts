import { Injectable } from '@nestjs/common';
import { AccessDenied, limitingScopes, type Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { ciKind, FetchedKeys, verifiedClaims } from '@tidewaiter/job-tokens';
import { type CiAccess, TidewaiterSettings } from '@tidewaiter/runtime';
import { ApiTokens } from '@tidewaiter/store';

/** Token of the console for a job of a CI. */
export interface CiToken {
  token: Secret;
  access: CiAccess;
  expiresAt: Date;
}

/** Gives jobs of a CI short-lived tokens for the ones that their CI issued. */
@Injectable()
export class CiTokens {
  readonly #egress: Egress;
  readonly #keys: FetchedKeys;
  readonly #ci: readonly CiAccess[];

  constructor(
    private readonly tokens: ApiTokens,
    { access, egressAllow }: TidewaiterSettings,
  ) {
    this.#egress = new Egress({ allow: egressAllow });
    this.#keys = new FetchedKeys(this.#egress);
    this.#ci = access.ci;
  }

  async onModuleDestroy(): Promise<void> {
    await this.#egress.close();
  }

  /**
   * @throws AccessDenied `CI_TOKEN_INVALID` if no entry of the settings accepts it; Unavailable
   * `KEYS_UNAVAILABLE`
   */
  async exchange(jobToken: string): Promise<CiToken> {
    const access = await this.#accessFor(jobToken);
    const { name, role, scope, lifetimeMs } = access;
    const expiresAt = new Date(Date.now() + lifetimeMs);
    const account = { name: `ci:${name}`, role, scopes: limitingScopes([scope]) };
    return { token: await this.tokens.makeForSettings(account, expiresAt), access, expiresAt };
  }

  async #accessFor(jobToken: string): Promise<CiAccess> {
    const issuer = issuerOf(jobToken);
    for (const each of this.#ci) {
      // Keys are fetched from issuers of the settings only.
      if (each.trusted.issuer !== issuer) continue;
      if (await verifiedClaims(jobToken, ciKind(each.trusted.ci)!, each.trusted, this.#keys)) return each;
    }
    throw new AccessDenied('CI_TOKEN_INVALID', 'no entry of access.ci accepts this token');
  }
}

/** The claim, which is not verified yet; undefined without one. */
function issuerOf(token: string): unknown {
  const [, payload = ''] = token.split('.');
  try {
    return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iss?: unknown } | null)?.iss;
  } catch {
    return undefined;
  }
}
