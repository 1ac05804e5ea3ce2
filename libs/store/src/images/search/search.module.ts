import { Module } from '@nestjs/common';

import { VulnerabilityDetails } from '../exposure/vulnerability-details.js';
import { ImagesModule } from '../images.module.js';
import { BlastConditions } from './blast-conditions.js';
import { BlastDetails } from './blast-details.js';
import { BlastRadii } from './blast-radius.js';
import { FleetSearch } from './fleet-search.js';

/** Searches across the fleet. Writes nothing. */
@Module({
  imports: [ImagesModule],
  providers: [BlastConditions, BlastDetails, BlastRadii, FleetSearch, VulnerabilityDetails],
  exports: [BlastRadii, FleetSearch, VulnerabilityDetails],
})
export class SearchModule {}
