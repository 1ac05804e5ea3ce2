import { Module } from '@nestjs/common';

import { VulnerabilityDetails } from '../exposure/vulnerability-details.js';
import { ImagesModule } from '../images.module.js';
import { BaseImages } from '../lists/base-images.js';
import { ImageRelations } from '../lists/image-relations.js';
import { BlastConditions } from './blast-conditions.js';
import { BlastDetails } from './blast-details.js';
import { BlastRadii } from './blast-radius.js';
import { FleetSearch } from './fleet-search.js';

/** Searches across the fleet. Writes nothing. */
@Module({
  imports: [ImagesModule],
  providers: [BaseImages, BlastConditions, BlastDetails, BlastRadii, FleetSearch, ImageRelations, VulnerabilityDetails],
  exports: [BaseImages, BlastRadii, FleetSearch, ImageRelations, VulnerabilityDetails],
})
export class SearchModule {}
