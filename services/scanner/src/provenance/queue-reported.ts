import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { consumers, type EventOf, pipelineReported } from '@tidewaiter/events';
import { Pushes, Store, jobsOf } from '@tidewaiter/store';

import { Signers } from './signers.js';
import { attachedKey } from './verify-attached.js';

/**
 * Queues images for another evaluation when a pipeline proves their revision, or sends an SBOM or a
 * statement that a configured signer may have signed. A report that precedes its image is read when
 * the image is evaluated.
 */
@Controller()
export class QueueReported {
  constructor(
    private readonly store: Store,
    private readonly pushes: Pushes,
    private readonly signers: Signers,
  ) {}

  @Subscribe(consumers.scanner, pipelineReported)
  async handle({ id, data: { kind, digest, repository, revision } }: EventOf<typeof pipelineReported>): Promise<void> {
    await this.store.once(consumers.scanner.name, id, async (tx) => {
      if (kind === 'run' && revision === null) return;
      const holding = (await this.pushes.bringing(tx, digest)).filter(
        (push) => (repository ?? push.repository) === push.repository,
      );
      // Provenance also counts for the learned identity of a repository, an SBOM for the packages.
      const concerned = holding.filter(
        (push) =>
          revision !== null || kind === 'provenance' || kind === 'sbom' || this.signers.of(push.repository) !== null,
      );
      await tx.enqueue(
        ...jobsOf(
          'attached',
          concerned.map((push) => attachedKey(push.id, digest)),
          'interactive',
        ),
      );
    });
  }
}
