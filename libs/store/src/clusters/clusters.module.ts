import { Module } from '@nestjs/common';

import { ClusterCredentials } from './cluster-credentials.js';
import { Clusters } from './clusters.js';

const repositories = [ClusterCredentials, Clusters];

/** Clusters with their agents. */
@Module({ providers: repositories, exports: repositories })
export class ClustersModule {}
