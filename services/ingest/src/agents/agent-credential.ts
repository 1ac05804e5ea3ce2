import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import { type AgentCluster, ClusterCredentials } from '@tidewaiter/store';
import type { FastifyRequest } from 'fastify';

type AgentsRequest = FastifyRequest & { agentCluster?: AgentCluster };

/** Requires the credential of an agent, as bearer token; {@link OfAgent} is then its cluster. */
@Injectable()
export class AgentCredential implements CanActivate {
  constructor(private readonly credentials: ClusterCredentials) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.authenticate(context.switchToHttp().getRequest<FastifyRequest>());
    return true;
  }

  /**
   * Authenticates a request once, however often it is called.
   * @throws AccessDenied `AGENT_CREDENTIAL_INVALID`
   */
  async authenticate(request: AgentsRequest): Promise<AgentCluster> {
    return (request.agentCluster ??= await this.credentials.verify(credentialOf(request)));
  }
}

/** Cluster of the authenticated agent. */
export const OfAgent = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const cluster = context.switchToHttp().getRequest<AgentsRequest>().agentCluster;
  if (!cluster) throw new Error('OfAgent needs the guard AgentCredential');
  return cluster;
});

/** The bearer token of a request; empty without one. */
export function credentialOf({ headers }: FastifyRequest): string {
  return headers.authorization?.replace(/^Bearer /i, '') ?? '';
}
