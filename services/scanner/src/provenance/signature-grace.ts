import { Injectable } from '@nestjs/common';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import { type Push, Pushes } from '@tidewaiter/store';

/** Computes until when the signature of a push may still arrive: pipelines sign after they push. */
@Injectable()
export class SignatureGrace {
  constructor(
    private readonly pushes: Pushes,
    private readonly settings: TidewaiterSettings,
  ) {}

  /**
   * Null when it is over. Pushing the same digest again under the same tag starts no new grace
   * period.
   */
  async dueAt(push: Push): Promise<Date | null> {
    // Platforms of an index, imported pushes and tags that moved on long ago are not announced.
    if (push.tag === null || push.origin === 'imported' || push.isLate || this.settings.signatureGraceMs === 0)
      return null;
    const dueAt = new Date((await this.pushes.firstReceived(push)).getTime() + this.settings.signatureGraceMs);
    return dueAt.getTime() > Date.now() ? dueAt : null;
  }
}
