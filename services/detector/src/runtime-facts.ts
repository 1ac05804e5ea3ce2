import { Injectable } from '@nestjs/common';
import type { Observation } from '@tidewaiter/domain';
import { type FactContext, factContext, noPolicy } from '@tidewaiter/facts';
import { ContainerLedger } from '@tidewaiter/workloads';

/** What is known beside the events, in the memory of this replica: rules wait for nothing. */
@Injectable()
export class RuntimeFacts {
  readonly #ledger = new ContainerLedger();
  readonly context: FactContext = factContext({
    facts: { image: () => null, workload: (ref) => this.#ledger.workload(ref), secretOfKey: () => null },
    policy: noPolicy,
    lookup: this.#ledger,
  });

  /** Learns what an observation says of containers, and notes what will be asked about it. */
  want(observation: Observation): void {
    this.#ledger.observe(observation);
  }

  /** Brings into memory what is wanted and missing. */
  async fetchWanted(): Promise<void> {}
}
