import { Inject, Injectable, type Provider, type Type } from '@nestjs/common';
import type { ChannelName, DeliveryChannel } from './delivery-channel.js';
import { OutboxChannel } from './outbox.channel.js';
import { SmtpChannel } from './smtp.channel.js';
import { WebhookChannel } from './webhook.channel.js';

const CHANNELS = Symbol('CHANNELS');

/** Every channel; a new one is a file beside these, a line here and its name in `delivery-channel.ts`. */
const CHANNEL_TYPES: readonly Type<DeliveryChannel>[] = [OutboxChannel, SmtpChannel, WebhookChannel];

/** Finds a delivery channel by its name. */
@Injectable()
export class ChannelsRegistry {
  private readonly channels: ReadonlyMap<ChannelName, DeliveryChannel>;

  constructor(@Inject(CHANNELS) channels: readonly DeliveryChannel[]) {
    this.channels = new Map(channels.map((channel) => [channel.name, channel]));
  }

  /** The channel of that name, if there is one: a tenant's definition may let its input name any. */
  find(name: string): DeliveryChannel | undefined {
    return this.channels.get(name as ChannelName);
  }
}

/** What the delivery module provides for its channels. */
export const CHANNEL_PROVIDERS: Provider[] = [
  ...CHANNEL_TYPES,
  {
    provide: CHANNELS,
    useFactory: (...channels: DeliveryChannel[]) => channels,
    inject: [...CHANNEL_TYPES],
  },
  ChannelsRegistry,
];
