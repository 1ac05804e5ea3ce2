import { receiver } from '../receiver.js';
import { readWeChat, readWeChatDefaults } from './config.js';

/** An app in WeCom, the WeChat of an enterprise. */
export const wechat = receiver({
  kind: 'wechat',
  defaults: readWeChatDefaults,
  read: readWeChat,
  sender: async () => (await import('./send.js')).wechatSender,
});
