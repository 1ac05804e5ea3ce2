import { Injectable } from '@nestjs/common';
import { Every } from '@tidewaiter/runtime';
import { ContainmentOrders, Store } from '@tidewaiter/store';

const everyMs = 5_000;

/** Ends containment orders that no agent carried out in time. */
@Injectable()
export class ContainmentExpiry {
  constructor(
    private readonly store: Store,
    private readonly orders: ContainmentOrders,
  ) {}

  @Every(everyMs)
  async expire(): Promise<void> {
    await this.store.transaction(async (tx) => this.orders.expireOverdue(tx));
  }
}
