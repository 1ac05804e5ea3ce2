import { Module } from '@nestjs/common';

import { ContainmentOrders } from './containment-orders.js';
import { ContainmentSubjects } from './containment-subjects.js';

const repositories = [ContainmentOrders, ContainmentSubjects];

/** Containment orders, and the objects that they may be about. */
@Module({ providers: repositories, exports: repositories })
export class ContainmentModule {}
