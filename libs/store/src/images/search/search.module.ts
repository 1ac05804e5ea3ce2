import { Module } from '@nestjs/common';

import { ImagesModule } from '../images.module.js';
import { BlastConditions } from './blast-conditions.js';
import { BlastDetails } from './blast-details.js';
import { BlastRadii } from './blast-radius.js';
import { FleetSearch } from './fleet-search.js';

/** Searches across the fleet. Writes nothing. */
@Module({
  imports: [ImagesModule],
  providers: [BlastConditions, BlastDetails, BlastRadii, FleetSearch],
  exports: [BlastRadii, FleetSearch],
})
export class SearchModule {}
