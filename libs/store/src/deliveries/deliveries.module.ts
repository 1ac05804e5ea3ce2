import { Module } from '@nestjs/common';

import { AlertGroups } from './alert-groups.js';
import { AlertHistory } from './alert-history.js';
import { ChannelHealths } from './channel-healths.js';
import { Deliveries } from './deliveries.js';
import { FiringAlerts } from './firing-alerts.js';
import { NotificationLog } from './notification-log.js';
import { Redrives } from './redrives.js';
import { RoutingReplays } from './routing-replays.js';
import { SilenceLedger } from './silences.js';

const repositories = [
  AlertGroups,
  AlertHistory,
  ChannelHealths,
  Deliveries,
  FiringAlerts,
  NotificationLog,
  Redrives,
  RoutingReplays,
  SilenceLedger,
];

/** Notified alerts, their deliveries, and silences. */
@Module({ providers: repositories, exports: repositories })
export class DeliveriesModule {}
