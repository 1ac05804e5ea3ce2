import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import { type HttpConfig, refuseAuth } from '../http-config.js';

/** One entry of `wechat_configs`: an app of an enterprise. */
export interface WeChatConfig {
  /** Ends with a slash. */
  apiUrl: string;
  corpId: string;
  apiSecret: Secret;
  agentId: string;
  /** Names separated by `|`, or `@all`; at least one of the three. */
  toUser: string | undefined;
  toParty: string | undefined;
  toTag: string | undefined;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/** Defaults of the `global` section for every WeChat receiver. */
export interface WeChatDefaults {
  apiUrl: string;
  corpId: string | undefined;
  apiSecret: Secret | undefined;
}

export function readWeChatDefaults(global: Section): WeChatDefaults {
  return {
    apiUrl: global.url('wechat_api_url') ?? 'https://qyapi.weixin.qq.com/cgi-bin/',
    corpId: global.text('wechat_api_corp_id'),
    apiSecret: global.secret('wechat_api_secret'),
  };
}

/**
 * Reads one entry of `wechat_configs`.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<wechat_config>`
 */
export function readWeChat(section: Section, http: HttpConfig, defaults: WeChatDefaults): WeChatConfig | undefined {
  const apiSecret = section.secret('api_secret') ?? defaults.apiSecret;
  const corpId = section.text('corp_id') ?? defaults.corpId;
  const agentId = section.text('agent_id');
  const apiUrl = section.url('api_url') ?? defaults.apiUrl;
  const config = {
    apiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
    toUser: section.text('to_user'),
    toParty: section.text('to_party'),
    toTag: section.text('to_tag'),
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? false,
  };
  refuseAuth(section, http, 'the secret authenticates it');
  section.finish(['message', 'message_type'], rendered);
  if (!apiSecret) section.problem('api_secret', 'or api_secret_file is required, or global.wechat_api_secret');
  if (corpId === undefined) section.problem('corp_id', 'is required, or global.wechat_api_corp_id');
  if (agentId === undefined) section.problem('agent_id', 'is required');
  const isToSomebody = [config.toUser, config.toParty, config.toTag].some((to) => to !== undefined);
  if (!isToSomebody) section.problem('to_user', 'or to_party or to_tag is required');
  if (!apiSecret || corpId === undefined || agentId === undefined || !isToSomebody) return undefined;
  return { apiSecret, corpId, agentId, ...config };
}
