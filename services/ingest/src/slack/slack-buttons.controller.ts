import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { AccessDenied, NotFound } from '@tidewaiter/domain';
import { Logger, TidewaiterSettings } from '@tidewaiter/runtime';
import type { FastifyRequest } from 'fastify';

import { hookRequest, type HookRoute } from '../http/hook-route.js';
import { SlackActions } from './slack-actions.js';
import { isSignedBySlack, readSlackInteraction } from './slack-interaction.js';
import { SlackReplies } from './slack-replies.js';

/**
 * `POST /hooks/slack/interactions`: a user pressed a button below a message. Slack wants an answer
 * within three seconds.
 */
@Controller('hooks/slack/interactions')
export class SlackButtonsController {
  constructor(
    private readonly settings: TidewaiterSettings,
    private readonly actions: SlackActions,
    private readonly replies: SlackReplies,
    private readonly logger: Logger,
  ) {}

  @Post()
  @HttpCode(200)
  // Puts the route under the rate limit.
  @RouteConfig({ rateLimit: {} })
  async press(@Req() request: FastifyRequest<HookRoute>): Promise<''> {
    const { slackSigningSecret: secret } = this.settings;
    if (!secret) throw new NotFound('CONNECTION_UNKNOWN', 'no such connection');
    const hook = hookRequest(request);
    if (!isSignedBySlack(hook, secret, Date.now())) {
      this.logger.warn({ code: 'HOOK_UNAUTHORIZED' }, 'button refused');
      throw new AccessDenied('HOOK_UNAUTHORIZED', 'the signature is missing, wrong or old');
    }
    const press = readSlackInteraction(hook.body);
    if (press === null) return '';
    const { action, by, responseUrl } = press;
    const reply = await this.actions.act(action, by);
    this.logger.info({ action: action.kind, by, incident: action.incident }, 'button pressed');
    // The action is already committed; the answer does not wait for the reply to the user.
    if (responseUrl !== null) void this.replies.send(responseUrl, reply);
    return '';
  }
}
