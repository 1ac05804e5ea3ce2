import { Module } from '@nestjs/common';

import { ClusterRemoval } from './cluster-removal.js';
import { Removals } from './removals.js';
import { RepositoryRemoval } from './repository-removal.js';
import { Storage } from './storage.js';

const repositories = [ClusterRemoval, Removals, RepositoryRemoval, Storage];

/** Size and retention of the tables, and the deletion of the data of repositories and clusters. */
@Module({ providers: repositories, exports: repositories })
export class StorageModule {}
