import { Module } from '@nestjs/common';

import { Advisories } from './advisories.js';
import { AdvisoryAges } from './advisory-ages.js';
import { AdvisoryFeeds } from './advisory-feeds.js';
import { ExploitationChanges } from './exploitation-changes.js';
import { FleetMatches } from './fleet-matches.js';

const repositories = [Advisories, AdvisoryAges, AdvisoryFeeds, ExploitationChanges, FleetMatches];

/** Advisories, exploitation data and the matches of the fleet. */
@Module({ providers: repositories, exports: repositories })
export class AdvisoriesModule {}
